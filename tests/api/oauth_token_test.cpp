// POST /oauth/token and discovery, through a real server.
#include <gtest/gtest.h>

#include "core/base64url.hpp"
#include "tests/api/api_fixture.hpp"

namespace tokenledger::test {
namespace {

const std::string kAudience = "https://api.example.com/geocoding/v1/";

class OauthToken : public ApiTest {
 protected:
  // One API, a client with a grant for read and write, and one without any.
  static void SetUpTestSuite() {
    ApiTest::SetUpTestSuite();
    api().make_api(kAudience);
    api().make_api("urn:ungranted");
    client_ = api().make_client("granted");
    api().grant(client_, kAudience);
  }
  static std::uint64_t issued() { return api().ledger().stats().tokens_issued; }
  static std::string basic(std::string_view pair) {
    return "Authorization: Basic " + base64_encode(bytes_of(pair)) + "\r\n";
  }
  static Reply form(const std::string& body, const std::string& headers = "") {
    return api().call(
        "POST", "/oauth/token",
        {.body = body, .type = "application/x-www-form-urlencoded", .headers = headers});
  }
  static std::string credentials() {
    return "client_id=" + client_.id + "&client_secret=" + client_.secret;
  }
  static inline ApiUnderTest::Client client_;
};

TEST_F(OauthToken, A14TheSeedsJsonBodyWorksVerbatimAndA15AnswersExactly) {
  const auto reply =
      api().call("POST", "/oauth/token",
                 {.body = "{\"grant_type\":\"client_credentials\",\"client_id\": \"" + client_.id +
                          "\",\"client_secret\": \"" + client_.secret +
                          "\",\"audience\": \"https://api.example.com/geocoding/v1/\"}"});
  EXPECT_EQ(reply.status, 200) << reply.body;
  const auto token = reply.text("access_token");
  EXPECT_EQ(reply.body,
            "{\"access_token\":\"" + token + "\",\"token_type\":\"Bearer\",\"expires_in\":86400}");
  EXPECT_TRUE(reply.has("Content-Type: application/json\r\n")) << reply.head;
  EXPECT_TRUE(reply.has("Cache-Control: no-store\r\n")) << reply.head;
  EXPECT_EQ(api().authz(token, kAudience), 200);
}

TEST_F(OauthToken, A14TheSameAsAFormWorksAndZ02CountsOneIssuePerSuccess) {
  const auto before = issued();
  const auto reply = form("grant_type=client_credentials&" + credentials() +
                          "&audience=" + "https%3A%2F%2Fapi.example.com%2Fgeocoding%2Fv1%2F");
  EXPECT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(issued(), before + 1);
}

TEST_F(OauthToken, Z02TheNewTokenIsInTheListAtOnce) {
  const auto client = api().make_client();
  api().grant(client, kAudience);
  for (int count = 1; count <= 5; ++count) {
    const auto token = api().new_token(client, kAudience);
    const auto list = api().as_admin("GET", "/v1/tokens?client_id=" + client.id);
    EXPECT_EQ(list.number("total"), count) << list.body;
    EXPECT_TRUE(list.has(api().jti_of(token)));
  }
}

TEST_F(OauthToken, BasicWorksEncodedAsTheRfcSaysAndAsClientsSendIt) {
  const std::string rest = "grant_type=client_credentials&audience=" + kAudience;
  EXPECT_EQ(form(rest, basic(client_.id + ":" + client_.secret)).status, 200);
  // An id whose two readings differ: "a+b%2F" encoded means "a b/".
  const auto odd = api().as_admin("POST", "/v1/clients", R"({"client_id":"a+b%2F","name":"odd"})");
  ASSERT_EQ(odd.status, 201) << odd.body;
  api().grant({"a+b%2F", ""}, kAudience);
  const auto secret = odd.text("client_secret");
  EXPECT_EQ(form(rest, basic("a+b%2F:" + secret)).status, 200);
  EXPECT_EQ(form(rest, basic("a%2Bb%252F:" + secret)).status, 200);
  EXPECT_EQ(form(rest, basic("a%2Bb%252F:" + secret + "x")).status, 401);
}

struct RefusalCase {
  const char* name;
  std::string body;     // a form; "{c}" stands for good credentials, "{a}" for the audience
  std::string headers;  // "{b}" stands for a good Basic field
  int status;
  const char* error;
};

TEST_F(OauthToken, RefusesEveryBadRequestWithItsErrorAndNoEvent) {
  const std::string grant = "grant_type=client_credentials";
  const std::vector<RefusalCase> cases = {
      {"NoBody", "", "", 400, "invalid_request"},
      {"BrokenEscape", "grant_type=%zz", "", 400, "invalid_request"},
      {"NoCredentials", grant + "&audience={a}", "", 401, "invalid_client"},
      {"WrongSecret", grant + "&audience={a}&client_id={i}&client_secret=wrong", "", 401,
       "invalid_client"},
      {"UnknownClient", grant + "&audience={a}&client_id=nobody&client_secret=wrong", "", 401,
       "invalid_client"},
      {"BuiltInClientHasNoSecret",
       grant + "&audience={a}&client_id=tokenledger-named&client_secret=x", "", 401,
       "invalid_client"},
      {"EmptySecret", grant + "&audience={a}&client_id={i}&client_secret=", "", 401,
       "invalid_client"},
      {"BothMethods", grant + "&audience={a}&{c}", "{b}", 400, "invalid_request"},
      {"TwoClients", grant + "&audience={a}&client_id=other", "{b}", 400, "invalid_request"},
      {"BrokenBasic", grant + "&audience={a}", "Authorization: Basic !!\r\n", 401,
       "invalid_client"},
      {"NoGrantType", "audience={a}&{c}", "", 400, "invalid_request"},
      {"OtherGrantType", "grant_type=password&audience={a}&{c}", "", 400, "unsupported_grant_type"},
      {"NoAudience", grant + "&{c}", "", 400, "invalid_request"},
      {"EmptyAudience", grant + "&audience=&{c}", "", 400, "invalid_request"},
      {"RepeatedGrantType", grant + "&" + grant + "&audience={a}&{c}", "", 400, "invalid_request"},
      {"RepeatedScope", grant + "&scope=read&scope=read&audience={a}&{c}", "", 400,
       "invalid_request"},
      {"UnknownAudience", grant + "&audience=urn:none&{c}", "", 403, "access_denied"},
      {"A20AudienceWithoutItsSlash", grant + "&audience=https://api.example.com/geocoding/v1&{c}",
       "", 403, "access_denied"},
      {"UnknownResource", grant + "&resource=urn:none&{c}", "", 400, "invalid_target"},
      {"SeveralResources", grant + "&resource={a}&resource=urn:ungranted&{c}", "", 400,
       "invalid_target"},
      {"AudienceAndOtherResource", grant + "&audience={a}&resource=urn:ungranted&{c}", "", 400,
       "invalid_target"},
      {"NoGrant", grant + "&audience=urn:ungranted&{c}", "", 400, "unauthorized_client"},
      {"UnknownScope", grant + "&audience={a}&scope=fly&{c}", "", 400, "invalid_scope"},
      {"MalformedScope", grant + "&audience={a}&scope=a%22b&{c}", "", 400, "invalid_scope"},
  };
  const auto replace = [](std::string text, std::string_view what, const std::string& with) {
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what))
      text.replace(at, what.size(), with);
    return text;
  };
  const auto before = issued();
  std::size_t count = 0;
  for (const auto& row : cases) {
    auto body = replace(row.body, "{c}", credentials());
    body = replace(replace(body, "{a}", kAudience), "{i}", client_.id);
    const auto reply =
        form(body, replace(row.headers, "{b}", basic(client_.id + ":" + client_.secret)));
    EXPECT_EQ(reply.status, row.status) << row.name << reply.body;
    EXPECT_EQ(reply.text("error"), row.error) << row.name;
    EXPECT_TRUE(reply.has("Cache-Control: no-store")) << row.name;
    EXPECT_EQ(reply.status == 401, reply.has("WWW-Authenticate: Basic")) << row.name;
    ++count;
  }
  EXPECT_EQ(issued(), before) << "Z02: a refused request must not issue";
  std::printf("%zu refusals\n", count);
}

