// A small ledger that was closed, the same one as a killed process leaves it, an older copy, and
// two that went different ways from there.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "replay/audit_files.hpp"
#include "replay/audit_verify.hpp"
#include "replay/closed_ledger.hpp"
#include "storage/audit.hpp"
#include "storage/ledger.hpp"
#include "tests/storage/temporary_directory.hpp"

namespace tokenledger::crash_testing {

inline LedgerOptions audit_options(const std::filesystem::path& directory) {
  LedgerOptions options;
  options.directory = directory;
  options.free_bytes_min = 0;
  options.snapshot_every = 0;
  options.sweep_every = std::chrono::milliseconds{0};
  options.checkpoint_every = std::chrono::milliseconds{1};
  options.lane_capacities.fill(kChunkTokens);
  return options;
}

inline void work(Ledger& ledger, int notes) {
  for (int number = 0; number < 2; ++number) {
    const auto token = ledger.make_admin_token();
    ASSERT_TRUE(token) << token.error();
    if (number == 0) continue;
    ASSERT_TRUE(ledger.revoke(token->index, {}));
  }
  for (int number = 0; number < notes; ++number)
    ASSERT_TRUE(ledger.append_note("audit", "note " + std::to_string(number)));
  const auto committed = ledger.committed();
  ASSERT_TRUE(Audit{ledger}.wait_for_checkpoint(committed, std::chrono::seconds{10}));
}

inline void open_and_work(const std::filesystem::path& directory, int notes) {
  std::string why;
  const auto opened = Ledger::open(audit_options(directory), &why);
  ASSERT_TRUE(opened) << why;
  work(**opened, notes);
  ASSERT_TRUE((*opened)->close());
}

struct AuditPlace {
  testing_support::TemporaryDirectory root;
  std::filesystem::path closed = root / "closed";
  std::filesystem::path killed = root / "killed";
  std::filesystem::path older = root / "older";    // of closed
  std::filesystem::path branch = root / "branch";  // from older, another way than closed
  std::filesystem::path longer = root / "longer";  // branch, gone on
  std::filesystem::path other = root / "other";    // another ledger
  std::string kept;                                // a checkpoint of closed, newer than older
  std::string kept_early;                          // one that older has seen too
  std::string kept_branch;                         // of branch, at the size of kept

  // Drawing the keys of a ledger takes long: made once, tests copy what they change.
  static const AuditPlace& get() {
    static const AuditPlace place;
    return place;
  }
  static void copy(const std::filesystem::path& from, const std::filesystem::path& to) {
    std::filesystem::remove_all(to);
    std::filesystem::copy(from, to, std::filesystem::copy_options::recursive);
  }

 private:
  AuditPlace() { make(); }
  void make() {
    constexpr int kNotes = 280;  // level 1 of the tree begins at 256 events
    open_and_work(closed, kNotes);
    copy(closed, older);
    copy(closed, branch);
    kept_early = checkpoint_of(older);
    open_and_work(closed, 10);
    kept = checkpoint_of(closed);
    open_and_work(branch, 10);
    kept_branch = checkpoint_of(branch);
    copy(branch, longer);
    open_and_work(longer, 10);
    open_and_work(other, kNotes);
    copy(closed, killed);
    kill_at_work();
  }
  // What a process leaves that is killed while it waits: nothing is flushed, nothing is torn.
  void kill_at_work() {
    const auto alive = root / "alive";
    copy(killed, alive);
    const auto opened = Ledger::open(audit_options(alive));
    ASSERT_TRUE(opened);
    work(**opened, 300);
    copy(alive, killed);
    ASSERT_TRUE((*opened)->close());
    std::filesystem::remove_all(alive);
  }
  static std::string checkpoint_of(const std::filesystem::path& directory) {
    std::string why;
    const auto ledger = ClosedLedger::open({directory, {}, {}}, why);
    EXPECT_TRUE(ledger) << why;
    const auto key = checkpoint_key_of(ledger->log(), ledger->keys().checkpoint_seed());
    EXPECT_TRUE(key);
    const auto audit = AuditFiles::open(ledger->files(), ledger->log(),
                                        {directory / "audit", *key, ledger->keys().ledger_id()});
    EXPECT_TRUE(audit);
    const auto newest = (*audit)->newest();
    EXPECT_TRUE(newest);
    return newest ? newest->note : std::string{};
  }
};

inline Result<AuditReport> verify(const std::filesystem::path& directory,
                                  AuditVerifyOptions options = {}) {
  options.directory = directory;
  std::string why;
  auto report = verify_audit(options, why);
  if (!report) ADD_FAILURE() << report.error() << ": " << why;
  return report;
}

}  // namespace tokenledger::crash_testing
