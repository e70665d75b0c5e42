// The rules of one check, each refusal alone (A20, A21, A23, A24, A18c, Z21).
#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <vector>

#include "tests/core/validity_index_fixture.hpp"

namespace tokenledger {
namespace {

using namespace testing_support;

static_assert(TokenIndex::from_value(std::uint64_t{kLaneCount - 1} << 56).has_lane());
static_assert(!TokenIndex::from_value(std::uint64_t{kLaneCount} << 56).has_lane());

constexpr std::uint64_t kCounter = 42;
constexpr Sequence kIssued{kCounter + 100};
using Change = std::function<void(ValidityIndex&)>;

struct CheckCase {
  const char* name;
  Verdict want;
  Change change = {};  // after the token was issued
  std::string_view audience = kAudience;
  std::vector<std::string_view> scopes = {};
  UnixSeconds now = kNow;
  Fingerprint fingerprint = fingerprint_of(kCounter);
  TokenIndex index = hour(kCounter);
};

Change cascade(SelectorKind kind, std::uint32_t id, Sequence before) {
  return [=](ValidityIndex& index) { index.publish_cascade({kind, id}, before); };
}
Change flag(EntryFlags flags) {
  return [=](ValidityIndex& index) { index.publish_flags(hour(kCounter), flags); };
}
void revoke(ValidityIndex& index) { index.publish_revoke(hour(kCounter)); }
void suspend_and_revoke(ValidityIndex& index) {
  flag(EntryFlags::suspended)(index);
  revoke(index);
}
Fingerprint wrong_word(int word) {
  Fingerprint fingerprint = fingerprint_of(kCounter);
  (word == 0 ? fingerprint.word0 : fingerprint.word1) ^= 1;
  return fingerprint;
}

constexpr auto kGood = Verdict::good;
constexpr auto kNotGood = Verdict::not_good;
constexpr auto kNoScope = Verdict::insufficient_scope;
constexpr auto kAsk = Verdict::ask_status;

const CheckCase kCheckCases[] = {
    {"Plain", kGood},
    {"A24AnotherTokenOfTheIndexByFirstWord", kNotGood, {}, kAudience, {}, kNow, wrong_word(0)},
    {"A24AnotherTokenOfTheIndexBySecondWord", kNotGood, {}, kAudience, {}, kNow, wrong_word(1)},
    {"A24ZeroFingerprint", kNotGood, {}, kAudience, {}, kNow, Fingerprint{}},
    {"A24Revoked", kNotGood, revoke},
    {"Z21ClientCascade", kNotGood, cascade(SelectorKind::client, 5, kIssued.next())},
    {"Z21ClientCascadeBeforeIssue", kGood, cascade(SelectorKind::client, 5, kIssued)},
    {"OtherClientCascade", kGood, cascade(SelectorKind::client, 6, kIssued.next())},
    {"ApiCascade", kNotGood, cascade(SelectorKind::api, 7, kIssued.next())},
    {"ApiCascadeBeforeIssue", kGood, cascade(SelectorKind::api, 7, kIssued)},
    {"OtherApiCascade", kGood, cascade(SelectorKind::api, 9, kIssued.next())},
    {"GrantCascade", kNotGood, cascade(SelectorKind::grant, 11, kIssued.next())},
    {"GrantCascadeBeforeIssue", kGood, cascade(SelectorKind::grant, 11, kIssued)},
    {"KeyCascade", kNotGood, cascade(SelectorKind::key, 2, kIssued.next())},
    {"KeyCascadeBeforeIssue", kGood, cascade(SelectorKind::key, 2, kIssued)},
    {"LedgerCascade", kNotGood, cascade(SelectorKind::all, 0, kIssued.next())},
    {"LedgerCascadeBeforeIssue", kGood, cascade(SelectorKind::all, 0, kIssued)},
    {"A21LastGoodSecond", kGood, {}, kAudience, {}, UnixSeconds{kLater.value() - 1}},
    {"A21ExpirySecondItself", kNotGood, {}, kAudience, {}, kLater},
    {"A21LongExpired", kNotGood, {}, kAudience, {}, UnixSeconds{0xFFFF'FFFF}},
    {"SenderBoundAsksStatus", kAsk, flag(EntryFlags::sender_bound)},
    {"NarrowedAsksStatus", kAsk, flag(EntryFlags::narrowed)},
    {"SuspendedAsksStatus", kAsk, flag(EntryFlags::suspended)},
    {"RevokedBeatsFlag", kNotGood, suspend_and_revoke},
    {"ExpiredBeatsFlag", kNotGood, flag(EntryFlags::suspended), kAudience, {}, kLater},
    {"FlagBeatsWrongAudience", kAsk, flag(EntryFlags::suspended), kOtherAudience},
    {"A20AnotherApi", kNotGood, {}, kOtherAudience},
    {"A20AnotherApiWithItsScope", kNotGood, {}, kOtherAudience, {"read"}},
    {"A20UnknownAudience", kNotGood, {}, "https://nowhere.example"},
    {"A20EmptyAudience", kNotGood, {}, ""},
    {"A20NoTrailingSlash", kNotGood, {}, "https://api.example.com/calendar/v1"},
    {"A20SecondSlash", kNotGood, {}, "https://api.example.com/calendar/v1//"},
    {"A20OtherCase", kNotGood, {}, "https://api.example.com/Calendar/v1/"},
    {"A23OneScope", kGood, {}, kAudience, {"write"}},
    {"A23AllScopesInAnyOrder", kGood, {}, kAudience, {"write", "read"}},
    {"A23SameScopeTwice", kGood, {}, kAudience, {"read", "read"}},
    {"A23ScopeOfTheApiNotOfTheToken", kNoScope, {}, kAudience, {"delete"}},
    {"A23OneOfTwoMissing", kNoScope, {}, kAudience, {"read", "delete"}},
    {"A23UnknownScope", kNoScope, {}, kAudience, {"admin"}},
    {"A23EmptyScopeName", kNoScope, {}, kAudience, {""}},
    {"A23PrefixOfAScope", kNoScope, {}, kAudience, {"rea"}},
    {"NeverIssued", kNotGood, {}, kAudience, {}, kNow, fingerprint_of(kCounter), hour(43)},
    {"NeverIssuedZeroFingerprint", kNotGood, {}, kAudience, {}, kNow, Fingerprint{}, hour(43)},
    {"ChunkNeverUsed", kNotGood, {}, kAudience, {}, kNow, Fingerprint{}, hour(kChunkTokens)},
    {"OneRingFurther",
     kNotGood,
     {},
     kAudience,
     {},
     kNow,
     fingerprint_of(kCounter),
     hour(kCounter + kSmallCapacity)},
    {"GreatestCounter",
     kNotGood,
     {},
     kAudience,
     {},
     kNow,
     fingerprint_of(kCounter),
     hour(TokenIndex::kCounterMax)},
    {"AnotherLane",
     kNotGood,
     {},
     kAudience,
     {},
     kNow,
     fingerprint_of(kCounter),
     TokenIndex{Lane::day, kCounter}},
    {"FirstLaneThatDoesNotExist",
     kNotGood,
     {},
     kAudience,
     {},
     kNow,
     fingerprint_of(kCounter),
     TokenIndex::from_value((std::uint64_t{kLaneCount} << 56) | kCounter)},
    {"LastLaneThatDoesNotExist",
     kNotGood,
     {},
     kAudience,
     {},
     kNow,
     fingerprint_of(kCounter),
     TokenIndex::from_value(std::numeric_limits<std::uint64_t>::max())},
};

class ValidityIndexCheck : public testing::TestWithParam<CheckCase> {
 protected:
  void SetUp() override {
    publish_calendar(index_);
    index_.publish_issue(hour(kCounter), entry_of(kCounter));
    if (GetParam().change) GetParam().change(index_);
  }
  ValidityIndex index_{kSmallIndex};
};

TEST_P(ValidityIndexCheck, FollowsTheOrderOfRefusals) {
  const CheckCase& test = GetParam();
  EXPECT_EQ(index_.check(test.index, test.fingerprint, test.audience, test.scopes, test.now),
            test.want);
}

TEST_P(ValidityIndexCheck, AnswersTheSameWithNamesResolvedBefore) {
  const CheckCase& test = GetParam();
  const ApiNumber audience = index_.names().find_api(test.audience);
  const auto mask = index_.names().scope_mask(audience, test.scopes);
  if (!mask) {
    EXPECT_EQ(test.want, kNoScope) << "the resolving caller answers this itself";
    return;
  }
  EXPECT_EQ(index_.check(test.index, test.fingerprint, audience, *mask, test.now), test.want);
}

TEST_P(ValidityIndexCheck, AnswersTheSameWithoutFingerprintWhereItDoesNotMatter) {
  const CheckCase& test = GetParam();
  const ApiNumber audience = index_.names().find_api(test.audience);
  const bool is_another_token =
      test.index == hour(kCounter) && !(test.fingerprint == fingerprint_of(kCounter));
  const Verdict want = is_another_token ? Verdict::good : test.want;
  EXPECT_EQ(index_.check_without_fingerprint(test.index, test.audience, test.scopes, test.now),
            want);
  const auto mask = index_.names().scope_mask(audience, test.scopes);
  if (!mask) return;
  EXPECT_EQ(index_.check_without_fingerprint(test.index, audience, *mask, test.now), want);
}

INSTANTIATE_TEST_SUITE_P(A18cA20A21A23A24Z21, ValidityIndexCheck, testing::ValuesIn(kCheckCases),
                         [](const auto& info) { return std::string{info.param.name}; });

class ValidityIndexTest : public testing::Test {
 protected:
  void SetUp() override { publish_calendar(index_); }
  ValidityIndex index_{kSmallIndex};
};

TEST_F(ValidityIndexTest, A18cTokenWithoutScopesIsInsufficientForAnyScopeAndGoodForNone) {
  TokenClass bare = calendar_class();
  bare.apis[0].scope_mask = 0;
  index_.publish_class(ClassNumber{4}, bare);
  index_.publish_issue(hour(1), entry_of(1, ClassNumber{4}));
  const std::string_view read[] = {"read"};
  EXPECT_EQ(index_.check(hour(1), fingerprint_of(1), kAudience, read, kNow),
            Verdict::insufficient_scope);
  EXPECT_EQ(index_.check(hour(1), fingerprint_of(1), kApi, 1, kNow), Verdict::insufficient_scope);
  EXPECT_EQ(index_.check(hour(1), fingerprint_of(1), kAudience, {}, kNow), Verdict::good);
}

TEST_F(ValidityIndexTest, A20EveryApiOfATokenIsAnAudienceWithItsOwnScopes) {
  TokenClass both{.client = ClientNumber{5}};
  both.apis[0] = {kApi, 0b010};
  both.apis[1] = {kOtherApi, 0b001};
  index_.publish_class(ClassNumber{4}, both);
  index_.publish_issue(hour(1), entry_of(1, ClassNumber{4}));
  const std::string_view read[] = {"read"};
  EXPECT_EQ(index_.check(hour(1), fingerprint_of(1), kOtherAudience, read, kNow), Verdict::good);
  EXPECT_EQ(index_.check(hour(1), fingerprint_of(1), kAudience, read, kNow),
            Verdict::insufficient_scope);
  EXPECT_EQ(index_.check(hour(1), fingerprint_of(1), kApi, 0b010, kNow), Verdict::good);
  index_.publish_cascade({SelectorKind::api, kOtherApi.value()}, Sequence{102});
  EXPECT_EQ(index_.check(hour(1), fingerprint_of(1), kApi, 0b010, kNow), Verdict::not_good);
}

TEST_F(ValidityIndexTest, A20ApiNumberNoneMatchesNoToken) {
  index_.publish_issue(hour(1), entry_of(1));
  EXPECT_EQ(index_.check(hour(1), fingerprint_of(1), ApiNumber{}, 0, kNow), Verdict::not_good);
}

TEST_F(ValidityIndexTest, Z21EnablingAgainNeitherRevivesOldTokensNorHurtsNewOnes) {
  index_.publish_issue(hour(1), entry_of(1));
  index_.publish_cascade({SelectorKind::client, 5}, Sequence{150});
  index_.publish_issue(hour(60), entry_of(60));
  EXPECT_EQ(check(index_, 1), Verdict::not_good);
  EXPECT_EQ(check(index_, 60), Verdict::good);
}

TEST_F(ValidityIndexTest, WatermarksOnlyGrow) {
  const Selector client{SelectorKind::client, 5};
  EXPECT_EQ(index_.watermark(client), Sequence{0});
  index_.publish_cascade(client, Sequence{150});
  index_.publish_cascade(client, Sequence{120});
  EXPECT_EQ(index_.watermark(client), Sequence{150});
}

TEST_F(ValidityIndexTest, INV6SelectorThatCannotExistReadsAsEverythingRevoked) {
  const Sequence everything{std::numeric_limits<std::uint64_t>::max()};
  EXPECT_EQ(index_.watermark({SelectorKind::client, 0}), everything);
  EXPECT_EQ(index_.watermark({SelectorKind::client, kClientNumberEnd}), everything);
  EXPECT_EQ(index_.watermark({SelectorKind::key, 0xFFFF'FFFF}), everything);
  EXPECT_EQ(index_.watermark({SelectorKind::all, 1}), everything);
  EXPECT_EQ(index_.watermark({static_cast<SelectorKind>(0), 0}), everything);
  EXPECT_EQ(index_.watermark({SelectorKind::grant, kGrantNumberEnd - 1}), Sequence{0});
}

TEST_F(ValidityIndexTest, OldestAndNewestOfEveryNumberRangeIsUsable) {
  TokenClass last{.client = ClientNumber{kClientNumberEnd - 1},
                  .grant = GrantNumber{kGrantNumberEnd - 1},
                  .key = KeyNumber{kKeyNumberEnd - 1}};
  last.apis[3] = {ApiNumber{kApiNumberEnd - 1}, ~std::uint64_t{0}};
  index_.publish_api(ApiNumber{kApiNumberEnd - 1}, "last");
  index_.publish_scope(ApiNumber{kApiNumberEnd - 1}, 63, "highest");
  index_.publish_class(ClassNumber{kClassesMax - 1}, last);
  const IndexEntry entry = [] {
    IndexEntry made = entry_of(1, ClassNumber{kClassesMax - 1});
    made.issued_seq = Sequence{kIssuedSequenceMax};
    made.expires_at = UnixSeconds{0xFFFF'FFFF};
    made.kind = TokenKind::jwe;
    return made;
  }();
  index_.publish_issue({Lane::longer, 1}, entry);
  EXPECT_EQ(index_.find({Lane::longer, 1}), entry);
  EXPECT_EQ(index_.find_class({Lane::longer, 1}), last);
  const std::string_view highest[] = {"highest"};
  EXPECT_EQ(index_.check({Lane::longer, 1}, fingerprint_of(1), "last", highest, kNow),
            Verdict::good);
}

TEST_F(ValidityIndexTest, FlagsChangeAndClear) {
  index_.publish_issue(hour(1), entry_of(1));
  index_.publish_flags(hour(1), EntryFlags::suspended);
  EXPECT_EQ(index_.find(hour(1))->flags, EntryFlags::suspended);
  EXPECT_EQ(index_.find(hour(1))->issued_seq, Sequence{101});
  index_.publish_flags(hour(1), EntryFlags::none);
  EXPECT_EQ(check(index_, 1), Verdict::good);
}

TEST_F(ValidityIndexTest, RevocationBitsAreOfOneTokenEach) {
  for (std::uint64_t counter = 0; counter < 130; ++counter) {
    index_.publish_issue(hour(counter), entry_of(counter));
  }
  index_.publish_revoke(hour(64));
  index_.publish_revoke(hour(64));
  for (std::uint64_t counter = 0; counter < 130; ++counter) {
    EXPECT_EQ(index_.is_revoked_individually(hour(counter)), counter == 64) << counter;
    EXPECT_EQ(check(index_, counter), counter == 64 ? Verdict::not_good : Verdict::good) << counter;
  }
}

TEST_F(ValidityIndexTest, NamesResolveToTheNewestApiAndKeepTheirBytes) {
  const NameTable& names = index_.names();
  const std::string_view kept = names.api(kApi);
  index_.publish_api(ApiNumber{20}, kAudience);  // made again after the first was deleted
  EXPECT_EQ(names.find_api(kAudience), ApiNumber{20});
  EXPECT_EQ(names.find_api("nothing"), ApiNumber{});
  EXPECT_EQ(kept, kAudience);
  EXPECT_EQ(names.scope(kApi, 1), "write");
  EXPECT_EQ(names.scope(kApi, 3), "");
  EXPECT_EQ(names.scope(kApi, 64), "");
  EXPECT_EQ(names.api(ApiNumber{0xFFFF'FFFF}), "");
}

using ValidityIndexDeathTest = ValidityIndexTest;

TEST_F(ValidityIndexDeathTest, OwnLogicIsCheckedWhenPublishing) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  index_.publish_issue(hour(1), entry_of(1));
  EXPECT_DEATH(index_.publish_issue(hour(1), entry_of(2)), "present == wanted");
  EXPECT_DEATH(index_.publish_issue(hour(2), entry_of(2, ClassNumber{99})), "exists");
  EXPECT_DEATH(index_.publish_issue(hour(kSmallCapacity), entry_of(1)), "can_hold");
  EXPECT_DEATH(index_.publish_revoke(hour(2)), "is_issued");
  EXPECT_DEATH(index_.publish_flags(hour(2), EntryFlags::none), "mark != 0");
  EXPECT_DEATH(index_.publish_class(kClass, TokenClass{.client = ClientNumber{6}}), "record");
  EXPECT_DEATH(index_.publish_api(kApi, "another"), "text");
}

}  // namespace
}  // namespace tokenledger
