// The log across power cuts, failed writes and truncation: what was acknowledged is there, or aside
// (INV-1).
#include <gtest/gtest.h>

#include <atomic>
#include <string>

#include "tests/storage/event_log_fixture.hpp"

namespace tokenledger {
namespace {

using testing_support::contents;
using testing_support::EventLogTest;
using testing_support::key_of;
using testing_support::kUsesRamDisk;
using testing_support::overwrite;
using testing_support::text_of;

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

}  // namespace
}  // namespace tokenledger
