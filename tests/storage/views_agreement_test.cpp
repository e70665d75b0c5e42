// The quick comparison of the views with the log: it says yes to the right rows and to no others.
#include "storage/views_agreement.hpp"

#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include <cstdlib>
#include <map>

#include "tests/storage/temporary_directory.hpp"
#include "tests/storage/views_history.hpp"

namespace tokenledger::views {
namespace {

using testing_support::MemoryLog;
using testing_support::RandomHistory;
using testing_support::TemporaryDirectory;

constexpr std::uint64_t kSeed = 20'261'122;
constexpr std::size_t kEvents = 1'200;
constexpr std::array<std::uint8_t, 16> kLedgerId{7};
constexpr RowSum::HashKey kHashKey{1, 2, 3};

// Nothing here is about a disk.
const bool kUsesRamDisk =
    std::filesystem::exists("/dev/shm") && ::setenv("TMPDIR", "/dev/shm", /*overwrite=*/0) == 0;

using Rows = std::vector<std::pair<std::string, std::string>>;

bool sums_are_same(const Rows& a, const Rows& b) {
  RowSum of_a{kHashKey};
  RowSum of_b{kHashKey};
  for (const auto& [key, value] : a) of_a.add(key, value);
  for (const auto& [key, value] : b) of_b.add(key, value);
  return of_a.is_same(of_b);
}

TEST(RowSumTest, TheOrderOfRowsDoesNotMatter) {
  EXPECT_TRUE(
      sums_are_same({{"a", "1"}, {"b", "2"}, {"c", ""}}, {{"c", ""}, {"a", "1"}, {"b", "2"}}));
  RowSum parts{kHashKey};
  RowSum rest{kHashKey};
  RowSum whole{kHashKey};
  parts.add("a", "1");
  rest.add("b", "2");
  parts.add(rest);
  whole.add("b", "2");
  whole.add("a", "1");
  EXPECT_TRUE(parts.is_same(whole));
}

TEST(RowSumTest, AnyOtherHeapOfRowsHasAnotherSum) {
  const Rows rows{{"a", "1"}, {"b", "2"}};
  EXPECT_FALSE(sums_are_same(rows, {{"a", "1"}}));
  EXPECT_FALSE(sums_are_same(rows, {{"a", "1"}, {"b", "3"}}));
  EXPECT_FALSE(sums_are_same(rows, {{"a", "2"}, {"b", "1"}}));  // values changed places
  EXPECT_FALSE(sums_are_same(rows, {{"a", "1"}, {"b", "2"}, {"", ""}}));
  EXPECT_FALSE(sums_are_same(rows, {{"a", "1"}, {"b", "2"}, {"b", "2"}}));
  EXPECT_FALSE(sums_are_same({{"ab", "c"}}, {{"a", "bc"}}));  // a byte moved to the value
}

class AgreementTest : public testing::Test {
 protected:
  void SetUp() override {
    for (const auto& event : history.next(kEvents)) {
      log.add(event);
      events.push_back(event);
    }
    const auto views = Views::open({path, files, kLedgerId});
    ASSERT_TRUE(views);
    for (std::size_t at = 0; at < kEvents; at += 100)
      ASSERT_TRUE((*views)->apply(std::span{events}.subspan(at, 100)));
  }

  // As verify() asks, with room for so many tokens.
  bool agrees(std::span<const Event> given, std::size_t awaited_tokens_max = kAwaitedTokensMax) {
    const auto database = Database::open(path, files, true);
    EXPECT_TRUE(database);
    RevokedBits bits;
    const auto load = [&](TokenIndex, RevokedChunk& chunk) -> Result<void> {
      const auto rows = (*database)->iterate_all();
      for (rows->SeekToFirst(); rows->Valid(); rows->Next()) {
        if (const auto index = parse_revoked_key(rows->key().ToStringView())) chunk.set(*index);
      }
      return {};
    };
    ViewsAgreement agreement{
        {.database = **database,
         .ledger_id = kLedgerId,
         .cursor = Sequence{kEvents},
         .revoked = [&](TokenIndex index) { return bits.chunk_of(index, load); },
         .awaited_tokens_max = awaited_tokens_max}};
    for (const auto& event : given) agreement.add(event);
    return agreement.agrees();
  }
  bool agrees() { return agrees(events); }

  std::unique_ptr<rocksdb::DB> raw() const {
    rocksdb::DB* db = nullptr;
    const auto status = rocksdb::DB::Open({}, path.string(), &db);
    EXPECT_TRUE(status.ok()) << status.ToString();
    return std::unique_ptr<rocksdb::DB>{db};
  }

