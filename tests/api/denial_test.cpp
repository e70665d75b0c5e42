// A24: the caller hears a general refusal; the access log and /metrics know the reason, and neither
// knows the token.
#include <gtest/gtest.h>

#include <fstream>
#include <map>

#include "api/access_log.hpp"
#include "core/base64url.hpp"
#include "tests/api/api_fixture.hpp"

namespace tokenledger::test {
namespace {

const std::string kForm = "application/x-www-form-urlencoded";
using Counts = std::map<std::string, std::uint64_t>;

// tokenledger_denials_total by reason; what is 0 is left out.
Counts denials(const ApiUnderTest& api) {
  const auto body = api.as_admin("GET", "/metrics").body;
  const std::string name = "\ntokenledger_denials_total{reason=\"";
  Counts counts;
  for (auto at = body.find(name); at != std::string::npos; at = body.find(name, at + 1)) {
    const auto begin = at + name.size();
    const auto end = body.find("\"} ", begin);
    if (const auto value = std::strtoull(body.c_str() + end + 3, nullptr, 10); value != 0)
      counts[body.substr(begin, end - begin)] = value;
  }
  return counts;
}

struct Line {
  std::string route;
  std::int64_t status = 0;
  std::string denied;
  friend auto operator<=>(const Line&, const Line&) = default;
};

std::vector<Line> denied_lines(const std::string& text) {
  std::vector<Line> lines;
  std::size_t begin = 0;
  for (auto end = text.find('\n'); end != std::string::npos; end = text.find('\n', begin)) {
    const auto object = parse_json_object(std::string_view{text}.substr(begin, end - begin));
    begin = end + 1;
    if (!object) {
      ADD_FAILURE() << "a line is no JSON";
      continue;
    }
    const auto* denied = object->find("denied");
    if (denied == nullptr) {
      ADD_FAILURE() << "a line without the field";
      continue;
    }
    if (denied->is_null()) continue;
    lines.push_back({*object->find("route")->get_if<std::string>(),
                     *object->find("status")->get_if<std::int64_t>(),
                     *denied->get_if<std::string>()});
  }
  return lines;
}

class Denials : public testing::Test {
 protected:
  static constexpr std::string_view kAudience = "urn:denied";

  // Every way to be refused, once; the tokens and secrets that were sent.
  static std::vector<std::string> refuse_all(const ApiUnderTest& api) {
    const std::string audience{kAudience};
    api.make_api(audience);
    const auto client = api.make_client();
    const auto stranger = api.make_client();
    api.grant(client, audience, R"(["read"])");
    api.grant(stranger, audience);
    const auto good = api.new_token(client, audience);
    const auto revoked = api.new_token(client, audience);
    EXPECT_EQ(api.as_admin("POST", "/v1/tokens/" + api.jti_of(revoked) + "/revoke").status, 200);
    auto changed = good;
    changed.back() = changed.back() == 'A' ? 'Q' : 'A';

    EXPECT_EQ(api.authz("", audience), 401);             // no_credentials
    EXPECT_EQ(api.authz("junk-canary", audience), 401);  // malformed
    EXPECT_EQ(api.authz(changed, audience), 401);        // unknown
    EXPECT_EQ(api.authz(revoked, audience), 401);        // revoked
    EXPECT_EQ(api.authz(good, "urn:other"), 401);        // wrong_audience
    EXPECT_EQ(api.authz(good, audience, "write"), 403);  // insufficient_scope
    EXPECT_EQ(api.get("/v1/tokens", good).status, 401);  // wrong_audience
    EXPECT_EQ(api.get("/v1/clients", api.manager(R"(["check"])")).status, 403);
    EXPECT_EQ(api.ask_token({client.id, "wrong-canary"}, audience).status, 401);
    const auto oauth = [&](const std::string& path, const std::string& token,
                           const ApiUnderTest::Client& who) {
      return api.call(
          "POST", path,
          {.body = "token=" + token + "&client_id=" + who.id + "&client_secret=" + who.secret,
           .type = kForm});
    };
    EXPECT_EQ(oauth("/oauth/revoke", good, {client.id, "wrong-canary"}).status, 401);
    EXPECT_EQ(oauth("/oauth/introspect", good, {client.id, "wrong-canary"}).status, 401);
    EXPECT_EQ(oauth("/oauth/introspect", good, stranger).body, R"({"active":false})");
    EXPECT_EQ(oauth("/oauth/introspect", revoked, client).body, R"({"active":false})");
    EXPECT_EQ(api.call("POST", "/oauth/introspect",
                       {.token = "bearer-canary", .body = "token=" + good, .type = kForm})
                  .status,
              401);
    EXPECT_EQ(api.check(revoked).status, 200);
    EXPECT_EQ(api.as_admin("POST", "/v1/check",
                           R"({"items":[{"token":"x"},{"token":"y"},{"token":")" + good +
                               R"("},{"token":")" + revoked + R"("}]})")
                  .status,
              200);
    return {good, revoked, changed, "canary", client.secret, stranger.secret, api.admin()};
  }
};

