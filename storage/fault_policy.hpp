// FaultPolicy: who decides whether a change on disk happens and what its caller is told.
//
// Both doors to the disk ask it before they change anything: FaultInjectingFileLayer for our own
// files, the RocksDB file system wrapper for the two databases. Only tests have one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>

#include "core/errc.hpp"

namespace tokenledger {

enum class FileOperation : std::uint8_t {
  create,          // a new name `path`; an existing file of that name is replaced by an empty one
  append,          // `bytes` bytes behind the end of `path`
  write_at,        // `bytes` bytes at `offset`
  truncate,        // to `offset` bytes
  sync,            // fsync or fdatasync of `path`
  rename,          // `path` to `target`
  link,            // `target` becomes a second name of `path`
  remove,          // the name `path` goes
  make_directory,  // a new directory `path`
  sync_directory,  // the names in directory `path`
};

struct FileChange {
  FileOperation operation;
  std::filesystem::path path;
  std::filesystem::path target;
  std::uint64_t offset = 0;
  std::size_t bytes = 0;
};

class FaultPolicy {
 public:
  virtual ~FaultPolicy() = default;

  // Does the change. Argument: how many of the bytes to write (all of FileChange::bytes, or fewer
  // for a torn write; 0 for changes that write none).
  using Perform = std::function<Result<void>(std::size_t bytes)>;

  // Calls `perform` once or never and returns what the caller shall believe. Thread-safe; changes
  // are performed one at a time.
  [[nodiscard]] virtual Result<void> run(const FileChange& change, const Perform& perform) = 0;
};

}  // namespace tokenledger