TEST_F(OauthToken, JsonThatIsNotStrictIsRefused) {
  const char* const bodies[] = {"[]",
                                "{",
                                R"({"grant_type":1})",
                                R"({"grant_type":"client_credentials","grant_type":"x"})",
                                R"({"audience":[1]})",
                                R"({"client_id":["a"]})"};
  for (const auto* body : bodies) {
    const auto reply = api().post("/oauth/token", body, "");
    EXPECT_EQ(reply.status, 400) << body;
    EXPECT_EQ(reply.text("error"), "invalid_request") << body;
  }
  EXPECT_EQ(api().call("POST", "/oauth/token", {.body = "x", .type = "text/plain"}).status, 400);
}

TEST_F(OauthToken, ScopeStandsInTheAnswerOnlyWhenItDiffersFromTheRequest) {
  EXPECT_EQ(api().ask_token(client_, kAudience).text("scope"), "-");
  EXPECT_EQ(api().ask_token(client_, kAudience, R"(,"scope":"write read")").text("scope"), "-");
  const auto reply = api().ask_token(client_, kAudience, R"(,"scope":"read")");
  EXPECT_EQ(reply.text("scope"), "-");
  const auto token = reply.text("access_token");
  EXPECT_EQ(api().authz(token, kAudience, "read"), 200);
  EXPECT_EQ(api().authz(token, kAudience, "write"), 403);
}

