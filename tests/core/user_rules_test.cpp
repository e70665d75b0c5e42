// decide() on users, groups and passwords, and what is refused.
#include "tests/core/people_rules_fixture.hpp"

namespace tokenledger {
namespace {

class UserRules : public testing_support::PeopleRulesFixture {};

TEST_F(UserRules, AnIdIsRegisteredOnceEvenWhenItsUserIsErased_A02) {
  EXPECT_EQ(run(RegisterUser{{2}, {"login"}, {}}, kHost), "");
  EXPECT_EQ(last<UserRegistered>().user, UserNumber{2});
  EXPECT_EQ(run(RegisterUser{{2}, {"login"}, {}}, kHost), "user_exists");
  ok(EraseOwner{{2}, {}}, kHost);
  EXPECT_EQ(run(RegisterUser{{2}, {"login"}, {}}, kHost), "user_exists");
  EXPECT_EQ(run(RegisterUser{{}, {"login"}, {}}, kHost), "invalid_argument");
  EXPECT_EQ(run(RegisterUser{{3}, {}, {}}, kHost), "invalid_argument");
  EXPECT_EQ(run(RegisterUser{{3}, {std::string(kSealedBytesMax + 1, 'x')}, {}}, kHost),
            "too_large");
  EXPECT_EQ(run(RegisterUser{{3}, {"login"}, {}}, as_client()), "insufficient_scope");
  EXPECT_EQ(run(RegisterUser{{3}, {"login"}, {}}, as_user()), "insufficient_scope");
}

TEST_F(UserRules, AProfileIsLaidOverTheOneThatWasRead) {
  const auto read = state.people.user(kUser)->updated_seq;
  ok(UpdateUser{kUser, {"new"}, {"name"}, read}, kHost);
  EXPECT_EQ(run(UpdateUser{kUser, {"newer"}, {}, read}, kHost), "stale_policy");
  EXPECT_EQ(run(UpdateUser{kUser, {"newer"}, {}, {}}, kHost), "");
  EXPECT_EQ(run(UpdateUser{UserNumber{9}, {"x"}, {}, {}}, kHost), "user_not_found");
  EXPECT_EQ(run(UpdateUser{kUser, {"x"}, {}, {}}, as_user()), "insufficient_scope")
      << "logins are the administrator's to give";
}

TEST_F(UserRules, APasswordEndsTheFamiliesAndTheSignInsBefore) {
  make_family();
  ok(SetPassword{kUser, SecretGeneration{2}}, as_user());
  EXPECT_EQ(last<FamilyEnded>().cause, Cause::password_changed);
  EXPECT_FALSE(is_good(0));
  EXPECT_EQ(run(consent(1), as_user(kUser, 1)), "unauthorized_actor");
  EXPECT_EQ(run(SetPassword{kUser, SecretGeneration{2}}, kHost), "stale_policy");
  EXPECT_EQ(run(SetPassword{kUser, SecretGeneration{4}}, kHost), "stale_policy");
  EXPECT_EQ(run(SetPassword{UserNumber{9}, SecretGeneration{1}}, kHost), "user_not_found");
  ok(RegisterUser{{2}, {"login"}, {}}, kHost);
  EXPECT_EQ(run(SetPassword{UserNumber{2}, SecretGeneration{1}}, as_user(kUser, 2)),
            "insufficient_scope");
}

TEST_F(UserRules, ADisabledUserIsNobodyAndIsAskedAnewWhenEnabled_A12) {
  make_family();
  EXPECT_TRUE(is_good(0));
  EXPECT_EQ(run(DisableUser{kUser, {std::string(kSealedBytesMax + 1, 'x')}}, kHost), "too_large");
  ok(DisableUser{kUser, {}}, kHost);
  EXPECT_FALSE(is_good(0));
  EXPECT_EQ(run(DisableUser{kUser, {}}, kHost), "already_in_state");
  EXPECT_EQ(run(consent(), as_user()), "user_disabled");
  EXPECT_EQ(run(refresh(1), as_client()), "refresh_unknown");
  ok(EnableUser{kUser}, kHost);
  EXPECT_EQ(run(EnableUser{kUser}, kHost), "already_in_state");
  EXPECT_FALSE(is_good(0)) << "enabling brings nothing back";
  EXPECT_EQ(run(refresh(1), as_client()), "refresh_unknown");
  EXPECT_EQ(run(code(2), as_user()), "consent_required");
  EXPECT_EQ(run(EnableUser{UserNumber{9}}, kHost), "user_not_found");
}

TEST_F(UserRules, AnErasedUserIsDisabledFirstSoThatTheTokensEnd_INV8) {
  make_family();
  ok(EraseOwner{{1}, {}}, kHost);
  EXPECT_EQ(count<UserDisabled>(), 1);
  EXPECT_FALSE(is_good(0));
  EXPECT_EQ(run(EnableUser{kUser}, kHost), "user_not_found");
  EXPECT_EQ(run(consent(), as_user()), "unauthorized_actor");
}

TEST_F(UserRules, GroupsAreListedOnceAndMustBeThere) {
  ok(SetUserGroups{kUser, {kGroup}, {}}, kHost);
  EXPECT_TRUE(state.people.is_member(kUser, kGroup));
  EXPECT_EQ(run(SetUserGroups{kUser, {kGroup, kGroup}, {}}, kHost), "invalid_argument");
  EXPECT_EQ(run(SetUserGroups{kUser, {GroupNumber{7}}, {}}, kHost), "group_not_found");
  EXPECT_EQ(run(SetUserGroups{kUser, std::vector<GroupNumber>(17), {}}, kHost), "too_large");
  EXPECT_EQ(run(SetUserGroups{kUser, {}, Sequence{1}}, kHost), "stale_policy");
  EXPECT_EQ(run(SetUserGroups{UserNumber{9}, {}, {}}, kHost), "user_not_found");
  EXPECT_EQ(run(CreateGroup{"staff"}, kHost), "group_exists");
  EXPECT_EQ(run(CreateGroup{""}, kHost), "invalid_argument");
}

TEST_F(UserRules, WhoLeavesAGroupLosesWhatItsConsentGaveAndNothingElse_A12) {
  make_family();
  ok(CreateGroup{"others"}, kHost);
  const GroupNumber others{2};
  ok(SetUserGroups{kUser, {kGroup, others}, {}}, kHost);
  std::uint32_t family = 2;
  for (const auto group : {kGroup, others}) {
    ok(PreconfigureConsent{group, kWeb, kApi, 1, kOpenId}, kHost);
    ok(group_token(FamilyNumber{family++}, group), as_user());
  }
  ok(SetUserGroups{kUser, {others}, {}}, kHost);
  EXPECT_EQ(count<FamilyEnded>(), 1);
  EXPECT_EQ(last<FamilyEnded>().cause, Cause::group_left);
  EXPECT_TRUE(is_good(0)) << "the user's own consent";
  EXPECT_FALSE(is_good(1));
  EXPECT_TRUE(is_good(2)) << "a group that the user is still in";
  ok(SetUserGroups{kUser, {kGroup, others}, {}}, kHost);
  EXPECT_FALSE(is_good(1)) << "coming back brings nothing back (Z21)";
}

TEST_F(UserRules, ADeletedGroupTakesAlongWhatItWasGranted_A12) {
  ok(SetUserGroups{kUser, {kGroup}, {}}, kHost);
  ok(PreconfigureConsent{kGroup, kWeb, kApi, 1, 0}, kHost);
  ok(PreconfigureConsent{kGroup, kOther, kApi, 1, 0}, kHost);
  ok(DeleteGroup{kGroup}, kHost);
  EXPECT_EQ(count<ConsentWithdrawn>(), 2);
  EXPECT_FALSE(state.people.is_member(kUser, kGroup));
  EXPECT_EQ(run(DeleteGroup{kGroup}, kHost), "group_not_found");
  ok(CreateGroup{"staff"}, kHost);
  EXPECT_EQ(last<GroupCreated>().group, GroupNumber{2}) << "a number is never given out again";
}

// An id token's `aud` is the client, an access token's the API.
TEST_F(UserRules, AClientAndAnApiNeverHaveOneName) {
  EXPECT_EQ(run(RegisterClient{"https://api", false, web_settings(), {}}, kHost), "client_exists");
  EXPECT_EQ(run(CreateApi{"web", false, settings(), {}}, kHost), "api_exists");
}

}  // namespace
}  // namespace tokenledger
