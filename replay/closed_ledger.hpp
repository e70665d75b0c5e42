// ClosedLedger: the parts of a ledger directory that nobody has open, for reading.
//
// Holds the directory's lock while it lives, so no server starts meanwhile. Writes nothing: no
// event, no view, no snapshot. Threads: one.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "core/errc.hpp"
#include "storage/directory_lock.hpp"
#include "storage/event_log.hpp"
#include "storage/file_layer.hpp"
#include "storage/ledger_keys.hpp"

namespace tokenledger {

class ClosedLedger {
 public:
  struct Options {
    std::filesystem::path directory;
    std::filesystem::path keyring_key_file;  // as LedgerOptions::keyring_key_file
    std::shared_ptr<FileLayer> files;        // null: the operating system's
  };

  // not_a_ledger; directory_locked: somebody has it open; keyring_*; log_corrupt. `why` then holds
  // a sentence that says what to do.
  [[nodiscard]] static Result<ClosedLedger> open(const Options& options, std::string& why);

  // In two steps, for who looks at other files of the directory before: the lock of a directory
  // that holds a ledger (not_a_ledger, directory_locked), then the rest.
  [[nodiscard]] static Result<DirectoryLock> lock(const Options& options, std::string& why);
  [[nodiscard]] static Result<ClosedLedger> open(const Options& options, DirectoryLock lock,
                                                 std::string& why);

  [[nodiscard]] const std::filesystem::path& directory() const noexcept { return directory_; }
  [[nodiscard]] const std::shared_ptr<FileLayer>& files() const noexcept { return files_; }
  [[nodiscard]] const LedgerKeys& keys() const noexcept { return *keys_; }
  [[nodiscard]] const EventLog& log() const noexcept { return *log_; }

 private:
  ClosedLedger(std::filesystem::path directory, std::shared_ptr<FileLayer> files,
               DirectoryLock lock);

  std::filesystem::path directory_;
  std::shared_ptr<FileLayer> files_;
  DirectoryLock lock_;
  std::unique_ptr<LedgerKeys> keys_;
  std::unique_ptr<EventLog> log_;
};

}  // namespace tokenledger
