// What must be refused, row by row: status, error code, and nothing written.
//
// Rules of RFC 6749, 6750, 7009, 7662, 8414, 8707, 9068, 9457 and 9110, typed in one row each under
// a name of their own; where the service decided otherwise (one dialect per path, 401 for every
// refusal at /v1/authz) the row has that answer. Rows that other programs run are listed with the
// program, those that nobody runs with the reason, and a test counts that no row of the groups was
// forgotten. What grants to users refuse: tests/conformance/user_grant_cases_test.cpp.
#include <gtest/gtest.h>

#include <cstdio>
#include <functional>
#include <map>
#include <set>

#include "core/base64url.hpp"
#include "core/jwt.hpp"
#include "tests/api/api_fixture.hpp"
#include "tests/conformance/case_count.hpp"

namespace tokenledger::test {
namespace {

constexpr std::string_view kFormType = "application/x-www-form-urlencoded";

// What a row may use.
struct Scene {
  ApiUnderTest& api;
  ApiUnderTest::Client client;
  ApiUnderTest::Client other;  // knows no API
  std::string token;           // of `client` at urn:api, with scope read
  std::string basic;           // Authorization line of `client`
  std::string ended;           // a revoked token
  std::string lacking;         // a management token with the scope `check` alone

  Reply form(std::string_view path, const std::string& body,
             const std::string& headers = "") const {
    return api.call("POST", path, {.body = body, .type = kFormType, .headers = headers});
  }
  Reply as_client(std::string_view path, const std::string& body) const {
    return form(path, body, basic);
  }
  Reply header(std::string_view line) const {
    return api.call("GET", "/v1/authz?audience=urn:api", {.headers = std::string{line} + "\r\n"});
  }
  // Where the list stands that the token names.
  std::string list_path() const {
    const auto uri = decode_unverified(token)->claims.status->uri;
    return uri.substr(uri.find("/statuslists/"));
  }
  std::string signed_again(const std::string& header_json) const {
    return base64url_encode(bytes_of(header_json)) + token.substr(token.find('.'));
  }
};

struct Row {
  const char* id;
  int status;
  const char* error;  // expected in head or body; empty: none
  std::function<Reply(const Scene&)> send;
};

using S = const Scene&;

std::vector<Row> token_endpoint_rows() {
  const auto ask = [](const std::string& more) {
    return [more](S s) { return s.as_client("/oauth/token", more); };
  };
  const std::string good = "grant_type=client_credentials&audience=urn:api";
  return {
      {"token-endpoint-01", 405, "Allow: POST",
       [](S s) { return s.api.call("GET", "/oauth/token", {}); }},
      // A14 takes JSON as well; any other type is refused.
      {"token-endpoint-02", 400, "invalid_request",
       [good](S s) {
         return s.api.call("POST", "/oauth/token",
                           {.body = good, .type = "text/plain", .headers = s.basic});
       }},
      {"token-endpoint-03", 400, "invalid_request", ask("audience=urn:api")},
      {"token-endpoint-04", 400, "invalid_request", ask(good + "&grant_type=client_credentials")},
      {"token-endpoint-05", 400, "invalid_request", ask("grant_type=&audience=urn:api")},
      {"token-endpoint-06", 400, "invalid_request",
       [good](S s) {
         return s.form(
             "/oauth/token?client_id=" + s.client.id + "&client_secret=" + s.client.secret, good);
       }},
      {"token-endpoint-07", 400, "unsupported_grant_type",
       ask("grant_type=password&username=a&password=b")},
      {"token-endpoint-08", 400, "unsupported_grant_type", ask("grant_type=magic")},
      {"token-endpoint-09", 400, "unauthorized_client",
       [good](S s) {
         return s.form("/oauth/token",
                       good + "&client_id=" + s.other.id + "&client_secret=" + s.other.secret);
       }},
      {"token-endpoint-10", 401, "invalid_client",
       [good](S s) { return s.form("/oauth/token", good + "&client_id=" + s.client.id); }},
      {"token-endpoint-11", 401, "WWW-Authenticate: Basic",
       [good](S s) {
         const auto wrong = base64_encode(bytes_of(s.client.id + ":wrong"));
         return s.form("/oauth/token", good, "Authorization: Basic " + wrong + "\r\n");
       }},
      {"token-endpoint-12", 400, "invalid_request",
       [good](S s) { return s.as_client("/oauth/token", good + "&client_secret=x"); }},
      {"token-endpoint-13", 400, "invalid_request",
       [good](S s) { return s.as_client("/oauth/token", good + "&client_id=" + s.other.id); }},
      {"token-endpoint-19", 400, "invalid_scope", ask(good + "&scope=unheard")},
      {"token-endpoint-19b", 400, "invalid_scope", ask(good + "&scope=%22")},
      {"resource-indicators-01", 400, "invalid_target",
       ask("grant_type=client_credentials&resource=urn:unknown")},
      {"resource-indicators-05", 403, "access_denied",
       ask("grant_type=client_credentials&audience=urn:unknown")},
      {"resource-indicators-06", 400, "invalid_target", ask(good + "&resource=urn:other")},
  };
}

std::vector<Row> introspection_rows() {
  const auto ask = [](const std::string& body) {
    return [body](S s) { return s.as_client("/oauth/introspect", body); };
  };
  const auto inactive = [](const std::function<std::string(S)>& token) {
    return [token](S s) { return s.as_client("/oauth/introspect", "token=" + token(s)); };
  };
  const char* kInactive = R"({"active":false})";
  return {
      {"introspection-01", 401, "invalid_client",
       [](S s) { return s.form("/oauth/introspect", "token=" + s.token); }},
      {"introspection-02", 401, "insufficient_scope",
       [](S s) {
         return s.form("/oauth/introspect", "token=" + s.token,
                       "Authorization: Bearer " + s.lacking + "\r\n");
       }},
      {"introspection-03", 405, "Allow: POST",
       [](S s) { return s.api.call("GET", "/oauth/introspect", {}); }},
      {"introspection-04", 400, "invalid_request", ask("token_type_hint=access_token")},
      {"introspection-05", 200, kInactive, ask("token=unknown")},
      {"introspection-05b", 200, kInactive, inactive([](S s) { return s.ended; })},
      {"introspection-06", 200, kInactive, inactive([](S s) { return s.api.admin(); })},
      {"introspection-07", 200, R"("active":true)",
       [](S s) {
         return s.as_client("/oauth/introspect",
                            "token=" + s.token + "&token_type_hint=refresh_token");
       }},
      {"introspection-08", 200, "Content-Type: application/json",
       [](S s) {
         return s.form("/oauth/introspect", "token=" + s.token,
                       s.basic + "Accept: application/token-introspection+jwt\r\n");
       }},
      {"introspection-10", 200, kInactive,
       inactive([](S s) { return s.token.substr(0, s.token.size() - 8) + "AAAAAAAA"; })},
      {"introspection-11", 200, "Cache-Control: no-store",
       [](S s) { return s.as_client("/oauth/introspect", "token=" + s.token); }},
  };
}

std::vector<Row> revocation_rows() {
  const auto ask = [](const std::string& body) {
    return [body](S s) { return s.as_client("/oauth/revoke", body); };
  };
  return {
      {"revocation-01", 405, "Allow: POST",
       [](S s) { return s.api.call("GET", "/oauth/revoke", {}); }},
      {"revocation-02", 401, "invalid_client",
       [](S s) { return s.form("/oauth/revoke", "token=" + s.token); }},
      {"revocation-03", 400, "invalid_request", ask("token=")},
      {"revocation-04", 200, "", ask("token=garbage")},
      {"revocation-04b", 200, "",
       [](S s) { return s.as_client("/oauth/revoke", "token=" + s.ended); }},
      {"revocation-05", 200, "", ask("token=garbage&token_type_hint=nonsense")},
      {"revocation-06", 400, "invalid_grant",
       [](S s) {
         return s.form("/oauth/revoke", "token=" + s.token + "&client_id=" + s.other.id +
                                            "&client_secret=" + s.other.secret);
       }},
      {"revocation-10", 400, "invalid_request",
       [](S s) {
         return s.form(
             "/oauth/revoke?client_id=" + s.client.id + "&client_secret=" + s.client.secret,
             "token=" + s.token);
       }},
  };
}

std::vector<Row> bearer_rows() {
  const auto bearer = [](const std::function<std::string(S)>& token) {
    return [token](S s) { return s.header("Authorization: Bearer " + token(s)); };
  };
  const char* kInvalid = R"(error="invalid_token")";
  return {
      {"bearer-rs-01", 401, R"(WWW-Authenticate: Bearer realm="tokenledger")",
       [](S s) { return s.api.call("GET", "/v1/authz?audience=urn:api", {}); }},
      // 02 to 04 are 400 elsewhere: a gateway only tells 200, 401 and 403 apart.
      {"bearer-rs-02", 401, kInvalid,
       [](S s) {
         return s.api.call("GET", "/v1/authz?audience=urn:api&access_token=" + s.token,
                           {.token = s.ended});
       }},
      {"bearer-rs-03", 401, "WWW-Authenticate: Bearer",
       [](S s) {
         return s.api.call("GET", "/v1/authz?audience=urn:api&access_token=" + s.token, {});
       }},
      {"bearer-rs-04", 401, kInvalid, [](S s) { return s.header("Authorization: Bearer "); }},
      {"bearer-rs-04b", 401, kInvalid,
       [](S s) { return s.header("Authorization: Bearer a, Bearer b"); }},
      {"bearer-rs-05", 401, kInvalid, bearer([](S) { return std::string{"unknown"}; })},
      {"bearer-rs-05b", 401, kInvalid, bearer([](S s) { return s.ended; })},
      {"bearer-rs-06", 401, kInvalid,
       bearer([](S s) { return s.signed_again(R"({"alg":"none","typ":"at+jwt"})"); })},
      {"bearer-rs-06b", 401, kInvalid,
       bearer([](S s) { return s.signed_again(R"({"alg":"HS256","typ":"at+jwt"})"); })},
      {"bearer-rs-07", 401, kInvalid,
       bearer([](S s) { return s.signed_again(R"({"alg":"RS256","typ":"JWT"})"); })},
      {"bearer-rs-08", 401, kInvalid,
       [](S s) {
         return s.api.call("GET", "/v1/authz?audience=urn:elsewhere", {.token = s.token});
       }},
      {"bearer-rs-09", 401, kInvalid, bearer([](S s) {
         return s.signed_again(R"({"alg":"RS256","typ":"at+jwt","crit":["x"],"x":1})");
       })},
      {"bearer-rs-11", 403, R"(error="insufficient_scope", scope="write")",
       [](S s) {
         return s.api.call("GET", "/v1/authz?audience=urn:api&scope=write", {.token = s.token});
       }},
      {"B03-basic-is-no-bearer", 401, "WWW-Authenticate: Bearer",
       [](S s) { return s.api.call("GET", "/v1/authz?audience=urn:api", {.headers = s.basic}); }},
      {"A01-the-scheme-ignores-case", 200, "",
       [](S s) { return s.header("authorization: bEaReR " + s.token); }},
  };
}

std::vector<Row> metadata_rows() {
  const auto get = [](const char* path) {
    return [path](S s) { return s.api.call("GET", path, {}); };
  };
  // 03 and 05: what must not be there is looked for in LooksThroughEveryMemberOfTheMetadata.
  return {
      {"metadata-03", 200, R"("response_types_supported":["code"])",
       get("/.well-known/oauth-authorization-server")},
      {"metadata-05", 200, R"("id_token_signing_alg_values_supported":["RS256","ES256","EdDSA"])",
       get("/.well-known/openid-configuration")},
  };
}

std::vector<Row> management_rows() {
  const auto admin = [](std::string method, std::string path, std::string body = "") {
    return [=](S s) { return s.api.as_admin(method, path, body); };
  };
  const char* kProblem = "Content-Type: application/problem+json";
  return {
      {"admin-api-01", 400, kProblem, admin("POST", "/v1/clients", "{")},
      {"admin-api-02", 400, kProblem, admin("POST", "/v1/clients", R"({"name":"x","nmae":"y"})")},
      {"admin-api-02b", 400, kProblem, admin("POST", "/v1/clients", R"({"name":7})")},
      {"admin-api-03", 415, kProblem,
       [](S s) {
         return s.api.call("POST", "/v1/clients",
                           {.token = s.api.admin(), .body = R"({"name":"x"})", .type = "text/xml"});
       }},
      {"admin-api-05", 401, "WWW-Authenticate: Bearer",
       [](S s) { return s.api.call("GET", "/v1/clients", {}); }},
      {"admin-api-06", 403, kProblem, [](S s) { return s.api.get("/v1/clients", s.lacking); }},
      {"admin-api-07", 404, kProblem, admin("GET", "/v1/clients/nobody")},
      {"admin-api-07b", 404, kProblem, admin("GET", "/v1/tokens/AAAAAAAAAAAAAAAAAAAAAA")},
      {"admin-api-08", 405, "Allow: ", admin("PUT", "/v1/clients")},
      {"admin-api-12", 413, kProblem,
       admin("POST", "/v1/clients", R"({"name":")" + std::string(17'000, 'x') + "\"}")},
      {"admin-api-14", 404, "Content-Type: application/json",
       [](S s) { return s.form("/oauth/nothing", "a=b"); }},
      {"transparency-log-09", 404, kProblem, admin("GET", "/v1/audit/tile/0/x001/000")},
      {"transparency-log-09b", 404, kProblem, admin("GET", "/v1/audit/tile/entries/x001/000")},
      {"transparency-log-10", 404, kProblem, admin("GET", "/v1/audit/tile/0/000.p/0")},
      {"transparency-log-10b", 404, kProblem, admin("GET", "/v1/audit/tile/0/000.p/256")},
      {"transparency-log-10c", 404, kProblem, admin("GET", "/v1/audit/tile/64/000")},
      {"transparency-log-10d", 404, kProblem, admin("GET", "/v1/audit/tile/0/0000")},
  };
}

std::vector<Row> status_list_rows() {
  // The list of the scene's token, with these fields and query.
  const auto ask = [](const std::string& headers, const std::string& query = "") {
    return [=](S s) { return s.api.call("GET", s.list_path() + query, {.headers = headers}); };
  };
  const char* kType = "Content-Type: application/statuslist+jwt\r\n";
  return {
      {"status-list-11", 200, kType, ask("Accept: application/statuslist+jwt\r\n")},
      {"status-list-11b", 200, "Content-Encoding: gzip",
       ask("Accept: application/statuslist+jwt\r\nAccept-Encoding: gzip\r\n")},
      {"status-list-12", 406, "not_acceptable", ask("Accept: application/statuslist+cwt\r\n")},
      {"status-list-13", 200, kType, ask("Accept: */*\r\n")},
      {"status-list-13b", 200, kType, ask("")},
      {"status-list-14", 404, "not_found",
       [](S s) { return s.api.call("GET", "/statuslists/AAAAAAAAAAAAAAAAAAAAAA", {}); }},
      {"status-list-15", 501, "time_not_supported", ask("", "?time=1700000000")},
      {"status-list-17", 400, "invalid_parameter", ask("", "?time=abc")},
      {"status-list-19", 200, R"({"status_lists":["http)",
       [](S s) { return s.api.call("GET", "/statuslists", {}); }},
  };
}

