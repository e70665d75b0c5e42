#include "storage/unsynced_changes.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <string>

namespace tokenledger {
namespace {

// One spelling per file, so that RocksDB's "dir//file" and ours are the same key.
std::filesystem::path spelled(const std::filesystem::path& path) {
  auto normal = std::filesystem::absolute(path).lexically_normal();
  if (!normal.has_filename()) normal = normal.parent_path();
  return normal;
}

Result<void> no_error(const std::error_code& error) {
  if (error) return Errc::io_error;
  return {};
}

}  // namespace

// A file and how to bring its contents back to its last sync.
struct UnsyncedChanges::Inode {
  struct Overwritten {
    std::uint64_t offset;
    std::vector<std::uint8_t> bytes;
  };

  explicit Inode(int opened) : descriptor{opened} {}
  Inode(const Inode&) = delete;
  Inode& operator=(const Inode&) = delete;
  ~Inode() {
    if (descriptor >= 0) ::close(descriptor);
  }

  [[nodiscard]] std::uint64_t size() const {
    struct stat status{};
    return ::fstat(descriptor, &status) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
  }

  // Keeps the synced bytes of [from, to); what lies behind synced_size is cut off anyway.
  Result<void> keep_overwritten(std::uint64_t from, std::uint64_t to) {
    to = std::min({to, synced_size, size()});
    if (from >= to) return {};
    std::vector<std::uint8_t> bytes(static_cast<std::size_t>(to - from));
    const ssize_t count = ::pread(descriptor, bytes.data(), bytes.size(), static_cast<off_t>(from));
    if (count != static_cast<ssize_t>(bytes.size())) return Errc::io_error;
    overwritten.push_back({from, std::move(bytes)});
    return {};
  }

  Result<void> restore() {
    std::reverse(overwritten.begin(), overwritten.end());  // the oldest bytes must win
    for (const auto& old : overwritten) {
      const ssize_t count =
          ::pwrite(descriptor, old.bytes.data(), old.bytes.size(), static_cast<off_t>(old.offset));
      if (count != static_cast<ssize_t>(old.bytes.size())) return Errc::io_error;
    }
    overwritten.clear();
    if (::ftruncate(descriptor, static_cast<off_t>(synced_size)) != 0) return Errc::io_error;
    return {};
  }

