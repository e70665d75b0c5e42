// PartialDirectory: `<target>.partial`, where a backup or a restored ledger grows until it is whole
// and was verified; only then it gets the target's name.
//
// From its first moment it holds the empty file `backup` (storage/backup_manifest.hpp), so that
// nothing opens it as a ledger, whatever crashes. What a crash leaves with an empty mark is used up
// by the next attempt; after an error its files are removed again, because keys are among them. A
// mark that is not empty says that the rest is whole and verified: nobody uses that up. One lock is
// held from the beginning until the end of publish(), so two attempts never meet. Threads: one.
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
  // or something else has the partial name, a whole backup for one; directory_locked: somebody is
  // at work there; invalid_argument: nothing can be renamed to the target, because it is a link or
  // ".", or it or the partial name is where something is mounted, of whatever file system;
  // file_not_found: its parent is missing; storage_low: less than `bytes` and some slack are free,
  // what an earlier attempt left under the partial name being removed by then. `why` then holds a
  // sentence. A target with an empty mark and nothing but what a restore makes was left behind by
  // one that was killed: it is used up, too.
  [[nodiscard]] static Result<std::unique_ptr<PartialDirectory>> make(
      FileLayer& files, const std::filesystem::path& target, std::uint64_t bytes, std::string& why);
  // Removes every `*.partial` in `directory` that was left behind: its mark is empty, and nobody
  // holds its lock. Returns how many. What can't be removed is passed over, and `why` says so.
  [[nodiscard]] static std::uint64_t remove_left_behind(FileLayer& files,
                                                        const std::filesystem::path& directory,
                                                        std::string& why);
  ~PartialDirectory();
  PartialDirectory(const PartialDirectory&) = delete;
  PartialDirectory& operator=(const PartialDirectory&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
  // Every name below it is durable from here on.
  [[nodiscard]] Result<void> sync_names();

  enum class Mark : std::uint8_t { stays, goes };
  // Removes what verifying left (RocksDB's LOG) and gives the target's name, durably; for a ledger
  // the mark goes last, under that name. unknown_outcome: it stands there, but a power cut may take
  // its name or bring the mark back. After any other error nothing has the target's name, and a
  // backup stands whole under the partial one. `why` gets a sentence.
  [[nodiscard]] Result<void> publish(Mark mark, std::string& why);

 private:
  PartialDirectory(FileLayer& files, std::filesystem::path target);
  [[nodiscard]] Result<void> prepare(std::uint64_t bytes, std::string& why);
  [[nodiscard]] Result<void> look_for_space(std::uint64_t bytes, std::string& why);
  [[nodiscard]] Result<void> take_back_target(std::string& why);
  [[nodiscard]] Result<void> begin(std::string& why);
  [[nodiscard]] Result<void> look_at_what_is_there(std::string& why);
  [[nodiscard]] Result<void> clear();
  [[nodiscard]] Result<void> remove_files(const std::filesystem::path& directory);
  [[nodiscard]] Result<void> remove_traces();
  [[nodiscard]] Result<void> take_name();
  [[nodiscard]] Result<void> remove_mark();
  [[nodiscard]] Result<void> remove();

  FileLayer& files_;
  const std::filesystem::path target_;
  const std::filesystem::path path_;
  // Whether the directory of this name is the locked one.
  [[nodiscard]] bool has_lock_in(const std::filesystem::path& directory) const;

  std::optional<DirectoryLock> lock_;
  std::uint64_t lock_device_ = 0;
  std::uint64_t lock_number_ = 0;  // of the lock's file on its device
  bool is_ours_ = false;
  bool is_published_ = false;
};

// Where a backup or restore to `target` grows.
[[nodiscard]] std::filesystem::path partial_path(const std::filesystem::path& target);

// The folder that this file goes to; one that is there is a success.
[[nodiscard]] Result<void> make_folder_of(FileLayer& files, const std::filesystem::path& file);

// Both as they are on disk: whether `inner` is `outer` or lies below it.
[[nodiscard]] bool lies_within(const std::filesystem::path& inner,
                               const std::filesystem::path& outer);

}  // namespace tokenledger