std::vector<std::vector<Row>> all_rows() {
  return {token_endpoint_rows(), introspection_rows(), revocation_rows(), bearer_rows(),
          metadata_rows(),       management_rows(),    status_list_rows()};
}

TEST(NegativeCases, EveryRowHasItsStatusAndErrorAndWritesNothing) {
  ApiUnderTest api;
  api.make_api("urn:api");
  api.make_api("urn:other");
  const auto client = api.make_client();
  api.grant(client, "urn:api", R"(["read"])");
  const Scene scene{.api = api,
                    .client = client,
                    .other = api.make_client(),
                    .token = api.new_token(client, "urn:api"),
                    .basic = "Authorization: Basic " +
                             base64_encode(bytes_of(client.id + ":" + client.secret)) + "\r\n",
                    .ended = api.new_token(client, "urn:api"),
                    .lacking = api.manager(R"(["check"])")};
  ASSERT_EQ(api.as_admin("POST", "/v1/tokens/" + api.jti_of(scene.ended) + "/revoke").status, 200);
  std::size_t ran = 0;
  for (const auto& rows : all_rows()) {
    for (const auto& row : rows) {
      const auto before = api.ledger().committed();
      const auto reply = row.send(scene);
      EXPECT_EQ(reply.status, row.status) << row.id << "\n" << reply.head << reply.body;
      EXPECT_TRUE(reply.has(row.error)) << row.id << "\n" << reply.head << reply.body;
      EXPECT_EQ(api.ledger().committed(), before) << row.id << " wrote something";
      EXPECT_EQ(reply.body.find(client.secret), std::string::npos) << row.id;
      ++ran;
    }
  }
  EXPECT_EQ(api.authz(scene.token, "urn:api"), 200) << "no row may have ended it";
  std::printf("%zu rows ran here\n", ran);
}

