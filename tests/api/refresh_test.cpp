// grant_type=refresh_token at POST /oauth/token, and the end of a family at /oauth/revoke.
#include <gtest/gtest.h>

#include "tests/api/user_grant_fixture.hpp"

namespace tokenledger::test {
namespace {

class RefreshGrant : public UserGrantTest {
 protected:
  static void SetUpTestSuite() {
    ApiTest::SetUpTestSuite();
    user_ = make_user(fresh("rita"));
    app_ = make_app(true);
    audience_ = make_offline_api();
    strict_ = make_offline_api(R"(,"refresh_token_grace":0)");
    for (const auto& audience : {audience_, strict_}) api().grant({app_.id, ""}, audience);
  }
  static Reply sign_in(const std::string& audience, const Ask& ask = {}) {
    const auto reply = redeem(app_, make_code(user_, app_, audience, ask));
    EXPECT_EQ(reply.status, 200) << reply.body;
    return reply;
  }
  static inline Person user_;
  static inline App app_;
  static inline std::string audience_;
  static inline std::string strict_;  // without a grace window
};

TEST_F(RefreshGrant, A29A31TheNewTokenHasTheSameAudienceScopeAndSubject) {
  const auto first = sign_in(audience_);
  const auto second = refresh(app_, first.text("refresh_token"));
  ASSERT_EQ(second.status, 200) << second.body;
  EXPECT_EQ(second.text("scope"), first.text("scope"));
  EXPECT_NE(second.text("refresh_token"), first.text("refresh_token"));
  const auto claims = part(second.text("access_token"), 1);
  EXPECT_NE(claims.find("\"sub\":\"" + user_.id + "\""), std::string::npos) << claims;
  EXPECT_EQ(api().authz(first.text("access_token"), audience_), 200) << "A28: it lives on";
  EXPECT_EQ(api().authz(second.text("access_token"), audience_), 200);
}

TEST_F(RefreshGrant, ALessIsGivenAndAMoreIsInvalidScope) {
  const auto first = sign_in(audience_, {.scopes = 1});
  auto token = first.text("refresh_token");
  const auto wide = refresh(app_, token, "&scope=read+write");
  EXPECT_EQ(wide.text("error"), "invalid_scope") << wide.body;
  EXPECT_EQ(refresh(app_, token, "&scope=nothing").text("error"), "invalid_scope");
  const auto narrow = refresh(app_, token, "&scope=read");
  ASSERT_EQ(narrow.status, 200) << narrow.body;
  EXPECT_EQ(narrow.text("scope"), "read");
  EXPECT_EQ(narrow.text("id_token"), "-");
  // Narrowing holds for one access token, not for the grant (RFC 6749 §6).
  EXPECT_EQ(refresh(app_, narrow.text("refresh_token")).text("scope"), first.text("scope"));
}

// `profile` is the API's where the API lists it, when it is asked for first and when it is again.
TEST_F(RefreshGrant, AScopeMeansTheSameAtEachRefresh) {
  const auto audience = "urn:" + fresh("named");
  ASSERT_EQ(api()
                .as_admin("POST", "/v1/apis",
                          R"({"identifier":")" + audience +
                              R"(","name":"n","scopes":["profile"],"allow_offline_access":true})")
                .status,
            201);
  api().grant({app_.id, ""}, audience, R"(["profile"])");
  const auto first =
      sign_in(audience, {.scopes = 1, .identity = mask_of(IdentityScope::offline_access)});
  const auto again = refresh(app_, first.text("refresh_token"), "&scope=profile");
  EXPECT_EQ(again.status, 200) << again.body;
  EXPECT_EQ(again.text("scope"), "profile");
}

// In a token for the API its name would be read as the API's own.
TEST_F(RefreshGrant, AnIdentityScopeGoesWhenTheApiTakesItsName) {
  const auto audience = make_offline_api();
  api().grant({app_.id, ""}, audience, R"(["read"])");
  const auto first = sign_in(audience, {.scopes = 1});
  EXPECT_NE(first.text("scope").find("profile"), std::string::npos);
  EXPECT_EQ(api()
                .as_admin("PATCH", "/v1/apis?identifier=" + audience,
                          R"({"scopes":["read","write","profile"]})")
                .status,
            200);
  const auto again = refresh(app_, first.text("refresh_token"));
  EXPECT_EQ(again.status, 200) << again.body;
  EXPECT_EQ(again.text("scope").find("profile"), std::string::npos) << again.body;
  EXPECT_NE(again.text("scope").find("openid"), std::string::npos) << again.body;
}

TEST_F(RefreshGrant, AFamilyIsNotRefreshedWithoutEnd) {
  auto token = sign_in(audience_).text("refresh_token");
  const auto other = sign_in(audience_).text("refresh_token");
  int refreshed = 0;
  Reply reply = refresh(app_, token);
  for (; reply.status == 200 && refreshed < 300; ++refreshed) {
    token = reply.text("refresh_token");
    reply = refresh(app_, token);
  }
  EXPECT_EQ(reply.status, 429) << reply.body;
  EXPECT_TRUE(reply.has("Retry-After: ")) << reply.head;
  EXPECT_GE(refreshed, 100);
  EXPECT_FALSE(api()
                   .as_admin("GET", "/metrics")
                   .has("tokenledger_token_requests_limited_total{by=\"grant\"} 0\n"));
  EXPECT_EQ(refresh(app_, other).status, 200) << "another sign-in has its own";
}

