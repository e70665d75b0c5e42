// HEAD: the ledger's memory of how long its log is and what its Merkle root is.
//
// RocksDB cannot tell a log that lost acknowledged events from a shorter one; HEAD can. It is
// written after every batch's fsync and itself fsynced each second (each batch with paranoid
// durability), so at open the log must reach at least HEAD and have its root there.
//
// Two slots of 4 KiB in one preallocated file. Between two syncs every write goes to the same slot,
// the one that was not synced last: whatever a power cut tears, the other slot is whole. Layout of
// a slot, little-endian:
//   magic 8 | version u32 | compact range bytes u32 | counter u64 | seq u64 | size u64 | root 32 |
//   ledger id 16 | key store generation u64 | key store bytes u64 | compact range | zeros | crc32c
//   u32
// Threads: one.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>

#include "core/errc.hpp"
#include "core/ids.hpp"
#include "core/merkle.hpp"
#include "storage/file_layer.hpp"

namespace tokenledger {

using LedgerId = std::array<std::uint8_t, 16>;

// How much of the key store is known to be durable; see storage/key_store.hpp.
struct KeyStoreMark {
  std::uint64_t generation = 0;
  std::uint64_t bytes = 0;
  friend bool operator==(const KeyStoreMark&, const KeyStoreMark&) = default;
};

struct Head {
  Sequence seq;        // the last event of the batch
  CompactRange range;  // of exactly seq leaves; size and root in the file derive from it
  LedgerId ledger_id{};
  KeyStoreMark key_store;
  friend bool operator==(const Head&, const Head&) = default;
};

class HeadFile {
 public:
  static constexpr std::size_t kSlotBytes = 4096;
  static constexpr std::size_t kFileBytes = 2 * kSlotBytes;

  // A durable new file with both slots holding `head`; file_exists when there is one.
  [[nodiscard]] static Result<void> create(FileLayer& files, const std::filesystem::path& path,
                                           const Head& head);
  // file_not_found: no file. unsupported_format: a slot was written by a newer program.
  // head_corrupt: both slots are damaged or the file has another length.
  // Whatever is read is synced before this returns.
  [[nodiscard]] static Result<std::unique_ptr<HeadFile>> open(FileLayer& files,
                                                              const std::filesystem::path& path);

  // What open() found, or the last write() since.
  [[nodiscard]] const Head& head() const noexcept { return head_; }
  // At open one slot was damaged: a power cut during a write does that, and so does a bad disk. The
  // owner should say so in its log.
  [[nodiscard]] bool found_damaged_slot() const noexcept { return found_damaged_slot_; }

  // Survives the death of the process at once, a power cut only after sync(). After an error the
  // file must not be written again: the ledger is poisoned.
  [[nodiscard]] Result<void> write(const Head& head);
  [[nodiscard]] Result<void> sync();

 private:
  HeadFile() = default;
  std::unique_ptr<File> file_;
  Head head_;
  std::uint64_t counter_ = 0;
  std::size_t next_slot_ = 0;  // never the slot that was synced last
  bool written_since_sync_ = false;
  bool found_damaged_slot_ = false;
};

}  // namespace tokenledger
