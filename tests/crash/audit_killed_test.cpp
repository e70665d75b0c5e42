// What a verification says of a ledger that was killed: what the next open mends is a note, and
// what somebody kept is still shown.
#include <gtest/gtest.h>

#include <fstream>

#include "tests/crash/audit_place.hpp"

namespace tokenledger::crash_testing {
namespace {

using std::filesystem::path;

std::string first_of(const AuditReport& report) {
  if (report.differences.empty()) return "nothing";
  return report.differences.front().place + ": " + report.differences.front().what;
}

// A copy of the closed ledger, open, with this many events that no checkpoint will cover; null
// where that failed.
std::unique_ptr<Ledger> go_on_unsigned(const path& at, int event_count) {
  AuditPlace::copy(AuditPlace::get().closed, at);
  auto options = audit_options(at);
  options.checkpoint_every = std::chrono::milliseconds{0};
  auto opened = Ledger::open(options);
  if (!opened) return nullptr;
  for (int number = 0; number < event_count; ++number) {
    if (!(*opened)->append_note("audit", "")) return nullptr;
  }
  return std::move(*opened);
}

// More than a tile of events that no checkpoint covers: what a process leaves that is killed, or
// one whose checkpoints stopped.
TEST(QuickVerify, OfAKilledLedgerThatGoesOnBehindItsNewestCheckpointStillShowsWhatWasKept) {
  const auto& place = AuditPlace::get();
  const testing_support::TemporaryDirectory root;
  const auto alive = root / "alive";
  const auto killed = root / "killed";
  const auto opened = go_on_unsigned(alive, 700);
  ASSERT_NE(opened, nullptr);
  AuditPlace::copy(alive, killed);
  for (const bool quick : {false, true}) {
    for (const auto& kept : {place.kept, place.kept_early}) {
      const auto report = verify(killed, {.checkpoint = kept, .quick = quick});
      ASSERT_TRUE(report);
      EXPECT_TRUE(report->differences.empty()) << first_of(*report);
      EXPECT_TRUE(report->extends_kept);
      EXPECT_GT(report->end.value(), report->newest_checkpoint + 600);
    }
    const auto foreign =
        verify(killed, {.checkpoint = AuditPlace::get().kept_branch, .quick = quick});
    ASSERT_TRUE(foreign);
    EXPECT_FALSE(foreign->extends_kept);
  }
}

// What an append leaves that a crash interrupted; other bytes in its place are a difference.
struct Interruption {
  const char* name;
  const char* place;
  bool is_normal;
  void (*leave)(const path&);
};
std::string record_of(std::uint64_t size) {
  std::string record(128, 'r');
  for (std::size_t at = 0; at < 8; ++at) record[at] = static_cast<char>(size >> (8 * at));
  return record;
}
void append_to(const path& file, const std::string& bytes) {
  std::ofstream{file, std::ios::app | std::ios::binary} << bytes;
}
void overwrite_end(const path& file, std::size_t bytes, char with) {
  auto whole = testing_support::contents(file);
  ASSERT_GE(whole.size(), bytes);
  std::fill(whole.end() - static_cast<std::ptrdiff_t>(bytes), whole.end(), with);
  testing_support::overwrite(file, whole);
}
path history_of(const path& at) { return at / "audit" / "checkpoints"; }
path level_of(const path& at) { return at / "audit" / "level-1"; }
void mark(const path& at, std::string_view why) {
  std::ofstream{at / "audit" / kDamageName} << why;
}
void mark_rebuild(const path& at) { mark(at, kRebuildsLevels); }
// The ledger ends at some 900 events, its newest checkpoint covers some 300 of them.
constexpr std::uint64_t kNextSize = 800;
const Interruption kInterruptions[] = {
    {"ARecordsBeginning", "audit/checkpoints", true,
     [](const path& at) { append_to(history_of(at), record_of(kNextSize).substr(0, 77)); }},
    {"LessThanARecordsSize", "audit/checkpoints", true,
     [](const path& at) { append_to(history_of(at), "\x20\x03"); }},
    {"ARecordOfZeros", "audit/checkpoints", true,
     [](const path& at) { append_to(history_of(at), std::string(128, '\0')); }},
    {"AFewZeros", "audit/checkpoints", true,
     [](const path& at) { append_to(history_of(at), std::string(40, '\0')); }},
    {"MoreThanARecord", "audit/checkpoints", false,
     [](const path& at) { append_to(history_of(at), std::string(150, '\0')); }},
    {"ABeginningOfNoRecord", "audit/checkpoints", false,
     [](const path& at) { append_to(history_of(at), std::string(77, 'x')); }},
    {"ARecordOfAnEarlierSize", "audit/checkpoints", false,
     [](const path& at) { append_to(history_of(at), record_of(3).substr(0, 77)); }},
    {"ZerosBehindWhatIsSigned", "audit/level-1", true,
     [](const path& at) { append_to(level_of(at), std::string(64, '\0')); }},
    {"OtherBytesBehindWhatIsSigned", "audit/level-1", false,
     [](const path& at) { append_to(level_of(at), std::string(64, 'x')); }},
    {"ZerosWhereHashesWereSigned", "audit/level-1", false,
     [](const path& at) { overwrite_end(level_of(at), 32, '\0'); }},
    {"AMarkedTreeWithoutHashes", "audit/damaged", true,
     [](const path& at) {
       mark_rebuild(at);
       std::filesystem::remove(level_of(at));
     }},
    {"AMarkedTreeOfZeros", "audit/damaged", true,
     [](const path& at) {
       mark_rebuild(at);
       overwrite_end(level_of(at), 32, '\0');
     }},
    {"AMarkedTreeOfOtherBytes", "audit/level-1", false,
     [](const path& at) {
       mark_rebuild(at);
       overwrite_end(level_of(at), 32, 'x');
     }},
    // Between the last sync of the levels and the removal of the mark.
    {"AMarkOnAWholeTree", "audit/damaged", true, mark_rebuild},
    {"WhatAReadFound", "audit/damaged", false,
     [](const path& at) { mark(at, "a read found damage\n"); }},
    {"AMarkThatSaysNothing", "audit/damaged", false, [](const path& at) { mark(at, ""); }},
    {"ZerosWhereHashesWereSignedAndARead", "audit/level-1", false,
     [](const path& at) {
       mark(at, "a read found damage\n");
       overwrite_end(level_of(at), 32, '\0');
     }},
};
class VerifyAfterACrash : public testing::TestWithParam<Interruption> {};

TEST_P(VerifyAfterACrash, NotesWhatTheNextOpenMendsAndNothingElse) {
  const testing_support::TemporaryDirectory root;
  const auto alive = root / "alive";
  const auto killed = root / "killed";
  const auto opened = go_on_unsigned(alive, 600);
  ASSERT_NE(opened, nullptr);
  AuditPlace::copy(alive, killed);
  GetParam().leave(killed);
  const auto report = verify(killed);
  ASSERT_TRUE(report);
  const auto names_it = [&](const AuditFinding& found) { return found.place == GetParam().place; };
  if (GetParam().is_normal) {
    EXPECT_TRUE(report->differences.empty()) << first_of(*report);
    EXPECT_TRUE(std::ranges::any_of(report->notes, names_it));
    // As it said: the next open mends it.
    ASSERT_TRUE(Ledger::open(audit_options(killed)));
    const auto mended = verify(killed);
    EXPECT_TRUE(mended->differences.empty()) << first_of(*mended);
    EXPECT_FALSE(std::ranges::any_of(mended->notes, names_it));
  } else {
    EXPECT_TRUE(std::ranges::any_of(report->differences, names_it)) << first_of(*report);
  }
}
// No level has a hash of so few events, so nothing but the mark tells.
TEST(VerifyAfterARebuild, OfALedgerWithoutAWholeTileNotesThatItsTreeWasBeingMadeAnew) {
  const testing_support::TemporaryDirectory root;
  const auto at = root / "few";
  ASSERT_TRUE((*Ledger::open(audit_options(at)))->close());
  mark_rebuild(at);
  const auto report = verify(at);
  ASSERT_TRUE(report);
  ASSERT_LT(report->end.value(), kTileHashes);
  EXPECT_TRUE(report->differences.empty()) << first_of(*report);
  EXPECT_TRUE(std::ranges::any_of(
      report->notes, [](const AuditFinding& found) { return found.place == "audit/damaged"; }));
}

// Signed below 300, a snapshot at some 900, and of the hashes between them zeros: what a kept
// checkpoint saw is shown from the events, not from those.
TEST(QuickVerify, TrustsNoStoredHashBehindTheNewestCheckpoint) {
  const auto& place = AuditPlace::get();
  const testing_support::TemporaryDirectory root;
  const auto at = root / "killed";
  {
    const auto opened = go_on_unsigned(at, 600);
    ASSERT_NE(opened, nullptr);
    ASSERT_TRUE(opened->close());  // with a snapshot
  }
  const auto whole = testing_support::contents(level_of(at));
  append_to(level_of(at), std::string(64, '\0'));
  for (const bool is_marked : {false, true}) {
    SCOPED_TRACE(is_marked ? "marked" : "not marked");
    if (is_marked) {
      testing_support::overwrite(level_of(at), std::string(whole.size() + 64, '\0'));
      mark_rebuild(at);
    }
    for (const auto& kept : {place.kept, place.kept_early}) {
      const auto report = verify(at, {.checkpoint = kept, .quick = true});
      ASSERT_TRUE(report);
      EXPECT_GT(report->from.value(), 700u);
      EXPECT_TRUE(report->differences.empty()) << first_of(*report);
      EXPECT_TRUE(report->extends_kept);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, VerifyAfterACrash, testing::ValuesIn(kInterruptions),
                         [](const auto& info) { return std::string{info.param.name}; });

}  // namespace
}  // namespace tokenledger::crash_testing
