// How clients show who they are at the OAuth endpoints: by secret with an overlap, by assertion,
// and public ones by their name. Rows private-key-jwt-01 to 07 and 09 of the negative cases.
#include <gtest/gtest.h>

#include "core/base64url.hpp"
#include "core/client_assertion.hpp"
#include "core/signing_key.hpp"
#include "tests/api/api_fixture.hpp"

namespace tokenledger::test {
namespace {

const std::string kAudience = "urn:authenticated";

std::string form_of(std::initializer_list<std::pair<std::string, std::string>> fields) {
  std::string body;
  for (const auto& [name, value] : fields) {
    if (!body.empty()) body += '&';
    body += name + "=";
    for (const char byte : value) {
      static constexpr char kDigits[] = "0123456789ABCDEF";
      const auto code = static_cast<unsigned char>(byte);
      body += {'%', kDigits[code >> 4], kDigits[code & 15]};
    }
  }
  return body;
}

class ClientAuthenticationTest : public ApiTest {
 protected:
  static void SetUpTestSuite() {
    ApiTest::SetUpTestSuite();
    // Assertions from before the start are refused, so what follows is later.
    api().clock().advance_s(5);
    api().make_api(kAudience);
    key_.emplace(*SigningKey::generate(SignatureAlgorithm::es256));
    const auto& jwk = key_->verify_key().jwk();
    const auto reply = api().as_admin(
        "POST", "/v1/clients",
        R"({"client_id":"signer","name":"signer","token_endpoint_auth_method":"private_key_jwt",)"
        R"("jwks":{"keys":[{"kty":"EC","kid":"k1","crv":"P-256","x":")" +
            jwk.x + R"(","y":")" + jwk.y + R"("}]}})");
    ASSERT_EQ(reply.status, 201) << reply.body;
    EXPECT_FALSE(reply.has("client_secret\"")) << reply.body;
    EXPECT_TRUE(reply.has(R"("kid":"k1")")) << reply.body;
    api().grant({"signer", ""}, kAudience);
  }
  static void TearDownTestSuite() {
    key_.reset();
    ApiTest::TearDownTestSuite();
  }

  struct Wish {
    std::string header = R"({"alg":"ES256","kid":"k1"})";
    std::string issuer = "signer";
    std::string subject = "signer";
    std::string audience;  // JSON; empty: the issuer
    std::int64_t lifetime_s = 60;
    std::string id;  // empty: a new one
  };
  static std::string assertion(const Wish& wish) {
    const auto now = static_cast<std::int64_t>(to_seconds(api().ledger().now()).value());
    const auto audience =
        wish.audience.empty() ? '"' + api().ledger().issuer() + '"' : wish.audience;
    const auto claims = R"({"iss":")" + wish.issuer + R"(","sub":")" + wish.subject +
                        R"(","aud":)" + audience + R"(,"iat":)" + std::to_string(now) +
                        R"(,"exp":)" + std::to_string(now + wish.lifetime_s) + R"(,"jti":")" +
                        (wish.id.empty() ? fresh("jti") : wish.id) + R"("})";
    auto text = base64url_encode(bytes_of(wish.header)) + "." + base64url_encode(bytes_of(claims));
    const auto signature = key_->sign(bytes_of(text));
    EXPECT_TRUE(signature);
    return text + "." + base64url_encode(*signature);
  }
  static Reply post(const std::string& path, const std::string& body,
                    const std::string& headers = "") {
    return api().call(
        "POST", path,
        {.body = body, .type = "application/x-www-form-urlencoded", .headers = headers});
  }
  static Reply ask(const std::string& signed_text,
                   const std::string& type = std::string{kClientAssertionType}) {
    return post("/oauth/token", form_of({{"grant_type", "client_credentials"},
                                         {"audience", kAudience},
                                         {"client_assertion_type", type},
                                         {"client_assertion", signed_text}}));
  }
  static inline std::optional<SigningKey> key_;
};

TEST_F(ClientAuthenticationTest, PrivateKeyJwt05AnAssertionIsGoodWithAndWithoutATyp) {
  const auto reply = ask(assertion({}));
  EXPECT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(api().authz(reply.text("access_token"), kAudience), 200);
  EXPECT_EQ(ask(assertion({.header = R"({"typ":"JWT","alg":"ES256","kid":"k1"})"})).status, 200);
  EXPECT_EQ(ask(assertion({.audience = "[\"" + api().ledger().issuer() + "\"]"})).status, 200)
      << "an array of one";
}

struct AssertionCase {
  const char* name;
  std::string header = R"({"alg":"ES256","kid":"k1"})";
  std::string issuer = "signer";
  std::string subject = "signer";
  std::string audience = {};
  std::int64_t lifetime_s = 60;
};

