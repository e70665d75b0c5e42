// PartialDirectory: `<target>.partial`, where a backup or a restored ledger grows until it is whole
// and was verified; only then it gets the target's name.
//
// From its first moment it holds the empty file `backup` (storage/backup_manifest.hpp), so that
// nothing opens it as a ledger, whatever crashes. What a crash leaves is used up by the next
// attempt; after an error its files are removed again, because keys are among them. Threads: one.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "core/errc.hpp"
#include "storage/directory_lock.hpp"
#include "storage/file_layer.hpp"

namespace tokenledger {

class PartialDirectory {
 public:
  // `files` must outlive this. directory_not_empty: the target is there and not an empty directory,
  // or something else has the partial name; directory_locked: somebody is at work there;
  // file_not_found: the target's parent is missing; storage_low: less than `bytes` and some slack
  // are free. `why` then holds a sentence.
  [[nodiscard]] static Result<std::unique_ptr<PartialDirectory>> make(
      FileLayer& files, const std::filesystem::path& target, std::uint64_t bytes, std::string& why);
  ~PartialDirectory();
  PartialDirectory(const PartialDirectory&) = delete;
  PartialDirectory& operator=(const PartialDirectory&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
  // Every name below it is durable from here on.
  [[nodiscard]] Result<void> sync_names();
  // For whoever verifies, which takes the lock itself.
  void unlock() noexcept { lock_.reset(); }

  enum class Mark : std::uint8_t { stays, goes };
  // Removes what verifying left (LOCK, RocksDB's LOG) and, for a ledger, the mark; then the
  // target's name, durably.
  [[nodiscard]] Result<void> publish(Mark mark);

 private:
  PartialDirectory(FileLayer& files, std::filesystem::path target);
  [[nodiscard]] Result<void> begin(std::string& why);
  [[nodiscard]] Result<void> clear();
  [[nodiscard]] Result<void> remove_files(const std::filesystem::path& directory);
  [[nodiscard]] Result<void> remove_traces();

  FileLayer& files_;
  const std::filesystem::path target_;
  const std::filesystem::path path_;
  std::optional<DirectoryLock> lock_;
  bool is_ours_ = false;
  bool is_published_ = false;
};

// The folder that this file goes to; one that is there is a success.
[[nodiscard]] Result<void> make_folder_of(FileLayer& files, const std::filesystem::path& file);

// Both as they are on disk: whether `inner` is `outer` or lies below it.
[[nodiscard]] bool lies_within(const std::filesystem::path& inner,
                               const std::filesystem::path& outer);

}  // namespace tokenledger
