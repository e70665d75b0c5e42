// fold() refuses a log about people that decide() did not write: each way to contradict the state,
// in one row. Also what ends tokens by way of status().
#include "core/status.hpp"
#include "tests/core/people_fixture.hpp"

namespace tokenledger {
namespace {

using testing_support::digest;
using testing_support::user_id;

struct Contradiction {
  const char* name;
  Payload payload;
};

class PeopleFold : public testing_support::PeopleFixture {
 protected:
  PeopleFold() {
    must(UserGroupsSet{kAnn, {kStaff}});
    must(GroupCreated{GroupNumber{2}, "left"});
    must(GroupDeleted{GroupNumber{2}});
    own = grant(kAnn);
    groups = preconfigure(kStaff);
    ended = grant(kBob);
    issue_to(kBob, ended);
    must(ConsentWithdrawn{ended, {}});
    live = start(kAnn, own);
    over = start(kAnn, own);
    issue_to(kAnn, own, over);
    must(FamilyEnded{over, Cause::client_self, {}});
    issued = issue_code(kAnn, own);
    redeemed = issue_code(kAnn, own);
    must(CodeRedeemed{redeemed});
    made = start(kAnn, own);
    issue_to(kAnn, own, made);
    must(UserRegistered{kOff, user_id(3), {}, {}});
    must(UserDisabled{kOff, {}});
    must(UserRegistered{kGone, user_id(4), {}, {}});
    must(UserDisabled{kGone, {}});
    must(OwnerErased{user_id(4), {}});
    must(OwnerErased{user_id(5), {}});
  }
  void refuse_all(const std::vector<Contradiction>& rows) {
    for (const auto& row : rows) EXPECT_EQ(fold_one(row.payload), "log_corrupt") << row.name;
  }
  template <class Base, class Change>
  static Payload changed(Base base, Change change) {
    change(base);
    return base;
  }

