// The log keeps what it acknowledged, in order, and says so when it cannot (INV-1, INV-4).
#include "storage/event_log.hpp"

#include <gtest/gtest.h>
#include <rocksdb/db.h>
#include <rocksdb/options.h>

#include <fstream>
#include <string>

#include "tests/storage/event_log_fixture.hpp"

namespace tokenledger {
namespace {

using testing_support::contents;
using testing_support::EventLogTest;
using testing_support::key_of;
using testing_support::overwrite;
using testing_support::TemporaryDirectory;
using testing_support::text_of;

TEST_F(EventLogTest, INV4SequencesAreDenseOverBatchesAndReopenings) {
  make();
  EXPECT_EQ(last(), 0u);
  EXPECT_EQ(read(), (Read{0, {}}));
  for (const std::uint64_t count : {1, 2, 300, 1}) ASSERT_EQ(append(count), Errc{});
  EXPECT_EQ(last(), 304u);
  ASSERT_EQ(reopen(), Errc{});
  EXPECT_EQ(last(), 304u);
  ASSERT_EQ(append(5), Errc{});
  ASSERT_TRUE(log->flush());
  ASSERT_EQ(reopen(), Errc{});
  for (const bool scan : {false, true}) {
    EXPECT_EQ(read(1, scan), (Read{309, {}}));
    EXPECT_EQ(read(255, scan), (Read{309, {}}));
    EXPECT_EQ(read(309, scan), (Read{309, {}}));
    EXPECT_EQ(read(310, scan), (Read{309, {}}));
  }
}

TEST_F(EventLogTest, GetAnswersOneEventOrSaysThatItIsInTheFuture) {
  make();
  ASSERT_EQ(append(3), Errc{});
  const auto event = log->get(Sequence{2});
  ASSERT_TRUE(event);
  EXPECT_EQ(std::string(event->begin(), event->end()), "event 2");
  EXPECT_EQ(log->get(Sequence{4}).error(), Errc::sequence_in_future);
  EXPECT_EQ(log->get(Sequence{0}).error(), Errc::sequence_in_future);
}

TEST_F(EventLogTest, AReaderEndsWhereTheLogEndedWhenItWasMade) {
  make();
  ASSERT_EQ(append(2), Errc{});
  const auto reader = log->read(Sequence{1}, false);
  ASSERT_EQ(append(2), Errc{});
  std::uint64_t count = 0;
  while (!reader->next()->empty()) ++count;
  EXPECT_EQ(count, 2u);
  EXPECT_TRUE(reader->next()->empty());
  EXPECT_EQ(reader->position(), Sequence{2});
}

TEST_F(EventLogTest, AReaderMayOutliveTheLog) {
  make();
  ASSERT_EQ(append(2), Errc{});
  const auto reader = log->read(Sequence{1}, false);
  log.reset();
  EXPECT_EQ(reader->next()->size(), text_of(1).size());
}

TEST_F(EventLogTest, LargestEventsAndAWholeBatchOfThemComeBack) {
  make();
  ASSERT_EQ(append(200, 65'535 - text_of(100).size()), Errc{});
  ASSERT_EQ(append(1), Errc{});
  ASSERT_EQ(reopen(), Errc{});
  EXPECT_EQ(read(), (Read{201, {}}));
}

// --- opening ---

TEST_F(EventLogTest, OpeningWhatIsNotThereOrMakingWhatIsThereIsRefused) {
  EXPECT_EQ(reopen(), Errc::not_a_ledger);
  overwrite(directory / "note", "not a log");
  EXPECT_EQ(open({.directory = directory.path()}), Errc::not_a_ledger);
  make();
  EXPECT_EQ(open(options(true)), Errc::directory_not_empty);
  EXPECT_EQ(open({.directory = directory / "none", .read_only = true}), Errc::not_a_ledger);
  EXPECT_EQ(open({.directory = directory / "no/parent", .create = true}), Errc::file_not_found);
}

TEST_F(EventLogTest, ReadOnlyReadsEverythingChangesNothingAndRefusesToWrite) {
  make();
  ASSERT_EQ(append(3), Errc{});
  ASSERT_TRUE(log->flush());
  ASSERT_EQ(append(3), Errc{});
  log.reset();
  const auto listing = [&] {
    std::string names;
    for (const auto& name : *files->list(directory / "log"))
      names += name + " " + contents(directory / "log" / name) + "\n";
    return names;
  };
  const std::string before = listing();
  auto how = options();
  how.read_only = true;
  ASSERT_EQ(open(how), Errc{});
  EXPECT_EQ(read(), (Read{6, {}}));
  EXPECT_EQ(append(1), Errc::invalid_argument);
  EXPECT_EQ(log->flush().error(), Errc::invalid_argument);
  EXPECT_EQ(log->truncate_after(Sequence{1}, directory / "aside").error(), Errc::invalid_argument);
  EXPECT_TRUE(log->verify_files());
  log.reset();
  EXPECT_EQ(listing(), before);
}

// --- damage ---

TEST_F(EventLogTest, INV4AHoleIsFoundWhereverItIs) {
  for (const std::uint64_t missing : {1, 50, 99}) {
    TemporaryDirectory fresh;
    ASSERT_EQ(open({.directory = fresh / "log", .create = true}), Errc{});
    ASSERT_EQ(append(100), Errc{});
    log.reset();
    rocksdb::DB* raw = nullptr;
    ASSERT_TRUE(rocksdb::DB::Open({}, (fresh / "log").string(), &raw).ok());
    ASSERT_TRUE(raw->Delete({}, key_of(missing)).ok());
    delete raw;
    ASSERT_EQ(open({.directory = fresh / "log"}), Errc{});
    EXPECT_EQ(read(), (Read{missing - 1, Errc::log_corrupt}));
    EXPECT_EQ(log->get(Sequence{missing}).error(), Errc::log_corrupt);
    const auto reader = log->read(Sequence{missing}, false);
    EXPECT_EQ(reader->next().error(), Errc::log_corrupt);
    EXPECT_EQ(reader->next().error(), Errc::log_corrupt) << "nothing is read behind a hole";
  }
}

TEST_F(EventLogTest, ForeignKeysAndEmptyValuesAreDamage) {
  make();
  ASSERT_EQ(append(3), Errc{});
  with_rocks([](rocksdb::DB& rocks) { ASSERT_TRUE(rocks.Put({}, key_of(2), "").ok()); });
  ASSERT_EQ(reopen(), Errc{});
  EXPECT_EQ(read(), (Read{1, Errc::log_corrupt}));
  with_rocks([](rocksdb::DB& rocks) { ASSERT_TRUE(rocks.Put({}, "\xFFkey", "").ok()); });
  EXPECT_EQ(reopen(), Errc::log_corrupt);
}

TEST_F(EventLogTest, ADamagedByteInTheWriteAheadLogIsRefusedAtOpen) {
  make();
  for (int i = 0; i < 20; ++i) ASSERT_EQ(append(1), Errc{});
  log.reset();
  flip_byte(only_file(".log"), 30);
  EXPECT_EQ(reopen(), Errc::log_corrupt);
  EXPECT_EQ(reopen(), Errc::log_corrupt) << "refusing changes nothing";
  auto how = options();
  how.read_only = true;
  EXPECT_EQ(open(how), Errc::log_corrupt);
}

TEST_F(EventLogTest, ADamagedTailIsAcceptedOnlyWhenAskedFor) {
  make();
  for (int i = 0; i < 20; ++i) ASSERT_EQ(append(1), Errc{});
  log.reset();
  const auto wal = only_file(".log");
  flip_byte(wal, contents(wal).size() / 2);
  ASSERT_EQ(reopen(), Errc::log_corrupt);
  auto how = options();
  how.accept_damaged_tail = true;
  how.read_only = true;
  ASSERT_EQ(open(how), Errc{});
  const auto good = last();
  EXPECT_GT(good, 5u);
  EXPECT_LT(good, 15u);
  ASSERT_EQ(reopen(), Errc::log_corrupt) << "looking is not repairing";
  how.read_only = false;
  ASSERT_EQ(open(how), Errc{});
  EXPECT_EQ(read(), (Read{good, {}}));
  ASSERT_EQ(reopen(), Errc{});
  EXPECT_EQ(last(), good);
}

TEST_F(EventLogTest, ATornLastRecordIsDroppedAndTheRestStays) {
  make();
  for (int i = 0; i < 5; ++i) ASSERT_EQ(append(1), Errc{});
  log.reset();
  const auto wal = only_file(".log");
  const std::string bytes = contents(wal);
  std::ofstream{wal, std::ios::binary} << bytes.substr(0, bytes.size() - 3);
  ASSERT_EQ(reopen(), Errc{});
  EXPECT_EQ(read(), (Read{4, {}}));
}

TEST_F(EventLogTest, ADamagedByteInATableIsFoundAtOpenOrWhenItIsReadAndByVerifyFiles) {
  make();
  ASSERT_EQ(append(2'000, 50), Errc{});
  ASSERT_TRUE(log->flush());
  EXPECT_TRUE(log->verify_files());
  log.reset();
  const auto table = only_file(".sst");
  const std::string whole = contents(table);
  std::size_t at_read = 0;
  for (std::size_t at = 0; at < whole.size(); at += whole.size() / 40) {
    flip_byte(table, at);
    const auto opened = reopen();
    EXPECT_TRUE(opened == Errc{} || opened == Errc::log_corrupt) << at;
    if (opened == Errc{}) {
      const auto outcome = read();
      EXPECT_TRUE(outcome.failure == Errc::log_corrupt || outcome.last == 2'000) << at;
      at_read += outcome.failure == Errc::log_corrupt;
      EXPECT_EQ(log->verify_files().error(), Errc::log_corrupt) << at;
    }
    log.reset();
    flip_byte(table, at);
  }
  EXPECT_GT(at_read, 10u);
  EXPECT_EQ(reopen(), Errc{}) << "the damage was undone";
  EXPECT_EQ(read(), (Read{2'000, {}}));
}

TEST_F(EventLogTest, NoDamagedByteInAnyFileEverAbortsOrInventsAnEvent) {
  make();
  ASSERT_EQ(append(50), Errc{});
  ASSERT_TRUE(log->flush());
  ASSERT_EQ(append(20), Errc{});
  log.reset();
  const auto original = directory / "log";
  for (const auto& name : *files->list(original)) {
    const auto size = std::filesystem::file_size(original / name);
    if (name == "LOG" || name == "LOCK" || size == 0) continue;
    for (std::size_t at = 0; at < size; at += 1 + size / 24) {
      TemporaryDirectory copy;
      std::filesystem::copy(original, copy / "log");
      flip_byte(copy / "log" / name, at);
      if (open({.directory = copy / "log"}) == Errc{}) {
        EXPECT_LE(last(), 70u);
        (void)read();
      }
      log.reset();
    }
  }
}

TEST_F(EventLogTest, AMissingTableIsRefused) {
  make();
  ASSERT_EQ(append(50), Errc{});
  ASSERT_TRUE(log->flush());
  log.reset();
  std::filesystem::remove(only_file(".sst"));
  EXPECT_EQ(reopen(), Errc::log_corrupt);
}

TEST_F(EventLogTest, BytesOnDiskGrowWithTheLog) {
  make();
  const auto empty = log->bytes_on_disk();
  ASSERT_EQ(append(100, 1'000), Errc{});
  EXPECT_GT(log->bytes_on_disk(), empty + 50'000);
}

}  // namespace
}  // namespace tokenledger
