// Damage in the views that no open can see: it is said, noted on disk, and mended by the next open.
// And what runs by itself and fails is seen (INV-3, INV-7).
#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include <thread>

#include "tests/storage/ledger_fixture.hpp"

namespace tokenledger {
namespace {

using testing_support::LedgerTest;

class ViewsDamage : public LedgerTest {
 protected:
  // Both behind the ledger's back; it is closed then.
  std::unique_ptr<rocksdb::DB> raw_views() {
    // Closing does not wait for the follower: what it has not seen would not be there.
    EXPECT_TRUE(ledger_->wait_for_views(ledger_->committed()));
    EXPECT_TRUE(ledger_->close());
    ledger_.reset();
    rocksdb::DB* raw = nullptr;
    EXPECT_TRUE(rocksdb::DB::Open({}, (directory_ / "ledger" / "views").string(), &raw).ok());
    return std::unique_ptr<rocksdb::DB>{raw};
  }
  // Replaces every row of one view.
  void damage(char prefix) {
    const auto db = raw_views();
    const std::unique_ptr<rocksdb::Iterator> rows{db->NewIterator({})};
    int count = 0;
    for (rows->Seek(std::string(1, prefix)); rows->Valid() && rows->key()[0] == prefix;
         rows->Next()) {
      ASSERT_TRUE(db->Put({}, rows->key(), "!").ok());
      ++count;
    }
    ASSERT_GT(count, 0);
  }
  bool is_marked() const {
    return std::filesystem::exists(directory_ / "ledger" / "views.damaged");
  }
  std::string warnings() {
    const std::scoped_lock lock{warnings_mutex_};
    return warnings_;
  }
  bool warned_of(std::string_view what) { return warnings().find(what) != std::string::npos; }
  template <class Condition>
  static bool comes_true(Condition condition) {
    for (int i = 0; i < 1'000 && !condition(); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds{10});
    return condition();
  }
};

TEST_F(ViewsDamage, ADamagedBlockIsNotedAndTheNextOpenRebuildsTheViews_INV3) {
  add_api();
  add_client("a");
  const auto token = issue("a");
  damage('t');
  open();
  EXPECT_FALSE(ledger_->stats().views_damaged) << "open() has no reason to read that row";
  EXPECT_FALSE(is_marked());
  const auto found = ledger_->token(token.index);
  ASSERT_TRUE(found.has_error());
  EXPECT_EQ(found.error(), Errc::view_corrupt);
  EXPECT_TRUE(is_marked());
  EXPECT_TRUE(ledger_->stats().views_damaged);
  EXPECT_TRUE(warned_of("open the ledger again to rebuild them"));
  EXPECT_TRUE(check(token)) << "checks do not need the views";

  reopen();
  EXPECT_FALSE(is_marked());
  EXPECT_FALSE(ledger_->stats().views_damaged);
  EXPECT_TRUE(warned_of("damage was met in the views"));
  EXPECT_TRUE(ledger_->token(token.index));
  const auto list = ledger_->list({});
  ASSERT_TRUE(list);
  EXPECT_EQ(list->page.total, 1u);
}

TEST_F(ViewsDamage, AListThatMeetsDamageNotesItToo) {
  add_api();
  add_client("a");
  issue("a");
  damage('t');
  open();
  EXPECT_EQ(to_errc(ledger_->list({}).error()), Errc::view_corrupt);
  EXPECT_TRUE(is_marked());
}

TEST_F(ViewsDamage, ASweepGoesOnPastADamagedViewAndNotesIt_INV7) {
  add_api();
  add_client("a");
  issue("a", 60);
  // A key that is none, among those of the seconds to come.
  const auto second = to_seconds(clock_->now()).value() + 60;
  std::string key{'e'};
  for (int shift = 24; shift >= 0; shift -= 8) key += static_cast<char>(second >> shift);
  ASSERT_TRUE(raw_views()->Put({}, key, "!").ok());
  sweep_every_ = std::chrono::milliseconds{5};
  open();
  clock_->pass(120);
  ASSERT_TRUE(comes_true([&] { return ledger_->stats().tokens_swept == 1; }));
  EXPECT_TRUE(is_marked());
}

TEST_F(ViewsDamage, ASweepThatFailsIsCountedNamedAndSaidOnce_INV7) {
  add_api();
  add_client("a");
  issue("a", 60);
  sweep_every_ = std::chrono::milliseconds{5};
  reopen();
  clock_->jump(120);
  ASSERT_TRUE(comes_true([&] { return ledger_->stats().sweep_failures >= 3; }));
  EXPECT_EQ(ledger_->stats().sweep_error, Errc::clock_jumped);
  const auto said = warnings();
  const auto first = said.find("the sweep fails (clock_jumped)");
  ASSERT_NE(first, std::string::npos) << said;
  EXPECT_EQ(said.find("the sweep fails", first + 1), std::string::npos);
  reopen();
  ASSERT_TRUE(comes_true([&] { return !ledger_->stats().sweep_error; }));
}

TEST_F(ViewsDamage, RefusedRequestsDoNotFillTheKeyStore_INV7) {
  auto& store = *ledger_->core().key_store;
  const std::vector<std::uint8_t> value(KeyStore::kValueBytesMax, 7);
  const auto before = store.mark().generation;
  std::uint64_t written = 0;
  for (std::uint64_t number = 0; written < KeyStore::kGarbageBytesMin + (8u << 20); ++number) {
    const auto id = DataKeyId::of(9, number);
    ASSERT_TRUE(store.put(id, value));
    ASSERT_TRUE(store.erase(id));
    written += value.size();
    if (number % 4'000 == 0) {
      ASSERT_TRUE(store.sync());
    }
  }
  ASSERT_TRUE(store.sync());
  ASSERT_TRUE(comes_true([&] { return store.mark().generation > before; }));
  EXPECT_LT(store.mark().bytes, KeyStore::kGarbageBytesMin);
  const auto still = ledger_->append_note("audit", "still writing");
  EXPECT_TRUE(still);
  reopen();
}

}  // namespace
}  // namespace tokenledger
