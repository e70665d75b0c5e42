// The log keeps what it acknowledged, in order, and says so when it cannot (INV-1, INV-4).
#include "storage/event_log.hpp"

#include <gtest/gtest.h>
#include <rocksdb/db.h>
#include <rocksdb/options.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <string>

#include "storage/fault_injection.hpp"
#include "tests/storage/temporary_directory.hpp"

namespace tokenledger {
namespace {

using testing_support::as_bytes;
using testing_support::contents;
using testing_support::overwrite;
using testing_support::TemporaryDirectory;

// Power cuts are simulated here, so a RAM disk loses nothing and spares thousands of real fsyncs.
const bool kUsesRamDisk =
    std::filesystem::exists("/dev/shm") && ::setenv("TMPDIR", "/dev/shm", /*overwrite=*/0) == 0;

std::string text_of(std::uint64_t seq) { return "event " + std::to_string(seq); }

class EventLogTest : public testing::Test {
 protected:
  EventLog::Options options(bool create = false) {
    return {.directory = directory / "log", .files = files, .create = create};
  }
  Errc open(const EventLog::Options& how) {
    log.reset();
    auto opened = EventLog::open(how);
    if (!opened) return to_errc(opened.error());
    log = std::move(*opened);
    return {};
  }
  void make() { ASSERT_EQ(open(options(true)), Errc{}); }
  Errc reopen() { return open(options()); }

  Errc append(std::uint64_t count, std::size_t padding = 0) {
    const auto first = log->last_seq()->next();
    std::vector<std::string> texts;
    for (std::uint64_t i = 0; i < count; ++i)
      texts.push_back(text_of(first.value() + i) + std::string(padding, 'x'));
    std::vector<std::span<const std::uint8_t>> events;
    for (const auto& text : texts) events.push_back(as_bytes(text));
    const auto appended = log->append(first, events);
    return appended ? Errc{} : to_errc(appended.error());
  }
  std::uint64_t last() { return log->last_seq()->value(); }

  // Reads from `from` on; every text must be its seq's. How far it came, and why it stopped.
  struct Read {
    std::uint64_t last = 0;
    Errc failure{};
    bool operator==(const Read&) const = default;
  };
  Read read(std::uint64_t from = 1, bool scan = true) {
    const auto reader = log->read(Sequence{from}, scan);
    for (;;) {
      const auto event = reader->next();
      if (!event) return {reader->position().value(), to_errc(event.error())};
      if (event->empty()) return {reader->position().value(), {}};
      const std::string text{event->begin(), event->end()};
      EXPECT_EQ(text.substr(0, text.find('x')), text_of(reader->position().value()));
    }
  }

  // Behind the log's back, while it is closed.
  void with_rocks(const std::function<void(rocksdb::DB&)>& change) {
    log.reset();
    rocksdb::DB* raw = nullptr;
    ASSERT_TRUE(rocksdb::DB::Open({}, (directory / "log").string(), &raw).ok());
    change(*raw);
    delete raw;
  }
  std::filesystem::path only_file(std::string_view suffix) {
    std::filesystem::path found;
    std::uintmax_t size = 0;
    for (const auto& entry : std::filesystem::directory_iterator{directory / "log"}) {
      const auto name = entry.path().filename().string();
      if (name.ends_with(suffix) && entry.file_size() >= size) {
        size = entry.file_size();
        found = entry.path();
      }
    }
    return found;
  }
  void flip_byte(const std::filesystem::path& path, std::size_t at) {
    std::string bytes = contents(path);
    ASSERT_LT(at, bytes.size());
    bytes[at] = static_cast<char>(bytes[at] ^ 0x10);
    std::ofstream{path, std::ios::binary} << bytes;
  }
  void cut_power() {
    files->crash();
    log.reset();
    ASSERT_TRUE(files->drop_unsynced());
  }