  static constexpr UserNumber kOff{3};
  static constexpr UserNumber kGone{4};
  static constexpr UserNumber kNobody{9};
  ConsentNumber own, groups, ended;
  FamilyNumber live, over, made;
  CodeNumber issued, redeemed;
};

TEST_F(PeopleFold, RefusesUsersAndGroupsThatContradictTheState_INV1) {
  refuse_all({
      {"NumberSkipped", UserRegistered{UserNumber{6}, user_id(6), {}, {}}},
      {"NumberAgain", UserRegistered{kAnn, user_id(6), {}, {}}},
      {"IdAgain", UserRegistered{UserNumber{5}, user_id(1), {}, {}}},
      {"IdOfNobody", UserRegistered{UserNumber{5}, {}, {}, {}}},
      {"IdOfAnErasedOwner", UserRegistered{UserNumber{5}, user_id(5), {}, {}}},
      {"UnknownUserUpdated", UserUpdated{kNobody, {}, {}}},
      {"ErasedUserUpdated", UserUpdated{kGone, {}, {}}},
      {"PasswordOfUnknownUser", UserPasswordSet{kNobody, SecretGeneration{1}}},
      {"PasswordGenerationSkipped", UserPasswordSet{kAnn, SecretGeneration{2}}},
      {"PasswordGenerationAgain", UserPasswordSet{kAnn, SecretGeneration{0}}},
      {"DisabledTwice", UserDisabled{kOff, {}}},
      {"UnknownUserDisabled", UserDisabled{kNobody, {}}},
      {"EnabledUserEnabled", UserEnabled{kAnn}},
      {"ErasedUserEnabled", UserEnabled{kGone}},
      {"EnabledUserErased", OwnerErased{user_id(1), {}}},
      {"ErasedTwice", OwnerErased{user_id(4), {}}},
      {"UnknownGroupSet", UserGroupsSet{kAnn, {GroupNumber{9}}}},
      {"DeletedGroupSet", UserGroupsSet{kAnn, {GroupNumber{2}}}},
      {"GroupTwice", UserGroupsSet{kAnn, {kStaff, kStaff}}},
      {"GroupsOfErasedUser", UserGroupsSet{kGone, {}}},
      {"GroupNumberSkipped", GroupCreated{GroupNumber{4}, "new"}},
      {"GroupNameAgain", GroupCreated{GroupNumber{3}, "staff"}},
      {"UnknownGroupDeleted", GroupDeleted{GroupNumber{9}}},
      {"GroupDeletedTwice", GroupDeleted{GroupNumber{2}}},
      {"GroupDeletedWithItsConsents", GroupDeleted{kStaff}},
  });
}

TEST_F(PeopleFold, RefusesConsentsThatContradictTheState_INV1) {
  const auto next = people().next_consent();
  refuse_all({
      {"NumberThatIsNotTheNext", ConsentGranted{next.next(), kBob, kApp, kApi, 1, 0}},
      {"NumberInUse", ConsentGranted{own, kBob, kApp, kApi, 1, 0}},
      {"NumberStillNamed", ConsentGranted{ended, kBob, kApp, kApi, 1, 0}},
      {"NoNumber", ConsentGranted{{}, kBob, kApp, kApi, 1, 0}},
      {"GrantedTwice", ConsentGranted{next, kAnn, kApp, kApi, 2, 0}},
      {"UnknownUser", ConsentGranted{next, kNobody, kApp, kApi, 1, 0}},
      {"DisabledUser", ConsentGranted{next, kOff, kApp, kApi, 1, 0}},
      {"UnknownClient", ConsentGranted{next, kBob, ClientNumber{9}, kApi, 1, 0}},
      {"UnknownApi", ConsentGranted{next, kBob, kApp, ApiNumber{9}, 1, 0}},
      {"IdentityBeyondTheByte", ConsentGranted{next, kBob, kApp, kApi, 1, 0x100}},
      {"ExtendedByNothing", ConsentExtended{own, 0, 0}},
      {"ExtendedByWhatItHas", ConsentExtended{own, 3, 0}},
      {"ExtendedBeyondTheByte", ConsentExtended{own, 0, 0x100}},
      {"EndedExtended", ConsentExtended{ended, 2, 0}},
      {"FreeExtended", ConsentExtended{next, 2, 0}},
      {"GroupsExtended", ConsentExtended{groups, 2, 0}},
      {"PreconfiguredTwice", ConsentPreconfigured{next, kStaff, kApp, kApi, 2, 0}},
      {"PreconfiguredForDeletedGroup",
       ConsentPreconfigured{next, GroupNumber{2}, kApp, kApi, 1, 0}},
      {"PreconfiguredForNoGroup", ConsentPreconfigured{next, {}, kApp, kApi, 1, 0}},
      {"PreconfiguredForUnknownClient",
       ConsentPreconfigured{next, kStaff, ClientNumber{9}, kApi, 1, 0}},
      {"WithdrawnTwice", ConsentWithdrawn{ended, {}}},
      {"FreeWithdrawn", ConsentWithdrawn{next, {}}},
      {"NothingWithdrawn", ConsentWithdrawn{{}, {}}},
  });
}

TEST_F(PeopleFold, RefusesCodesThatContradictTheState_INV1) {
  const auto base = code(kAnn, own);
  const auto with = [&](auto change) { return changed(base, change); };
  refuse_all({
      {"NumberSkipped", with([](auto& c) { c.code = c.code.next(); })},
      {"NumberAgain", with([&](auto& c) { c.code = issued; })},
      {"HashAgain", with([&](auto& c) { c.sha256 = people().code(issued)->sha256; })},
      {"OtherUser", with([](auto& c) { c.user = kBob; })},
      {"DisabledUser", with([](auto& c) { c.user = kOff; })},
      {"OtherClient", with([](auto& c) { c.client = ClientNumber{2}; })},
      {"OtherApi", with([](auto& c) { c.api = ApiNumber{1}; })},
      {"EndedConsent", with([&](auto& c) { c.user = kBob, c.consent = ended; })},
      {"OutsideTheGroup", with([&](auto& c) { c.user = kBob, c.consent = groups; })},
      {"BeyondTheConsent", with([](auto& c) { c.scope_mask = 3; })},
      {"IdentityBeyondTheConsent", with([](auto& c) { c.identity_mask = 1; })},
      {"RedeemedTwice", CodeRedeemed{redeemed}},
      {"UnknownRedeemed", CodeRedeemed{CodeNumber{99}}},
      {"NothingRedeemed", CodeRedeemed{}},
      {"UnredeemedReused", CodeReused{issued, {}}},
      {"ReusedWithoutItsFamily", CodeReused{redeemed, {}}},
      {"ReusedWithAnotherFamily", CodeReused{redeemed, live}},
  });
  wait(60);
  EXPECT_EQ(fold_one(CodeRedeemed{issued}), "log_corrupt");
}

TEST_F(PeopleFold, RefusesACodeThatDoesNotStandAnyMore) {
  must(UserPasswordSet{kAnn, SecretGeneration{1}});
  EXPECT_EQ(fold_one(CodeRedeemed{issued}), "log_corrupt");
  const auto later = issue_code(kAnn, own);
  EXPECT_EQ(fold_one(CodeRedeemed{later}), "");
}

TEST_F(PeopleFold, RefusesAnythingBetweenARedemptionAndItsToken) {
  must(CodeRedeemed{issued});
  auto second = family(kAnn, own);
  second.family = people().free_after(people().free_after({}));
  refuse_all({
      {"Note", NoteAppended{"topic", {}}},
      {"AnotherRedemption", CodeRedeemed{issued}},
      {"FamilyOnAnotherConsent", family(kAnn, groups)},
      {"FamilyOfAnother", changed(family(kAnn, own), [](auto& f) { f.user = kBob; })},
      {"FamilyBeyondTheCode", changed(family(kAnn, own), [](auto& f) { f.scope_mask = 3; })},
      {"TokenOnAnotherConsent", token(kAnn, groups, live)},
      {"TokenOfAnOlderFamily", token(kAnn, own, live)},
      {"TokenOfNobody", changed(token(kAnn, own), [](auto& t) { t.user.reset(), t.subject = {}; })},
  });
  must(family(kAnn, own));
  refuse_all({{"SecondFamily", second}, {"TokenWithoutTheFamily", token(kAnn, own)}});
  EXPECT_EQ(fold_one(token(kAnn, own, people().code(issued)->family)), "");
}

TEST_F(PeopleFold, RefusesFamiliesThatContradictTheState_INV1) {
  const auto base = family(kAnn, own);
  const auto with = [&](auto change) { return changed(base, change); };
  refuse_all({
      {"NoNumber", with([](auto& f) { f.family = {}; })},
      {"LiveNumber", with([&](auto& f) { f.family = live; })},
      {"EndedNumber", with([&](auto& f) { f.family = over; })},
      {"NumberFarAhead", with([&](auto& f) {
         f.family = FamilyNumber{static_cast<std::uint32_t>(people().families().size()) +
                                 kFamilyNumbersAheadMax + 1};
       })},
      {"NoTag", with([](auto& f) { f.tag = 0; })},
      {"UnknownUser", with([](auto& f) { f.user = kNobody; })},
      {"OtherUser", with([](auto& f) { f.user = kBob; })},
      {"EndedConsent", with([&](auto& f) { f.user = kBob, f.consent = ended; })},
      {"OutsideTheGroup", with([&](auto& f) { f.user = kBob, f.consent = groups; })},
      {"BeyondTheConsent", with([](auto& f) { f.scope_mask = 2; })},
      {"EndedTwice", FamilyEnded{over, Cause::client_self, {}}},
      {"FreeEnded", FamilyEnded{people().free_after({}), Cause::client_self, {}}},
      {"EndedRotated", RefreshRotated{over, 2, digest(9)}},
      {"GenerationAgain", RefreshRotated{live, 1, digest(9)}},
      {"GenerationSkipped", RefreshRotated{live, 3, digest(9)}},
      {"RotatedToNothing", RefreshRotated{live, 2, {}}},
  });
  wait(600);
  EXPECT_EQ(fold_one(RefreshRotated{live, 2, digest(9)}), "log_corrupt");
}

TEST_F(PeopleFold, RefusesARotationWithoutTokenOrMembership_A30) {
  auto silent = family(kAnn, groups);
  silent.refresh_sha256 = {};
  must(silent);
  EXPECT_EQ(fold_one(RefreshRotated{silent.family, 2, digest(9)}), "log_corrupt");
  const auto speaking = start(kAnn, groups);
  EXPECT_EQ(fold_one(RefreshRotated{speaking, 2, digest(9)}), "");
  must(UserGroupsSet{kAnn, {}});
  EXPECT_EQ(fold_one(RefreshRotated{speaking, 3, digest(10)}), "log_corrupt");
}

TEST_F(PeopleFold, RefusesTokensThatStandOnNothing_INV1) {
  const auto on = [&](ConsentNumber consent, FamilyNumber number) {
    return token(kAnn, consent, number);
  };
  must(ClientRegistered{ClientNumber{2}, "other", false, {.name = "other"}, {}});
  const auto of_other = TokenClass{.client = ClientNumber{2}, .apis = {{{kApi, 1}}}};
  refuse_all({
      {"EndedConsent", token(kBob, ended)},
      {"FreeConsent", on(people().next_consent(), {})},
      {"NoConsent", on({}, {})},
      {"AnothersConsent", token(kBob, own)},
      {"EndedFamily", on(own, over)},
      {"FreeFamily", on(own, people().free_after({}))},
      {"FamilyOnAnotherConsent", on(groups, live)},
      {"GroupsConsentWithoutFamily", on(groups, {})},
      {"DisabledUser", token(kOff, own)},
      {"UnknownUser", token(kNobody, own)},
      {"ConsentToAnotherClient",
       changed(on(own, {}),
               [&](auto& t) {
                 t.token_class = ClassNumber{static_cast<std::uint32_t>(state.classes.size()) + 1};
                 t.new_class = of_other;
               })},
  });
}

TEST_F(PeopleFold, ARevokedKeyEndsWhatItSignedAndAnUnknownOneIsRefused) {
  const auto signed_by_it = issue_to(kAnn, own);
  EXPECT_TRUE(is_good(signed_by_it));
  refuse_all({{"UnknownKey", KeyRevoked{KeyNumber{9}, {}}},
              {"NoKey", KeyRevoked{}},
              {"ForgedWithAnUnknownKey", ForgerySuspected{KeyNumber{9}, {}}}});
  must(ForgerySuspected{KeyNumber{1}, {}});
  EXPECT_TRUE(is_good(signed_by_it));
  must(KeyRevoked{KeyNumber{1}, {}});
  EXPECT_FALSE(is_good(signed_by_it));
}

// --- the same, told by status() ---

struct EndCase {
  const char* name;
  Payload payload;
  Cause want;
};

TEST_F(PeopleFold, StatusSaysWhatEndedATokenOfAUser_INV2) {
  const auto index_of_token = issue_to(kAnn, own, live);
  const auto entry = *state.find(index, index_of_token);
  const TokenFacts facts{.issued_seq = entry.issued_seq,
                         .expires_at = entry.expires_at,
                         .token_class = *state.find_class(entry.token_class),
                         .binding = entry.binding,
                         .subject = kAnn};
  const EndCase rows[] = {
      {"Consent", ConsentWithdrawn{own, {}}, Cause::consent_withdrawn},
      {"Family", FamilyEnded{live, Cause::refresh_reuse, {}}, Cause::refresh_reuse},
      {"Password", FamilyEnded{live, Cause::password_changed, {}}, Cause::password_changed},
      {"Group", FamilyEnded{live, Cause::group_left, {}}, Cause::group_left},
      {"User", UserDisabled{kAnn, {}}, Cause::user_disabled},
      {"Key", KeyRevoked{KeyNumber{1}, {}}, Cause::key_compromise},
      {"Code", CodeReused{redeemed, live}, Cause::code_reuse},
  };
  for (const auto& row : rows) {
    const auto event = next(row.payload);
    const auto cascade = cascade_of(event);
    ASSERT_TRUE(cascade) << row.name;
    CascadeHistory history;
    history.add(*cascade);
    const auto cascades = history.for_token(facts);
    const auto answer = status(facts, cascades, event.seq, event.recorded_at);
    ASSERT_TRUE(answer.revocation) << row.name;
    EXPECT_EQ(answer.revocation->cause, row.want) << row.name;
    EXPECT_EQ(answer.revocation->seq, event.seq) << row.name;
    auto others = facts;
    others.binding = {own.next(), live.next()};
    others.subject = kBob;
    others.token_class.key = {};
    EXPECT_EQ(status(others, cascades, event.seq, event.recorded_at).status, TokenStatus::active)
        << row.name;
    auto later = facts;  // the same numbers in a later use
    later.issued_seq = event.seq.next();
    EXPECT_EQ(status(later, cascades, later.issued_seq, event.recorded_at).status,
              TokenStatus::active)
        << row.name;
    if (!std::holds_alternative<CodeReused>(row.payload)) {
      State copy = state;
      ASSERT_TRUE(fold(copy, index, event)) << row.name;
      EXPECT_TRUE(copy.is_cascaded(entry)) << row.name;
    }
  }
  EXPECT_FALSE(cascade_of(next(CodeReused{redeemed, {}})));
}

}  // namespace
}  // namespace tokenledger