TEST_F(Denials, A24EveryReasonIsCountedAndStandsInTheLogAndNoTokenDoes) {
  testing_support::TemporaryDirectory directory;
  const auto path = directory.path() / "access.log";
  std::vector<std::string> secrets;
  {
    ApiUnderTest api{{}, path};
    secrets = refuse_all(api);
    EXPECT_EQ(denials(api), (Counts{{"no_credentials", 1},
                                    {"malformed", 4},
                                    {"unknown", 1},
                                    {"revoked", 4},
                                    {"wrong_audience", 2},
                                    {"insufficient_scope", 2},
                                    {"client_authentication", 3},
                                    {"not_visible", 1}}));
    const auto metrics = api.as_admin("GET", "/metrics").body;
    for (const auto& secret : secrets) EXPECT_EQ(metrics.find(secret), std::string::npos);
  }
  std::ifstream file{path};
  const std::string text{std::istreambuf_iterator<char>{file}, {}};
  for (const auto& secret : secrets) EXPECT_EQ(text.find(secret), std::string::npos);
  const std::vector<Line> want = {{"/v1/authz", 401, "no_credentials"},
                                  {"/v1/authz", 401, "malformed"},
                                  {"/v1/authz", 401, "unknown"},
                                  {"/v1/authz", 401, "revoked"},
                                  {"/v1/authz", 401, "wrong_audience"},
                                  {"/v1/authz", 403, "insufficient_scope"},
                                  {"/v1/tokens", 401, "wrong_audience"},
                                  {"/v1/clients", 403, "insufficient_scope"},
                                  {"/oauth/token", 401, "client_authentication"},
                                  {"/oauth/revoke", 401, "client_authentication"},
                                  {"/oauth/introspect", 401, "client_authentication"},
                                  {"/oauth/introspect", 200, "not_visible"},
                                  {"/oauth/introspect", 200, "revoked"},
                                  {"/oauth/introspect", 401, "malformed"},
                                  {"/v1/check", 200, "revoked"}};
  auto got = denied_lines(text);  // those of two I/O threads may change places
  auto sorted_want = want;
  std::ranges::sort(got);
  std::ranges::sort(sorted_want);
  EXPECT_EQ(got, sorted_want) << text;
}

TEST_F(Denials, A24AnExpiredTokenIsCountedAsExpired) {
  ApiUnderTest api;
  const std::string audience{kAudience};
  api.make_api(audience);
  const auto client = api.make_client();
  api.grant(client, audience);
  const auto token = api.new_token(client, audience);
  api.clock().advance_s(86'401);
  EXPECT_EQ(api.authz(token, audience), 401);
  EXPECT_EQ(api.check(token).text("reason"), "expired");
  EXPECT_EQ(denials(api), (Counts{{"expired", 2}}));
}

// The bearer is looked at before the body comes, so nobody without it makes the server keep one.
TEST_F(Denials, ALargeCheckIsRefusedBeforeItsBodyIsSent) {
  ApiUnderTest api;
  const auto head = [&](const std::string& token) {
    return "POST /v1/check HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
           "Authorization: Bearer " +
           token + "\r\nContent-Length: 1000000\r\n\r\n";
  };
  HttpTestClient nobody{api.port()};
  nobody.send(head("nothing"));
  EXPECT_EQ(nobody.read().status, 401);
  EXPECT_TRUE(nobody.is_closed_by_peer());
  HttpTestClient weak{api.port()};
  weak.send(head(api.manager(R"(["tokens:read"])")));
  EXPECT_EQ(weak.read().status, 403);
  EXPECT_EQ(denials(api), (Counts{{"malformed", 1}, {"insufficient_scope", 1}}));
  std::string body = R"({"items":[{"token":")" + std::string(15'000, 'a') + "\"}";
  while (body.size() < 500'000) body += R"(,{"token":")" + std::string(15'000, 'a') + "\"}";
  EXPECT_EQ(api.as_admin("POST", "/v1/check", body + "]}").status, 200);
}

}  // namespace
}  // namespace tokenledger::test
