// Every change on disk that a backup or a restore makes fails once, in every way; then the process
// lives on, dies, or the power goes.
//
// What must hold, whatever failed: under the target's name stands nothing, or something whole that
// verifies; what stands under the partial name opens as no ledger unless it is whole; the ledger
// that was backed up goes on and has lost nothing (INV-1); the next attempt succeeds.
#include <gtest/gtest.h>

#include <iostream>
#include <map>

#include "replay/audit_verify.hpp"
#include "replay/backup.hpp"
#include "replay/restore.hpp"
#include "storage/audit.hpp"
#include "storage/fault_injection.hpp"
#include "storage/ledger.hpp"
#include "storage/ledger_core.hpp"
#include "tests/storage/temporary_directory.hpp"

namespace tokenledger {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr std::uint64_t kFaultPointsMax = 400;  // far beyond what one attempt changes
// A process that dies takes a ledger of its own with it: tried at every so manieth change.
constexpr std::uint64_t kDyingEvery = 5;
constexpr std::uint64_t kOpenedEvery = 8;  // of the ledgers that the next attempt makes
constexpr const char* kManagement = "urn:tokenledger:management";

struct Way {
  const char* name;
  FaultKind kind;
  bool process_dies;  // at the fault; else only this one change fails
  bool power_goes;    // afterwards
};
constexpr Way kLivingWays[] = {
    {"fails once", FaultKind::not_persisted, false, false},
    {"happens but fails once", FaultKind::persisted, false, false},
    {"happens in part once", FaultKind::torn, false, false},
};
constexpr Way kDyingWays[] = {
    {"fails, process dies", FaultKind::not_persisted, true, false},
    {"fails, process dies, power goes", FaultKind::not_persisted, true, true},
    {"happens but fails, process dies", FaultKind::persisted, true, false},
    {"happens but fails, process dies, power goes", FaultKind::persisted, true, true},
    {"happens in part, process dies", FaultKind::torn, true, false},
};

bool concerns_target(const FileChange& change) {
  return change.path.string().find("/target") != std::string::npos ||
         change.target.string().find("/target") != std::string::npos ||
         change.path.filename() == "place";  // its parent
}

LedgerOptions options_of(const fs::path& directory) {
  LedgerOptions options;
  options.directory = directory;
  options.checkpoint_every = 1ms;
  options.free_bytes_min = 0;
  options.snapshot_every = 0;
  options.sweep_every = 0ms;
  options.lane_capacities.fill(kChunkTokens);
  return options;
}

// A small ledger with everything that a backup copies, its token, and a backup of it.
struct Base {
  testing_support::TemporaryDirectory root;
  fs::path ledger = root / "ledger";
  fs::path backup = root / "backup";
  std::string token;

  static const Base& get() {
    static const Base base;
    return base;
  }

 private:
  Base() { make(); }
  void make() {
    std::string why;
    {
      const auto opened = Ledger::open(options_of(ledger), &why);
      ASSERT_TRUE(opened) << why;
      token = (*opened)->make_admin_token()->token;
      for (int i = 0; i < 280; ++i) ASSERT_TRUE((*opened)->append_note("note", ""));
      ASSERT_TRUE(Audit{**opened}.wait_for_checkpoint((*opened)->committed(), 10s));
    }
    const auto opened = Ledger::open(options_of(ledger), &why);
    ASSERT_TRUE(opened) << why;
    ASSERT_TRUE((*opened)->append_note("note", "in the WAL"));
    ASSERT_TRUE(make_backup(**opened, {.target = backup, .progress = {}}, why)) << why;
  }
};

struct Tally {
  std::uint64_t points = 0, faults = 0, named = 0, whole = 0;
  std::map<std::string, std::uint64_t> by_change;
  void count(const FileChange& change) {
    ++faults;
    const auto what = describe(change);
    ++by_change[what.substr(0, what.find(' '))];
  }
  void print(const char* name) const {
    std::cout << name << ": " << points << " changes, " << faults << " failures, in " << named
              << " of them the name stood all the same, in " << whole
              << " a whole backup without it\n";
    for (const auto& [what, count] : by_change) std::cout << "  " << what << ": " << count << "\n";
  }
};

// Whatever has the name of a backup restores to a ledger that knows the token.
void expect_backup(const fs::path& backup, const fs::path& to) {
  fs::remove_all(to);
  std::string why;
  const auto restored = restore_backup({.backup = backup, .target = to}, why);
  ASSERT_TRUE(restored) << "it has the name of a backup: " << why;
}
void expect_ledger(const fs::path& directory) {
  std::string why;
  const auto report = verify_audit({.directory = directory}, why);
  ASSERT_TRUE(report) << why;
  for (const auto& difference : report->differences)
    ADD_FAILURE() << difference.place << ": " << difference.what;
  const auto opened = Ledger::open(options_of(directory), &why);
  ASSERT_TRUE(opened) << why;
  EXPECT_TRUE((*opened)->check(Base::get().token, kManagement));
}
bool is_whole(const fs::path& directory) {
  std::error_code error;
  const auto size = fs::file_size(directory / "backup", error);
  return !error && size != 0;
}
bool has_files(const fs::path& directory) {
  std::error_code error;
  for (const auto& entry : fs::recursive_directory_iterator{directory, error})
    if (entry.is_regular_file() && entry.path().filename() != "LOCK") return true;
  return false;
}

void lose_what_is_lost(FaultInjectingFileLayer& files, const Way& way) {
  if (!way.power_goes) return files.restart();
  ASSERT_TRUE(files.drop_unsynced());
}

class BackupFault : public testing::Test {
 protected:
  fs::path place() const { return root_ / "place"; }
  fs::path target() const { return place() / "target"; }
  fs::path partial() const { return place() / "target.partial"; }
  void SetUp() override { fs::create_directory(place()); }
  void clear_place() {
    fs::remove_all(place());
    fs::create_directory(place());
  }

