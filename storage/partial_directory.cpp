#include "storage/partial_directory.hpp"

#include <algorithm>

#include "storage/backup_manifest.hpp"
#include "storage/durable_file.hpp"
#include "storage/ledger_core.hpp"

namespace tokenledger {
namespace {

constexpr const char* kPartialSuffix = ".partial";
// Names, directories, and what verifying writes.
constexpr std::uint64_t kSlackBytes = 16ull * 1024 * 1024;

std::string megabytes(std::uint64_t bytes) {
  return std::to_string(bytes / (1024 * 1024) + 1) + " MiB";
}

// Without a slash at its end: "dir/" and "dir" are one target.
std::filesystem::path plain(std::filesystem::path path) {
  return path.has_filename() ? path : path.parent_path();
}

std::filesystem::path partial_name(std::filesystem::path target) {
  target += kPartialSuffix;
  return target;
}

// RocksDB's journal of an opening; no part of the log.
bool is_journal(const std::string& name) { return name == "LOG" || name.starts_with("LOG.old"); }

}  // namespace

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
    : files_{files}, target_{std::move(target)}, path_{partial_name(target_)} {}

PartialDirectory::~PartialDirectory() {
  // What is left of it after an error holds nothing any more; directories stay for the next try.
  if (is_ours_ && !is_published_) static_cast<void>(clear());
}

Result<std::unique_ptr<PartialDirectory>> PartialDirectory::make(
    FileLayer& files, const std::filesystem::path& target, std::uint64_t bytes, std::string& why) {
  const auto refuse = [&](boost::system::error_code error, std::string sentence) {
    why = std::move(sentence);
    return error;
  };
  const auto path = plain(target);
  const auto there = files.exists(path);
  if (!there) return refuse(there.error(), "can't look at " + path.string());
  if (*there) {
    const auto names = files.list(path);
    if (!names || !names->empty()) {
      return refuse(Errc::directory_not_empty,
                    path.string() + " is there and not an empty directory: name another one");
    }
  }
  const auto parent = parent_directory(path);
  const auto free = files.free_bytes(parent);
  if (!free) {
    return refuse(free.error(),
                  "can't use " + parent.string() + ": make it, or name another directory");
  }
  if (bytes > *free || *free - bytes < kSlackBytes) {
    return refuse(Errc::storage_low, megabytes(bytes) + " and some more are needed in " +
                                         parent.string() + ", and " + megabytes(*free) +
                                         " are free");
  }
  std::unique_ptr<PartialDirectory> made{new PartialDirectory{files, path}};
  if (auto begun = made->begin(why); !begun) return begun.error();
  return made;
}

Result<void> PartialDirectory::begin(std::string& why) {
  const auto fail = [&](boost::system::error_code error) -> Result<void> {
    why = "can't make " + path_.string() + ": " + error.message();
    return error;
  };
  const auto made = files_.make_directory(path_);
  if (!made && made.error() != Errc::file_exists) return fail(made.error());
  const auto mark = LedgerPaths{path_}.backup;
  if (!made) {
    const auto names = files_.list(path_);
    const auto has_mark = files_.exists(mark);
    // Before its mark is durable there is nothing else in it.
    const bool is_bare = names && std::ranges::all_of(*names, [](const std::string& name) {
                           return name == DirectoryLock::kFileName || name == "backup.new";
                         });
    const bool is_left_behind = is_bare || (has_mark && *has_mark);
    if (!is_left_behind) {
      why = path_.string() + " is in the way, and no attempt of ours left it: move it away";
      return Errc::directory_not_empty;
    }
  }
  auto lock = DirectoryLock::acquire(path_);
  if (!lock) {
    if (lock.error() == Errc::directory_locked)
      why = "another process is at work in " + path_.string();
    return lock.error() == Errc::directory_locked ? lock.error() : fail(lock.error()).error();
  }
  lock_.emplace(std::move(*lock));
  is_ours_ = true;
  // The mark before everything else: a crash at any later point leaves what no ledger opens.
  if (auto marked = write_durably(files_, mark, {}); !marked) return fail(marked.error());
  if (auto cleared = clear(); !cleared) return fail(cleared.error());
  return {};
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
  const auto has_lock = files_.exists(paths.lock);
  if (!has_lock) return has_lock.error();
  return *has_lock ? files_.remove(paths.lock) : Result<void>{};
}

Result<void> PartialDirectory::publish(Mark mark) {
  unlock();
  if (auto removed = remove_traces(); !removed) return removed;
  if (mark == Mark::goes) {
    if (auto removed = files_.remove(LedgerPaths{path_}.backup); !removed) return removed;
  }
  if (auto synced = sync_names(); !synced) return synced;
  // A crash here leaves everything under the partial name. An empty directory is replaced, and
  // nothing else: that is how rename treats directories.
  if (auto renamed = files_.rename(path_, target_, FileLayer::Replace::yes); !renamed)
    return renamed;
  is_published_ = true;
  // A power cut here may bring the partial name back; what it names is whole.
  return files_.sync_directory(parent_directory(target_));
}

}  // namespace tokenledger
