// People, folded from events: what is granted, what ends with what, and which numbers are free.
#include "core/people.hpp"

#include "tests/core/people_fixture.hpp"

namespace tokenledger {
namespace {

using Kind = PublishOp::Kind;
using testing_support::digest;
using testing_support::user_id;

class PeopleTest : public testing_support::PeopleFixture {};

// --- users and groups ---

TEST_F(PeopleTest, AUserIsFoundByIdForEver_INV3) {
  EXPECT_EQ(people().find_user(user_id(2)), kBob);
  EXPECT_EQ(people().find_user(user_id(3)), UserNumber{});
  EXPECT_EQ(people().user(UserNumber{}), nullptr);
  EXPECT_EQ(people().user(UserNumber{3}), nullptr);
  must(UserDisabled{kBob, {}});
  must(OwnerErased{user_id(2), {}});
  EXPECT_EQ(people().find_user(user_id(2)), kBob);
  EXPECT_EQ(people().user(kBob)->status, UserStatus::erased);
}

TEST_F(PeopleTest, TheProfileIsThatOfTheLastEventThatHoldsIt) {
  const auto registered = people().user(kAnn)->profile_seq;
  must(UserPasswordSet{kAnn, SecretGeneration{1}});
  EXPECT_EQ(people().user(kAnn)->profile_seq, registered);
  EXPECT_EQ(people().user(kAnn)->updated_seq, state.last_seq);
  must(UserUpdated{kAnn, {"login"}, {"name"}});
  EXPECT_EQ(people().user(kAnn)->profile_seq, state.last_seq);
}

TEST_F(PeopleTest, ADeletedGroupHasNoMembersAndItsNameIsFree_A12) {
  must(UserGroupsSet{kAnn, {kStaff}});
  EXPECT_TRUE(people().is_member(kAnn, kStaff));
  EXPECT_FALSE(people().is_member(kBob, kStaff));
  EXPECT_EQ(people().find_group("staff"), kStaff);
  must(GroupDeleted{kStaff});
  EXPECT_FALSE(people().is_member(kAnn, kStaff));
  EXPECT_EQ(people().find_group("staff"), GroupNumber{});
  must(GroupCreated{GroupNumber{2}, "staff"});
  EXPECT_FALSE(people().is_member(kAnn, GroupNumber{2}));
}

// --- consents ---

TEST_F(PeopleTest, AConsentIsFoundByUserClientAndApiAndGrowsByWhatIsNew_A10_A11) {
  const auto consent = grant(kAnn);
  EXPECT_EQ(people().find_consent(kAnn, kApp, kApi), consent);
  EXPECT_EQ(people().find_consent(kBob, kApp, kApi), ConsentNumber{});
  EXPECT_EQ(people().find_consent(kAnn, kApp, ApiNumber{1}), ConsentNumber{});
  must(ConsentExtended{consent, 2, 4});
  EXPECT_EQ(people().consent(consent)->scope_mask, 3u);
  EXPECT_EQ(people().consent(consent)->identity_mask, 4u);
  EXPECT_TRUE(people().covers(consent, kAnn));
  EXPECT_FALSE(people().covers(consent, kBob));
  EXPECT_FALSE(people().covers(consent, UserNumber{}));
}

TEST_F(PeopleTest, WithdrawingEndsItsTokensAndANewGrantBringsNothingBack_A12_Z21) {
  const auto consent = grant(kAnn);
  const auto other = grant(kBob);
  const auto ended = issue_to(kAnn, consent);
  const auto kept = issue_to(kBob, other);
  EXPECT_TRUE(is_good(ended));
  must(ConsentWithdrawn{consent, {}});
  EXPECT_FALSE(is_good(ended));
  EXPECT_TRUE(is_good(kept));
  EXPECT_EQ(people().find_consent(kAnn, kApp, kApi), ConsentNumber{});
  const auto again = grant(kAnn);
  EXPECT_NE(again, consent);
  EXPECT_FALSE(is_good(ended));
  EXPECT_TRUE(is_good(issue_to(kAnn, again)));
}

TEST_F(PeopleTest, ANumberIsFreeOnlyAfterItsLastTokenIsRetired_INV2) {
  const auto consent = grant(kAnn);
  issue_to(kAnn, consent);
  must(ConsentWithdrawn{consent, {}});
  EXPECT_NE(people().next_consent(), consent);
  const auto before = state.pending.ops.size();
  retire_tokens();
  // The reader's order: no chunk, then no class, then the bit may be clear again.
  EXPECT_EQ(told_since(before),
            (std::vector{Kind::retire, Kind::class_freed, Kind::consent_freed}));
  EXPECT_EQ(people().consent(consent), nullptr);
  EXPECT_EQ(people().next_consent(), consent);
  EXPECT_TRUE(people().is_ended({consent, {}}));  // INV-6: what names a free number is not good
}

TEST_F(PeopleTest, AConsentThatNothingNamesIsFreeAtOnce) {
  const auto consent = grant(kAnn);
  const auto before = state.pending.ops.size();
  must(ConsentWithdrawn{consent, {}});
  EXPECT_EQ(told_since(before), (std::vector{Kind::consent_ended, Kind::consent_freed}));
  EXPECT_EQ(grant(kBob), consent);
  EXPECT_EQ(people().find_consent(kAnn, kApp, kApi), ConsentNumber{});
}

TEST_F(PeopleTest, ACodeAndAFamilyKeepTheNumberOfTheirConsent) {
  const auto consent = grant(kAnn);
  issue_code(kAnn, consent);
  const auto number = start(kAnn, consent);
  must(ConsentWithdrawn{consent, {}});
  must(FamilyEnded{number, Cause::client_self, {}});
  EXPECT_NE(people().next_consent(), consent);
  EXPECT_FALSE(people().still_stands(*people().code(CodeNumber{1})));
  wait(60 + kCodeReuseSecondsMax);
  sweep_all();
  EXPECT_EQ(people().code(CodeNumber{1}), nullptr);
  EXPECT_EQ(people().next_consent(), consent);
}

TEST_F(PeopleTest, WhatAGroupMayCoversItsMembersAsLongAsTheyAreInIt_A12) {
  const auto consent = preconfigure(kStaff);
  EXPECT_TRUE(people().consents_for(kAnn, kApp, kApi).empty());
  must(UserGroupsSet{kAnn, {kStaff}});
  const auto own = grant(kAnn);
  EXPECT_EQ(people().consents_for(kAnn, kApp, kApi), (std::vector{own, consent}));
  EXPECT_TRUE(people().consents_for(kBob, kApp, kApi).empty());
  EXPECT_EQ(people().find_pre_consent(kStaff, kApp, kApi), consent);
  EXPECT_EQ(people().pre_consents_of(kStaff), std::vector{consent});
  must(UserGroupsSet{kAnn, {}});
  EXPECT_FALSE(people().covers(consent, kAnn));
  must(ConsentWithdrawn{consent, {}});
  EXPECT_TRUE(people().pre_consents(kApp, kApi).empty());
  must(GroupDeleted{kStaff});
}

TEST_F(PeopleTest, DisablingAUserEndsAllThatUserHasAndEnablingBringsNothingBack_Z21) {
  const auto groups = preconfigure(kStaff);
  must(UserGroupsSet{kAnn, {kStaff}});
  must(UserGroupsSet{kBob, {kStaff}});
  const auto own = grant(kAnn);
  const auto direct = issue_to(kAnn, own);
  const auto through_group = issue_to(kAnn, groups, start(kAnn, groups));
  const auto of_bob = issue_to(kBob, groups, start(kBob, groups));
  issue_code(kAnn, groups);
  must(UserDisabled{kAnn, {}});
  EXPECT_FALSE(is_good(direct));
  EXPECT_FALSE(is_good(through_group));
  EXPECT_TRUE(is_good(of_bob));
  EXPECT_TRUE(people().consents_of(kAnn).empty());
  EXPECT_TRUE(people().families_of(kAnn).empty());
  must(UserEnabled{kAnn});
  EXPECT_FALSE(is_good(direct));
  EXPECT_FALSE(is_good(through_group));
  EXPECT_TRUE(people().covers(groups, kAnn));
  EXPECT_FALSE(people().still_stands(*people().code(CodeNumber{1})));
}

TEST_F(PeopleTest, INV7AUserHasNoMoreThanTheBoundsAndDisablingEndsThemAll) {
  for (std::uint32_t i = 0; i < kConsentsPerUserMax; ++i) {
    must(ApiCreated{ApiNumber{3 + i}, "https://" + std::to_string(i), false, settings(), {}});
    grant(kAnn, ApiNumber{3 + i});
  }
  EXPECT_EQ(fold_one(ConsentGranted{people().next_consent(), kAnn, kApp, kApi, 1, 0}),
            "log_corrupt");
  const auto consent = people().consents_of(kAnn).back();
  for (std::uint32_t i = 0; i < kFamiliesPerUserMax; ++i) start(kAnn, consent);
  EXPECT_EQ(fold_one(family(kAnn, consent)), "log_corrupt");
  EXPECT_EQ(people().families_of(kAnn).size(), kFamiliesPerUserMax);
  EXPECT_EQ(people().families_of(kAnn).back(), FamilyNumber{1});  // newest first
  must(UserDisabled{kAnn, {}});
  for (const auto& record : people().consents()) EXPECT_EQ(record.state, ConsentState::free);
  for (const auto& record : people().families()) EXPECT_EQ(record.state, FamilyState::free);
}

// --- codes ---

TEST_F(PeopleTest, ACodesRedemptionSaysWhatItMadeSoThatReuseEndsIt) {
  const auto consent = grant(kAnn);
  const auto with_family = issue_code(kAnn, consent);
  const auto without = issue_code(kAnn, consent);
  must(CodeRedeemed{with_family});
  EXPECT_FALSE(people().is_settled());
  const auto number = start(kAnn, consent);
  const auto first = issue_to(kAnn, consent, number);
  EXPECT_TRUE(people().is_settled());
  must(CodeRedeemed{without});
  const auto second = issue_to(kAnn, consent);
  EXPECT_EQ(people().live_family_of(*people().code(with_family)), number);
  EXPECT_EQ(people().live_family_of(*people().code(without)), FamilyNumber{});
  EXPECT_EQ(people().code(without)->token, second);
  EXPECT_EQ(people().find_code(digest(1'000'001)), with_family);
  must(CodeReused{with_family, number});
  EXPECT_FALSE(is_good(first));
  EXPECT_TRUE(is_good(second));
  EXPECT_EQ(fold_one(CodeReused{with_family, {}}), "log_corrupt");
}

TEST_F(PeopleTest, ACodeDoesNotEndTheNextUseOfItsFamilysNumber) {
  const auto consent = grant(kAnn);
  const auto code = issue_code(kAnn, consent);
  must(CodeRedeemed{code});
  const auto number = start(kAnn, consent);
  issue_to(kAnn, consent, number);
  must(FamilyEnded{number, Cause::client_self, {}});
  retire_tokens();
  ASSERT_EQ(people().free_after({}), number);
  start(kAnn, consent);
  EXPECT_EQ(people().live_family_of(*people().code(code)), FamilyNumber{});
  EXPECT_EQ(fold_one(CodeReused{code, number}), "log_corrupt");
  must(CodeReused{code, {}});
  EXPECT_EQ(people().family(number)->state, FamilyState::live);
}

TEST_F(PeopleTest, INV7CodesAreForgottenAfterAWhileAndNeverMoreThanTheBound) {
  const auto consent = grant(kAnn);
  for (std::uint32_t i = 0; i < kCodesMax; ++i) issue_code(kAnn, consent);
  EXPECT_FALSE(people().has_code_room(UnixSeconds{seconds()}));
  EXPECT_EQ(fold_one(code(kAnn, consent)), "log_corrupt");
  wait(60 + kCodeReuseSecondsMax - 1);
  EXPECT_FALSE(people().has_code_room(UnixSeconds{seconds()}));
  wait(1);
  EXPECT_TRUE(people().has_code_room(UnixSeconds{seconds()}));
  issue_code(kAnn, consent);
  EXPECT_EQ(people().codes().size(), 1u);
  EXPECT_EQ(people().find_code(digest(1'000'001)), CodeNumber{});
  EXPECT_EQ(people().consent(consent)->holders, 1u);
}

// --- families ---

TEST_F(PeopleTest, AnyFreeNumberMayBeStartedAndNoneIsLost) {
  const auto consent = grant(kAnn);
  auto ahead = family(kAnn, consent);
  ahead.family = FamilyNumber{5};
  must(ahead);
  std::vector<std::uint32_t> free;
  for (FamilyNumber number; free.size() < 6;) {
    number = people().free_after(number);
    ASSERT_TRUE(people().is_free(number));
    free.push_back(number.value());
  }
  EXPECT_EQ(free, (std::vector<std::uint32_t>{4, 3, 2, 1, 6, 7}));
  auto middle = family(kAnn, consent);
  middle.family = FamilyNumber{3};
  must(middle);
  EXPECT_EQ(people().free_after(FamilyNumber{4}), FamilyNumber{2});
  EXPECT_FALSE(people().is_free(FamilyNumber{3}));
  EXPECT_TRUE(people().is_free(FamilyNumber{5 + kFamilyNumbersAheadMax}));
  EXPECT_FALSE(people().is_free(FamilyNumber{6 + kFamilyNumbersAheadMax}));
  EXPECT_FALSE(people().is_free(FamilyNumber{}));
}

TEST_F(PeopleTest, ARotationMakesTheNextGenerationTheCurrentOne) {
  const auto consent = grant(kAnn);
  const auto number = start(kAnn, consent);
  wait(10);
  must(RefreshRotated{number, 2, digest(77)});
  const auto& record = *people().family(number);
  EXPECT_EQ(record.generation, 2u);
  EXPECT_EQ(record.fingerprint, Fingerprint::of(digest(77)));
  EXPECT_EQ(record.issued_seq, state.last_seq);
  EXPECT_EQ(record.rotated_at, UnixSeconds{seconds()});
}

TEST_F(PeopleTest, AFamilyWithoutRefreshTokenGoesWithItsLastToken) {
  must(UserGroupsSet{kAnn, {kStaff}});
  auto started = family(kAnn, preconfigure(kStaff), 1'000'000);
  started.refresh_sha256 = {};
  must(started);
  issue_to(kAnn, started.consent, started.family);
  wait(1);
  sweep_all(/*retires=*/false);
  EXPECT_NE(people().family(started.family), nullptr);
  retire_tokens();
  EXPECT_EQ(people().family(started.family), nullptr);
  EXPECT_TRUE(people().families_of(kAnn).empty());
}

TEST_F(PeopleTest, INV7PastFamiliesAreForgottenInTurnByBoundedSweeps) {
  constexpr std::uint32_t kFamilies = 3 * kFamiliesPerSweepMin;
  const auto consent = grant(kAnn);
  const auto kept = start(kAnn, consent, 1'000'000);
  for (std::uint32_t i = 1; i < kFamilies; ++i) start(kAnn, consent, 100);
  wait(99);
  sweep_all();
  EXPECT_EQ(people().families_of(kAnn).size(), kFamilies);
  wait(1);
  std::vector<std::size_t> left;
  for (int sweep = 0; sweep < 4; ++sweep) {
    wait(1);
    sweep_all();
    left.push_back(people().families_of(kAnn).size());
  }
  // The first sweep, which found none, had looked at the first 64 already.
  EXPECT_EQ(left, (std::vector<std::size_t>{128, 64, 1, 1}));
  EXPECT_EQ(people().families_of(kAnn), std::vector{kept});
}

TEST_F(PeopleTest, AnIdleFamilyIsPastItsTime_A29) {
  auto started = family(kAnn, grant(kAnn));
  started.idle_s = 20;
  must(started);
  const auto& record = *people().family(started.family);
  EXPECT_FALSE(record.is_past(UnixSeconds{seconds() + 19}));
  EXPECT_TRUE(record.is_past(UnixSeconds{seconds() + 20}));
  wait(19);
  must(RefreshRotated{started.family, 2, digest(5)});
  wait(20);
  EXPECT_EQ(fold_one(RefreshRotated{started.family, 3, digest(6)}), "log_corrupt");
}

}  // namespace
}  // namespace tokenledger
