// Restores: which checkpoint key a restored ledger signs with, and what is refused.
#include <gtest/gtest.h>

#include <fstream>
#include <iostream>
#include <map>

#include "core/checkpoint.hpp"
#include "core/sha256.hpp"
#include "replay/audit_verify.hpp"
#include "replay/backup.hpp"
#include "replay/restore.hpp"
#include "storage/audit.hpp"
#include "storage/backup_manifest.hpp"
#include "tests/storage/forwarding_files.hpp"
#include "tests/storage/ledger_fixture.hpp"
#include "tests/storage/superseded_notes.hpp"

namespace tokenledger {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;
using testing_support::contents;

constexpr const char* kClient = "client-of-restores";

void copy_directory(const fs::path& from, const fs::path& to) {
  fs::remove_all(to);
  fs::copy(from, to, fs::copy_options::recursive);
}

// A ledger with an anchor that was backed up and then went on:
//   early  <  the backup's end  <  late
// `anchor_at_backup` is the anchor as it was then, `anchor` as it is now.
class RestoreTest : public testing_support::LedgerTest {
 protected:
  void SetUp() override {
    auto made = at(directory_ / "ledger");
    made.anchor = anchor();
    open(std::move(made));
    add_api();
    add_client(kClient);
    before_ = issue(kClient);
    vkey_ = *Audit{*ledger_}.vkey();
    early_ = sign();
    ASSERT_TRUE(ledger_->append_note("note", ""));
    at_backup_ = sign();
    fs::copy_file(anchor(), anchor_at_backup());
    std::string why;
    const auto made_backup = make_backup(*ledger_, {.target = backup(), .progress = {}}, why);
    ASSERT_TRUE(made_backup) << why;
    end_ = made_backup->seq;
    after_ = issue(kClient);
    ASSERT_TRUE(ledger_->revoke(before_.index, {}));
    late_ = sign();
  }
  LedgerOptions at(const fs::path& directory) {
    auto made = options();
    made.directory = directory;
    made.checkpoint_every = 1ms;
    made.snapshot_every = 0;
    made.lane_capacities.fill(kChunkTokens);
    return made;
  }
  fs::path backup() const { return directory_ / "backup"; }
  fs::path target() const { return directory_ / "restored"; }
  fs::path anchor() const { return directory_ / "anchor"; }
  fs::path anchor_at_backup() const { return directory_ / "anchor-at-backup"; }
  std::string sign() { return *Audit{*ledger_}.wait_for_checkpoint(ledger_->committed(), 10s); }
  RestoreOptions how(const std::string& checkpoint = {}, const fs::path& with_anchor = {}) const {
    return {.backup = backup(),
            .target = target(),
            .keyring_key_file = {},
            .vkey = {},
            .checkpoint = checkpoint,
            .anchor = with_anchor,
            .files = {},
            .progress = {}};
  }
  Result<Restored> restore(const RestoreOptions& options) {
    fs::remove_all(target());
    why_.clear();
    auto restored = restore_backup(options, why_);
    EXPECT_EQ(restored.has_value(), why_.empty()) << why_;
    EXPECT_EQ(restored.has_value(), fs::exists(target()));
    return restored;
  }
  Errc refusal(const RestoreOptions& options) {
    const auto restored = restore(options);
    return restored ? Errc{} : to_errc(restored.error());
  }
  std::unique_ptr<Ledger> open_restored(const fs::path& with_anchor = {}) {
    auto opening = at(target());
    opening.anchor = with_anchor;
    auto opened = Ledger::open(std::move(opening), &why_);
    EXPECT_TRUE(opened) << why_;
    return opened ? std::move(*opened) : nullptr;
  }
  static std::uint64_t size_of(const std::string& note) {
    return parse_checkpoint(parse_note(note)->text)->size;
  }
  void expect_verified(const std::string& vkey) {
    const auto report = verify_audit({.directory = target(), .vkey = vkey}, why_);
    ASSERT_TRUE(report) << why_;
    for (const auto& difference : report->differences)
      ADD_FAILURE() << difference.place << ": " << difference.what;
  }
  // Another origin, and the log says once what the old one signed last.
  void expect_new_key(const RestoreOptions& options, const std::string& superseded) {
    const auto restored = restore(options);
    ASSERT_TRUE(restored) << why_;
    EXPECT_FALSE(restored->keeps_key);
    EXPECT_NE(restored->vkey, vkey_);
    EXPECT_EQ(restored->superseded, superseded);
    EXPECT_EQ(restored->superseded_size, size_of(superseded));
    expect_verified(restored->vkey);
    for (int opening = 0; opening < 2; ++opening) {
      const auto ledger = open_restored();
      ASSERT_NE(ledger, nullptr);
      EXPECT_EQ(*Audit{*ledger}.vkey(), restored->vkey);
      EXPECT_EQ(testing_support::superseded_notes(*ledger), std::vector{superseded});
      const auto note = Audit{*ledger}.wait_for_checkpoint(ledger->committed(), 10s);
      ASSERT_TRUE(note);
      EXPECT_FALSE(open_checkpoint(*note, *NoteVerifier::from_vkey(vkey_)))
          << "the old key must sign no second history";
    }
    expect_verified(restored->vkey);
  }
  void expect_same_key(const RestoreOptions& options) {
    const auto restored = restore(options);
    ASSERT_TRUE(restored) << why_;
    EXPECT_TRUE(restored->keeps_key);
    EXPECT_EQ(restored->vkey, vkey_);
    EXPECT_TRUE(restored->superseded.empty());
    expect_verified(vkey_);
    const auto ledger = open_restored(options.anchor);
    ASSERT_NE(ledger, nullptr);
    EXPECT_TRUE(testing_support::superseded_notes(*ledger).empty());
    EXPECT_EQ(*Audit{*ledger}.checkpoint_of(size_of(at_backup_)), at_backup_);
    ASSERT_TRUE(Audit{*ledger}.wait_for_checkpoint(ledger->committed(), 10s));
  }

