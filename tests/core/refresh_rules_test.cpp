// decide() on refresh tokens: rotation, grace, reuse, and what a family stands on (RFC 9700
// §4.14.2).
#include "tests/core/people_rules_fixture.hpp"

namespace tokenledger {
namespace {

class RefreshRules : public testing_support::PeopleRulesFixture {
 protected:
  RefreshRules() { make_family(); }
};

TEST_F(RefreshRules, EachUseRotatesAndTheFirstTokenStaysGood_A28) {
  ok(refresh(1), as_client());
  EXPECT_EQ(last<RefreshRotated>().generation, 2u);
  ok(refresh(2), as_client());
  EXPECT_TRUE(is_good(0));
  EXPECT_TRUE(is_good(1));
  EXPECT_TRUE(is_good(2));
}

TEST_F(RefreshRules, AReplacedTokenWithinTheGraceIsToldApartAndEndsNothing) {
  ok(refresh(1), as_client());
  const auto size = log.size();
  EXPECT_EQ(run(refresh(1), as_client()), "refresh_superseded");
  EXPECT_EQ(log.size(), size);
  EXPECT_EQ(run(refresh(2), as_client()), "");
}

TEST_F(RefreshRules, AReplacedTokenAfterTheGraceEndsItsFamily_A29) {
  ok(refresh(1), as_client());
  wait(10);
  EXPECT_EQ(run(refresh(1), as_client()), "refresh_reused");
  EXPECT_EQ(last<FamilyEnded>().cause, Cause::refresh_reuse);
  EXPECT_FALSE(is_good(0));
  EXPECT_FALSE(is_good(1));
  EXPECT_EQ(run(refresh(2), as_client()), "refresh_unknown");
}

TEST_F(RefreshRules, TheOneBeforeTheLastEndsItsFamilyAtOnce) {
  ok(refresh(1), as_client());
  ok(refresh(2), as_client());
  EXPECT_EQ(run(refresh(1), as_client()), "refresh_reused");
  EXPECT_FALSE(is_good(2));
}

TEST_F(RefreshRules, AnotherClientATagOrASecretThatIsNotItsEndNothing) {
  const auto size = log.size();
  EXPECT_EQ(run(refresh(1), as_client(kOther)), "refresh_unknown");
  EXPECT_EQ(run(refresh(1), kHost), "insufficient_scope");
  auto wrong = refresh(1);
  wrong.tag = 78;
  EXPECT_EQ(run(wrong, as_client()), "refresh_unknown");
  wrong = refresh(1);
  wrong.refresh_sha256 = digest(3);
  EXPECT_EQ(run(wrong, as_client()), "refresh_unknown");
  EXPECT_EQ(run(refresh(2), as_client()), "refresh_unknown") << "a generation to come";
  EXPECT_EQ(run(refresh(1, 9), as_client()), "refresh_unknown");
  wrong = refresh(1);
  wrong.next_sha256 = wrong.refresh_sha256;
  EXPECT_EQ(run(wrong, as_client()), "invalid_argument");
  EXPECT_EQ(log.size(), size);
  EXPECT_EQ(run(refresh(1), as_client()), "");
}

TEST_F(RefreshRules, AFamilyEndsWithItsTimeAndWhenIdle_A30) {
  wait(14 * 86'400);
  EXPECT_EQ(run(refresh(1), as_client()), "refresh_expired");
}

TEST_F(RefreshRules, NoUseCarriesItBeyondTheSignInsEnd_A30) {
  std::uint32_t generation = 1;
  for (int tenth = 0; tenth < 2; ++tenth) {
    wait(10 * 86'400);
    ok(refresh(generation++), as_client());
  }
  wait(10 * 86'400);
  EXPECT_EQ(run(refresh(generation), as_client()), "refresh_expired");
}

TEST_F(RefreshRules, ScopesNarrowAndNeverWiden_A30) {
  auto wide = refresh(1);
  wide.issue.apis[0].scope_mask = 3;
  EXPECT_EQ(run(wide, as_client()), "scope_not_granted") << "consented to, but not asked for then";
  auto narrow = refresh(1);
  narrow.issue.apis[1].scope_mask = 0;
  EXPECT_EQ(run(narrow, as_client()), "");
  EXPECT_EQ(run(refresh(2), as_client()), "") << "the family keeps what was granted";
}

TEST_F(RefreshRules, WhatTheFamilyStandsOnMustStillStand_A12_A31) {
  auto forbidden = settings();
  ok(UpdateApi{"https://api", forbidden});
  EXPECT_EQ(run(refresh(1), as_client()), "refresh_unknown") << "the API allows it no more";
  forbidden.allow_offline_access = true;
  ok(UpdateApi{"https://api", forbidden});
  auto client = web_settings();
  client.grant_types = static_cast<std::uint8_t>(GrantType::authorization_code);
  ok(UpdateClient{"web", client});
  EXPECT_EQ(run(refresh(1), as_client()), "grant_type_refused");
  ok(UpdateClient{"web", web_settings()});
  ok(withdraw({1}), as_user());
  EXPECT_FALSE(is_good(0));
  EXPECT_EQ(run(refresh(1), as_client()), "consent_required");
}

TEST_F(RefreshRules, CascadesReachRefreshTokensToo) {
  ok(DisableClient{"web"});
  ok(EnableClient{"web"});
  EXPECT_EQ(run(refresh(1), as_client()), "refresh_unknown") << "enabling brings nothing back";
}

TEST_F(RefreshRules, ACascadeOverTheIdentityApiReachesWhatGivesItsScopes) {
  ok(RevokeTokens{{SelectorKind::api, identity_api.value()}}, kHost);
  EXPECT_EQ(run(refresh(1), as_client()), "refresh_unknown");
}

TEST_F(RefreshRules, GrantingAgainBringsNoRefreshTokenBack_Z21) {
  ok(RemoveClientGrant{"web", "https://api"});
  ok(AddClientGrant{"web", "https://api", {"read", "write"}});
  const auto again = state.registries.find_grant(kWeb, kApi)->number;
  auto made = refresh(1);
  made.issue.grant = again;
  EXPECT_EQ(run(made, as_client()), "refresh_unknown");
  auth_time = UnixSeconds{seconds()};
  ok(code(2), as_user());
  auto redeemed = redeem(2, 2);
  redeemed.issue.grant = again;
  EXPECT_EQ(run(redeemed, as_client()), "") << "what is asked for since is good";
}

TEST_F(RefreshRules, AFamilyIsEndedByItsClientItsUserOrAnAdministrator_RFC7009) {
  EXPECT_EQ(run(EndFamily{FamilyNumber{1}, 78, {}}, as_client()), "refresh_unknown");
  EXPECT_EQ(run(EndFamily{FamilyNumber{1}, 77, {}}, as_client(kOther)), "refresh_unknown");
  EXPECT_EQ(run(EndFamily{FamilyNumber{1}, 0, {}}, as_client()), "invalid_argument");
  EXPECT_EQ(run(EndFamily{FamilyNumber{1}, 77, {std::string(kSealedBytesMax + 1, 'x')}}, kHost),
            "too_large");
  ok(EndFamily{FamilyNumber{1}, 77, {}}, as_client());
  EXPECT_EQ(last<FamilyEnded>().cause, Cause::client_self);
  EXPECT_FALSE(is_good(0));
  EXPECT_EQ(run(EndFamily{FamilyNumber{1}, 0, {}}, as_user()), "not_active");
}

// As RevokeToken: nobody ends by a refresh token what they may not revoke.
TEST_F(RefreshRules, AnApisPolicyOnRevokingTokensBindsTheEndOfFamilies_Z05_R17_S14) {
  const auto with = [&](auto&& adjust) {
    auto changed = settings();
    changed.allow_offline_access = true;
    adjust(changed);
    ok(UpdateApi{"https://api", changed});
  };
  const EndFamily end{FamilyNumber{1}, 77, {}};
  with([](ApiSettings& api) { api.revocable_by_admins_only = true; });
  EXPECT_EQ(run(end, as_client()), "insufficient_scope");
  EXPECT_EQ(run(RevokeToken{TokenIndex{Lane::hour, 0}, Cause::client_self, {}}, as_client()),
            "insufficient_scope");
  with([](ApiSettings& api) { api.not_revocable = true; });
  for (const auto& actor : {as_client(), as_user(), kHost})
    EXPECT_EQ(run(end, actor), "not_revocable");
  with([](ApiSettings& api) { api.origins_kept = bit_of(Origin::oauth_flow); });
  EXPECT_EQ(run(end, kHost), "not_revocable");
  EXPECT_EQ(run(end, as_user()), "not_revocable");
  EXPECT_TRUE(is_good(0));
  EXPECT_EQ(run(end, as_client()), "") << "a client's own request is not bound by origins";
  EXPECT_FALSE(is_good(0));
}

TEST_F(RefreshRules, AnAdministratorEndsAFamilyWhereClientsMayNot_Z05) {
  auto changed = settings();
  changed.allow_offline_access = true;
  changed.revocable_by_admins_only = true;
  ok(UpdateApi{"https://api", changed});
  EXPECT_EQ(run(EndFamily{FamilyNumber{1}, 0, {}}, kHost), "");
  EXPECT_EQ(last<FamilyEnded>().cause, Cause::admin_manual);
}

TEST_F(RefreshRules, AUserRevokesTheirOwnTokensAndNobodyElses) {
  ok(RegisterUser{{2}, {"login"}, {}}, kHost);
  ok(SetPassword{UserNumber{2}, SecretGeneration{1}}, kHost);
  const RevokeToken revoke{TokenIndex{Lane::hour, 0}, Cause::owner_request, {}};
  EXPECT_EQ(run(revoke, as_user(UserNumber{2})), "token_not_found");
  EXPECT_EQ(run(RevokeToken{revoke.index, Cause::admin_manual, {}}, as_user()), "invalid_argument");
  EXPECT_EQ(run(revoke, as_user()), "");
  EXPECT_FALSE(is_good(0));
}

TEST_F(RefreshRules, TheOldestFamilyMakesRoomForTheNewest) {
  for (std::uint32_t family = 2; family <= kFamiliesPerUserMax + 1; ++family) {
    const auto text = static_cast<std::uint8_t>(2 + family % 90);
    wait(700);  // codes are forgotten, so that their texts may come again
    auth_time = UnixSeconds{seconds()};
    auto made = code(text);
    made.code_sha256[1] = static_cast<std::uint8_t>(family >> 8);
    made.code_sha256[2] = static_cast<std::uint8_t>(family);
    ok(made, as_user());
    auto redeemed = redeem(text, family);
    redeemed.code_sha256 = made.code_sha256;
    ok(redeemed, as_client());
  }
  EXPECT_EQ(count<FamilyEnded>(), 1);
  EXPECT_EQ(last<FamilyEnded>().family, FamilyNumber{1});
}

// The end of the family that makes room takes a moment of its own, and the redemption is the next.
TEST_F(RefreshRules, MakingRoomCarriesNoCodeIntoTheSecondThatEndsIt) {
  for (std::uint32_t family = 2; family <= kFamiliesPerUserMax; ++family) {
    auto made = code(2, 1, kOpenId | kOffline);
    made.code_sha256[1] = static_cast<std::uint8_t>(family);
    auth_time = UnixSeconds{seconds()};
    ok(made, as_user());
    auto redeemed = redeem(2, family);
    redeemed.code_sha256 = made.code_sha256;
    ok(redeemed, as_client());
  }
  auth_time = UnixSeconds{seconds()};
  ok(code(9), as_user());
  const auto ends_at = seconds() + kAuthorizationCodeLifetimeSeconds;
  now = std::uint64_t{ends_at} * kNanosecondsPerSecond - 1;
  EXPECT_EQ(run(redeem(9, kFamiliesPerUserMax + 1), as_client()), "code_unknown");
  EXPECT_EQ(count<FamilyEnded>(), 0);
}

// A class lasts long, and users choose among as many sets of scopes as there are.
TEST_F(RefreshRules, UsersDoNotUseUpTheClassesOfTheirClient_INV7) {
  state.classes_of_client[kWeb.value()] = kClassesPerClientMax / 2;
  EXPECT_EQ(run(refresh(1), as_client()), "") << "a known class is no new one";
  auto narrow = refresh(2);
  narrow.issue.apis[1].scope_mask = kOpenId;
  EXPECT_EQ(run(narrow, as_client()), "limit_reached");
  auto machine = issue(next_counter++);
  machine.client = kWeb;
  machine.grant = kWebGrant;
  machine.apis[0] = {kApi, 2};
  EXPECT_EQ(run(machine, kHost), "") << "the client itself";
}

// Else a page that gets a new token every few minutes would sign its user out everywhere.
TEST_F(RefreshRules, FamiliesWithoutARefreshTokenMakeRoomFirst_A12) {
  join_group();
  for (std::uint32_t family = 2; family <= kFamiliesPerUserMax + 1; ++family)
    ok(group_token(FamilyNumber{family}), as_user());
  EXPECT_EQ(count<FamilyEnded>(), 1);
  EXPECT_EQ(last<FamilyEnded>().family, FamilyNumber{2}) << "the first could be refreshed";
  EXPECT_EQ(run(refresh(1), as_client()), "");
}

// RFC 6749 §4.2: nothing but an access token, and only for clients that ask for it (C9).
TEST_F(RefreshRules, AnImplicitTokenIsTheUsersOwnRequest_A08) {
  auto made = user_token(FamilyNumber{}, 1, kOpenId);
  made.nonce = "abc";
  EXPECT_EQ(run(made, as_client()), "invalid_argument");
  EXPECT_EQ(run(made, kHost), "invalid_argument");
  auto settings = web_settings();
  settings.grant_types &= static_cast<std::uint8_t>(~static_cast<unsigned>(GrantType::implicit));
  ok(UpdateClient{"web", settings});
  EXPECT_EQ(run(made, as_user()), "grant_type_refused");
  ok(UpdateClient{"web", web_settings()});
  EXPECT_EQ(run(made, as_user()), "");
  EXPECT_EQ(last<TokenIssued>().nonce, "abc");
  auto family = user_token(FamilyNumber{2}, 1, kOpenId);
  family.new_family = NewFamily{FamilyNumber{2}, 5, digest(9), family.expires_at, 0};
  EXPECT_EQ(run(family, as_user()), "stale_policy") << "never a refresh token (§4.2.2)";
}

}  // namespace
}  // namespace tokenledger