TEST_F(OauthToken, ResourceIsASynonymAndUnknownParametersAreIgnored) {
  const auto body = "grant_type=client_credentials&" + credentials() + "&resource=" + kAudience +
                    "&audience=" + kAudience + "&color=blue";
  EXPECT_EQ(form(body).status, 200);
}

// Nobody gets at an API before an administrator lets them; the same client and request work then.
TEST_F(OauthToken, A16AClientNeedsAGrantAndWorksOnceAnAdministratorAddsIt) {
  const auto client = api().make_client();
  const auto before = issued();
  const auto refused = api().ask_token(client, kAudience);
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(refused.text("error"), "unauthorized_client");
  EXPECT_EQ(issued(), before);
  api().grant(client, kAudience, R"(["read"])");
  const auto reply = api().ask_token(client, kAudience);
  EXPECT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(api().authz(reply.text("access_token"), kAudience, "read"), 200);
  EXPECT_EQ(api().authz(reply.text("access_token"), kAudience, "write"), 403);
}

TEST_F(OauthToken, A16ScopeBeyondTheGrantIsInvalidScope) {
  const auto client = api().make_client();
  api().grant(client, kAudience, R"(["read"])");
  const auto reply = api().ask_token(client, kAudience, R"(,"scope":"read write")");
  EXPECT_EQ(reply.status, 400);
  EXPECT_EQ(reply.text("error"), "invalid_scope");
}

