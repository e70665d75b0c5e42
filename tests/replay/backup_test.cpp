// Backups: taken while the ledger works, verified before they get their name, opened by nothing but
// a restore.
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <random>
#include <set>
#include <thread>

#include "core/checkpoint.hpp"
#include "replay/audit_verify.hpp"
#include "replay/backup.hpp"
#include "storage/audit.hpp"
#include "storage/backup_manifest.hpp"
#include "storage/fault_injection.hpp"
#include "storage/recover_tool.hpp"
#include "tests/replay/backup_fixture.hpp"
#include "tests/storage/forwarding_files.hpp"

namespace tokenledger {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;
using testing_support::contents;

// The key's id in a sealed field.
std::string key_id_of(const Sealed& sealed) { return sealed.bytes.substr(0, OwnerKeyId{}.size()); }

// Of all owners that the log erases.
std::set<std::string> erased_owners(const Ledger& ledger) {
  std::set<std::string> erased;
  for (std::uint64_t seq = 1; seq <= ledger.committed().value(); ++seq) {
    const auto event = decode_event(*ledger.core().log->get(Sequence{seq}));
    if (const auto* gone = std::get_if<OwnerErased>(&event->payload))
      erased.emplace(gone->owner.begin(), gone->owner.end());
  }
  return erased;
}

// Owners whose key is missing although nobody erased them: `erased` may be of a later time.
int owners_without_key(const Ledger& ledger, const std::set<std::string>& erased) {
  int missing = 0;
  for (std::uint64_t seq = 1; seq <= ledger.committed().value(); ++seq) {
    const auto event = decode_event(*ledger.core().log->get(Sequence{seq}));
    const auto* issued = std::get_if<TokenIssued>(&event->payload);
    if (issued == nullptr || issued->owner.bytes.empty() || !ledger.is_erased(issued->owner))
      continue;
    if (!erased.contains(key_id_of(issued->owner))) ++missing;
  }
  return missing;
}

// A disk that writes the first byte of one file of a copy wrong, and says nothing.
class LyingDisk final : public testing_support::ForwardingFiles {
 public:
  std::string victim;  // "log/000004.log"

  Result<std::unique_ptr<File>> create(const fs::path& path) override {
    auto file = ForwardingFiles::create(path);
    const auto is_victim =
        !victim.empty() && path.string().find(".partial/" + victim) != std::string::npos;
    if (!file || !is_victim) return file;
    return std::unique_ptr<File>{new LyingFile{std::move(*file)}};
  }

 private:
  class LyingFile final : public File {
   public:
    explicit LyingFile(std::unique_ptr<File> file) : file_{std::move(file)} {}
    Result<std::size_t> read_at(std::uint64_t at, std::span<std::uint8_t> out) const override {
      return file_->read_at(at, out);
    }
    Result<std::uint64_t> size() const override { return file_->size(); }
    Result<void> append(std::span<const std::uint8_t> bytes) override {
      std::vector<std::uint8_t> changed{bytes.begin(), bytes.end()};
      if (!has_lied_ && !changed.empty()) changed.front() ^= 1;
      has_lied_ = true;
      return file_->append(changed);
    }
    Result<void> write_at(std::uint64_t at, std::span<const std::uint8_t> bytes) override {
      return file_->write_at(at, bytes);
    }
    Result<void> truncate(std::uint64_t size) override { return file_->truncate(size); }
    Result<void> sync() override { return file_->sync(); }
    Result<void> sync_data() override { return file_->sync_data(); }

