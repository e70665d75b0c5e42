#include "storage/partial_directory.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <string_view>

#include "storage/backup_manifest.hpp"
#include "storage/durable_file.hpp"
#include "storage/ledger_core.hpp"

namespace tokenledger {
namespace {

constexpr std::string_view kPartialSuffix = ".partial";
// Names, directories, and what verifying writes.
constexpr std::uint64_t kSlackBytes = 16ull * 1024 * 1024;

std::string megabytes(std::uint64_t bytes) {
  return std::to_string(bytes / (1024 * 1024) + 1) + " MiB";
}

// Without a slash at its end: "dir/" and "dir" are one target.
std::filesystem::path plain(std::filesystem::path path) {
  return path.has_filename() ? path : path.parent_path();
}

Result<std::uint64_t> mark_size(FileLayer& files, const std::filesystem::path& directory) {
  const auto mark = files.open_for_reading(LedgerPaths{directory}.backup);
  return mark ? (*mark)->size() : Result<std::uint64_t>{mark.error()};
}
// A mark that is missing or can't be read is neither.
bool has_empty_mark(FileLayer& files, const std::filesystem::path& directory) {
  const auto size = mark_size(files, directory);
  return size && *size == 0;
}
bool has_whole_mark(FileLayer& files, const std::filesystem::path& directory) {
  const auto size = mark_size(files, directory);
  return size && *size != 0;
}

// A ledger that was opened has more, its views for one.
bool is_made_by_restore(const std::string& name) {
  constexpr std::string_view kNames[] = {"LOCK", "HEAD",     "audit",     "backup",    "keyring",
                                         "log",  "keystore", "snapshots", "superseded"};
  return std::ranges::find(kNames, name) != std::end(kNames) || name.starts_with("audit.aside-");
}

// Whether another mount or file system begins at `path`. A bind mount has the device of what it
// shows, so only statx tells (since Linux 5.8); part of a file system may have a device of its own.
bool is_mount_point(const std::filesystem::path& path) {
  struct statx there{};
  constexpr int kFlags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT;
  if (::statx(AT_FDCWD, path.c_str(), kFlags, STATX_BASIC_STATS, &there) != 0)
    return false;  // nothing, or who writes there will see
  if ((there.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0) return true;
  struct stat at{};
  struct stat above{};
  return ::lstat(path.c_str(), &at) == 0 && S_ISDIR(at.st_mode) &&
         (::stat(parent_directory(path).c_str(), &above) != 0 || at.st_dev != above.st_dev);
}

// What keeps a renamed directory from taking this name; empty: nothing does.
std::string why_not_renamed_to(const std::filesystem::path& path) {
  const auto name = path.filename();
  if (name.empty() || name == "." || name == "..") return "is no name of its own";
  struct stat there{};
  if (::lstat(path.c_str(), &there) == 0 && S_ISLNK(there.st_mode)) return "is a link";
  return is_mount_point(path) ? "is a mount point, and nothing can be renamed to one" : "";
}

// RocksDB's journal of an opening; no part of the log.
bool is_journal(const std::string& name) { return name == "LOG" || name.starts_with("LOG.old"); }

}  // namespace

std::filesystem::path partial_path(const std::filesystem::path& target) {
  auto path = plain(target);
  path += kPartialSuffix;
  return path;
}

bool lies_within(const std::filesystem::path& inner, const std::filesystem::path& outer) {
  std::error_code error;
  const auto below = std::filesystem::weakly_canonical(plain(inner), error);
  if (error) return true;  // nobody can say
  const auto above = std::filesystem::weakly_canonical(plain(outer), error);
  if (error) return true;
  return std::mismatch(above.begin(), above.end(), below.begin(), below.end()).first == above.end();
}

Result<void> make_folder_of(FileLayer& files, const std::filesystem::path& file) {
  const auto made = files.make_directory(file.parent_path());
  return made || made.error() == Errc::file_exists ? Result<void>{} : made;
}

PartialDirectory::PartialDirectory(FileLayer& files, std::filesystem::path target)
    : files_{files}, target_{std::move(target)}, path_{partial_path(target_)} {}

// What is left of it after an error holds nothing any more; directories stay for the next try. The
// mark is emptied first: what is half removed must not pass for a whole backup.
PartialDirectory::~PartialDirectory() {
  if (!is_ours_ || is_published_ || !has_lock_in(path_)) return;
  // Whole and verified: that it could not be given its name takes nothing away from it.
  if (has_whole_mark(files_, path_)) return;
  const auto emptied = write_durably(files_, LedgerPaths{path_}.backup, {});
  if (emptied || has_empty_mark(files_, path_)) static_cast<void>(clear());
}

Result<std::unique_ptr<PartialDirectory>> PartialDirectory::make(
    FileLayer& files, const std::filesystem::path& target, std::uint64_t bytes, std::string& why) {
  const auto path = plain(target);
  if (const auto what = why_not_renamed_to(path); !what.empty()) {
    why = path.string() + " " + what + ": name a new directory in it or beside it";
    return Errc::invalid_argument;
  }
  if (const auto growing = partial_path(path); is_mount_point(growing)) {
    why = growing.string() +
          ", where it would grow, is a mount point, and nothing can be renamed "
          "from one: unmount it, or name another directory";
    return Errc::invalid_argument;
  }
  std::unique_ptr<PartialDirectory> made{new PartialDirectory{files, path}};
  if (auto prepared = made->prepare(bytes, why); !prepared) return prepared.error();
  return made;
}

// What an earlier attempt left goes first: where space is short, that is what fills it.
Result<void> PartialDirectory::prepare(std::uint64_t bytes, std::string& why) {
  const auto there = files_.exists(target_);
  if (!there) {
    why = "can't look at " + target_.string();
    return there.error();
  }
  if (*there) {
    if (auto taken = take_back_target(why); !taken) return taken;
  }
  const auto left = files_.exists(path_);
  if (!left) {
    why = "can't look at " + path_.string();
    return left.error();
  }
  if (*left) {
    if (auto begun = begin(why); !begun) return begun;
  }
  if (auto looked = look_for_space(bytes, why); !looked) {
    if (is_ours_) static_cast<void>(remove());
    return looked;
  }
  return *left ? Result<void>{} : begin(why);
}

Result<void> PartialDirectory::look_for_space(std::uint64_t bytes, std::string& why) {
  const auto parent = parent_directory(path_);
  const auto free = files_.free_bytes(parent);
  if (!free) {
    why = "can't use " + parent.string() + ": make it, or name another directory";
    return free.error();
  }
  if (bytes <= *free && *free - bytes >= kSlackBytes) return {};
  why = megabytes(bytes) + " and some more are needed in " + parent.string() + ", and " +
        megabytes(*free) + " are free";
  return Errc::storage_low;
}

// An empty directory may stay; what a killed restore left gets the partial name again.
Result<void> PartialDirectory::take_back_target(std::string& why) {
  const auto names = files_.list(target_);
  if (names && names->empty()) return {};
  const auto refuse = [&](Errc code) -> Result<void> {
    why = code == Errc::directory_locked
              ? "another process is at work in " + target_.string()
              : target_.string() + " is there and not an empty directory: name another one";
    return code;
  };
  const bool is_unfinished =
      names && std::ranges::all_of(*names, is_made_by_restore) && has_empty_mark(files_, target_);
  if (!is_unfinished) return refuse(Errc::directory_not_empty);
  const auto lock = DirectoryLock::acquire(target_);
  if (!lock) return refuse(Errc::directory_locked);
  if (!has_empty_mark(files_, target_)) return refuse(Errc::directory_not_empty);
  if (auto renamed = files_.rename(target_, path_, FileLayer::Replace::no); !renamed) {
    why = "can't use up " + target_.string() +
          ", which a restore left unfinished: " + renamed.error().message() + "; remove it";
    return renamed;
  }
  return files_.sync_directory(parent_directory(target_));
}

Result<void> PartialDirectory::begin(std::string& why) {
  const auto fail = [&](boost::system::error_code error) -> Result<void> {
    why = "can't make " + path_.string() + ": " + error.message();
    return error;
  };
  const auto made = files_.make_directory(path_);
  if (!made && made.error() != Errc::file_exists) return fail(made.error());
  // Looked at before the lock, whose file would be made in any directory, and again under it.
  if (!made) {
    if (auto looked = look_at_what_is_there(why); !looked) return looked;
  }
  auto lock = DirectoryLock::acquire(path_);
  if (!lock) {
    if (lock.error() == Errc::directory_locked)
      why = "another process is at work in " + path_.string();
    return lock.error() == Errc::directory_locked ? lock.error() : fail(lock.error()).error();
  }
  lock_.emplace(std::move(*lock));
  struct stat file{};
  if (::lstat(LedgerPaths{path_}.lock.c_str(), &file) != 0) return fail(Errc::io_error);
  lock_device_ = file.st_dev;
  lock_number_ = file.st_ino;
  if (auto looked = look_at_what_is_there(why); !looked) return looked;
  is_ours_ = true;
  // The mark before everything else: a crash at any later point leaves what no ledger opens.
  if (auto marked = write_durably(files_, LedgerPaths{path_}.backup, {}); !marked)
    return fail(marked.error());
  if (auto cleared = clear(); !cleared) return fail(cleared.error());
  return {};
}

bool PartialDirectory::has_lock_in(const std::filesystem::path& directory) const {
  struct stat file{};
  return ::lstat(LedgerPaths{directory}.lock.c_str(), &file) == 0 && file.st_dev == lock_device_ &&
         file.st_ino == lock_number_;
}

// Only what has an empty mark may be used up, or nothing at all but what comes before the mark.
Result<void> PartialDirectory::look_at_what_is_there(std::string& why) {
  const auto names = files_.list(path_);
  const bool is_bare = names && std::ranges::all_of(*names, [](const std::string& name) {
                         return name == DirectoryLock::kFileName || name == "backup.new";
                       });
  if (is_bare || has_empty_mark(files_, path_)) return {};
  const bool has_mark = names && std::ranges::find(*names, "backup") != names->end();
  why = path_.string() + (has_mark ? " is a whole backup: rename it, or move it away"
                                   : " is in the way, and no attempt of ours left it: move it "
                                     "away");
  return Errc::directory_not_empty;
}

// The mark stays, so that the next attempt knows what this is.
Result<void> PartialDirectory::clear() {
  const auto names = files_.list(path_);
  if (!names) return names.error();
  const LedgerPaths paths{path_};
  for (const auto& name : *names) {
    const auto path = path_ / name;
    std::error_code error;
    if (std::filesystem::is_directory(std::filesystem::symlink_status(path, error))) {
      if (auto emptied = remove_files(path); !emptied) return emptied;
      std::filesystem::remove(path, error);  // one that stays holds nothing
    } else if (path != paths.backup && path != paths.lock) {
      if (auto removed = files_.remove(path); !removed) return removed;
    }
  }
  return files_.sync_directory(path_);
}

Result<void> PartialDirectory::remove_files(const std::filesystem::path& directory) {
  const auto names = files_.list(directory);
  if (!names) return names.error();
  for (const auto& name : *names) {
    if (auto removed = files_.remove(directory / name); !removed) return removed;
  }
  return files_.sync_directory(directory);
}

Result<void> PartialDirectory::sync_names() {
  for (const auto folder : kBackupFolders) {
    const auto there = files_.exists(path_ / folder);
    if (!there) return there.error();
    if (!*there) continue;
    if (auto synced = files_.sync_directory(path_ / folder); !synced) return synced;
  }
  return files_.sync_directory(path_);
}

Result<void> PartialDirectory::remove_traces() {
  const LedgerPaths paths{path_};
  const auto names = files_.list(paths.log);
  if (!names) return names.error();
  for (const auto& name : *names) {
    if (!is_journal(name)) continue;
    if (auto removed = files_.remove(paths.log / name); !removed) return removed;
  }
  return {};
}

Result<void> PartialDirectory::publish(Mark mark, std::string& why) {
  const auto fail = [&](boost::system::error_code error, std::string sentence) -> Result<void> {
    why = std::move(sentence) + ": " + error.message();
    return is_published_ ? boost::system::error_code{Errc::unknown_outcome} : error;
  };
  const auto advice = mark == Mark::stays ? ", where the whole backup stands: rename it" : "";
  if (auto removed = remove_traces(); !removed)
    return fail(removed.error(), "can't finish " + path_.string() + advice);
  if (auto synced = sync_names(); !synced)
    return fail(synced.error(), "can't make " + path_.string() + " durable");
  // A crash here leaves everything under the partial name.
  if (auto named = take_name(); !named) {
    return fail(named.error(), is_published_
                                   ? target_.string() +
                                         " stands there; its name may not "
                                         "survive a power cut"
                                   : "can't give " + path_.string() + " its name" + advice);
  }
  if (mark == Mark::stays) {
    std::error_code error;  // a lock that stays there says nothing
    std::filesystem::remove(LedgerPaths{target_}.lock, error);
    return {};
  }
  // A crash here leaves a ledger that does not open; the next restore uses it up.
  if (auto removed = remove_mark(); !removed) {
    return fail(removed.error(), target_.string() +
                                     " stands there, but a power cut may bring back "
                                     "its mark, with which it does not open: "
                                     "restore again where it does not");
  }
  return {};
}

// An empty directory is replaced, and nothing else: that is how rename treats directories. What the
// lock is of afterwards tells whether it happened.
Result<void> PartialDirectory::take_name() {
  const auto renamed = files_.rename(path_, target_, FileLayer::Replace::yes);
  is_published_ = has_lock_in(target_);
  if (!renamed) return renamed;
  return files_.sync_directory(parent_directory(target_));
}

Result<void> PartialDirectory::remove_mark() {
  if (auto removed = files_.remove(LedgerPaths{target_}.backup); !removed) return removed;
  return files_.sync_directory(target_);
}

// Under the lock, whose file goes last.
Result<void> PartialDirectory::remove() {
  if (auto cleared = clear(); !cleared) return cleared;
  if (auto removed = files_.remove(LedgerPaths{path_}.backup); !removed) return removed;
  std::error_code error;
  std::filesystem::remove(path_ / DirectoryLock::kFileName, error);
  std::filesystem::remove(path_, error);
  if (error) return Errc::io_error;
  return files_.sync_directory(parent_directory(path_));
}

std::uint64_t PartialDirectory::remove_left_behind(FileLayer& files,
                                                   const std::filesystem::path& directory,
                                                   std::string& why) {
  const auto names = files.list(directory);
  if (!names) {
    why = "can't look into " + directory.string() + ": " + names.error().message();
    return 0;
  }
  std::uint64_t count = 0;
  for (const auto& name : *names) {
    if (!name.ends_with(kPartialSuffix)) continue;
    PartialDirectory left{files, directory / name.substr(0, name.size() - kPartialSuffix.size())};
    std::error_code error;
    const auto status = std::filesystem::symlink_status(left.path_, error);
    if (!std::filesystem::is_directory(status) || !has_empty_mark(files, left.path_)) continue;
    auto lock = DirectoryLock::acquire(left.path_);
    // Whoever holds it is at work there, and may have finished before we held it.
    if (!lock || !has_empty_mark(files, left.path_)) continue;
    left.lock_.emplace(std::move(*lock));
    if (auto removed = left.remove())
      ++count;
    else
      why = "can't remove " + left.path_.string() + ": " + removed.error().message();
  }
  return count;
}

}  // namespace tokenledger