TEST_F(RefreshGrant, A30WithoutOfflineAccessThereIsNoRefreshToken) {
  const auto audience = "urn:" + fresh("online");
  api().make_api(audience);
  api().grant({app_.id, ""}, audience);
  const auto reply = redeem(app_, make_code(user_, app_, audience, {}));
  ASSERT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(reply.text("refresh_token"), "-");
  EXPECT_EQ(reply.text("scope"), "openid profile read write");
}

TEST_F(RefreshGrant, A31AnApiThatEndsOfflineAccessEndsItForThoseWhoHaveIt) {
  const auto audience = make_offline_api();
  api().grant({app_.id, ""}, audience);
  const auto first = sign_in(audience);
  const auto changed =
      api().as_admin("PATCH", "/v1/apis/" + audience, R"({"allow_offline_access":false})");
  ASSERT_EQ(changed.status, 200) << changed.body;
  EXPECT_EQ(refresh(app_, first.text("refresh_token")).text("error"), "invalid_grant");
}

TEST_F(RefreshGrant, ALostAnswerIsGivenAgainByteForByteWithinTheGraceWindow) {
  const auto first = sign_in(audience_);
  const auto second = refresh(app_, first.text("refresh_token"));
  const auto before = committed();
  const auto again = refresh(app_, first.text("refresh_token"));
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(again.body, second.body);
  EXPECT_EQ(committed(), before) << "the retry is no event";
}

TEST_F(RefreshGrant, ARequestForSomethingElseIsNoRetryAndEndsNothing) {
  const auto first = sign_in(audience_).text("refresh_token");
  const auto second = refresh(app_, first);
  EXPECT_EQ(refresh(app_, first, "&scope=read").text("error"), "invalid_grant");
  EXPECT_EQ(refresh(app_, first, "&resource=urn:other").text("error"), "invalid_grant");
  EXPECT_EQ(refresh(app_, first).body, second.body);
  EXPECT_EQ(refresh(app_, second.text("refresh_token")).status, 200);
}

TEST_F(RefreshGrant, BeyondTheGraceWindowTheFamilyDies) {
  const auto first = sign_in(audience_);
  const auto second = refresh(app_, first.text("refresh_token"));
  api().clock().advance_s(11);
  EXPECT_EQ(refresh(app_, first.text("refresh_token")).text("error"), "invalid_grant");
  EXPECT_EQ(refresh(app_, second.text("refresh_token")).text("error"), "invalid_grant");
  EXPECT_EQ(api().authz(first.text("access_token"), audience_), 401);
  EXPECT_EQ(api().authz(second.text("access_token"), audience_), 401);
}

TEST_F(RefreshGrant, WithoutAGraceWindowTheFirstRepeatIsTheTheft) {
  const auto first = sign_in(strict_);
  const auto second = refresh(app_, first.text("refresh_token"));
  EXPECT_EQ(refresh(app_, first.text("refresh_token")).text("error"), "invalid_grant");
  EXPECT_EQ(api().authz(second.text("access_token"), strict_), 401);
}

TEST_F(RefreshGrant, AnotherClientIsRefusedAndEndsNothing) {
  const auto first = sign_in(audience_);
  const auto thief = make_app(true);
  EXPECT_EQ(refresh(thief, first.text("refresh_token")).text("error"), "invalid_grant");
  EXPECT_EQ(refresh(app_, first.text("refresh_token")).status, 200);
}

TEST_F(RefreshGrant, AnAlteredTokenIsRefusedAndEndsNothing) {
  const auto first = sign_in(audience_);
  const auto token = first.text("refresh_token");
  for (std::size_t at = 4; at < token.size(); at += 5) {
    auto altered = token;
    altered[at] = altered[at] == 'A' ? 'B' : 'A';
    EXPECT_EQ(refresh(app_, altered).text("error"), "invalid_grant") << at;
  }
  EXPECT_EQ(refresh(app_, token).status, 200);
}

TEST_F(RefreshGrant, AnotherTargetThanTheGrantsIsInvalidTarget) {
  const auto first = sign_in(audience_);
  const auto token = first.text("refresh_token");
  EXPECT_EQ(refresh(app_, token, "&resource=" + strict_).text("error"), "invalid_target");
  EXPECT_EQ(refresh(app_, token, "&resource=" + audience_).status, 200);
}

TEST_F(RefreshGrant, RevokingTheRefreshTokenEndsTheWholeFamily) {
  const auto first = sign_in(audience_);
  const auto thief = make_app(true);
  const auto body = "&token=" + first.text("refresh_token");
  EXPECT_EQ(form("/oauth/revoke", credentials(thief) + body).text("error"), "invalid_grant");
  EXPECT_EQ(api().authz(first.text("access_token"), audience_), 200);
  EXPECT_EQ(form("/oauth/revoke", credentials(app_) + body).status, 200);
  EXPECT_EQ(api().authz(first.text("access_token"), audience_), 401);
  EXPECT_EQ(refresh(app_, first.text("refresh_token")).text("error"), "invalid_grant");
  EXPECT_EQ(form("/oauth/revoke", credentials(app_) + body).status, 200) << "RFC 7009 §2.2";
}

}  // namespace
}  // namespace tokenledger::test