  IssuedToken before_, after_;
  std::string vkey_, early_, at_backup_, late_, why_;
  Sequence end_;
};

TEST_F(RestoreTest, WithoutAnAnchorTheKeyIsNewAndTheLastCheckpointIsNotedINV1) {
  expect_new_key(how(), at_backup_);
}

TEST_F(RestoreTest, AKeptCheckpointAloneShowsNothingOfWhatWasSignedLater) {
  expect_new_key(how(early_), at_backup_);
  expect_new_key(how(at_backup_), at_backup_);
}

TEST_F(RestoreTest, AnAnchorThatTheBackupCoversKeepsTheKey) {
  expect_same_key(how({}, anchor_at_backup()));
}

TEST_F(RestoreTest, AKeptCheckpointThatAgreesWithTheAnchorKeepsTheKey) {
  expect_same_key(how(early_, anchor_at_backup()));
}

TEST_F(RestoreTest, AnAnchorBeyondTheBackupMeansANewKeyAndIsNoted) {
  const auto before = contents(anchor());
  expect_new_key(how({}, anchor()), late_);
  EXPECT_EQ(contents(anchor()), before) << "the anchor may belong to a ledger that lives";
}

TEST_F(RestoreTest, AKeptCheckpointBeyondTheBackupMeansANewKeyAndIsNoted) {
  expect_new_key(how(late_), late_);
  expect_new_key(how(late_, anchor_at_backup()), late_);
}

TEST_F(RestoreTest, AnAnchorThatIsOlderThanTheBackupsHistoryProvesNothing) {
  const auto stale = directory_ / "stale";
  testing_support::overwrite(stale, early_);
  expect_new_key(how({}, stale), at_backup_);
}

// What it signed before it had one, and after the backup, the anchor need not have seen.
TEST_F(RestoreTest, AnAnchorThatTheBackupKnowsNothingOfProvesNothing) {
  ledger_.reset();
  auto made = at(directory_ / "without");
  open(std::move(made));
  ASSERT_TRUE(ledger_->append_note("note", ""));
  vkey_ = *Audit{*ledger_}.vkey();
  const auto newest = sign();
  ASSERT_TRUE(make_backup(*ledger_, {.target = directory_ / "early", .progress = {}}, why_));
  const auto given = directory_ / "given";
  testing_support::overwrite(given, newest);
  auto options = how({}, given);
  options.backup = directory_ / "early";
  expect_new_key(options, newest);
  EXPECT_FALSE(restore(options)->had_anchor);
}

TEST_F(RestoreTest, ANewKeyHasNoAnchorYetAndOneThatStaysHasOne) {
  const auto awaits_anchor = [&] { return Audit{*open_restored()}.awaits_keeper(); };
  ASSERT_TRUE(restore(how()));
  EXPECT_FALSE(awaits_anchor());
  ASSERT_TRUE(restore(how({}, anchor_at_backup())));
  EXPECT_TRUE(awaits_anchor());
}

TEST_F(RestoreTest, AnEmptyAnchorProvesNothing) {
  const auto empty = directory_ / "empty";
  testing_support::overwrite(empty, "");
  expect_new_key(how({}, empty), at_backup_);
}

TEST_F(RestoreTest, WhatSawAnotherHistoryOrIsOfAnotherLogIsRefused) {
  // The backup goes on by itself, under the same key: what it signs contradicts the ledger.
  ASSERT_TRUE(restore(how({}, anchor_at_backup())));
  const auto branch = open_restored(anchor_at_backup());
  ASSERT_TRUE(branch->append_note("another way", ""));
  const auto contradicting = *Audit{*branch}.wait_for_checkpoint(branch->committed(), 10s);
  std::string why;
  const auto longer = directory_ / "longer";
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(ledger_->append_note("note", ""));
  ASSERT_TRUE(make_backup(*ledger_, {.target = longer, .progress = {}}, why)) << why;
  ASSERT_TRUE(branch->close());
  auto options = how(contradicting);
  options.backup = longer;
  EXPECT_EQ(refusal(options), Errc::root_mismatch);
  EXPECT_NE(why_.find("seq " + std::to_string(size_of(contradicting))), std::string::npos) << why_;
  options = how({}, anchor_at_backup());  // the branch has overwritten it
  options.backup = longer;
  EXPECT_EQ(refusal(options), Errc::root_mismatch);

  EXPECT_EQ(refusal(how("no note at all")), Errc::audit_corrupt);
  auto changed = early_;
  changed[changed.size() - 5] = changed[changed.size() - 5] == 'A' ? 'B' : 'A';
  EXPECT_EQ(refusal(how(changed)), Errc::audit_corrupt) << "a bad signature";
  const auto other_log = directory_ / "other-anchor";
  testing_support::overwrite(other_log, changed);
  EXPECT_EQ(refusal(how({}, other_log)), Errc::audit_corrupt);
  EXPECT_EQ(refusal(how({}, directory_ / "no-such-anchor")), Errc::file_not_found);
  auto with_key = how();
  with_key.vkey = vkey_;
  EXPECT_TRUE(restore(with_key)) << why_;
  const auto stranger = NoteSigner::from_seed("other.example/log", NoteKeyType::ed25519,
                                              std::array<std::uint8_t, 32>{7});
  with_key.vkey = stranger->verifier().vkey();
  EXPECT_EQ(refusal(with_key), Errc::audit_corrupt) << "of another log than the vkey says";
  with_key.vkey = "nonsense";
  EXPECT_NE(refusal(with_key), Errc{});
}

TEST_F(RestoreTest, TargetsThatAreNotEmptyAndPlacesWithoutABackupAreRefused) {
  fs::create_directory(target());
  testing_support::overwrite(target() / "mine", "all");
  std::string why;
  EXPECT_EQ(restore_backup(how(), why).error(), Errc::directory_not_empty);
  EXPECT_EQ(contents(target() / "mine"), "all");
  auto options = how();
  options.target = backup() / "inside";
  EXPECT_EQ(restore_backup(options, why).error(), Errc::invalid_argument);
  options.target = directory_.path();  // around it
  EXPECT_EQ(restore_backup(options, why).error(), Errc::invalid_argument);
  const auto moved = directory_ / "moved.partial";
  copy_directory(backup(), moved);
  options = how();
  options.backup = moved;
  options.target = directory_ / "moved";
  EXPECT_EQ(restore_backup(options, why).error(), Errc::invalid_argument) << "it would be emptied";
  options.backup = backup();
  EXPECT_EQ(restore_backup(options, why).error(), Errc::directory_not_empty) << "a whole one";
  EXPECT_NE(why.find("whole backup"), std::string::npos) << why;
  EXPECT_TRUE(restore_backup({.backup = moved, .target = directory_ / "from-moved"}, why)) << why;
  options = how();
  options.backup = directory_ / "nowhere";
  EXPECT_EQ(restore_backup(options, why).error(), Errc::not_a_ledger);
  options.backup = directory_ / "ledger";
  EXPECT_EQ(restore_backup(options, why).error(), Errc::not_a_ledger);
  options.backup = directory_ / "begun";
  copy_directory(backup(), options.backup);
  testing_support::overwrite(options.backup / "backup", "");
  EXPECT_EQ(restore_backup(options, why).error(), Errc::not_a_ledger) << "was never finished";
}

TEST_F(RestoreTest, ABackupThatWasChangedIsRefusedAndTheFileIsNamed) {
  const auto manifest = *parse_backup_manifest(contents(backup() / "backup"));
  const auto tampered = directory_ / "tampered";
  auto options = how();
  options.backup = tampered;
  int changes = 0;
  for (const auto& file : manifest.files) {
    const auto path = tampered / file.name;
    for (const auto* change : {"flip", "cut", "longer", "missing"}) {
      copy_directory(backup(), tampered);
      auto text = contents(path);
      if (std::string_view{change} == "flip") text[text.size() / 2] ^= 4;
      if (std::string_view{change} == "cut") text.pop_back();
      if (std::string_view{change} == "longer") text += '\0';
      std::string_view{change} == "missing" ? void(fs::remove(path))
                                            : testing_support::overwrite(path, text);
      EXPECT_EQ(refusal(options), Errc::audit_corrupt) << change << " " << file.name;
      EXPECT_NE(why_.find(file.name), std::string::npos) << change << ": " << why_;
      ++changes;
    }
  }
  EXPECT_GT(changes, 20);
  std::cout << changes << " changes of " << manifest.files.size() << " files refused\n";
}

// Whoever rewrites the list too is found by the verification, as far as it goes.
TEST_F(RestoreTest, AChangeThatTheListAgreesWithIsFoundByTheVerification) {
  const auto tampered = directory_ / "tampered";
  copy_directory(backup(), tampered);
  auto manifest = *parse_backup_manifest(contents(backup() / "backup"));
  for (auto& file : manifest.files) {
    if (!file.name.ends_with(".log")) continue;
    auto text = contents(tampered / file.name);
    text[text.size() / 2] ^= 1;
    testing_support::overwrite(tampered / file.name, text);
    file.sha256 = sha256(text);
  }
  testing_support::overwrite(tampered / "backup", *format_backup_manifest(manifest));
  auto options = how();
  options.backup = tampered;
  EXPECT_EQ(refusal(options), Errc::audit_corrupt);
  EXPECT_NE(why_.find("the copy does not verify, so nothing is made of it; first at log/"),
            std::string::npos)
      << "the sentence of a backup: " << why_;
}

// What was looked at before the copy is what decides after it, whoever replaces the file meanwhile.
TEST_F(RestoreTest, TheAnchorIsReadOnce) {
  class Counting final : public testing_support::ForwardingFiles {
   public:
    Result<std::unique_ptr<File>> open_for_reading(const fs::path& path) override {
      auto file = ForwardingFiles::open_for_reading(path);
      if (path == anchor && ++count == 1) testing_support::overwrite(anchor, after);
      return file;
    }
    fs::path anchor;
    std::string after;
    int count = 0;
  };
  const auto files = std::make_shared<Counting>();
  files->anchor = anchor_at_backup();
  files->after = late_;  // with which the key would be a new one
  auto options = how({}, anchor_at_backup());
  options.files = files;
  const auto restored = restore(options);
  ASSERT_TRUE(restored) << why_;
  EXPECT_EQ(files->count, 1);
  EXPECT_TRUE(restored->keeps_key);
}

TEST_F(RestoreTest, ATargetThatNothingCanBeRenamedToIsRefusedBeforeAnythingIsCopied) {
  fs::create_directory(directory_ / "real");
  fs::create_directory_symlink(directory_ / "real", directory_ / "link");
  for (const auto& wrong : {directory_ / "link", directory_ / "real/.", directory_ / "real/..",
                            fs::path{"."}, fs::path{"/"}, fs::path{"/proc"}}) {
    auto options = how();
    options.target = wrong;
    int steps = 0;
    options.progress = [&](const BackupProgress&) { ++steps; };
    std::string why;
    EXPECT_EQ(restore_backup(options, why).error(), Errc::invalid_argument) << wrong << why;
    EXPECT_EQ(steps, 0) << wrong;
  }
  auto options = how("no note at all");
  options.progress = [&](const BackupProgress&) { ADD_FAILURE() << "copied before it was read"; };
  EXPECT_EQ(refusal(options), Errc::audit_corrupt);
  EXPECT_FALSE(fs::exists(directory_ / "restored.partial"));
}

// A process that dies between the two leaves a ledger with its mark under the target's name.
TEST_F(RestoreTest, ATargetWhoseMarkStandsIsUsedUpUnlessSomethingElseIsInIt) {
  ASSERT_TRUE(restore(how()));
  testing_support::overwrite(target() / "backup", "");
  auto opening = at(target());
  EXPECT_FALSE(Ledger::open(opening, &why_));
  fs::create_directory(target() / "views");  // somebody opened it
  EXPECT_EQ(restore_backup(how(), why_).error(), Errc::directory_not_empty);
  fs::remove(target() / "views");
  {
    const auto busy = DirectoryLock::acquire(target());
    EXPECT_EQ(restore_backup(how(), why_).error(), Errc::directory_locked);
  }
  const auto restored = restore_backup(how(), why_);
  ASSERT_TRUE(restored) << why_;
  expect_verified(restored->vkey);
}

// design, jti: a jti never names two tokens, whatever was issued after the backup.
TEST_F(RestoreTest, TokensIssuedAfterTheBackupAreUnknownAndTheirJtisNeverComeBack) {
  ASSERT_TRUE(restore(how())) << why_;
  const auto ledger = open_restored();
  ASSERT_NE(ledger, nullptr);
  EXPECT_TRUE(ledger->check(before_.token, kApi)) << "its revocation came after the backup";
  EXPECT_FALSE(ledger->check(after_.token, kApi));
  EXPECT_EQ(ledger->check_detailed(after_.token, kApi).status, TokenStatus::unknown);
  bool met_same_index = false;
  for (int i = 0; i < 64; ++i) {
    IssueRequest request;
    request.client_id = kClient;
    request.audience = kApi;
    request.lifetime_s = 3'600;
    const auto issued = ledger->issue(std::move(request));
    ASSERT_TRUE(issued);
    EXPECT_NE(issued->jti, after_.jti);
    met_same_index = met_same_index || issued->index == after_.index;
  }
  EXPECT_TRUE(met_same_index) << "the index is used again, under another incarnation";
  EXPECT_EQ(ledger->check_detailed(after_.token, kApi).status, TokenStatus::unknown);
}

TEST_F(RestoreTest, ABackupIsOnlyReadAndCanBeRestoredTwice) {
  std::map<std::string, std::string> before;
  for (const auto& entry : fs::recursive_directory_iterator{backup()})
    if (entry.is_regular_file()) before[entry.path().string()] = contents(entry.path());
  ASSERT_TRUE(restore(how()));
  const auto first = *Audit{*open_restored()}.vkey();
  ASSERT_TRUE(restore(how()));
  EXPECT_NE(*Audit{*open_restored()}.vkey(), first) << "two restores are two logs";
  std::map<std::string, std::string> after;
  for (const auto& entry : fs::recursive_directory_iterator{backup()})
    if (entry.is_regular_file()) after[entry.path().string()] = contents(entry.path());
  EXPECT_EQ(before, after);
}

}  // namespace
}  // namespace tokenledger
