// UnsyncedChanges: remembers how to undo what a power cut would lose. Part of fault injection.
//
// A file is followed by inode, so that contents and names are undone independently; it holds an
// open descriptor per followed file. Not thread-safe: the fault policy calls it under its lock.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <vector>

#include "core/errc.hpp"
#include "storage/fault_policy.hpp"

namespace tokenledger {

class UnsyncedChanges {
 public:
  explicit UnsyncedChanges(std::filesystem::path scratch);
  ~UnsyncedChanges();

  // Just before `change` is performed: keeps what it is about to destroy.
  [[nodiscard]] Result<void> before(const FileChange& change);
  // Just after it was performed.
  [[nodiscard]] Result<void> after(const FileChange& change);

  // Undoes all that is unsynced, newest first, and forgets everything.
  [[nodiscard]] Result<void> drop();

 private:
  struct Inode;
  // A change of names that a sync of `directory` makes durable.
  struct NameChange {
    FileOperation operation;
    std::filesystem::path directory;
    std::filesystem::path path;
    std::filesystem::path target;
    std::filesystem::path kept;  // a link in scratch to the file this change removed; may be empty
  };

  [[nodiscard]] std::shared_ptr<Inode> follow(const std::filesystem::path& path);
  [[nodiscard]] Result<std::filesystem::path> keep(const std::filesystem::path& path);
  void move_directory(const std::filesystem::path& from, const std::filesystem::path& to);
  void forget_synced(const std::filesystem::path& directory);
  [[nodiscard]] Result<void> undo(const NameChange& change);

  std::filesystem::path scratch_;
  std::uint64_t kept_count_ = 0;
  std::filesystem::path kept_by_before_;  // handed from before() to after() of the same change
  std::map<std::filesystem::path, std::shared_ptr<Inode>> followed_;
  std::vector<NameChange> names_;
  // Files that no name leads to at the moment but that drop() may bring back.
  std::vector<std::shared_ptr<Inode>> nameless_;
};

}  // namespace tokenledger
