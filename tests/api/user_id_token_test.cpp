// Id tokens and userinfo (OpenID Connect Core §2, §5.3), through a real server.
#include <gtest/gtest.h>

#include "core/id_token.hpp"
#include "storage/ledger_core.hpp"
#include "storage/ledger_grants.hpp"
#include "tests/api/user_grant_fixture.hpp"

namespace tokenledger::test {
namespace {

class IdToken : public UserGrantTest {
 protected:
  static void SetUpTestSuite() {
    ApiTest::SetUpTestSuite();
    login_ = fresh("ida");
    user_ = make_user(login_);
    app_ = make_app(true);
    audience_ = make_offline_api();
    api().grant({app_.id, ""}, audience_);
  }
  static Reply sign_in(const App& app, const std::string& audience, const Ask& ask = {}) {
    const auto reply = redeem(app, make_code(user_, app, audience, ask));
    EXPECT_EQ(reply.status, 200) << reply.body;
    return reply;
  }
  // As a client would verify it, with the key that the header names.
  static IdTokenClaims verified(const std::string& token, SignatureAlgorithm* algorithm = nullptr) {
    const auto header = parse_json_object(part(token, 0));
    const auto* kid = header ? header->find("kid") : nullptr;
    const auto* name = kid != nullptr ? kid->get_if<std::string>() : nullptr;
    const auto key = api().ledger().core().keys->signing_key(name != nullptr ? *name : "");
    if (key == nullptr) return ADD_FAILURE() << "no such key", IdTokenClaims{};
    if (algorithm != nullptr) *algorithm = key->algorithm();
    const auto claims = verify_id_token(token, key->verify_key(), api().ledger().issuer());
    EXPECT_TRUE(claims.has_value());
    return claims ? *claims : IdTokenClaims{};
  }
  static inline std::string login_;
  static inline Person user_;
  static inline App app_;
  static inline std::string audience_;
};

TEST_F(IdToken, B08ItIsForTheClientAndB09AboutTheUserWithNonceAndAtHash) {
  const auto reply = sign_in(app_, audience_, {.nonce = "n-0S6_WzA2Mj"});
  SignatureAlgorithm algorithm{};
  const auto claims = verified(reply.text("id_token"), &algorithm);
  EXPECT_EQ(claims.issuer, api().ledger().issuer());
  EXPECT_EQ(claims.subject, user_.id);
  EXPECT_EQ(claims.client_id, app_.id);
  EXPECT_EQ(claims.nonce, "n-0S6_WzA2Mj");
  EXPECT_EQ(claims.access_token_hash, access_token_hash(algorithm, reply.text("access_token")));
  EXPECT_NE(claims.signed_in_at, UnixSeconds{});
  EXPECT_EQ(claims.expires_at.value() - claims.issued_at.value(), kIdTokenLifetimeSeconds);
}

TEST_F(IdToken, WithoutOpenidThereIsNone) {
  const auto profile = mask_of(IdentityScope::profile);
  EXPECT_EQ(sign_in(app_, audience_, {.identity = profile}).text("id_token"), "-");
}

TEST_F(IdToken, ARefreshBringsOneOfTheSameSignInWithoutItsNonce) {
  const auto first = sign_in(app_, audience_, {.nonce = "once"});
  const auto second = refresh(app_, first.text("refresh_token"));
  const auto old_claims = verified(first.text("id_token"));
  const auto new_claims = verified(second.text("id_token"));
  EXPECT_EQ(new_claims.signed_in_at, old_claims.signed_in_at);
  EXPECT_EQ(new_claims.subject, old_claims.subject);
  EXPECT_EQ(new_claims.client_id, old_claims.client_id);
  EXPECT_EQ(new_claims.nonce, "");
}

TEST_F(IdToken, IsSignedAsTheClientWantsElseAsTheApiAndNeverWithAnApisSecret) {
  struct Case {
    const char* api_alg;
    std::optional<SignatureAlgorithm> wanted;
    SignatureAlgorithm expected;
  };
  for (const auto& [api_alg, wanted, expected] :
       {Case{"EdDSA", std::nullopt, SignatureAlgorithm::eddsa},
        Case{"RS256", SignatureAlgorithm::es256, SignatureAlgorithm::es256},
        Case{"HS256", std::nullopt, SignatureAlgorithm::es256}}) {
    const auto audience = make_offline_api(R"(,"signing_alg":")" + std::string{api_alg} + "\"");
    const auto app =
        make_app(true, [&](ClientSettings& settings) { settings.id_token_alg = wanted; });
    api().grant({app.id, ""}, audience);
    const auto reply = sign_in(app, audience);
    SignatureAlgorithm algorithm{};
    verified(reply.text("id_token"), &algorithm);
    EXPECT_EQ(algorithm, expected) << api_alg;
    EXPECT_EQ(api().authz(reply.text("access_token"), audience), 200) << api_alg;
  }
}

TEST_F(IdToken, UserinfoTellsWhatTheScopesCover) {
  const auto all = sign_in(app_, audience_).text("access_token");
  const auto full = api().get("/oauth/userinfo", all);
  EXPECT_EQ(full.status, 200) << full.body;
  EXPECT_EQ(full.text("sub"), user_.id);
  EXPECT_EQ(full.text("name"), "Anna Example");
  EXPECT_EQ(full.text("preferred_username"), login_);
  EXPECT_TRUE(full.has("Access-Control-Allow-Origin: *\r\n")) << full.head;
  EXPECT_EQ(api().call("POST", "/userinfo", {.token = all}).body, full.body);

  const auto openid = mask_of(IdentityScope::openid);
  const auto app = make_app(true);
  api().grant({app.id, ""}, audience_);
  const auto little = sign_in(app, audience_, {.identity = openid}).text("access_token");
  EXPECT_EQ(api().get("/oauth/userinfo", little).body, R"({"sub":")" + user_.id + "\"}");
}

TEST_F(IdToken, UserinfoRefusesWhatIsNoAccessTokenWithOpenid) {
  const auto reply = sign_in(app_, audience_, {.identity = 0});
  EXPECT_EQ(api().get("/oauth/userinfo", reply.text("access_token")).status, 401);
  EXPECT_EQ(api().get("/oauth/userinfo", api().admin()).status, 401);
  EXPECT_EQ(api().get("/oauth/userinfo", "").status, 401);
  const auto full = sign_in(app_, audience_);
  EXPECT_EQ(api().get("/oauth/userinfo", full.text("id_token")).status, 401);
  EXPECT_EQ(api().get("/oauth/userinfo", full.text("refresh_token")).status, 401);
  const auto profile = mask_of(IdentityScope::profile);
  const auto app = make_app(true);
  api().grant({app.id, ""}, audience_);
  const auto token = sign_in(app, audience_, {.identity = profile}).text("access_token");
  const auto refused = api().get("/oauth/userinfo", token);
  EXPECT_EQ(refused.status, 403) << refused.body;
  EXPECT_TRUE(refused.has("insufficient_scope"));
}

}  // namespace
}  // namespace tokenledger::test