  TemporaryDirectory directory;
  std::filesystem::path path = directory / "views";
  std::shared_ptr<FileLayer> files = make_posix_file_layer();
  RandomHistory history{kSeed, /*has_users=*/true};
  MemoryLog log;
  std::vector<Event> events;
};

TEST_F(AgreementTest, HoldsForTheEventsThatTheViewsWereMadeOf_INV3) {
  EXPECT_TRUE(agrees());
  // Tokens that found no room are read from their stored rows.
  EXPECT_TRUE(agrees(events, 0));
  EXPECT_TRUE(agrees(events, 10));
}

TEST_F(AgreementTest, TemporaryFilesAreOnTheRamDiskWhereThereIsOne) {
  if (!kUsesRamDisk) GTEST_SKIP() << "TMPDIR is set, or there is none";
  EXPECT_TRUE(path.string().starts_with("/dev/shm"));
}

TEST_F(AgreementTest, EventsBehindTheCursorArePassedOver) {
  auto more = events;
  for (const auto& event : history.next(50)) more.push_back(event);
  EXPECT_TRUE(agrees(more));
}

TEST_F(AgreementTest, AnEventThatIsMissingOrAnotherIsSeen) {
  EXPECT_FALSE(agrees(std::span{events}.first(kEvents - 1)));
  EXPECT_FALSE(agrees(std::span{events}.subspan(1)));
  std::size_t changed = 0;
  for (auto& event : events) {
    auto* const issued = std::get_if<TokenIssued>(&event.payload);
    if (issued == nullptr || ++changed != 100) continue;
    issued->expires_at = UnixSeconds{issued->expires_at.value() + 1};
    EXPECT_FALSE(agrees());
    issued->expires_at = UnixSeconds{issued->expires_at.value() - 1};
  }
  EXPECT_GT(changed, 100u);
  EXPECT_TRUE(agrees());
}

// One row of each view after the other, with one kind of damage: views_rebuild_test has all kinds.
TEST_F(AgreementTest, ARowThatIsChangedMissingOrTooManyIsSeenInEveryView_D03) {
  std::map<char, std::pair<std::string, std::string>> one_of_each;
  {
    const auto db = raw();
    const std::unique_ptr<rocksdb::Iterator> at{db->NewIterator({})};
    for (at->SeekToFirst(); at->Valid(); at->Next())
      one_of_each[at->key()[0]] = {at->key().ToString(), at->value().ToString()};
  }
  EXPECT_GE(one_of_each.size(), 17u);
  for (const char of_users : {'q', 'p', 's'}) EXPECT_TRUE(one_of_each.contains(of_users));
  int kind = 0;
  for (const auto& [prefix, row] : one_of_each) {
    const auto& [key, value] = row;
    auto other = value;
    other.back() = static_cast<char>(other.back() ^ 1);
    const auto added = key + '\x01';
    kind = (kind + 1) % 3;
    if (kind == 0) {
      ASSERT_TRUE(raw()->Delete({}, key).ok());
    }
    if (kind == 1) {
      ASSERT_TRUE(raw()->Put({}, key, other).ok());
    }
    if (kind == 2) {
      ASSERT_TRUE(raw()->Put({}, added, value).ok());
    }
    EXPECT_FALSE(agrees()) << prefix << ", kind " << kind;
    // The views that tokens are looked up in, and those that are made from what is found.
    const bool is_looked_up = std::string{"tizy"}.find(prefix) != std::string::npos;
    if (is_looked_up) {
      EXPECT_FALSE(agrees(events, 0)) << prefix << ", kind " << kind;
    }
    const auto db = raw();
    ASSERT_TRUE(db->Delete({}, added).ok());
    ASSERT_TRUE(db->Put({}, key, value).ok());
  }
  for (const std::string unknown : {"", "A", "\xFF\xFF"}) {
    ASSERT_TRUE(raw()->Put({}, unknown, "row of no view").ok());
    EXPECT_FALSE(agrees()) << unknown;
    ASSERT_TRUE(raw()->Delete({}, unknown).ok());
  }
  EXPECT_TRUE(agrees());
}

TEST_F(AgreementTest, VerifyWritesNothingWhereTheViewsAreRight) {
  const auto views = Views::open({path, files, kLedgerId, true});
  ASSERT_TRUE(views);
  std::string difference;
  int rounds = 0;  // through the log; a comparison row by row takes another
  const auto watch = [&](Sequence seq) {
    rounds += seq == Sequence{kEvents} ? 1 : 0;
    EXPECT_FALSE(std::filesystem::exists(directory / "views.verify"));
  };
  EXPECT_TRUE((*views)->verify(log, watch, difference)) << difference;
  EXPECT_EQ(rounds, 1);
  const auto comparison = (*views)->compare();
  for (const auto& event : events) comparison->add(event);
  EXPECT_TRUE(comparison->agrees());
}

}  // namespace
}  // namespace tokenledger::views
