// CheckpointHistory: every checkpoint the ledger ever signed, in one append-only file.
//
// A checkpoint is evidence: whoever holds a copy can show that the log was so at that size. Keeping
// them all lets `audit verify` show that the log still is, and lets the next open refuse a log that
// is not.
//
// header := magic(8) version(4) ledger_id(16) public_key(32) zeros(64) crc32c(4)
// record := size(8) signed_at(8) root(32) signature(64) zeros(12) crc32c(4)
//
// Little-endian, 128 bytes each, so no record crosses a disk sector; sizes ascend. A record cut off
// or all zero at the end is an append that a crash interrupted: nobody saw that checkpoint, and it
// is dropped. Any other damage is audit_corrupt. Threads: one writer; readers on any thread see
// what was durable.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>

#include "core/errc.hpp"
#include "core/ids.hpp"
#include "storage/file_layer.hpp"

namespace tokenledger {

struct CheckpointRecord {
  std::uint64_t size = 0;  // leaves, at least 1
  LedgerTime signed_at;    // the wall clock then
  Digest root{};
  std::array<std::uint8_t, 64> signature{};  // Ed25519, of the checkpoint's text
  friend bool operator==(const CheckpointRecord&, const CheckpointRecord&) = default;
};

class CheckpointHistory {
 public:
  static constexpr std::size_t kRecordBytes = 128;
  struct Owner {
    std::array<std::uint8_t, 16> ledger_id{};
    Digest public_key{};
  };

  // Makes the file, durably, when there is none. audit_corrupt: damaged, or another owner's.
  // unsupported_format: of a newer program.
  [[nodiscard]] static Result<std::unique_ptr<CheckpointHistory>> open(
      FileLayer& files, const std::filesystem::path& path, const Owner& owner);
  // Whose history it says it is: for `recover`, which meets ledgers between two keys.
  // file_not_found, audit_corrupt, unsupported_format.
  [[nodiscard]] static Result<Owner> read_owner(FileLayer& files,
                                                const std::filesystem::path& path);
  // The same as open() for somebody who only looks: nothing is made or cut, and append() is not
  // allowed. file_not_found. `unfinished_bytes`, where given, gets the bytes behind the last whole
  // record.
  [[nodiscard]] static Result<std::unique_ptr<CheckpointHistory>> open_for_reading(
      FileLayer& files, const std::filesystem::path& path, const Owner& owner,
      std::uint64_t* unfinished_bytes = nullptr);

  [[nodiscard]] std::uint64_t count() const noexcept {
    return count_.load(std::memory_order_acquire);
  }
  // Record number `at`, from 0, below count(). audit_corrupt, io_error.
  [[nodiscard]] Result<CheckpointRecord> read(std::uint64_t at) const;
  // The newest; nullopt: none yet.
  [[nodiscard]] Result<std::optional<CheckpointRecord>> newest() const;
  // The record of exactly this size; nullopt: none was signed. O(log count) reads.
  [[nodiscard]] Result<std::optional<CheckpointRecord>> find(std::uint64_t size) const;

  // Durable on success. The size must be above the newest one's (invariant). After an error the
  // object must not be used for writing again.
  [[nodiscard]] Result<void> append(const CheckpointRecord& record);

 private:
  CheckpointHistory() = default;
  [[nodiscard]] Result<void> adopt(const Owner& owner);
  [[nodiscard]] Result<std::uint64_t> count_records(const Owner& owner) const;

  std::unique_ptr<File> file_;    // the writer's; null: opened for reading
  std::unique_ptr<File> reader_;  // guarded by mutex_
  mutable std::mutex mutex_;
  std::atomic<std::uint64_t> count_{0};
  std::uint64_t newest_size_ = 0;
};

}  // namespace tokenledger
