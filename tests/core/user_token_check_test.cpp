// Tokens of users in the validity index: they end with their consent and with their family, and
// cost memory only where they stand.
#include <gtest/gtest.h>

#include <functional>
#include <iostream>
#include <vector>

#include "tests/core/validity_index_fixture.hpp"

namespace tokenledger {
namespace {

using namespace testing_support;

constexpr std::uint64_t kChunk = kChunkTokens;
constexpr ConsentNumber kConsent{70};
constexpr FamilyNumber kFamily{71};
constexpr std::uint64_t kWithFamily = 10;
constexpr std::uint64_t kWithoutFamily = 11;
constexpr std::uint64_t kMachine = 12;

struct EndCase {
  const char* name;
  std::function<void(ValidityIndex&)> change;
  bool with_family;     // still good
  bool without_family;  // likewise
};

const EndCase kEndCases[] = {
    {"NothingEnded", [](ValidityIndex&) {}, true, true},
    {"A32ConsentWithdrawn", [](ValidityIndex& index) { index.publish_ended(kConsent); }, false,
     false},
    {"FamilyEnded", [](ValidityIndex& index) { index.publish_ended(kFamily); }, false, true},
    {"NeighbourConsents",
     [](ValidityIndex& index) {
       index.publish_ended(ConsentNumber{69});
       index.publish_ended(ConsentNumber{71});  // the family's number, and no family
       index.publish_ended(ConsentNumber{70 + 64});
     },
     true, true},
    {"NeighbourFamilies",
     [](ValidityIndex& index) {
       index.publish_ended(FamilyNumber{70});  // the consent's number
       index.publish_ended(FamilyNumber{72});
       index.publish_ended(FamilyNumber{1});
     },
     true, true},
    {"OwnRevocation",
     [](ValidityIndex& index) {
       index.publish_revoke(hour(kWithFamily));
       index.publish_revoke(hour(kWithoutFamily));
     },
     false, false},
    {"EndedTwiceAndInAnyOrder",
     [](ValidityIndex& index) {
       index.publish_ended(kFamily);
       index.publish_ended(kConsent);
       index.publish_ended(kFamily);
     },
     false, false},
    {"ConsentEndedAndTheFamilyFreed",
     [](ValidityIndex& index) {
       index.publish_ended(kConsent);
       index.publish_ended(kFamily);
       index.free_family(kFamily);
     },
     false, false},
};

class UserToken : public testing::TestWithParam<EndCase> {
 protected:
  void SetUp() override {
    publish_calendar(index_);
    index_.publish_issue(hour(kWithFamily), user_entry_of(kWithFamily, kConsent, kFamily));
    index_.publish_issue(hour(kWithoutFamily), user_entry_of(kWithoutFamily, kConsent, {}));
    index_.publish_issue(hour(kMachine), entry_of(kMachine));
  }
  // Every way of asking gives the same answer.
  void expect_good(std::uint64_t counter, bool good) {
    const Verdict want = good ? Verdict::good : Verdict::not_good;
    const Fingerprint fingerprint = fingerprint_of(counter);
    EXPECT_EQ(index_.check(hour(counter), fingerprint, kAudience, {}, kNow), want);
    EXPECT_EQ(index_.check(hour(counter), fingerprint, kApi, 0b11, kNow), want);
    EXPECT_EQ(index_.check_without_fingerprint(hour(counter), kAudience, {}, kNow), want);
    EXPECT_EQ(index_.check_without_fingerprint(hour(counter), kApi, 0b11, kNow), want);
    EXPECT_EQ(index_.find_live(hour(counter), &fingerprint, kNow).has_value(), good);
    EXPECT_EQ(index_.find_unrevoked(hour(counter), nullptr).has_value(), good);
  }
  ValidityIndex index_{kSmallIndex};
};

TEST_P(UserToken, IsGoodWhileItsConsentAndItsFamilyAre) {
  GetParam().change(index_);
  expect_good(kWithFamily, GetParam().with_family);
  expect_good(kWithoutFamily, GetParam().without_family);
  expect_good(kMachine, true);
}
INSTANTIATE_TEST_SUITE_P(A32, UserToken, testing::ValuesIn(kEndCases),
                         [](const auto& info) { return std::string{info.param.name}; });

class UserTokenIndex : public testing::Test {
 protected:
  void SetUp() override { publish_calendar(index_); }
  ValidityIndex index_{kSmallIndex};
};

TEST_F(UserTokenIndex, NamesItsConsentAndFamilyWhoeverAsks) {
  const IndexEntry entry = user_entry_of(5, kConsent, kFamily);
  index_.publish_issue(hour(5), entry);
  index_.publish_issue(hour(6), entry_of(6));
  EXPECT_EQ(index_.find(hour(5)), entry);
  EXPECT_EQ(index_.find(hour(6)), entry_of(6));
  const auto live = index_.find_live(hour(5), nullptr, kNow);
  ASSERT_TRUE(live);
  EXPECT_EQ(live->entry, entry);
  index_.publish_flags(hour(5), EntryFlags::narrowed);
  EXPECT_EQ(index_.find(hour(5))->binding.consent, kConsent) << "flags leave the binding alone";
  std::vector<IndexEntry> visited;
  index_.for_each_entry(Lane::hour, 0, kChunk,
                        [&](TokenIndex, const IndexEntry& found) { visited.push_back(found); });
  ASSERT_EQ(visited.size(), 2u);
  EXPECT_EQ(visited[0].binding.family, kFamily);
  EXPECT_EQ(visited[1], entry_of(6));
}

TEST_F(UserTokenIndex, INV6GreatestNumbersWorkAndWhatCannotExistReadsAsEnded) {
  const ConsentNumber last{kEndedNumberEnd - 1};
  const FamilyNumber last_family{kEndedNumberEnd - 1};
  index_.publish_issue(hour(1), user_entry_of(1, last, last_family));
  EXPECT_EQ(check(index_, 1), Verdict::good);
  index_.publish_ended(last_family);
  EXPECT_EQ(check(index_, 1), Verdict::not_good);
  EXPECT_FALSE(index_.is_ended(last));
  EXPECT_TRUE(index_.is_ended(last_family));
  EXPECT_TRUE(index_.is_ended(ConsentNumber{kEndedNumberEnd}));
  EXPECT_TRUE(index_.is_ended(FamilyNumber{0xFFFF'FFFF}));
  EXPECT_FALSE(index_.is_ended(FamilyNumber{}));
}

TEST_F(UserTokenIndex, FreedNumberIsUsedAgainWithoutRevivingAnOldToken) {
  index_.publish_issue(hour(1), user_entry_of(1, kConsent, kFamily));
  index_.publish_ended(kConsent);
  index_.publish_ended(kFamily);
  EXPECT_EQ(check(index_, 1), Verdict::not_good);
  index_.retire_chunks_below(Lane::hour, kChunk);
  index_.free_consent(kConsent);
  index_.free_family(kFamily);
  EXPECT_EQ(check(index_, 1), Verdict::not_good);
  EXPECT_FALSE(index_.find(hour(1)));
  // Another lane, and the slot's own next life.
  const TokenIndex other{Lane::day, 1};
  index_.publish_issue(other, user_entry_of(1, kConsent, kFamily));
  index_.publish_issue(hour(1 + kSmallCapacity),
                       user_entry_of(1 + kSmallCapacity, kConsent, kFamily));
  EXPECT_EQ(index_.check(other, fingerprint_of(1), kAudience, {}, kNow), Verdict::good);
  EXPECT_EQ(check(index_, 1 + kSmallCapacity), Verdict::good);
  EXPECT_EQ(check(index_, 1), Verdict::not_good);
}

TEST_F(UserTokenIndex, WrappedSlotForgetsTheBindingOfItsOldToken) {
  index_.publish_issue(hour(1), user_entry_of(1, kConsent, kFamily));
  index_.retire_chunks_below(Lane::hour, kChunk);
  index_.publish_ended(kConsent);
  index_.publish_issue(hour(1 + kSmallCapacity), entry_of(1 + kSmallCapacity));
  EXPECT_EQ(index_.find(hour(1 + kSmallCapacity)), entry_of(1 + kSmallCapacity));
  EXPECT_EQ(check(index_, 1 + kSmallCapacity), Verdict::good);
}

TEST_F(UserTokenIndex, BindingsTakePagesOnlyWhereUsersTokensStand) {
  ValidityIndex machines{kSmallIndex};
  publish_calendar(machines);
  for (std::uint64_t counter = 0; counter < kChunk; ++counter) {
    index_.publish_issue(hour(counter), user_entry_of(counter, kConsent, kFamily));
    machines.publish_issue(hour(counter), entry_of(counter));
  }
  const std::size_t of_users = index_.committed_bytes();
  const std::size_t of_machines = machines.committed_bytes();
  std::cout << "bytes per token: machine " << double(of_machines) / double(kChunk) << ", user "
            << double(of_users) / double(kChunk) << std::endl;
  EXPECT_EQ(of_users - of_machines, kChunk * 8);
  // One user's token among machines takes one page, a second one beside it none.
  machines.publish_issue(hour(kChunk), user_entry_of(kChunk, kConsent, {}));
  machines.publish_issue(hour(kChunk + 1), user_entry_of(kChunk + 1, kConsent, {}));
  EXPECT_EQ(machines.committed_bytes(), of_machines + kChunkBytes + kBindingPageBytes);
  machines.retire_chunks_below(Lane::hour, 2 * kChunk);
  index_.retire_chunks_below(Lane::hour, kChunk);
  EXPECT_EQ(machines.committed_bytes(), index_.committed_bytes()) << "all pages went back";
}

TEST_F(UserTokenIndex, EndedBitsTakeTheirBytes) {
  const std::size_t before = index_.committed_bytes();
  index_.publish_ended(ConsentNumber{1'000'000});
  EXPECT_LE(index_.committed_bytes() - before, 1'000'000 / 8 + 8u);
  index_.free_family(FamilyNumber{kEndedNumberEnd - 1});  // never ended: takes nothing
  EXPECT_LE(index_.committed_bytes() - before, 1'000'000 / 8 + 8u);
}

using UserTokenDeathTest = UserTokenIndex;

TEST_F(UserTokenDeathTest, OwnLogicIsCheckedWhenPublishing) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  index_.publish_issue(hour(1), user_entry_of(1, kConsent, kFamily));
  EXPECT_DEATH(index_.publish_issue(hour(1), user_entry_of(1, kConsent, {})), "binding");
  EXPECT_DEATH(index_.publish_issue(hour(1), entry_of(1)), "present == wanted");
  EXPECT_DEATH(index_.publish_issue(hour(2), user_entry_of(2, {}, kFamily)), "is_plausible");
  EXPECT_DEATH(index_.publish_issue(hour(2), user_entry_of(2, ConsentNumber{kEndedNumberEnd}, {})),
               "is_plausible");
  EXPECT_DEATH(
      index_.publish_issue(hour(2), user_entry_of(2, kConsent, FamilyNumber{kEndedNumberEnd})),
      "is_plausible");
  EXPECT_DEATH(index_.publish_ended(ConsentNumber{}), "number != 0");
  EXPECT_DEATH(index_.free_family(FamilyNumber{kEndedNumberEnd}), "kEndedNumberEnd");
}

}  // namespace
}  // namespace tokenledger
