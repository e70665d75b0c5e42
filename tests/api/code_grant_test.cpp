// grant_type=authorization_code at POST /oauth/token, through a real server.
#include <gtest/gtest.h>

#include "tests/api/user_grant_fixture.hpp"

namespace tokenledger::test {
namespace {

class CodeGrant : public UserGrantTest {
 protected:
  static void SetUpTestSuite() {
    ApiTest::SetUpTestSuite();
    user_ = make_user(fresh("anna"));
    audience_ = make_offline_api();
    for (auto* app : {&app_, &public_}) {
      *app = make_app(app == &public_);
      api().grant({app->id, ""}, audience_);
    }
  }
  static std::string code(const App& app, const Ask& ask) {
    return make_code(user_, app, audience_, ask);
  }
  static inline Person user_;
  static inline App app_;
  static inline App public_;
  static inline std::string audience_;
};

TEST_F(CodeGrant, BringsAnAccessTokenARefreshTokenAndAnIdToken) {
  const auto reply = redeem(app_, code(app_, {}));
  ASSERT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(reply.text("token_type"), "Bearer");
  EXPECT_TRUE(reply.text("refresh_token").starts_with("tlr_"));
  EXPECT_TRUE(reply.has("Cache-Control: no-store\r\n")) << reply.head;
  EXPECT_EQ(reply.text("scope"), "openid profile read write offline_access");
  EXPECT_EQ(api().authz(reply.text("access_token"), audience_, "read"), 200);
  EXPECT_NE(reply.text("id_token"), "-");
}

TEST_F(CodeGrant, A19TheSubjectIsTheUserAndTheClientIsNamedBesideIt) {
  const auto reply = redeem(app_, code(app_, {.identity = 0}));
  ASSERT_EQ(reply.status, 200) << reply.body;
  const auto claims = part(reply.text("access_token"), 1);
  EXPECT_NE(claims.find("\"sub\":\"" + user_.id + "\""), std::string::npos) << claims;
  EXPECT_NE(claims.find("\"client_id\":\"" + app_.id + "\""), std::string::npos) << claims;
  EXPECT_NE(claims.find("\"aud\":\"" + audience_ + "\""), std::string::npos) << claims;
  EXPECT_NE(claims.find("\"auth_time\":"), std::string::npos) << claims;
  EXPECT_EQ(reply.text("id_token"), "-");
  EXPECT_EQ(reply.text("refresh_token"), "-");
}

TEST_F(CodeGrant, APublicClientNeedsNoSecretAndACertainVerifier) {
  EXPECT_EQ(redeem(public_, code(public_, {})).status, 200);
}

TEST_F(CodeGrant, AConfidentialClientIsNotBelievedByItsNameAlone) {
  App nameless = app_;
  nameless.secret.clear();
  const auto text = code(app_, {});
  EXPECT_EQ(redeem(nameless, text).status, 401);
  EXPECT_EQ(redeem(app_, text).status, 200) << "the refused request must not use the code up";
}

TEST_F(CodeGrant, A14TheSameAsJson) {
  const auto body = R"({"grant_type":"authorization_code","client_id":")" + app_.id +
                    R"(","client_secret":")" + app_.secret + R"(","code":")" + code(app_, {}) +
                    R"(","redirect_uri":")" + std::string{kRedirect} + R"(","code_verifier":")" +
                    verifier() + R"("})";
  EXPECT_EQ(api().call("POST", "/oauth/token", {.body = body}).status, 200);
}

// token-endpoint 14-18, pkce: one answer for all, and the code stays good for its owner.
TEST_F(CodeGrant, AWrongPresentationIsInvalidGrantInOneTextAndUsesNothingUp) {
  const auto other = make_app(false);
  const auto text = code(app_, {});
  const auto good = "grant_type=authorization_code&" + credentials(app_) + "&code=" + text;
  const std::string redirect = "&redirect_uri=" + std::string{kRedirect};
  const std::string pkce = "&code_verifier=" + verifier();
  const std::vector<std::pair<const char*, std::string>> cases = {
      {"WrongVerifier", good + redirect + "&code_verifier=" + std::string(43, 'w')},
      {"NoVerifier", good + redirect},
      {"MalformedVerifier", good + redirect + "&code_verifier=short"},
      {"OtherRedirect", good + pkce + "&redirect_uri=https://app.example.com/back/"},
      {"NoRedirect", good + pkce},
      {"OtherClient",
       "grant_type=authorization_code&" + credentials(other) + "&code=" + text + redirect + pkce},
      {"UnknownCode", "grant_type=authorization_code&" + credentials(app_) +
                          "&code=" + make_authorization_code(random_bytes<32>()) + redirect + pkce},
      {"NoCodeOfOurs",
       "grant_type=authorization_code&" + credentials(app_) + "&code=x" + redirect + pkce},
  };
  const auto before = committed();
  std::string first;
  for (const auto& [name, body] : cases) {
    const auto reply = form("/oauth/token", body);
    EXPECT_EQ(reply.status, 400) << name << reply.body;
    EXPECT_EQ(reply.text("error"), "invalid_grant") << name;
    if (first.empty()) first = reply.body;
    EXPECT_EQ(reply.body, first) << name;
  }
  EXPECT_EQ(committed(), before) << "a refused presentation is no event";
  EXPECT_EQ(redeem(app_, text).status, 200);
}

