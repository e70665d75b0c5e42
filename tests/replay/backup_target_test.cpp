// Where a backup is written: what it needs there, what it finds there, and what it leaves.
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <iostream>
#include <set>

#include "storage/directory_lock.hpp"
#include "storage/partial_directory.hpp"
#include "tests/replay/backup_fixture.hpp"
#include "tests/storage/forwarding_files.hpp"

namespace tokenledger {
namespace {

namespace fs = std::filesystem;
using testing_support::contents;
using BackupTarget = testing_support::BackupFixture;

TEST_F(BackupTarget, ATargetThatIsNotEmptyOrLiesWithinTheLedgerIsRefused) {
  const auto before = ledger_->committed();
  EXPECT_EQ(
      make_backup(*ledger_, {.target = directory_ / "ledger/backup", .progress = {}}, why_).error(),
      Errc::invalid_argument);
  fs::create_directory_symlink(directory_ / "ledger", directory_ / "link");
  EXPECT_EQ(
      make_backup(*ledger_, {.target = directory_ / "link/backup", .progress = {}}, why_).error(),
      Errc::invalid_argument);
  fs::create_directory(target());
  testing_support::overwrite(target() / "something", "else");
  EXPECT_EQ(refusal(), Errc::directory_not_empty);
  EXPECT_EQ(contents(target() / "something"), "else");
  fs::remove(target() / "something");
  EXPECT_TRUE(back_up()) << "an empty directory is taken: " << why_;
  EXPECT_EQ(refusal(), Errc::directory_not_empty) << "a backup is never replaced";
  EXPECT_EQ(make_backup(*ledger_, {.target = directory_ / "no/such", .progress = {}}, why_).error(),
            Errc::file_not_found);
  EXPECT_EQ(ledger_->committed(), before);
}

TEST_F(BackupTarget, WhatIsInTheWayOfThePartialNameIsLeftAlone) {
  const auto partial = directory_ / "backup.partial";
  fs::create_directory(partial);
  testing_support::overwrite(partial / "mine", "all");
  EXPECT_EQ(refusal(), Errc::directory_not_empty);
  EXPECT_EQ(contents(partial / "mine"), "all");
  testing_support::overwrite(partial / "backup", "");
  {
    const auto busy = DirectoryLock::acquire(partial);
    EXPECT_EQ(refusal(), Errc::directory_locked);
    EXPECT_EQ(contents(partial / "mine"), "all");
  }
  EXPECT_TRUE(back_up()) << "an attempt that was left behind is used up: " << why_;
  EXPECT_FALSE(fs::exists(partial));
  EXPECT_FALSE(fs::exists(target() / "mine"));
}

TEST_F(BackupTarget, AWholeBackupUnderThePartialNameIsNeverEmptied) {
  ASSERT_TRUE(back_up()) << why_;
  const auto partial = directory_ / "backup.partial";
  fs::rename(target(), partial);
  const auto manifest = contents(partial / "backup");
  EXPECT_EQ(refusal(), Errc::directory_not_empty);
  EXPECT_NE(why_.find("whole backup"), std::string::npos) << why_;
  EXPECT_EQ(contents(partial / "backup"), manifest);
  fs::rename(partial, target());
  EXPECT_TRUE(open_restored(target())) << why_;
}

// From the first copied byte to the name nobody else may begin there.
TEST_F(BackupTarget, TheLockIsHeldInEveryStage) {
  std::set<std::string> stages;
  ASSERT_TRUE(back_up([&](const BackupProgress& at) {
    stages.insert(at.stage);
    const auto other = DirectoryLock::acquire(directory_ / "backup.partial");
    EXPECT_FALSE(other) << at.stage;
    return true;
  })) << why_;
  EXPECT_EQ(stages, (std::set<std::string>{"checkpoint", "copy", "compare", "files", "log"}));
  EXPECT_TRUE(DirectoryLock::acquire(target())) << "and nobody holds it afterwards";
}

TEST_F(BackupTarget, WhatWasLeftBehindIsRemovedAndNothingElse) {
  const auto place = directory_ / "place";
  fs::create_directory(place);
  const auto make = [&](const std::string& name, const std::string& mark) {
    fs::create_directory(place / name);
    fs::create_directory(place / name / "log");
    testing_support::overwrite(place / name / "log/000004.log", "events");
    testing_support::overwrite(place / name / "backup", mark);
  };
  make("left.partial", "");
  make("busy.partial", "");
  make("whole.partial", "tokenledger-backup 1");
  make("named", "");
  fs::create_directory(place / "unmarked.partial");
  const auto busy = DirectoryLock::acquire(place / "busy.partial");
  std::string why;
  EXPECT_EQ(PartialDirectory::remove_left_behind(*files_, place, why), 1u) << why;
  EXPECT_EQ(why, "");
  EXPECT_FALSE(fs::exists(place / "left.partial"));
  for (const auto* name : {"busy.partial", "whole.partial", "named"})
    EXPECT_EQ(contents(place / name / "log/000004.log"), "events") << name;
  EXPECT_TRUE(fs::exists(place / "unmarked.partial"));
}

TEST_F(BackupTarget, TooLittleSpaceIsSaidBeforeAnythingIsWritten) {
  files_->set_free_bytes(1'000'000);
  EXPECT_EQ(refusal(), Errc::storage_low);
  EXPECT_NE(why_.find("MiB"), std::string::npos) << why_;
  EXPECT_FALSE(fs::exists(directory_ / "backup.partial"));
  files_->set_free_bytes(std::nullopt);
  EXPECT_TRUE(back_up()) << why_;
}

// A disk that is full because of what an earlier attempt left there.
class FullDisk final : public testing_support::ForwardingFiles {
 public:
  fs::path left;
  std::uint64_t free_otherwise = 1ull << 30;
  Result<std::uint64_t> free_bytes(const fs::path&) override {
    return !left.empty() && fs::exists(left) ? 1'000 : free_otherwise;
  }
};

TEST_F(BackupTarget, WhatAnEarlierAttemptLeftMakesRoomBeforeSpaceIsLookedFor) {
  const auto disk = std::make_shared<FullDisk>();
  const auto partial = directory_ / "backup.partial";
  ledger_.reset();
  auto opening = options();
  opening.files = disk;
  open(std::move(opening));
  disk->left = partial / "log/000004.log";
  const auto leave_behind = [&] {
    fs::create_directories(partial / "log");
    testing_support::overwrite(partial / "backup", "");
    testing_support::overwrite(disk->left, "many bytes");
  };
  leave_behind();
  disk->free_otherwise = 2'000;
  EXPECT_EQ(refusal(), Errc::storage_low);
  EXPECT_FALSE(fs::exists(partial)) << "keys of an earlier attempt stay behind";
  disk->free_otherwise = 1ull << 30;
  leave_behind();
  EXPECT_TRUE(back_up()) << why_;
  EXPECT_FALSE(fs::exists(partial));
}

// A child process with mounts of its own: 0 when `path`, shown at itself, is refused as a target
// with this word in the sentence, 77 where no mount is allowed.
int refuses_bind_mount(const fs::path& mounted, const fs::path& target, const char* word) {
  const auto child = ::fork();
  if (child == 0) {
    const bool is_apart =
        ::unshare(CLONE_NEWNS) == 0 || ::unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0;
    const bool is_mounted =
        is_apart && ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
        ::mount(mounted.c_str(), mounted.c_str(), nullptr, MS_BIND, nullptr) == 0;
    if (!is_mounted) ::_exit(77);
    std::string why;
    const auto files = make_posix_file_layer();
    const auto made = PartialDirectory::make(*files, target, 0, why);
    const bool is_refused = !made && made.error() == Errc::invalid_argument;
    if (!is_refused || why.find(word) == std::string::npos) std::cerr << why << std::endl;
    ::_exit(is_refused && why.find(word) != std::string::npos ? 0 : 1);
  }
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// Such a directory has the device of its parent; rename would say EBUSY after hours of copying.
TEST(PartialDirectory, ATargetWhereSomethingIsMountedIsRefusedBeforeAnythingIsWritten) {
  const testing_support::TemporaryDirectory place;
  fs::create_directory(place / "target");
  fs::create_directory(place / "other.partial");
  const auto refused = refuses_bind_mount(place / "target", place / "target", "is a mount point");
  if (refused == 77) GTEST_SKIP() << "this system lets nobody mount here";
  EXPECT_EQ(refused, 0);
  EXPECT_EQ(refuses_bind_mount(place / "other.partial", place / "other", "is a mount point"), 0);
  EXPECT_FALSE(fs::exists(place / "target.partial"));
  EXPECT_TRUE(fs::is_empty(place / "other.partial"));
}

}  // namespace
}  // namespace tokenledger