TEST_F(ClientAuthenticationTest, PrivateKeyJwt02To06And09WhateverIsWrongIsInvalidClient) {
  const auto& issuer = api().ledger().issuer();
  const AssertionCase rows[] = {
      {.name = "02 unknown kid", .header = R"({"alg":"ES256","kid":"k2"})"},
      {.name = "02 alg none", .header = R"({"alg":"none","kid":"k1"})"},
      {.name = "02 HS256 with a public key", .header = R"({"alg":"HS256","kid":"k1"})"},
      {.name = "02 another algorithm", .header = R"({"alg":"RS256","kid":"k1"})"},
      {.name = "03 iss", .issuer = "other"},
      {.name = "03 sub", .subject = "other"},
      {.name = "03 both", .issuer = "other", .subject = "other"},
      {.name = "04 token endpoint", .audience = '"' + issuer + "/oauth/token\""},
      {.name = "04 two", .audience = "[\"" + issuer + "\",\"https://rs.example\"]"},
      {.name = "04 another server", .audience = R"("https://other.example")"},
      {.name = "05 at+jwt", .header = R"({"typ":"at+jwt","alg":"ES256","kid":"k1"})"},
      {.name = "05 dpop+jwt", .header = R"({"typ":"dpop+jwt","alg":"ES256","kid":"k1"})"},
      {.name = "05 secevent+jwt", .header = R"({"typ":"secevent+jwt","alg":"ES256","kid":"k1"})"},
      {.name = "06 past", .lifetime_s = -1},
      {.name = "06 far ahead", .lifetime_s = 86'400},
  };
  const auto before = api().ledger().committed();
  for (const auto& row : rows) {
    const auto reply = ask(assertion({.header = row.header,
                                      .issuer = row.issuer,
                                      .subject = row.subject,
                                      .audience = row.audience,
                                      .lifetime_s = row.lifetime_s}));
    EXPECT_EQ(reply.status, 401) << row.name;
    EXPECT_EQ(reply.text("error"), "invalid_client") << row.name;
  }
  auto damaged = assertion({});
  damaged[damaged.size() - 10] = damaged[damaged.size() - 10] == 'A' ? 'B' : 'A';
  EXPECT_EQ(ask(damaged).status, 401) << "02 bad signature";
  EXPECT_EQ(api().ledger().committed(), before) << "no event";
}

TEST_F(ClientAuthenticationTest, PrivateKeyJwt01AnotherTypeOrASecondWayIsInvalidRequest) {
  for (const std::string type : {"", "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"}) {
    const auto reply = ask(assertion({}), type);
    EXPECT_EQ(reply.status, 400) << type;
    EXPECT_EQ(reply.text("error"), "invalid_request") << type;
  }
  const auto other = api().make_client();
  const std::string both = form_of({{"grant_type", "client_credentials"},
                                    {"audience", kAudience},
                                    {"client_assertion_type", std::string{kClientAssertionType}},
                                    {"client_assertion", assertion({})}});
  EXPECT_EQ(post("/oauth/token", both + "&client_secret=x").status, 400);
  const auto basic =
      "Authorization: Basic " + base64_encode(bytes_of(other.id + ":" + other.secret)) + "\r\n";
  EXPECT_EQ(post("/oauth/token", both, basic).status, 400);
  EXPECT_EQ(post("/oauth/token", both + "&client_id=" + other.id).status, 401)
      << "of another client";
}

TEST_F(ClientAuthenticationTest, PrivateKeyJwt07AnAssertionIsGoodOnceAtAllEndpointsTogether) {
  const auto once = assertion({.id = "used-once"});
  const auto token = ask(once).text("access_token");
  EXPECT_EQ(ask(once).status, 401);
  EXPECT_EQ(ask(assertion({.id = "used-once"})).status, 401) << "the same jti signed again";
  const auto at = [&](const std::string& path, const std::string& signed_text) {
    return post(path, form_of({{"token", token},
                               {"client_assertion_type", std::string{kClientAssertionType}},
                               {"client_assertion", signed_text}}));
  };
  EXPECT_EQ(at("/oauth/introspect", once).status, 401);
  const auto seen = at("/oauth/introspect", assertion({}));
  EXPECT_EQ(seen.status, 200) << seen.body;
  EXPECT_TRUE(seen.has(R"("active":true)")) << "used once, though read twice";
  EXPECT_EQ(at("/oauth/revoke", assertion({})).status, 200);
  EXPECT_EQ(api().authz(token, kAudience), 401);
}

TEST_F(ClientAuthenticationTest, AnEmbargoedClientAndOneWithASecretCannotSign) {
  const auto& jwk = key_->verify_key().jwk();
  const auto made = api().as_admin(
      "POST", "/v1/clients",
      R"({"client_id":"leaving","name":"l","token_endpoint_auth_method":"private_key_jwt",)"
      R"("jwks":{"keys":[{"kty":"EC","crv":"P-256","x":")" +
          jwk.x + R"(","y":")" + jwk.y + R"("}]}})");
  ASSERT_EQ(made.status, 201) << made.body;
  api().grant({"leaving", ""}, kAudience);
  const auto signed_by = [&] {
    return ask(
        assertion({.header = R"({"alg":"ES256"})", .issuer = "leaving", .subject = "leaving"}));
  };
  EXPECT_EQ(signed_by().status, 200);
  ASSERT_EQ(api().as_admin("POST", "/v1/clients/leaving/disable").status, 200);
  EXPECT_EQ(signed_by().status, 401);
  ASSERT_EQ(api().as_admin("POST", "/v1/clients/leaving/enable").status, 200);
  EXPECT_EQ(signed_by().status, 200);
  EXPECT_EQ(api().as_admin("POST", "/v1/clients/leaving/rotate-secret").status, 409);
  const auto changed = api().as_admin("PATCH", "/v1/clients/leaving",
                                      R"({"token_endpoint_auth_method":"client_secret_basic"})");
  ASSERT_EQ(changed.status, 200) << changed.body;
  EXPECT_TRUE(changed.has(R"("jwks":null)")) << changed.body;
  EXPECT_EQ(signed_by().status, 401);
}

