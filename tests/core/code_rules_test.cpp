// decide() on authorization codes: who gets one, and that each is good once (RFC 6749 §4.1.2).
#include "tests/core/people_rules_fixture.hpp"

namespace tokenledger {
namespace {

class CodeRules : public testing_support::PeopleRulesFixture {};

TEST_F(CodeRules, ACodeNeedsTheUserTheConsentAndAChallenge_RFC7636) {
  EXPECT_EQ(run(code(1), as_user()), "consent_required");
  ok(consent(1, kOpenId | kOffline), as_user());
  EXPECT_EQ(run(code(1), kHost), "insufficient_scope");
  EXPECT_EQ(run(code(1, 3), as_user()), "consent_required");
  EXPECT_EQ(run(code(1, 1, kOpenId | mask_of(IdentityScope::profile)), as_user()),
            "consent_required");
  auto bare = code(1);
  bare.challenge.reset();
  EXPECT_EQ(run(bare, as_user()), "invalid_argument");
  auto late = code(1);
  late.expires_at = UnixSeconds{late.expires_at.value() + 1};
  EXPECT_EQ(run(late, as_user()), "invalid_argument");
  auto over = code(1);
  over.expires_at = UnixSeconds{seconds()};
  EXPECT_EQ(run(over, as_user()), "stale_policy");
  auto ahead = code(1);
  ahead.auth_time = UnixSeconds{seconds() + 5};
  EXPECT_EQ(run(ahead, as_user()), "invalid_argument");
  auto stale = code(1);
  stale.client_based_on = Sequence{1};
  EXPECT_EQ(run(stale, as_user()), "stale_policy") << "its redirect_uris may be others now";
  ok(code(1), as_user());
  EXPECT_EQ(run(code(1), as_user()), "invalid_argument") << "the same text twice";
}

TEST_F(CodeRules, PkceMayBeLeftToConfidentialClientsThatAreSetUpSo) {
  auto settings = web_settings();
  settings.pkce_optional = true;
  ok(UpdateClient{"web", settings});
  ok(consent(), as_user());
  auto bare = code(1);
  bare.challenge.reset();
  auth_time = UnixSeconds{seconds()};
  ok(bare, as_user());
  EXPECT_EQ(run(redeem(1), as_client()), "code_mismatch")
      << "a verifier for a code without challenge: somebody took it away (RFC 9700 §4.8.2)";
  auto without = redeem(1);
  without.verifier_sha256.reset();
  EXPECT_EQ(run(without, as_client()), "");
}

TEST_F(CodeRules, OneRedemptionMakesOneTokenAndItsFamily) {
  make_family();
  EXPECT_TRUE(is_good(0));
  EXPECT_EQ(last<FamilyStarted>().user, kUser);
  EXPECT_EQ(last<FamilyStarted>().scope_mask, 1u);
  EXPECT_EQ(last<TokenIssued>().subject, kUser);
  EXPECT_EQ(last<TokenIssued>().user->family, FamilyNumber{1});
}

TEST_F(CodeRules, ACodeUsedTwiceRevokesWhatItProduced) {
  make_family();
  EXPECT_EQ(run(redeem(1, 2), as_client()), "code_reused");
  EXPECT_EQ(last<CodeReused>().family, FamilyNumber{1});
  EXPECT_FALSE(is_good(0));
  EXPECT_EQ(run(refresh(1), as_client()), "refresh_unknown");
  const auto size = log.size();
  EXPECT_EQ(run(redeem(1, 2), as_client()), "code_unknown") << "nothing is left to end";
  EXPECT_EQ(log.size(), size);
}

TEST_F(CodeRules, ACodeUsedTwiceRevokesTheOneTokenWhereThereIsNoFamily) {
  make_code(kOpenId);
  ok(redeem_without_refresh(1), as_client());
  EXPECT_TRUE(is_good(0));
  EXPECT_EQ(run(redeem_without_refresh(1), as_client()), "code_reused");
  EXPECT_EQ(last<TokenRevoked>().cause, Cause::code_reuse);
  EXPECT_FALSE(is_good(0));
}

TEST_F(CodeRules, AnotherClientLearnsAndEndsNothing) {
  make_code();
  EXPECT_EQ(run(redeem(1), as_client(kOther)), "code_unknown");
  EXPECT_EQ(run(redeem(9), as_client()), "code_unknown");
  EXPECT_EQ(run(redeem(1), kHost), "insufficient_scope");
  ok(redeem(1), as_client());
  EXPECT_EQ(run(redeem(1), as_client(kOther)), "code_unknown");
  EXPECT_TRUE(is_good(next_counter - 2));
}

TEST_F(CodeRules, AWrongAddressOrVerifierDoesNotBurnTheCode) {
  make_code();
  auto wrong = redeem(1);
  wrong.redirect_sha256 = digest(3);
  EXPECT_EQ(run(wrong, as_client()), "code_mismatch");
  wrong = redeem(1);
  wrong.has_redirect = false;
  EXPECT_EQ(run(wrong, as_client()), "code_mismatch");
  wrong = redeem(1);
  wrong.verifier_sha256 = digest(3);
  EXPECT_EQ(run(wrong, as_client()), "code_mismatch");
  wrong.verifier_sha256.reset();
  EXPECT_EQ(run(wrong, as_client()), "code_mismatch");
  EXPECT_EQ(run(redeem(1), as_client()), "");
}

TEST_F(CodeRules, ACodeDiesWithItsTimeItsConsentItsUserAndWithCascades) {
  make_code();
  const auto fresh = [&](std::uint8_t text) {
    auth_time = UnixSeconds{seconds()};
    ok(code(text), as_user());
  };
  wait(kAuthorizationCodeLifetimeSeconds);
  EXPECT_EQ(run(redeem(1), as_client()), "code_unknown");
  fresh(2);
  ok(RevokeTokens{{SelectorKind::client, kWeb.value()}}, kHost);
  EXPECT_EQ(run(redeem(2), as_client()), "code_unknown");
  fresh(3);
  ok(RevokeTokens{{SelectorKind::all, 0}}, kHost);
  EXPECT_EQ(run(redeem(3), as_client()), "code_unknown");
  fresh(4);
  ok(RevokeTokens{{SelectorKind::api, identity_api.value()}}, kHost);
  EXPECT_EQ(run(redeem(4), as_client()), "code_unknown") << "for its identity scopes";
  fresh(5);
  ok(withdraw({1}), as_user());
  EXPECT_EQ(run(redeem(5), as_client()), "consent_required");
}

// fold refuses such an event, so decide must have refused the command: else the ledger stops.
TEST_F(CodeRules, AnotherPasswordEndsTheCodesThatWereAskedForBeforeIt) {
  make_code();
  ok(SetPassword{kUser, SecretGeneration{2}}, kHost);
  EXPECT_EQ(run(redeem(1), as_client()), "code_unknown");
  auth_time = UnixSeconds{seconds()};
  ok(code(2), as_user(kUser, 2));
  EXPECT_EQ(run(redeem(2), as_client()), "");
}

TEST_F(CodeRules, EnablingAUserBringsNoCodeBackThoughTheGroupsConsentStands) {
  make_group_code();
  ok(DisableUser{kUser, {}}, kHost);
  const auto made = redeem_group_code();
  EXPECT_EQ(run(made, as_client()), "user_disabled");
  ok(EnableUser{kUser}, kHost);
  EXPECT_EQ(run(made, as_client()), "code_unknown");
}

TEST_F(CodeRules, WhatIsSignedStaysWithinWhatTheCodeSays) {
  make_code();
  auto made = redeem(1);
  made.issue.apis[0].scope_mask = 3;
  EXPECT_EQ(run(made, as_client()), "scope_not_granted");
  made = redeem(1);
  made.issue.apis[1].scope_mask = mask_of(IdentityScope::profile);
  EXPECT_EQ(run(made, as_client()), "scope_not_granted");
  made = redeem(1);
  made.issue.subject = UserNumber{2};
  EXPECT_EQ(run(made, as_client()), "invalid_argument");
  made = redeem(1);
  made.issue.user->auth_time = UnixSeconds{1};
  EXPECT_EQ(run(made, as_client()), "invalid_argument");
  made = redeem(1);
  made.issue.owner.bytes = "somebody";
  EXPECT_EQ(run(made, as_client()), "invalid_argument");
  made = redeem(1);
  made.issue.user->family = FamilyNumber{2};
  EXPECT_EQ(run(made, as_client()), "invalid_argument");
  EXPECT_EQ(run(redeem(1), as_client()), "");
}

TEST_F(CodeRules, ARefreshTokenComesExactlyWhereThePolicyAllowsIt_A29) {
  make_code();
  EXPECT_EQ(run(redeem_without_refresh(1, kOpenId), as_client()), "stale_policy");
  auto other = redeem(1);
  other.issue.new_family->idle_s += 1;
  EXPECT_EQ(run(other, as_client()), "stale_policy");
  other = redeem(1);
  other.issue.new_family->tag = 0;
  EXPECT_EQ(run(other, as_client()), "invalid_argument");
  ok(UpdateApi{"https://api", settings()});  // no offline access from here on
  EXPECT_EQ(run(redeem(1), as_client()), "stale_policy");
  EXPECT_EQ(run(redeem_without_refresh(1, kOpenId), as_client()), "");
}

TEST_F(CodeRules, ATokenOnAGroupsConsentAlwaysHasAFamily_A12) {
  make_group_code();
  EXPECT_EQ(run(redeem_without_refresh(1), as_client()), "stale_policy");
  const auto made = redeem_group_code();
  EXPECT_EQ(run(made, as_client()), "");
  ok(DisableUser{kUser, {}}, kHost);
  EXPECT_FALSE(is_good(next_counter - 1)) << "though the group's consent stands";
}

TEST_F(CodeRules, ACascadeOverTheIdentityApiLeavesOfflineAccessAlone) {
  make_code(kOffline);
  auto made = redeem(1);
  made.issue.apis[1] = {};
  ok(made, as_client());
  ok(RevokeTokens{{SelectorKind::api, identity_api.value()}}, kHost);
  auto next = refresh(1);
  next.issue.apis[1] = {};
  EXPECT_EQ(run(next, as_client()), "");
}

TEST_F(CodeRules, LeavingTheGroupEndsTheCodesOnItsConsent_Z21) {
  make_group_code();
  ok(SetUserGroups{kUser, {}, {}}, kHost);
  ok(SetUserGroups{kUser, {kGroup}, {}}, kHost);
  const auto made = redeem_group_code();
  EXPECT_EQ(run(made, as_client()), "code_unknown");
}

}  // namespace
}  // namespace tokenledger
