// `recover` and checkpoints: a cut below what was signed never leads to a contradicting signature.
#include <gtest/gtest.h>

#include <fstream>
#include <iostream>

#include "core/checkpoint.hpp"
#include "storage/audit.hpp"
#include "storage/fault_injection.hpp"
#include "storage/keyring.hpp"
#include "storage/recover_tool.hpp"
#include "tests/storage/ledger_fixture.hpp"
#include "tests/storage/superseded_notes.hpp"

namespace tokenledger {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr std::uint64_t kFaultPointsMax = 300;

std::string read_text(const fs::path& path) {
  std::ifstream in{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

class RecoverCheckpointsTest : public testing_support::LedgerTest {
 protected:
  fs::path ledger_path() const { return directory_ / "ledger"; }
  fs::path anchor() const { return directory_ / "anchor"; }
  LedgerOptions anchored() {
    auto made = options();
    made.anchor = anchor();
    made.checkpoint_every = 1ms;  // hundreds of opens wait for one
    return made;
  }
  void add_notes(int count) {
    for (int i = 0; i < count; ++i) ASSERT_TRUE(ledger_->append_note("note", ""));
  }
  // The newest checkpoint, which covers everything, and its key; the ledger is closed after.
  void close_signed() {
    const Audit audit{*ledger_};
    note_ = *audit.wait_for_checkpoint(ledger_->committed(), 10s);
    vkey_ = *audit.vkey();
    size_ = ledger_->committed().value();
    ASSERT_TRUE(ledger_->close());
    ledger_.reset();
  }
  void begin_anchor() {
    ASSERT_TRUE(ledger_->close());
    std::ofstream{anchor()}.flush();
    reopen(anchored());
  }
  std::unique_ptr<RecoverTool> tool(const fs::path& anchor = {},
                                    std::shared_ptr<FileLayer> files = {}) {
    std::string why;
    auto opened = RecoverTool::open({.directory = ledger_path(),
                                     .keyring_key_file = {},
                                     .anchor = anchor,
                                     .files = std::move(files),
                                     .progress = {}},
                                    why);
    EXPECT_TRUE(opened) << why;
    return opened ? std::move(*opened) : nullptr;
  }
  Errc refused(Sequence seq, bool accept_loss, const fs::path& anchor = {}) {
    std::string why;
    const auto cut = tool(anchor)->truncate_after(seq, accept_loss, why);
    EXPECT_FALSE(why.empty());
    return cut ? Errc{} : to_errc(cut.error());
  }
  // A new log under a new key, which says once what the old one signed last.
  void expect_superseded(const std::string& note) {
    const Audit audit{*ledger_};
    const auto vkey = *audit.vkey();
    EXPECT_NE(vkey, vkey_);
    EXPECT_NE(NoteVerifier::from_vkey(vkey)->name(), NoteVerifier::from_vkey(vkey_)->name())
        << "the origin changes with the key";
    EXPECT_EQ(testing_support::superseded_notes(*ledger_), std::vector{note});
    const auto checkpoint = audit.wait_for_checkpoint(ledger_->committed(), 10s);
    ASSERT_TRUE(checkpoint);
    EXPECT_TRUE(open_checkpoint(*checkpoint, *NoteVerifier::from_vkey(vkey)));
  }

  // A directory that is an older copy, beside an anchor that has seen note_.
  void fall_behind_the_anchor() {
    begin_anchor();
    add_notes(5);
    ASSERT_TRUE(ledger_->close());
    fs::copy(ledger_path(), directory_ / "older", fs::copy_options::recursive);
    reopen(anchored());
    add_notes(5);
    close_signed();
    fs::remove_all(ledger_path());
    fs::rename(directory_ / "older", ledger_path());
  }

  std::string note_, vkey_;
  std::uint64_t size_ = 0;
};

TEST_F(RecoverCheckpointsTest, ACutAboveTheNewestCheckpointKeepsKeyAndHistory) {
  add_notes(5);
  close_signed();
  auto unsigned_options = options();
  unsigned_options.checkpoint_every = 0ms;
  open(unsigned_options);
  add_notes(5);
  ASSERT_TRUE(ledger_->close());
  ledger_.reset();
  EXPECT_EQ(tool()->survey().checkpoint_size, size_);
  {
    const auto cutter = tool();
    std::string why;
    ASSERT_TRUE(cutter->truncate_after(Sequence{size_}, true, why)) << why;
    EXPECT_FALSE(cutter->superseded());
  }
  open(options());
  EXPECT_EQ(*Audit{*ledger_}.vkey(), vkey_);
  EXPECT_EQ(*Audit{*ledger_}.checkpoint_of(size_), note_);
  EXPECT_TRUE(testing_support::superseded_notes(*ledger_).empty());
}

TEST_F(RecoverCheckpointsTest, ACutBelowTheNewestCheckpointWithoutAcceptLossChangesNothing) {
  add_notes(9);
  close_signed();
  EXPECT_EQ(refused(Sequence{size_ - 3}, false), Errc::log_shorter_than_head);
  open(options());
  EXPECT_EQ(*Audit{*ledger_}.vkey(), vkey_);
  EXPECT_EQ(*Audit{*ledger_}.checkpoint_of(size_), note_);
}

TEST_F(RecoverCheckpointsTest, ACutBelowTheNewestCheckpointBeginsALogOfAnotherOriginINV1) {
  add_notes(300);
  close_signed();
  {
    const auto cutter = tool();
    EXPECT_TRUE(cutter->survey().problem.empty()) << cutter->survey().problem;
    std::string why;
    ASSERT_TRUE(cutter->truncate_after(Sequence{size_ - 3}, true, why)) << why;
    ASSERT_TRUE(cutter->superseded());
    EXPECT_EQ(cutter->superseded()->note, note_);
    const auto aside = cutter->superseded()->directory;
    EXPECT_EQ(aside, ledger_path() / ("audit.aside-" + std::to_string(size_)));
    EXPECT_EQ(read_text(aside / "newest-checkpoint"), note_);
    EXPECT_TRUE(fs::exists(aside / "checkpoints"));
    EXPECT_TRUE(fs::exists(aside / "level-1"));
  }
  open(options());
  expect_superseded(note_);
  reopen();
  expect_superseded(note_);
  ASSERT_TRUE(ledger_->close());
  ledger_.reset();
  EXPECT_TRUE(tool()->survey().problem.empty());
}

TEST_F(RecoverCheckpointsTest, AnAnchorThatIsAheadShowsAndIsBegunAnewWithTheKey) {
  fall_behind_the_anchor();
  std::string why;
  EXPECT_EQ(Ledger::open(anchored(), &why).error(), Errc::older_than_checkpoint);
  const auto survey = tool(anchor())->survey();
  EXPECT_EQ(survey.anchor_size, size_);
  EXPECT_LT(survey.checkpoint_size, size_);
  EXPECT_FALSE(survey.problem.empty());
  const auto end = survey.last_good;
  EXPECT_EQ(refused(end, false, anchor()), Errc::log_shorter_than_head);
  {
    const auto cutter = tool(anchor());
    ASSERT_TRUE(cutter->truncate_after(end, true, why)) << why;
    EXPECT_EQ(cutter->superseded()->note, note_);
  }
  EXPECT_EQ(read_text(anchor()), "");
  EXPECT_EQ(read_text(anchor().string() + ".aside-" + std::to_string(size_)), note_);
  open(anchored());
  expect_superseded(note_);
}

TEST_F(RecoverCheckpointsTest, ACutThatDiedAfterItEmptiedTheAnchorStillNotesWhatTheAnchorHadSeen) {
  fall_behind_the_anchor();
  const auto files = std::make_shared<FaultInjectingFileLayer>(directory_ / "scratch");
  files->set_fault(
      {.operation = 1, .kind = FaultKind::not_persisted, .among = [](const FileChange& change) {
         return change.path.string().find("newest-checkpoint") != std::string::npos;
       }});
  std::string why;
  const auto end = tool(anchor())->survey().last_good;
  EXPECT_FALSE(tool(anchor(), files)->truncate_after(end, true, why));
  ASSERT_TRUE(files->failed_change());
  EXPECT_EQ(read_text(anchor()), "") << "emptied before the cut died";
  {
    const auto cutter = tool(anchor());
    ASSERT_TRUE(cutter->truncate_after(end, true, why)) << why;
    EXPECT_EQ(cutter->superseded()->note, note_);
  }
  open(anchored());
  expect_superseded(note_);
}

TEST_F(RecoverCheckpointsTest, WhatStandsBesideTheAnchorAlreadyIsNeverReplaced) {
  fall_behind_the_anchor();
  const auto beside = anchor().string() + ".aside-" + std::to_string(size_);
  std::ofstream{beside} << "of an earlier cut";
  std::string why;
  const auto end = tool(anchor())->survey().last_good;
  ASSERT_TRUE(tool(anchor())->truncate_after(end, true, why)) << why;
  EXPECT_EQ(read_text(beside), "of an earlier cut");
  EXPECT_EQ(read_text(beside + ".1"), note_);
  EXPECT_EQ(read_text(anchor()), "");
}

// The anchor may have seen what an older copy of the directory, history included, does not know.
TEST_F(RecoverCheckpointsTest, ALedgerThatKeepsAnAnchorIsNotCutWithoutItUnderTheSameKeyINV1) {
  fall_behind_the_anchor();
  const auto survey = tool()->survey();
  EXPECT_NE(survey.problem.find("--anchor"), std::string::npos) << survey.problem;
  EXPECT_TRUE(survey.is_anchor_unseen);
  EXPECT_FALSE(tool(anchor())->survey().is_anchor_unseen);
  for (const auto& kept : {survey.last_good, Sequence{survey.last_good.value() - 2}})
    EXPECT_EQ(refused(kept, false), Errc::log_shorter_than_head) << kept.value();
  std::string why;
  {
    const auto cutter = tool();
    ASSERT_TRUE(cutter->truncate_after(survey.last_good, true, why)) << why;
    EXPECT_TRUE(cutter->superseded()) << "the key is another one";
  }
  EXPECT_EQ(read_text(anchor()), note_) << "it was not named, so it was not touched";
  EXPECT_EQ(Ledger::open(anchored(), &why).error(), Errc::audit_corrupt)
      << "what it has seen is not this log's any more";
}

TEST_F(RecoverCheckpointsTest, AnAnchorOfAnotherLedgerStopsTheCut) {
  add_notes(5);
  close_signed();
  std::ofstream{anchor()} << "not a checkpoint\n";
  EXPECT_NE(tool(anchor())->survey().problem.find("anchor"), std::string::npos);
  EXPECT_EQ(refused(Sequence{size_ - 2}, true, anchor()), Errc::invalid_argument);
  open(options());
  EXPECT_EQ(*Audit{*ledger_}.vkey(), vkey_);
}

TEST_F(RecoverCheckpointsTest, WhereTheHistoryIsDamagedTheKeyGoesBecauseNobodyKnowsWhatItSigned) {
  add_notes(5);
  close_signed();
  const auto history = ledger_path() / "audit" / "checkpoints";
  std::fstream{history, std::ios::in | std::ios::out}.seekp(20).put('x');
  std::string why;
  EXPECT_EQ(Ledger::open(options(), &why).error(), Errc::audit_corrupt);
  EXPECT_NE(tool()->survey().problem.find("history"), std::string::npos);
  EXPECT_EQ(refused(Sequence{size_}, false), Errc::log_shorter_than_head);
  ASSERT_TRUE(tool()->truncate_after(Sequence{size_}, true, why)) << why;
  open(options());
  expect_superseded("");
}

// With an empty history the key would sign sizes again that a cut gave other events.
TEST_F(RecoverCheckpointsTest, AHistoryThatWasTakenAwayIsMissedAndItsKeySignsNoMoreINV1) {
  add_notes(9);
  close_signed();
  for (const bool takes_all : {false, true}) {
    SCOPED_TRACE(takes_all ? "the whole directory" : "the history alone");
    const auto old_key = vkey_;
    const auto taken = ledger_path() / "audit" / (takes_all ? "" : "checkpoints");
    fs::rename(taken.lexically_normal(), directory_ / (takes_all ? "taken" : "taken-history"));
    std::string why;
    EXPECT_EQ(Ledger::open(options(), &why).error(), Errc::audit_corrupt);
    EXPECT_NE(why.find("is missing"), std::string::npos) << why;
    EXPECT_NE(why.find("tokenledger recover"), std::string::npos) << why;
    EXPECT_FALSE(fs::exists(ledger_path() / "audit" / "checkpoints"));
    EXPECT_NE(tool()->survey().problem.find("is missing"), std::string::npos);
    EXPECT_EQ(refused(Sequence{size_ - 2}, false), Errc::log_shorter_than_head);
    ASSERT_TRUE(tool()->truncate_after(Sequence{size_ - 2}, true, why)) << why;
    open(options());
    const Audit audit{*ledger_};
    EXPECT_NE(*audit.vkey(), old_key);
    EXPECT_EQ(testing_support::superseded_notes(*ledger_), std::vector<std::string>{""})
        << "known is nothing";
    add_notes(9);
    close_signed();
  }
}

TEST_F(RecoverCheckpointsTest, NothingIsSignedBeforeTheKeyringSaysThatTheKeySigns) {
  auto unsigned_options = options();
  const auto path = directory_ / "fresh";
  unsigned_options.directory = path;
  unsigned_options.checkpoint_every = 0ms;
  ASSERT_TRUE(Ledger::open(unsigned_options));
  // So that the first signature is the first reason to write the keyring.
  ASSERT_TRUE((*Keyring::load(make_posix_file_layer(), path / "keyring", {}))
                  ->set_keepers({.anchor = true}));
  const auto files = std::make_shared<FaultInjectingFileLayer>(directory_ / "scratch");
  auto with_files = unsigned_options;
  with_files.checkpoint_every = 1ms;
  with_files.files = files;
  with_files.anchor = anchor();
  std::ofstream{anchor()}.flush();
  files->set_fault({.operation = 1,
                    .kind = FaultKind::not_persisted,
                    .then_crash = false,
                    .among = [](const FileChange& change) {
                      return change.path.filename().string().starts_with("keyring");
                    }});
  {
    const auto ledger = Ledger::open(with_files);
    ASSERT_TRUE(ledger);
    const Audit audit{**ledger};
    EXPECT_EQ(audit.wait_for_checkpoint((*ledger)->committed(), 10s).error(), Errc::audit_stopped);
    EXPECT_TRUE(files->failed_change());
  }
  EXPECT_EQ(read_text(anchor()), "");
  EXPECT_EQ(fs::file_size(path / "audit" / "checkpoints"), 128u) << "a header and no record";
  const auto again = Ledger::open(with_files);
  ASSERT_TRUE(again);
  EXPECT_TRUE(Audit{**again}.wait_for_checkpoint((*again)->committed(), 10s));
}

// Our own files: those of RocksDB are the business of the log's and the views' tests.
bool concerns_recovery(const FileChange& change) {
  const auto path = change.path.string();
  return path.find("/log") == std::string::npos && path.find("/views") == std::string::npos &&
         path.find("/snapshots") == std::string::npos &&
         path.find("/keystore") == std::string::npos;
}
bool concerns_superseded(const FileChange& change) {
  return change.path.string().find("/superseded") != std::string::npos;
}

// A cut, or the open after it, that dies at each of its changes; what is left is refused or is the
// new log; done again it is whole, and the old checkpoint is noted exactly once.
TEST_F(RecoverCheckpointsTest, ACutThatDiesAnywhereIsRefusedUntilItIsDoneAgainINV1) {
  begin_anchor();
  add_notes(20);
  close_signed();
  const Sequence kept{size_ - 4};
  fs::copy(ledger_path(), directory_ / "base", fs::copy_options::recursive);
  fs::copy(anchor(), directory_ / "base-anchor");
  std::uint64_t points = 0, combinations = 0, refusals = 0;
  const auto try_fault = [&](std::uint64_t operation, FaultKind kind, bool power_goes,
                             bool at_open) {
    fs::remove_all(ledger_path());
    fs::copy(directory_ / "base", ledger_path(), fs::copy_options::recursive);
    fs::copy_file(directory_ / "base-anchor", anchor(), fs::copy_options::overwrite_existing);
    fs::remove_all(directory_ / "scratch");
    const auto files = std::make_shared<FaultInjectingFileLayer>(directory_ / "scratch");
    const Fault fault{.operation = operation,
                      .kind = kind,
                      .torn_bytes = 7,
                      .then_crash = at_open,  // the tool ends at its first error by itself
                      .among = at_open ? concerns_superseded : concerns_recovery};
    auto with_files = anchored();
    with_files.files = files;
    std::string why;
    if (!at_open) files->set_fault(fault);
    static_cast<void>(tool(anchor(), files)->truncate_after(kept, true, why));
    if (at_open) {
      files->set_fault(fault);
      static_cast<void>(Ledger::open(with_files, &why));
    }
    const auto failed = files->failed_change();
    if (!failed) return false;
    SCOPED_TRACE(describe(*failed) + (power_goes ? ", power goes" : ""));
    if (power_goes) {
      EXPECT_TRUE(files->drop_unsynced());
    } else {
      files->restart();
    }
    auto opened = Ledger::open(with_files, &why);
    bool is_done = false;
    auto newest = note_;
    if (opened) {
      // Either nothing happened yet, and more is signed now, or all that matters did.
      const Audit audit{**opened};
      is_done = *audit.vkey() != vkey_;
      EXPECT_EQ(!is_done, audit.checkpoint_of(size_).has_value());
      if (!is_done) newest = *audit.wait_for_checkpoint((*opened)->committed(), 10s);
      EXPECT_TRUE((*opened)->close());
      opened->reset();
    } else {
      ++refusals;
      EXPECT_FALSE(why.empty());
    }
    if (!is_done) {
      const auto cut = tool(anchor(), files)->truncate_after(kept, true, why);
      EXPECT_TRUE(cut) << why;
    }
    auto last = Ledger::open(with_files, &why);
    EXPECT_TRUE(last) << why;
    if (!last) return true;
    ledger_ = std::move(*last);
    expect_superseded(newest);
    EXPECT_TRUE(ledger_->close());
    ledger_.reset();
    ++combinations;
    return true;
  };
  for (const bool at_open : {false, true}) {
    for (std::uint64_t operation = 1; operation < kFaultPointsMax; ++operation) {
      bool hit = false;
      for (const auto kind : {FaultKind::not_persisted, FaultKind::persisted})
        hit = try_fault(operation, kind, operation % 2 == 0, at_open) || hit;
      if (!hit || HasFailure()) break;
      ++points;
    }
  }
  std::cout << points << " changes, " << combinations << " deaths, " << refusals
            << " refused to open until the cut was done again\n";
  EXPECT_GT(points, 20u);
  EXPECT_GT(refusals, 10u);
}

}  // namespace
}  // namespace tokenledger
