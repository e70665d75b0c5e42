// FileLayer: the one door through which the ledger changes anything on disk.
//
// Our own files call it directly; RocksDB is led through it by storage/rocks_file_system.hpp. A
// test passes a FaultInjectingFileLayer instead and so sees, counts, fails or undoes every change
// of the whole ledger. Nothing is durable before the named sync: file contents by File::sync, names
// (create, rename, remove) by sync_directory of the directory that holds them.
//
// Errors: file_not_found, file_exists, io_error (everything else; the cause stands in errno at the
// time and is deliberately not part of the interface). After an io_error from a change its outcome
// is unknown. Interrupted and short system calls are continued inside. Threads: a FileLayer may be
// used from any thread; one File only from one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/errc.hpp"

namespace tokenledger {

class FaultPolicy;

// An open file. Closing (the destructor) syncs nothing and reports nothing.
class File {
 public:
  virtual ~File() = default;

  // Reads up to out.size() bytes at `offset`; fewer only at the end of the file.
  [[nodiscard]] virtual Result<std::size_t> read_at(std::uint64_t offset,
                                                    std::span<std::uint8_t> out) const = 0;
  [[nodiscard]] virtual Result<std::uint64_t> size() const = 0;

  // Writes all bytes behind the last one. After an error any prefix of them may stand there.
  [[nodiscard]] virtual Result<void> append(std::span<const std::uint8_t> bytes) = 0;
  // Replaces bytes in place, growing the file if need be.
  [[nodiscard]] virtual Result<void> write_at(std::uint64_t offset,
                                              std::span<const std::uint8_t> bytes) = 0;
  [[nodiscard]] virtual Result<void> truncate(std::uint64_t size) = 0;

  // Contents, length and metadata survive a power cut from here on (fsync).
  [[nodiscard]] virtual Result<void> sync() = 0;
  // Contents and length survive a power cut from here on (fdatasync).
  [[nodiscard]] virtual Result<void> sync_data() = 0;
};

class FileLayer {
 public:
  virtual ~FileLayer() = default;

  // A new file, 0600, read and write; file_exists when something has that name.
  [[nodiscard]] virtual Result<std::unique_ptr<File>> create(const std::filesystem::path& path) = 0;
  // An existing file, read and write; file_not_found otherwise.
  [[nodiscard]] virtual Result<std::unique_ptr<File>> open(const std::filesystem::path& path) = 0;
  // An existing file, reading only; changes through it are refused with invalid_argument.
  [[nodiscard]] virtual Result<std::unique_ptr<File>> open_for_reading(
      const std::filesystem::path& path) = 0;

  // Atomic within one file system. `replace` names what happens to an existing target.
  enum class Replace : std::uint8_t { no, yes };
  [[nodiscard]] virtual Result<void> rename(const std::filesystem::path& from,
                                            const std::filesystem::path& to, Replace replace) = 0;
  [[nodiscard]] virtual Result<void> remove(const std::filesystem::path& path) = 0;
  // 0700; file_exists when something has that name.
  [[nodiscard]] virtual Result<void> make_directory(const std::filesystem::path& path) = 0;
  // The names inside this directory survive a power cut from here on.
  [[nodiscard]] virtual Result<void> sync_directory(const std::filesystem::path& directory) = 0;

  // Names (not paths) inside the directory, sorted, without "." and "..".
  [[nodiscard]] virtual Result<std::vector<std::string>> list(
      const std::filesystem::path& directory) = 0;
  [[nodiscard]] virtual Result<bool> exists(const std::filesystem::path& path) = 0;
  // Bytes that an unprivileged process may still write to this file system.
  [[nodiscard]] virtual Result<std::uint64_t> free_bytes(const std::filesystem::path& path) = 0;

  // Whom RocksDB must ask before it changes a file; null in production.
  [[nodiscard]] virtual FaultPolicy* fault_policy() noexcept { return nullptr; }
};

// The operating system's files.
[[nodiscard]] std::shared_ptr<FileLayer> make_posix_file_layer();

}  // namespace tokenledger