TEST_F(ClientAuthenticationTest, PrivateHalvesAndBadKeySetsAreNotRegistered) {
  const auto& jwk = key_->verify_key().jwk();
  const std::string good = R"("kty":"EC","crv":"P-256","x":")" + jwk.x + R"(","y":")" + jwk.y + '"';
  for (const std::string& keys :
       {std::string{"[]"}, "[{" + good + R"(,"d":"AAAA"}])", "[{" + good + "},{" + good + "}]",
        std::string{R"([{"kty":"oct","k":"AAAA"}])"}}) {
    const auto reply = api().as_admin(
        "POST", "/v1/clients",
        R"({"name":"n","token_endpoint_auth_method":"private_key_jwt","jwks":{"keys":)" + keys +
            "}}");
    EXPECT_EQ(reply.status, 400) << keys;
    EXPECT_FALSE(reply.has("AAAA")) << reply.body;
  }
}

TEST_F(ClientAuthenticationTest, APublicClientIsNamedButNeverAuthenticated) {
  const auto made = api().as_admin(
      "POST", "/v1/clients",
      R"({"client_id":"browser","name":"b","token_endpoint_auth_method":"none",)"
      R"("grant_types":["authorization_code"],"redirect_uris":["https://app.example/cb"]})");
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_FALSE(made.has("client_secret\"")) << made.body;
  const auto refused = post("/oauth/token", form_of({{"grant_type", "client_credentials"},
                                                     {"audience", kAudience},
                                                     {"client_id", "browser"}}));
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(refused.text("error"), "unauthorized_client") << refused.body;
  EXPECT_EQ(post("/oauth/introspect", form_of({{"token", "x"}, {"client_id", "browser"}})).status,
            401);
  EXPECT_EQ(post("/oauth/revoke", form_of({{"token", "x"}, {"client_id", "browser"}})).status, 200);
  const auto confidential = api().make_client();
  EXPECT_EQ(post("/oauth/revoke", form_of({{"token", "x"}, {"client_id", confidential.id}})).status,
            401)
      << "a client with a secret must show it";
}

TEST_F(ClientAuthenticationTest, TheOldSecretIsGoodForTheOverlapAndTheRegisteredWayIsTheOnlyOne) {
  auto old = api().make_client();
  api().grant(old, kAudience);
  const auto path = "/v1/clients/" + old.id;
  const auto rotated =
      api().as_admin("POST", path + "/rotate-secret", R"({"overlap_seconds":600})");
  ASSERT_EQ(rotated.status, 200) << rotated.body;
  const ApiUnderTest::Client renewed{old.id, rotated.text("client_secret")};
  EXPECT_EQ(api().ask_token(old, kAudience).status, 200);
  EXPECT_EQ(api().ask_token(renewed, kAudience).status, 200);
  api().clock().advance_s(600);
  EXPECT_EQ(api().ask_token(old, kAudience).status, 401);
  EXPECT_EQ(api().ask_token(renewed, kAudience).status, 200);
  EXPECT_EQ(api().as_admin("POST", path + "/rotate-secret", R"({"overlap_seconds":604801})").status,
            400);
  ASSERT_EQ(api()
                .as_admin("PATCH", path, R"({"token_endpoint_auth_method":"client_secret_basic"})")
                .status,
            200);
  EXPECT_EQ(api().ask_token(renewed, kAudience).status, 401) << "in the body";
  const auto basic =
      "Authorization: Basic " + base64_encode(bytes_of(renewed.id + ":" + renewed.secret)) + "\r\n";
  EXPECT_EQ(post("/oauth/token",
                 form_of({{"grant_type", "client_credentials"}, {"audience", kAudience}}), basic)
                .status,
            200);
}

}  // namespace
}  // namespace tokenledger::test
