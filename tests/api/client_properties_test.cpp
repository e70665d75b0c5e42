// B14: the properties of a client that token requests depend on. Changing one is one event, and the
// next request follows it.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>

#include "core/base64url.hpp"
#include "core/client_assertion.hpp"
#include "core/signing_key.hpp"
#include "tests/api/api_fixture.hpp"

namespace tokenledger::test {
namespace {

const std::string kAudience = "urn:properties";

class ClientProperties : public ApiTest {
 protected:
  static void SetUpTestSuite() {
    ApiTest::SetUpTestSuite();
    // Assertions from before the start are refused, so what follows is later.
    api().clock().advance_s(5);
    api().make_api(kAudience);
  }
  void SetUp() override {
    client_ = api().make_client();
    api().grant(client_, kAudience);
  }
  // One event, which names what it is now.
  static void change(const std::string& path, const std::string& body, const std::string& kind) {
    const auto before = api().ledger().committed().value();
    const auto reply = api().as_admin("PATCH", path, body);
    ASSERT_EQ(reply.status, 200) << reply.body;
    EXPECT_EQ(api().ledger().committed().value(), before + 1) << body;
    const auto events =
        api().as_admin("GET", "/v1/events?limit=1&from=" + std::to_string(before + 1));
    EXPECT_TRUE(events.has(R"("kind":")" + kind + '"')) << events.body;
  }
  void change(const std::string& body) const {
    change("/v1/clients/" + client_.id, body, "client_updated");
  }
  Reply ask() const { return api().ask_token(client_, kAudience); }
  static Reply post(const std::string& body, const std::string& headers = "") {
    return api().call(
        "POST", "/oauth/token",
        {.body = body, .type = "application/x-www-form-urlencoded", .headers = headers});
  }
  Reply ask_by_basic() const {
    return post("grant_type=client_credentials&audience=" + kAudience,
                "Authorization: Basic " +
                    base64_encode(bytes_of(client_.id + ":" + client_.secret)) + "\r\n");
  }
  Reply ask_by_signature(const SigningKey& key) const {
    const auto now = static_cast<std::int64_t>(to_seconds(api().ledger().now()).value());
    auto text = base64url_encode(bytes_of(R"({"alg":"EdDSA"})")) + "." +
                base64url_encode(bytes_of(
                    R"({"iss":")" + client_.id + R"(","sub":")" + client_.id + R"(","aud":")" +
                    api().ledger().issuer() + R"(","iat":)" + std::to_string(now) + R"(,"exp":)" +
                    std::to_string(now + 60) + R"(,"jti":")" + fresh("jti") + R"("})"));
    text += "." + base64url_encode(key.sign(bytes_of(text)).value());
    return post("grant_type=client_credentials&audience=" + kAudience +
                "&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3A"
                "jwt-bearer&client_assertion=" +
                text);
  }
  static std::string key_set(const SigningKey& key) {
    return R"({"keys":[{"kty":"OKP","crv":"Ed25519","x":")" + key.verify_key().jwk().x + R"("}]})";
  }
  Reply authorize(const std::string& more) const {
    return api().call("GET",
                      "/oauth/authorize?response_type=code&client_id=" + client_.id +
                          "&redirect_uri=https%3A%2F%2Fapp.example%2Fcb&scope=read&audience=" +
                          kAudience + "&state=s" + more,
                      {});
  }