  int descriptor;
  std::uint64_t synced_size = 0;
  std::vector<Overwritten> overwritten;  // oldest first
};

UnsyncedChanges::UnsyncedChanges(std::filesystem::path scratch) : scratch_{spelled(scratch)} {
  std::error_code ignored;
  std::filesystem::create_directories(scratch_, ignored);  // keep() reports it if this failed
}

UnsyncedChanges::~UnsyncedChanges() = default;

std::shared_ptr<UnsyncedChanges::Inode> UnsyncedChanges::follow(const std::filesystem::path& path) {
  const auto found = followed_.find(path);
  if (found != followed_.end()) return found->second;
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (descriptor < 0) return nullptr;
  auto inode = std::make_shared<Inode>(descriptor);
  inode->synced_size = inode->size();  // it was there before we looked: taken as durable
  followed_.emplace(path, inode);
  return inode;
}

// A second name in scratch keeps a file alive that is about to lose its name.
Result<std::filesystem::path> UnsyncedChanges::keep(const std::filesystem::path& path) {
  const auto status = std::filesystem::symlink_status(path);
  if (!std::filesystem::is_regular_file(status)) return std::filesystem::path{};
  const auto kept = scratch_ / std::to_string(++kept_count_);
  std::error_code error;
  std::filesystem::create_hard_link(path, kept, error);
  if (error) return Errc::io_error;
  return kept;
}

Result<void> UnsyncedChanges::before(const FileChange& change) {
  const auto path = spelled(change.path);
  kept_by_before_.clear();
  switch (change.operation) {
    case FileOperation::write_at:
    case FileOperation::truncate: {
      const auto inode = follow(path);
      if (!inode) return {};
      const std::uint64_t end = change.operation == FileOperation::write_at
                                    ? change.offset + change.bytes
                                    : inode->synced_size;
      return inode->keep_overwritten(change.offset, end);
    }
    case FileOperation::append: (void)follow(path); return {};
    case FileOperation::create:
    case FileOperation::remove:
    case FileOperation::rename:
    case FileOperation::link: {
      const bool has_target =
          change.operation == FileOperation::rename || change.operation == FileOperation::link;
      const auto victim = has_target ? spelled(change.target) : path;
      (void)follow(path);
      if (has_target) (void)follow(victim);
      auto kept = keep(victim);
      if (!kept) return kept.error();
      kept_by_before_ = std::move(*kept);
      // Replacing by truncation would destroy the kept file as well.
      if (change.operation == FileOperation::create && !kept_by_before_.empty()) {
        ::unlink(path.c_str());
      }
      return {};
    }
    case FileOperation::sync:
    case FileOperation::make_directory:
    case FileOperation::sync_directory: return {};
  }
  return {};
}

Result<void> UnsyncedChanges::after(const FileChange& change) {
  const auto path = spelled(change.path);
  const auto target = change.target.empty() ? std::filesystem::path{} : spelled(change.target);
  const auto lose_name = [this](const std::filesystem::path& name) {
    const auto found = followed_.find(name);
    if (found == followed_.end()) return;
    nameless_.push_back(found->second);
    followed_.erase(found);
  };
  switch (change.operation) {
    case FileOperation::append:
    case FileOperation::write_at:
    case FileOperation::truncate: return {};
    case FileOperation::sync:
      if (const auto inode = follow(path); inode) {
        inode->synced_size = inode->size();
        inode->overwritten.clear();
      }
      return {};
    case FileOperation::create: {
      lose_name(path);
      const auto inode = follow(path);
      if (inode) inode->synced_size = 0;
      break;
    }
    case FileOperation::rename:
    case FileOperation::link: {
      lose_name(target);
      if (change.operation == FileOperation::rename) move_directory(path, target);
      const auto found = followed_.find(path);
      if (found != followed_.end()) {
        const auto inode = found->second;
        if (change.operation == FileOperation::rename) followed_.erase(found);
        followed_.emplace(target, inode);
      }
      break;
    }
    case FileOperation::remove: lose_name(path); break;
    case FileOperation::make_directory: break;
    case FileOperation::sync_directory: forget_synced(path); return {};
  }
  const auto& changed_name = target.empty() ? path : target;
  names_.push_back({change.operation, changed_name.parent_path(), path, target, kept_by_before_});
  return {};
}

// Files inside a renamed directory are reached, and their names synced, through its new path.
// Undoing runs backwards and so meets each older change under the path of its own time: those stay.
void UnsyncedChanges::move_directory(const std::filesystem::path& from,
                                     const std::filesystem::path& to) {
  for (auto& change : names_) {
    if (change.directory == from) change.directory = to;
  }
  std::map<std::filesystem::path, std::shared_ptr<Inode>> moved;
  for (auto at = followed_.begin(); at != followed_.end();) {
    if (at->first.parent_path() == from) {
      moved.emplace(to / at->first.filename(), at->second);
      at = followed_.erase(at);
    } else {
      ++at;
    }
  }
  followed_.merge(moved);
}

void UnsyncedChanges::forget_synced(const std::filesystem::path& directory) {
  std::erase_if(names_, [&](const NameChange& change) {
    if (change.directory != directory) return false;
    if (!change.kept.empty()) ::unlink(change.kept.c_str());
    return true;
  });
  if (names_.empty()) nameless_.clear();  // nothing can bring those files back any more
}

Result<void> UnsyncedChanges::undo(const NameChange& change) {
  std::error_code error;
  switch (change.operation) {
    case FileOperation::create: std::filesystem::remove(change.path, error); break;
    case FileOperation::link: std::filesystem::remove(change.target, error); break;
    case FileOperation::rename: std::filesystem::rename(change.target, change.path, error); break;
    case FileOperation::make_directory: std::filesystem::remove_all(change.path, error); break;
    default: break;
  }
  if (error) return Errc::io_error;
  if (change.kept.empty()) return {};
  const auto& name = change.target.empty() ? change.path : change.target;
  // A directory that was emptied and removed comes back with the first name in it that was not
  // durably gone.
  std::filesystem::create_directories(name.parent_path(), error);
  if (error) return Errc::io_error;
  std::filesystem::rename(change.kept, name, error);
  return no_error(error);
}

Result<void> UnsyncedChanges::drop() {
  // Contents first: descriptors reach the files whatever their names are.
  for (auto& [path, inode] : followed_) {
    if (const auto restored = inode->restore(); !restored) return restored.error();
  }
  for (auto& inode : nameless_) {
    if (const auto restored = inode->restore(); !restored) return restored.error();
  }
  for (auto change = names_.rbegin(); change != names_.rend(); ++change) {
    if (const auto undone = undo(*change); !undone) return undone.error();
  }
  followed_.clear();
  nameless_.clear();
  names_.clear();
  return {};
}

}  // namespace tokenledger