TEST(NegativeCases, EveryRowOfTheGroupsRunsHereOrElsewhereOrSaysWhyNot) {
  std::set<std::string> here;
  for (const auto& rows : all_rows())
    for (const auto& row : rows) here.insert(without_letter(row.id));
  here.insert("metadata-02");  // AnIssuerWithAPath…
  const auto elsewhere = rows_elsewhere();
  std::map<std::string, std::string> skipped;
  for (const auto& [id, why] : kSkipped) EXPECT_TRUE(skipped.emplace(id, why).second) << id;
  std::size_t counted[3] = {};
  for (const auto& [group, count] : kGroups) {
    for (int number = 1; number <= count; ++number) {
      const auto id = id_of(group, number);
      const std::size_t found[3] = {here.count(id), elsewhere.count(id), skipped.count(id)};
      EXPECT_EQ(found[0] + found[1] + found[2], 1u) << id << " has one place";
      for (std::size_t place = 0; place < 3; ++place) counted[place] += found[place];
    }
  }
  std::printf("rows of %zu groups: %zu here, %zu in other programs, %zu skipped:\n",
              std::size(kGroups), counted[0], counted[1], counted[2]);
  for (const auto& [id, where] : elsewhere)
    std::printf("  %s runs in %s\n", id.c_str(), where.c_str());
  for (const auto& [id, why] : skipped) std::printf("  %s skipped: %s\n", id.c_str(), why.c_str());
}