  testing_support::TemporaryDirectory root_;
};

TEST_F(BackupFault, EveryFailedWriteOfABackupLeavesNoneAndALedgerThatGoesOnINV1) {
  const auto files = std::make_shared<FaultInjectingFileLayer>(root_ / "scratch");
  fs::copy(Base::get().ledger, root_ / "ledger", fs::copy_options::recursive);
  auto options = options_of(root_ / "ledger");
  options.files = files;
  std::string why;
  const auto ledger = Ledger::open(options, &why);
  ASSERT_TRUE(ledger) << why;
  Tally tally;
  for (std::uint64_t operation = 1; operation <= kFaultPointsMax; ++operation) {
    int hits = 0;
    for (const auto& way : kLivingWays) {
      files->restart();
      files->set_fault({.operation = operation,
                        .kind = way.kind,
                        .torn_bytes = 7,
                        .then_crash = false,
                        .among = concerns_target});
      const auto made = make_backup(**ledger, {.target = target(), .progress = {}}, why);
      const auto failed = files->failed_change();
      files->clear_fault();
      SCOPED_TRACE(std::to_string(operation) + " " + (failed ? describe(*failed) : "") + " " +
                   way.name);
      if (!failed) {
        EXPECT_TRUE(made) << why;
        clear_place();
        continue;
      }
      ++hits;
      tally.count(*failed);
      EXPECT_FALSE(made) << "a change failed and nobody was told";
      if (fs::exists(target())) {
        ++tally.named;
        EXPECT_EQ(made.error(), Errc::unknown_outcome) << why;
        EXPECT_NE(why.find("stands there"), std::string::npos) << why;
        expect_backup(target(), root_ / "restored");
        clear_place();
      } else {
        // Only its name is missing: what is whole stays, and is good once it was moved away.
        if (is_whole(partial())) {
          ++tally.whole;
          fs::rename(partial(), root_ / "moved");
          expect_backup(root_ / "moved", root_ / "restored");
          fs::remove_all(root_ / "moved");
        }
        const auto again = make_backup(**ledger, {.target = target(), .progress = {}}, why);
        EXPECT_TRUE(again) << "the next attempt: " << why;
        clear_place();
      }
      ASSERT_TRUE((*ledger)->append_note("after", "")) << "the ledger goes on";
      ASSERT_TRUE((*ledger)->check(Base::get().token, kManagement));
    }
    if (hits == 0 || HasFailure()) break;
    ++tally.points;
  }
  tally.print("backup");
  EXPECT_GT(tally.points, 40u);
  EXPECT_LT(tally.points, kFaultPointsMax);
  EXPECT_GT(tally.named, 0u) << "the rename itself was among them";
  EXPECT_GT(tally.whole, 0u) << "and what came between the list and the name";
}

TEST_F(BackupFault, AProcessThatDiesInABackupLeavesNoneAndALedgerThatOpensINV1) {
  Tally tally;
  std::uint64_t last = kFaultPointsMax;
  for (std::uint64_t operation = 1; operation <= last; operation += kDyingEvery) {
    const auto& way = kDyingWays[operation / kDyingEvery % std::size(kDyingWays)];
    clear_place();
    fs::remove_all(root_ / "ledger");
    fs::remove_all(root_ / "scratch");
    fs::copy(Base::get().ledger, root_ / "ledger", fs::copy_options::recursive);
    const auto files = std::make_shared<FaultInjectingFileLayer>(root_ / "scratch");
    auto options = options_of(root_ / "ledger");
    options.files = files;
    std::string why;
    Result<Committed> noted = Errc::io_error;
    {
      const auto ledger = Ledger::open(options, &why);
      ASSERT_TRUE(ledger) << why;
      noted = (*ledger)->append_note("before", "");
      ASSERT_TRUE(noted);
      files->set_fault({.operation = operation,
                        .kind = way.kind,
                        .torn_bytes = 7,
                        .then_crash = true,
                        .among = concerns_target});
      static_cast<void>(make_backup(**ledger, {.target = target(), .progress = {}}, why));
    }
    const auto failed = files->failed_change();
    if (!failed) break;
    SCOPED_TRACE(std::to_string(operation) + " " + describe(*failed) + " " + way.name);
    lose_what_is_lost(*files, way);
    tally.count(*failed);
    if (fs::exists(target())) {
      ++tally.named;
      expect_backup(target(), root_ / "restored");
      clear_place();
    }
    options.files = nullptr;
    const auto ledger = Ledger::open(options, &why);
    ASSERT_TRUE(ledger) << why;
    EXPECT_TRUE((*ledger)->core().log->get(noted->seq));
    if (has_files(partial())) {
      auto opening = options_of(partial());
      opening.create_if_missing = false;
      EXPECT_FALSE(Ledger::open(opening, &why)) << "a half backup opens as a ledger";
    }
    if (fs::exists(partial() / "backup") && fs::file_size(partial() / "backup") > 0) {
      // It died between list and name: whole, and never emptied.
      const auto again = make_backup(**ledger, {.target = target(), .progress = {}}, why);
      EXPECT_EQ(again.error(), Errc::directory_not_empty);
      expect_backup(partial(), root_ / "restored");
      clear_place();
    }
    EXPECT_TRUE(make_backup(**ledger, {.target = target(), .progress = {}}, why)) << why;
    if (HasFailure()) break;
    ++tally.points;
  }
  tally.print("backup, process dies");
  EXPECT_GT(tally.points, 5u);
}

TEST_F(BackupFault, EveryFailedWriteOfARestoreLeavesNoHalfLedgerINV1) {
  Tally tally;
  std::uint64_t complete = 0;
  for (std::uint64_t operation = 1; operation <= kFaultPointsMax; ++operation) {
    int hits = 0;
    std::vector<Way> ways{std::begin(kLivingWays), std::end(kLivingWays)};
    ways.push_back(kDyingWays[operation % std::size(kDyingWays)]);
    for (const auto& way : ways) {
      clear_place();
      fs::remove_all(root_ / "scratch");
      const auto files = std::make_shared<FaultInjectingFileLayer>(root_ / "scratch");
      files->set_fault({.operation = operation,
                        .kind = way.kind,
                        .torn_bytes = 7,
                        .then_crash = way.process_dies,
                        .among = {}});
      RestoreOptions options{.backup = Base::get().backup, .target = target(), .files = files};
      std::string why;
      const auto restored = restore_backup(options, why);
      const auto failed = files->failed_change();
      SCOPED_TRACE(std::to_string(operation) + " " + (failed ? describe(*failed) : "") + " " +
                   way.name);
      if (!failed) {
        EXPECT_TRUE(restored) << why;
        continue;
      }
      lose_what_is_lost(*files, way);
      ++hits;
      tally.count(*failed);
      EXPECT_FALSE(restored) << "a change failed and nobody was told";
      options.files = nullptr;
      if (fs::exists(target())) {
        ++tally.named;
        if (!way.process_dies) {
          EXPECT_EQ(restored.error(), Errc::unknown_outcome) << why;
        }
        if (!fs::exists(target() / "backup")) {  // its mark went last, so it is whole
          ++complete;
          expect_ledger(target());
          clear_place();
        }
      }
      for (const auto& unfinished : {partial(), target()}) {
        if (!has_files(unfinished)) continue;
        auto opening = options_of(unfinished);
        opening.create_if_missing = false;
        EXPECT_FALSE(Ledger::open(opening, &why)) << "a half ledger opens: " << unfinished;
      }
      EXPECT_TRUE(restore_backup(options, why)) << "the next attempt: " << why;
      if (operation % kOpenedEvery == 0) expect_ledger(target());
    }
    if (hits == 0 || HasFailure()) break;
    ++tally.points;
  }
  tally.print("restore");
  std::cout << "  whole under the target's name: " << complete << "\n";
  EXPECT_GT(tally.points, 40u);
  EXPECT_LT(tally.points, kFaultPointsMax);
  EXPECT_GT(tally.named, 0u) << "the rename itself was among them";
}

}  // namespace
}  // namespace tokenledger