   private:
    std::unique_ptr<File> file_;
    bool has_lied_ = false;
  };
};

using BackupTest = testing_support::BackupFixture;

TEST_F(BackupTest, HoldsWhatIsNeededAndNothingElse) {
  const auto token = issue(kClient);
  ASSERT_TRUE(ledger_->snapshot());
  ASSERT_TRUE(Audit{*ledger_}.wait_for_checkpoint(ledger_->committed(), 10s));
  testing_support::overwrite(directory_ / "ledger/admin-token", "secret");
  const auto made = back_up();
  ASSERT_TRUE(made) << why_;
  EXPECT_EQ(made->seq, ledger_->committed());
  EXPECT_EQ(made->checkpoint, *Audit{*ledger_}.checkpoint());
  EXPECT_EQ(made->checkpoint_size, made->seq.value()) << "nobody wrote meanwhile";
  EXPECT_EQ(names(target()), (std::vector<std::string>{"HEAD", "audit", "backup", "keyring",
                                                       "keystore", "log", "snapshots"}));
  for (const auto& name : names(target() / "log")) EXPECT_FALSE(name.starts_with("LOG")) << name;
  const auto manifest = parse_backup_manifest(contents(target() / "backup"));
  ASSERT_TRUE(manifest);
  EXPECT_EQ(manifest->seq, made->seq);
  EXPECT_EQ(manifest->bytes(), made->bytes);
  for (const auto& file : manifest->files)
    EXPECT_EQ(fs::file_size(target() / file.name), file.bytes) << file.name;
  constexpr auto kOthers = fs::perms::group_all | fs::perms::others_all;
  for (const auto& entry : fs::recursive_directory_iterator{target()})
    EXPECT_EQ(fs::status(entry).permissions() & kOthers, fs::perms::none) << entry.path();
  EXPECT_EQ(fs::status(target()).permissions() & kOthers, fs::perms::none);
  EXPECT_EQ(fs::hard_link_count(target() / "keyring"), 1u);
}

TEST_F(BackupTest, NothingButRestoreOpensItAsALedger) {
  const auto partial = directory_ / "backup.partial";
  int steps = 0;
  const auto made = back_up([&](const BackupProgress&) {
    ++steps;
    EXPECT_TRUE(fs::exists(partial / "backup")) << "step " << steps;
    return true;
  });
  ASSERT_TRUE(made) << why_;
  EXPECT_GT(steps, 5);
  auto opening = options();
  opening.directory = target();
  EXPECT_EQ(Ledger::open(opening, &why_).error(), Errc::not_a_ledger);
  EXPECT_NE(why_.find("restore"), std::string::npos) << why_;
  EXPECT_EQ(RecoverTool::open({target(), {}, {}, {}, {}}, why_).error(), Errc::not_a_ledger);
}

// INV-1, INV-2: what was acknowledged before the backup began is in it, with its status.
TEST_F(BackupTest, TakenWhileOthersWorkHasAllThatWasAcknowledgedBeforeItBeganINV1INV2) {
  const auto seed = std::random_device{}();
  std::vector<IssuedToken> good, revoked;
  const auto erased = issue_for("erased before");
  for (int i = 0; i < 20; ++i) {
    good.push_back(issue(kClient));
    revoked.push_back(issue(kClient));
    ASSERT_TRUE(ledger_->revoke(revoked.back().index, {}));
  }
  ASSERT_TRUE(ledger_->erase_owner("erased before", {}));
  std::atomic<bool> stops{false};
  std::atomic<int> issued{0}, ended{0}, erasures{0};
  std::jthread worker{[&] {
    std::mt19937_64 random{seed};
    for (int i = 0; !stops; ++i) {
      const auto owner = "owner " + std::to_string(i);
      const auto token = issue_for(owner);
      ++issued;
      if (random() % 2 == 0 && ledger_->revoke(token.index, {})) ++ended;
      if (random() % 8 == 0 && ledger_->erase_owner(owner, {})) ++erasures;
      if (random() % 16 == 0) static_cast<void>(ledger_->snapshot());
    }
  }};
  constexpr int kBackups = 5;
  for (int round = 0; round < kBackups; ++round) {
    const auto before = ledger_->committed();
    fs::remove_all(target());
    const auto made = back_up();
    ASSERT_TRUE(made) << why_;
    EXPECT_GE(made->seq, before);
    EXPECT_LE(made->seq, ledger_->committed());
    auto restored = open_restored(target());
    ASSERT_TRUE(restored) << why_;
    EXPECT_GE((*restored)->committed(), made->seq);
    for (const auto& token : good) EXPECT_TRUE((*restored)->check(token.token, kApi));
    for (const auto& token : revoked) {
      EXPECT_FALSE((*restored)->check(token.token, kApi));
      EXPECT_EQ((*restored)->check_detailed(token.token, kApi).status, TokenStatus::revoked);
    }
    EXPECT_TRUE((*restored)->check(erased.token, kApi)) << "an erasure ends no token";
    EXPECT_EQ(owners_without_key(**restored, erased_owners(*ledger_)), 0)
        << "an event is in the copy and its key is not";
  }
  stops = true;
  worker.join();
  std::cout << "SEED=" << seed << ", " << kBackups << " backups beside " << issued
            << " tokens issued, " << ended << " revoked, " << erasures << " owners erased\n";
  EXPECT_GT(issued.load(), 0);
  EXPECT_EQ(warnings_.find("erased the keys"), std::string::npos)
      << "a backup held the key of an owner whose erasure is in it (INV-8): " << warnings_;
}

TEST_F(BackupTest, WhatADiskWroteWrongIsNoBackupAndTheFileIsNamed) {
  const auto disk = std::make_shared<LyingDisk>();
  ledger_.reset();
  auto opening = options();
  opening.checkpoint_every = 1ms;
  opening.files = disk;
  open(std::move(opening));
  issue(kClient);
  ASSERT_TRUE(ledger_->snapshot());
  ASSERT_TRUE(Audit{*ledger_}.wait_for_checkpoint(ledger_->committed(), 10s));
  ASSERT_TRUE(back_up()) << why_;
  const auto manifest = *parse_backup_manifest(contents(target() / "backup"));
  for (const auto& file : manifest.files) {
    fs::remove_all(target());
    disk->victim = file.name;
    EXPECT_EQ(refusal(), Errc::audit_corrupt) << file.name;
    EXPECT_NE(why_.find(file.name), std::string::npos) << why_;
    EXPECT_FALSE(fs::exists(target())) << file.name << " was damaged and is called a backup";
  }
  EXPECT_GE(manifest.files.size(), 9u);
  disk->victim.clear();
  EXPECT_TRUE(back_up()) << why_;
}

// The digests compare what was copied; that it is a ledger the verification shows.
TEST_F(BackupTest, EveryByteIsVerifiedBeforeItGetsItsName) {
  issue(kClient);
  ASSERT_TRUE(ledger_->snapshot());
  ASSERT_TRUE(Audit{*ledger_}.wait_for_checkpoint(ledger_->committed(), 10s));
  ASSERT_TRUE(back_up()) << why_;
  const auto manifest = *parse_backup_manifest(contents(target() / "backup"));
  const auto partial = directory_ / "backup.partial";
  int places = 0;
  for (const auto& file : manifest.files) {
    // The keyring is loaded before the first stage is told; OPTIONS say nothing of the contents.
    if (file.name.starts_with("log/OPTIONS") || file.name == "keyring") continue;
    fs::remove_all(target());
    bool is_done = false;
    const auto flip = [&](const BackupProgress& at) {
      if (std::string_view{at.stage} != "compare" || is_done) return true;
      is_done = true;
      auto text = contents(partial / file.name);
      text[text.size() / 2] = static_cast<char>(text[text.size() / 2] ^ 0x20);
      std::ofstream{partial / file.name, std::ios::binary} << text;
      return true;
    };
    const auto code = refusal(flip);
    EXPECT_NE(code, Errc{}) << file.name;
    EXPECT_FALSE(fs::exists(target())) << file.name << " was damaged and is called a backup";
    ++places;
  }
  EXPECT_GE(places, 7);
  EXPECT_TRUE(back_up()) << why_;
}

TEST_F(BackupTest, ADamagedLedgerGivesNoBackupAndThePlaceIsNamed) {
  for (int i = 0; i < 300; ++i) ASSERT_TRUE(ledger_->append_note("note", ""));
  ASSERT_TRUE(Audit{*ledger_}.wait_for_checkpoint(ledger_->committed(), 10s));
  const auto level = directory_ / "ledger/audit/level-1";
  auto text = contents(level);
  ASSERT_GE(text.size(), 32u);
  text[3] = static_cast<char>(text[3] ^ 1);
  {
    std::fstream file{level, std::ios::binary | std::ios::in | std::ios::out};
    file << text;
  }
  EXPECT_EQ(refusal(), Errc::audit_corrupt);
  EXPECT_NE(why_.find("the copy does not verify, so nothing is made of it; first at audit/level-1"),
            std::string::npos)
      << "the sentence of a restore: " << why_;
  EXPECT_FALSE(fs::exists(target()));
}

TEST_F(BackupTest, CheckpointSizeSaysHowManyEventsTheCheckpointCovers) {
  ASSERT_TRUE(Audit{*ledger_}.wait_for_checkpoint(ledger_->committed(), 10s));
  const auto before = ledger_->committed();
  bool has_written = false;
  // The history is copied before the cut, so what is appended meanwhile stands behind it.
  const auto made = back_up([&](const BackupProgress& at) {
    if (std::string_view{at.stage} != "copy" || has_written) return true;
    has_written = true;
    EXPECT_TRUE(ledger_->append_note("meanwhile", ""));
    return true;
  });
  ASSERT_TRUE(made) << why_;
  EXPECT_EQ(made->checkpoint_size, parse_checkpoint(parse_note(made->checkpoint)->text)->size);
  EXPECT_GE(made->checkpoint_size, before.value());
  EXPECT_LT(made->checkpoint_size, made->seq.value());
}

TEST_F(BackupTest, OneThatIsStoppedLeavesNoFilesBehind) {
  for (const std::string stage : {"checkpoint", "copy", "compare", "files", "log"}) {
    bool has_stopped = false;
    const auto stop = [&](const BackupProgress& at) {
      has_stopped = has_stopped || at.stage == stage;
      return !has_stopped;
    };
    EXPECT_EQ(refusal(stop), Errc::shutting_down) << stage;
    EXPECT_TRUE(has_stopped) << stage;
    EXPECT_FALSE(fs::exists(target())) << stage;
    for (const auto& entry : fs::recursive_directory_iterator{directory_ / "backup.partial"})
      EXPECT_TRUE(entry.is_directory() || entry.path().filename() == "LOCK" ||
                  entry.path().filename() == "backup")
          << stage << " left " << entry.path();
  }
  EXPECT_TRUE(back_up()) << why_;
}

TEST_F(BackupTest, CloseEndsABackupThatIsBeingMade) {
  std::atomic<bool> has_begun{false};
  std::jthread closer{[&] {
    while (!has_begun) std::this_thread::sleep_for(1ms);
    EXPECT_TRUE(ledger_->close());
  }};
  const auto code = refusal([&](const BackupProgress&) {
    has_begun = true;
    std::this_thread::sleep_for(20ms);
    return true;
  });
  closer.join();
  EXPECT_EQ(code, Errc::shutting_down);
  EXPECT_FALSE(fs::exists(target()));
}

TEST_F(BackupTest, ALedgerThatSignsNothingHasBackupsToo) {
  auto silent = options();
  silent.checkpoint_every = 0ms;
  silent.directory = directory_ / "silent";
  ledger_.reset();
  open(silent);
  const auto made = back_up();
  ASSERT_TRUE(made) << why_;
  EXPECT_TRUE(made->checkpoint.empty());
  EXPECT_EQ(made->checkpoint_size, 0u);
  EXPECT_TRUE(open_restored(target())) << why_;
}

TEST(BackupManifest, IsReadOnlyAsItIsWritten) {
  BackupManifest manifest{.ledger_id = {1, 2, 3}, .seq = Sequence{7}, .made_at = LedgerTime{9}};
  manifest.files = {{"HEAD", 8192, {}}, {"log/000004.log", 17, {5}}};
  const auto text = format_backup_manifest(manifest);
  ASSERT_TRUE(text);
  const auto read = parse_backup_manifest(*text);
  EXPECT_TRUE(read && *read == manifest);
  for (std::size_t at = 0; at < text->size(); ++at) {
    auto changed = *text;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    EXPECT_FALSE(parse_backup_manifest(changed)) << "byte " << at;
    EXPECT_FALSE(parse_backup_manifest(text->substr(0, at))) << "cut at " << at;
  }
  EXPECT_FALSE(parse_backup_manifest(*text + "\n"));
}

TEST(BackupManifest, NamesThatLeadElsewhereAreRefused) {
  for (const auto* name : {"", "..", "../HEAD", "log/../HEAD", "/etc/passwd", "log/a/b", "views/1",
                           "log/", "log/..", ".hidden", "a b", "a\nb"}) {
    BackupManifest manifest{.ledger_id = {}, .seq = {}, .made_at = {}, .files = {{name, 0, {}}}};
    EXPECT_FALSE(format_backup_manifest(manifest)) << name;
  }
  BackupManifest twice{
      .ledger_id = {}, .seq = {}, .made_at = {}, .files = {{"HEAD", 0, {}}, {"HEAD", 0, {}}}};
  EXPECT_FALSE(format_backup_manifest(twice));
}

}  // namespace
}  // namespace tokenledger