// metadata-03 and -05 (RFC 8414 §3.2, RFC 8725 §3.1).
TEST(NegativeCases, LooksThroughEveryMemberOfTheMetadata) {
  ApiUnderTest api;
  const auto document = api.get("/.well-known/oauth-authorization-server", "").json();
  ASSERT_TRUE(document.has_value());
  std::size_t arrays = 0;
  for (const auto& [name, value] : *document->get_if<JsonValue::Object>()) {
    const auto* items = value.get_if<JsonValue::Array>();
    if (items == nullptr) continue;
    ++arrays;
    EXPECT_FALSE(items->empty()) << name;
    for (const auto& item : *items) {
      ASSERT_NE(item.get_if<std::string>(), nullptr) << name;
      if (name.ends_with("_alg_values_supported")) {
        EXPECT_NE(*item.get_if<std::string>(), "none") << name;
      }
    }
  }
  EXPECT_GT(arrays, 8u);
}

// metadata-02 (RFC 8414 §3.1): the well-known part goes before the path, OpenID's also behind it.
TEST(NegativeCases, AnIssuerWithAPathIsDescribedWhereItsClientsLook) {
  const std::string issuer = "https://login.example/tenant";
  ApiUnderTest api{{}, {}, [&](LedgerOptions& options) { options.issuer = issuer; }};
  for (const auto* path :
       {"/.well-known/oauth-authorization-server/tenant",
        "/.well-known/openid-configuration/tenant", "/tenant/.well-known/openid-configuration"}) {
    const auto reply = api.get(path, "");
    EXPECT_EQ(reply.status, 200) << path;
    EXPECT_EQ(reply.text("issuer"), issuer) << path;
    EXPECT_EQ(reply.text("token_endpoint"), issuer + "/oauth/token") << path;
  }
  EXPECT_EQ(api.get("/tenant/.well-known/oauth-authorization-server", "").status, 404);
  EXPECT_EQ(api.get("/.well-known/oauth-authorization-server/other", "").status, 404);
}

}  // namespace
}  // namespace tokenledger::test