TEST_F(CodeGrant, ARequestWithoutACodeIsInvalidRequest) {
  const auto reply =
      form("/oauth/token", "grant_type=authorization_code&" + credentials(app_) + "&code=");
  EXPECT_EQ(reply.text("error"), "invalid_request");
}

TEST_F(CodeGrant, ASecondRedemptionEndsWhatTheFirstMade) {
  const auto text = code(app_, {});
  const auto first = redeem(app_, text);
  ASSERT_EQ(first.status, 200) << first.body;
  EXPECT_EQ(redeem(app_, text).text("error"), "invalid_grant");
  EXPECT_EQ(api().authz(first.text("access_token"), audience_), 401);
  EXPECT_EQ(refresh(app_, first.text("refresh_token")).text("error"), "invalid_grant");
  const auto before = committed();
  EXPECT_EQ(redeem(app_, text).text("error"), "invalid_grant");
  EXPECT_EQ(committed(), before) << "a third time there is nothing left to end";
}

TEST_F(CodeGrant, AnExpiredCodeIsInvalidGrant) {
  const auto text = code(app_, {});
  api().clock().advance_s(kAuthorizationCodeLifetimeSeconds + 1);
  EXPECT_EQ(redeem(app_, text).text("error"), "invalid_grant");
}

TEST_F(CodeGrant, TheTargetMustBeThatOfTheCodeAndElseTheCodeStaysGood) {
  const auto text = code(app_, {});
  const auto other = make_offline_api();
  EXPECT_EQ(redeem(app_, text, "&resource=" + other).text("error"), "invalid_target");
  EXPECT_EQ(redeem(app_, text, "&audience=" + other).text("error"), "invalid_target");
  EXPECT_EQ(redeem(app_, text, "&resource=" + audience_).status, 200);
}

TEST_F(CodeGrant, ScriptsOfOtherOriginsMayReadEveryAnswer) {
  const auto refused = form("/oauth/token", "grant_type=authorization_code");
  EXPECT_EQ(refused.status, 401);
  EXPECT_TRUE(refused.has("Access-Control-Allow-Origin: *\r\n")) << refused.head;
  const auto preflight = api().call("OPTIONS", "/oauth/token", {});
  EXPECT_EQ(preflight.status, 204);
  EXPECT_TRUE(preflight.has("Access-Control-Allow-Headers: Authorization, Content-Type\r\n"));
  EXPECT_FALSE(preflight.has("Allow-Credentials"));
  EXPECT_EQ(api().call("OPTIONS", "/v1/clients", {}).status, 405);
}

// A public client that signs its user out wants to know that the tokens are gone (RFC 7009 §2).
TEST_F(CodeGrant, ScriptsOfOtherOriginsMayRevokeAndReadWhatCameOfIt) {
  EXPECT_EQ(api().call("OPTIONS", "/oauth/revoke", {}).status, 204);
  const auto refused = form("/oauth/revoke", "token=x");
  EXPECT_EQ(refused.status, 401);
  EXPECT_TRUE(refused.has("Access-Control-Allow-Origin: *\r\n")) << refused.head;
  const auto redeemed = redeem(app_, code(app_, {}));
  const auto revoked =
      form("/oauth/revoke", "token=" + redeemed.text("refresh_token") + "&client_id=" + app_.id +
                                "&client_secret=" + app_.secret);
  EXPECT_EQ(revoked.status, 200) << revoked.body;
  EXPECT_TRUE(revoked.has("Access-Control-Allow-Origin: *\r\n")) << revoked.head;
}

}  // namespace
}  // namespace tokenledger::test
