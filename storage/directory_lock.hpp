// DirectoryLock: one process at a time has a ledger directory open.
//
// An flock on the file LOCK inside it. The kernel releases it when the process ends in any way, so
// a crash leaves nothing to clean up; the file itself stays. Never passed on to child programs.
#pragma once

#include <filesystem>

#include "core/errc.hpp"

namespace tokenledger {

class DirectoryLock {
 public:
  static constexpr const char* kFileName = "LOCK";

  // directory_locked when another process (or another open ledger of this one) holds it;
  // file_not_found when the directory does not exist. Never waits.
  [[nodiscard]] static Result<DirectoryLock> acquire(const std::filesystem::path& directory);

  DirectoryLock(DirectoryLock&& other) noexcept;
  DirectoryLock& operator=(DirectoryLock&&) = delete;
  ~DirectoryLock();

 private:
  explicit DirectoryLock(int descriptor) noexcept : descriptor_{descriptor} {}
  int descriptor_;
};

}  // namespace tokenledger