  ApiUnderTest::Client client_;
};

TEST_F(ClientProperties, B14GrantTypes) {
  EXPECT_EQ(ask().status, 200);
  change(R"({"grant_types":["authorization_code"],"redirect_uris":["https://app.example/cb"]})");
  EXPECT_EQ(ask().text("error"), "unauthorized_client");
  change(R"({"grant_types":["client_credentials"]})");
  EXPECT_EQ(ask().status, 200);
}

TEST_F(ClientProperties, B14TokenFormat) {
  const auto dots = [this] { return std::ranges::count(ask().text("access_token"), '.'); };
  EXPECT_EQ(dots(), 2);
  change(R"({"token_format":"opaque"})");
  EXPECT_EQ(dots(), 0);
  change(R"({"token_format":"jwe"})");
  EXPECT_EQ(dots(), 4);
  change(R"({"token_format":null})");
  EXPECT_EQ(dots(), 2) << "as the API has";
}

TEST_F(ClientProperties, B14LifetimeIsTheApisAndCanBeChanged) {
  const auto path = "/v1/apis/" + kAudience;
  EXPECT_EQ(ask().number("expires_in"), 86'400);
  change(path, R"({"token_lifetime":300})", "api_updated");
  EXPECT_EQ(ask().number("expires_in"), 300);
  change(path, R"({"token_lifetime":86400})", "api_updated");
}

TEST_F(ClientProperties, B14HowManyTokensMayLive) {
  change(R"({"live_tokens_max":1})");
  EXPECT_EQ(ask().status, 200);
  EXPECT_EQ(ask().status, 429);
  change(R"({"live_tokens_max":null})");
  // A client at its bound is refused for a moment without being decided.
  api().clock().advance_s(5);
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{30};
  auto reply = ask();
  while (reply.status == 429 && std::chrono::steady_clock::now() < end) reply = ask();
  EXPECT_EQ(reply.status, 200) << reply.body;
}

TEST_F(ClientProperties, B14HowItAuthenticates) {
  EXPECT_EQ(ask().status, 200);
  EXPECT_EQ(ask_by_basic().status, 200) << "either way";
  change(R"({"token_endpoint_auth_method":"client_secret_basic"})");
  EXPECT_EQ(ask().status, 401);
  EXPECT_EQ(ask_by_basic().status, 200);
  change(R"({"token_endpoint_auth_method":"client_secret_post"})");
  EXPECT_EQ(ask().status, 200);
  EXPECT_EQ(ask_by_basic().status, 401);
  const auto key = SigningKey::generate(SignatureAlgorithm::eddsa).value();
  const auto other = SigningKey::generate(SignatureAlgorithm::eddsa).value();
  change(R"({"token_endpoint_auth_method":"private_key_jwt","jwks":)" + key_set(key) + "}");
  EXPECT_EQ(ask().status, 401);
  EXPECT_EQ(ask_by_basic().status, 401);
  EXPECT_EQ(ask_by_signature(key).status, 200);
  EXPECT_EQ(ask_by_signature(other).status, 401);
  change(R"({"jwks":)" + key_set(other) + "}");
  EXPECT_EQ(ask_by_signature(key).status, 401) << "its keys are a property too";
  EXPECT_EQ(ask_by_signature(other).status, 200);
}

TEST_F(ClientProperties, B14PublicOrConfidential) {
  const std::string uris = R"("redirect_uris":["https://app.example/cb"])";
  change(R"({"token_endpoint_auth_method":"none","grant_types":["authorization_code"],)" + uris +
         "}");
  EXPECT_EQ(ask().status, 401) << "a public client has no secret";
  EXPECT_EQ(post("grant_type=client_credentials&audience=" + kAudience + "&client_id=" + client_.id)
                .text("error"),
            "unauthorized_client");
}

TEST_F(ClientProperties, B14ProofKeyForCodeExchange) {
  change(R"({"grant_types":["authorization_code"],"redirect_uris":["https://app.example/cb"]})");
  const auto refused = authorize("");
  EXPECT_EQ(refused.status / 100, 3) << refused.body;
  EXPECT_TRUE(refused.has("error=invalid_request")) << refused.head;
  change(R"({"pkce_optional":true})");
  EXPECT_EQ(authorize("").status, 200) << "the sign-in page";
  change(R"({"pkce_optional":false})");
  EXPECT_EQ(authorize("").status / 100, 3);
}

TEST_F(ClientProperties, B14WhatItIsCalledAndHowIdTokensAreSigned) {
  change(R"({"name":"Renamed"})");
  change(R"({"id_token_signed_response_alg":"EdDSA"})");
  const auto shown = api().as_admin("GET", "/v1/clients/" + client_.id);
  EXPECT_EQ(shown.text("name"), "Renamed");
  EXPECT_EQ(shown.text("id_token_signed_response_alg"), "EdDSA");
  change(R"({"id_token_signed_response_alg":null})");
  EXPECT_TRUE(api()
                  .as_admin("GET", "/v1/clients/" + client_.id)
                  .has(R"("id_token_signed_response_alg":null)"))
      << "as the API has";
}

TEST_F(ClientProperties, B14WhatIsRefusedChangesNothing) {
  const auto path = "/v1/clients/" + client_.id;
  const auto before = api().ledger().committed();
  for (const std::string body :
       {R"({"grant_types":["password"]})", R"({"token_format":"saml"})",
        R"({"token_endpoint_auth_method":"tls_client_auth"})",
        R"({"token_endpoint_auth_method":"private_key_jwt"})",
        R"({"token_endpoint_auth_method":"private_key_jwt","jwks":null})",
        R"({"id_token_signed_response_alg":"HS256"})", R"({"live_tokens_max":0})",
        R"({"pkce_optional":"yes"})", R"({"redirect_uris":["ftp://app.example/"]})",
        R"({"protocol":"wsfed"})"}) {
    const auto reply = api().as_admin("PATCH", path, body);
    EXPECT_EQ(reply.status, 400) << body << reply.body;
  }
  EXPECT_EQ(api().ledger().committed(), before);
  EXPECT_EQ(ask().status, 200);
}

}  // namespace
}  // namespace tokenledger::test