  TemporaryDirectory directory;
  TemporaryDirectory scratch;
  std::shared_ptr<FaultInjectingFileLayer> files =
      std::make_shared<FaultInjectingFileLayer>(scratch.path());
  std::unique_ptr<EventLog> log;
};

std::string key_of(std::uint64_t seq) {
  std::string key(8, '\0');
  for (int at = 7; at >= 0; --at, seq >>= 8) key[at] = static_cast<char>(seq);
  return key;
}

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

// --- power cuts and failures ---

TEST_F(EventLogTest, INV1WhatWasAppendedSurvivesAPowerCut) {
  make();
  for (int round = 1; round <= 3; ++round) {
    ASSERT_EQ(append(10), Errc{});
    if (round == 2) {
      ASSERT_TRUE(log->flush());
    }
    cut_power();
    ASSERT_EQ(reopen(), Errc{});
    EXPECT_EQ(read(), (Read{10u * static_cast<unsigned>(round), {}}));
  }
}

TEST_F(EventLogTest, WithoutSyncAPowerCutLosesEvents) {
  auto how = options(true);
  how.sync = false;
  ASSERT_EQ(open(how), Errc{});
  ASSERT_EQ(append(10), Errc{});
  cut_power();
  ASSERT_EQ(reopen(), Errc{});
  EXPECT_EQ(last(), 0u);
}

// Every fault point of making a log, three batches with a flush between, and closing.
TEST_F(EventLogTest, INV1EveryAcknowledgedEventSurvivesEveryFaultPoint) {
  for (const auto kind : {FaultKind::not_persisted, FaultKind::persisted, FaultKind::torn}) {
    // The last two kinds differ from the first only at a few operations; every third keeps this
    // test short.
    const std::uint64_t stride = kind == FaultKind::not_persisted ? 1 : 3;
    for (std::uint64_t operation = 1;; operation += stride) {
      SCOPED_TRACE("operation " + std::to_string(operation));
      std::filesystem::remove_all(directory / "log");
      files->restart();
      files->set_fault({.operation = operation, .kind = kind, .torn_bytes = 5});
      std::uint64_t acknowledged = 0;
      std::uint64_t tried = 0;
      const bool made = open(options(true)) == Errc{};
      for (int round = 0; made && round < 3; ++round) {
        tried += 2;
        const auto appended = append(2);
        if (appended != Errc{}) {
          EXPECT_EQ(append(1), Errc::unknown_outcome) << "a failed log takes nothing more";
          break;
        }
        acknowledged = tried;
        if (round == 1) (void)log->flush();
      }
      const bool reached = files->crashed();
      cut_power();
      const auto outcome = reopen();
      if (acknowledged > 0) {
        ASSERT_EQ(outcome, Errc{});
      }
      if (outcome == Errc{}) {
        EXPECT_GE(last(), acknowledged);
        EXPECT_LE(last(), tried);
        EXPECT_EQ(read(), (Read{last(), {}}));
      }
      cut_power();
      if (!reached) {
        EXPECT_GT(operation, 20u) << "the sweep must have swept something";
        break;
      }
    }
  }
}

TEST_F(EventLogTest, ABackgroundFailureIsToldOnce) {
  std::atomic<int> told = 0;
  auto how = options(true);
  how.on_background_error = [&] { ++told; };
  ASSERT_EQ(open(how), Errc{});
  ASSERT_EQ(append(10), Errc{});
  files->crash();
  EXPECT_EQ(log->flush().error(), Errc::io_error);
  (void)append(1);
  EXPECT_EQ(told, 1);
}

// --- truncation, for `recover` ---

TEST_F(EventLogTest, TruncationKeepsTheTailAsideAndTheLogGoesOnFromThere) {
  make();
  ASSERT_EQ(append(30), Errc{});
  ASSERT_TRUE(log->flush());
  ASSERT_EQ(append(30), Errc{});
  ASSERT_TRUE(log->truncate_after(Sequence{20}, directory / "aside"));
  EXPECT_EQ(read(), (Read{20, {}}));
  cut_power();
  ASSERT_EQ(reopen(), Errc{});
  EXPECT_EQ(read(), (Read{20, {}}));
  const std::string aside = contents(directory / "aside");
  EXPECT_EQ(aside.substr(0, 8), "TLTAIL01");
  EXPECT_EQ(aside[8], 21);
  EXPECT_NE(aside.find("event 21"), std::string::npos);
  EXPECT_NE(aside.find("event 60"), std::string::npos);
  EXPECT_EQ(aside.size(), 8 + 40 * (16 + text_of(21).size()));
  ASSERT_EQ(append(3), Errc{});
  ASSERT_EQ(reopen(), Errc{});
  EXPECT_EQ(read(), (Read{23, {}}));
}

TEST_F(EventLogTest, TruncationCanCutAHoleOff) {
  make();
  ASSERT_EQ(append(30), Errc{});
  with_rocks([](rocksdb::DB& rocks) { ASSERT_TRUE(rocks.Delete({}, key_of(12)).ok()); });
  ASSERT_EQ(reopen(), Errc{});
  ASSERT_TRUE(log->truncate_after(Sequence{11}, directory / "aside"));
  EXPECT_EQ(read(), (Read{11, {}}));
}

TEST_F(EventLogTest, TruncationNeverReplacesAnEarlierTail) {
  make();
  ASSERT_EQ(append(3), Errc{});
  overwrite(directory / "aside", "precious");
  EXPECT_EQ(log->truncate_after(Sequence{1}, directory / "aside").error(), Errc::file_exists);
  EXPECT_EQ(read(), (Read{3, {}}));
  EXPECT_TRUE(log->truncate_after(Sequence{3}, directory / "none")) << "nothing to cut";
  EXPECT_FALSE(std::filesystem::exists(directory / "none"));
}

TEST_F(EventLogTest, AtEveryFaultPointOfATruncationTheTailIsInTheLogOrAside) {
  for (std::uint64_t operation = 1;; ++operation) {
    SCOPED_TRACE("operation " + std::to_string(operation));
    std::filesystem::remove_all(directory / "log");
    std::filesystem::remove(directory / "aside");
    std::filesystem::remove(directory / "aside.new");
    files->restart();
    make();
    ASSERT_EQ(append(9), Errc{});
    files->restart();
    files->set_fault({.operation = operation, .kind = FaultKind::not_persisted});
    const bool done = log->truncate_after(Sequence{4}, directory / "aside").has_value();
    const bool reached = files->crashed();
    cut_power();
    ASSERT_EQ(reopen(), Errc{});
    EXPECT_EQ(read().failure, Errc{});
    const bool is_cut = last() == 4;
    EXPECT_TRUE(is_cut || last() == 9);
    EXPECT_TRUE(is_cut || !done);
    if (is_cut) {
      EXPECT_EQ(contents(directory / "aside").size(), 8 + 5 * (16 + text_of(5).size()));
    }
    cut_power();
    if (!reached) {
      EXPECT_GT(operation, 8u);
      break;
    }
  }
}

TEST_F(EventLogTest, TemporaryFilesAreWhereFsyncIsQuick) {
  if (!kUsesRamDisk) GTEST_SKIP() << "no RAM disk: the sweeps above took long";
}

TEST_F(EventLogTest, BytesOnDiskGrowWithTheLog) {
  make();
  const auto empty = log->bytes_on_disk();
  ASSERT_EQ(append(100, 1'000), Errc{});
  EXPECT_GT(log->bytes_on_disk(), empty + 50'000);
}

}  // namespace
}  // namespace tokenledger