TEST_F(OauthToken, AClientWithoutTheGrantTypeIsUnauthorized) {
  const auto client = api().make_client();
  api().grant(client, kAudience);
  ASSERT_EQ(
      api()
          .as_admin("PATCH", "/v1/clients/" + client.id,
                    R"({"grant_types":["implicit"],"redirect_uris":["https://a.example/cb"]})")
          .status,
      200);
  const auto reply = api().ask_token(client, kAudience);
  EXPECT_EQ(reply.status, 400);
  EXPECT_EQ(reply.text("error"), "unauthorized_client");
}

TEST_F(OauthToken, ADisabledClientHearsWhatABadSecretHears) {
  const auto client = api().make_client();
  api().grant(client, kAudience);
  ASSERT_EQ(api().as_admin("POST", "/v1/clients/" + client.id + "/disable").status, 200);
  const auto disabled = api().ask_token(client, kAudience);
  const auto wrong = api().ask_token({client.id, "wrong"}, kAudience);
  EXPECT_EQ(disabled.status, 401);
  EXPECT_EQ(disabled.body, wrong.body);
}

TEST_F(OauthToken, A26A27TheLifetimeIsTheApisAndChangesForNewTokensOnly) {
  api().make_api("urn:short", R"(,"token_lifetime":60)");
  const auto client = api().make_client();
  api().grant(client, "urn:short");
  const auto first = api().ask_token(client, "urn:short");
  EXPECT_EQ(first.number("expires_in"), 60);
  const auto row = "/v1/tokens/" + api().jti_of(first.text("access_token"));
  const auto expires_at = api().as_admin("GET", row).text("expires_at");
  ASSERT_EQ(api().as_admin("PATCH", "/v1/apis/urn:short", R"({"token_lifetime":3600})").status,
            200);
  EXPECT_EQ(api().ask_token(client, "urn:short").number("expires_in"), 3600);
  EXPECT_EQ(api().as_admin("GET", row).text("expires_at"), expires_at);
}

TEST_F(OauthToken, A04AnOpaqueApiIssuesTokensThatCarryNoClaims) {
  api().make_api("urn:opaque", R"(,"token_format":"opaque")");
  const auto client = api().make_client();
  api().grant(client, "urn:opaque");
  const auto token = api().new_token(client, "urn:opaque");
  EXPECT_EQ(token.find('.'), std::string::npos) << "no JWT";
  EXPECT_EQ(api().authz(token, "urn:opaque", "read"), 200);
  EXPECT_EQ(api().authz(token + "x", "urn:opaque"), 401);
}

TEST_F(OauthToken, A03A13A18dA19AJwtHasThreePartsAndAllClaimsAndIsAboutItsClient) {
  const auto token = api().new_token(client_, kAudience);
  const auto first = token.find('.');
  const auto second = token.find('.', first + 1);
  ASSERT_NE(second, std::string::npos);
  EXPECT_EQ(token.find('.', second + 1), std::string::npos);
  const auto payload = base64url_decode(token.substr(first + 1, second - first - 1));
  ASSERT_TRUE(payload.has_value());
  const Reply claims{.status = 0, .head = {}, .body = *payload};
  EXPECT_EQ(claims.text("iss"), api().ledger().issuer());
  EXPECT_EQ(claims.text("aud"), kAudience);
  EXPECT_EQ(claims.text("sub"), client_.id) << "A13: no user had to authenticate";
  EXPECT_EQ(claims.text("client_id"), client_.id);
  EXPECT_EQ(claims.text("scope"), "read write");
  EXPECT_EQ(claims.number("exp") - claims.number("iat"), 86'400);
  EXPECT_EQ(claims.text("jti").size(), 22u);
}

// RFC 6749 §2.3.1: addresses stand in logs and histories.
TEST_F(OauthToken, WhatIsSecretInAnAddressIsRefusedWhateverTheBodySays) {
  const auto before = issued();
  for (const std::string path : {"/oauth/token", "/oauth/introspect", "/oauth/revoke"}) {
    for (const std::string name :
         {"client_id", "client_secret", "client_assertion", "token", "access_token", "code",
          "code_verifier", "refresh_token", "password", "grant_type"}) {
      const auto reply = api().call("POST", path + "?" + name + "=x",
                                    {.body = "grant_type=client_credentials&token=x&" +
                                             credentials() + "&audience=" + std::string{kAudience},
                                     .type = "application/x-www-form-urlencoded"});
      EXPECT_EQ(reply.status, 400) << path << ' ' << name;
      EXPECT_EQ(reply.text("error"), "invalid_request") << path << ' ' << name;
    }
  }
  EXPECT_EQ(issued(), before);
}

TEST_F(OauthToken, DiscoveryNamesWhatExists) {
  for (const auto* path :
       {"/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"}) {
    const auto reply = api().get(path, "");
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.text("issuer"), api().ledger().issuer());
    EXPECT_EQ(reply.text("token_endpoint"), api().ledger().issuer() + "/oauth/token");
    EXPECT_EQ(reply.text("introspection_endpoint"), api().ledger().issuer() + "/oauth/introspect");
    EXPECT_EQ(reply.text("revocation_endpoint"), api().ledger().issuer() + "/oauth/revoke");
    for (const auto* endpoint : {"token", "introspection", "revocation"})
      EXPECT_TRUE(reply.has('"' + std::string{endpoint} +
                            R"(_endpoint_auth_methods_supported":["client_secret_basic",)" +
                            R"("client_secret_post")"))
          << reply.body;
    EXPECT_TRUE(reply.has(R"(token_endpoint_auth_methods_supported":["client_secret_basic",)"
                          R"("client_secret_post","private_key_jwt","none"])"))
        << reply.body;
    EXPECT_FALSE(reply.has(R"("EdDSA","none")")) << "no algorithm";
    EXPECT_EQ(reply.text("authorization_endpoint"), api().ledger().issuer() + "/oauth/authorize");
    EXPECT_EQ(api().get("/.well-known/jwks.json", "").status, 200);
  }
  EXPECT_TRUE(api().get("/.well-known/jwks.json", "").has(R"("alg":"RS256")"));
}

}  // namespace
}  // namespace tokenledger::test
