// KeyStore: random keys of personal data, kept outside the log so that they can be erased (INV-8).
//
// Values (32-byte data keys, password hashes) are sealed under the keyring's master key and
// addressed by {kind, 16-byte id}. One append-only file, little-endian:
//   header: magic 8 | version u32 | ledger id 16 | generation u64 | compacted bytes u64 | crc32c
//   u32 frame*: magic u32 | payload bytes u32 | generation u64 | number u64 | payload | crc32c u32
//   payload: { type u8 (1 put, 2 erase) | kind u8 | id 16 | value bytes u16 | sealed value }*
// A frame is what one sync() made durable; the next is only written after it, so a bad frame with a
// good one behind it is damage, not a torn tail. A torn tail is cut at open unless mark() of an
// earlier sync (kept in HEAD) says those bytes were durable. Compaction rewrites the file without
// erased and replaced values under the next generation; it runs at open when there is anything to
// drop, and while running when there is much of it.
//
// After an error from sync() or compact() the store refuses every further change: the ledger is
// poisoned. Threads: every member may be called from any thread.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "core/byte_view.hpp"
#include "core/errc.hpp"
#include "core/secret_bytes.hpp"
#include "storage/file_layer.hpp"
#include "storage/head_file.hpp"

namespace tokenledger {

struct DataKeyId {
  std::uint8_t kind = 0;
  std::array<std::uint8_t, 16> id{};
  // Little-endian in the first 8 bytes.
  [[nodiscard]] static DataKeyId of(std::uint8_t kind, std::uint64_t number) noexcept;
  friend auto operator<=>(const DataKeyId&, const DataKeyId&) = default;
};

class KeyStore {
 public:
  static constexpr std::size_t kValueBytesMax = 512;
  static constexpr std::size_t kEntriesMax = std::size_t{1} << 22;
  static constexpr std::size_t kFrameBytesMax = 4u << 20;  // changes between two syncs
  static constexpr std::size_t kFileBytesMax = std::size_t{1} << 30;
  static constexpr std::uint64_t kGarbageBytesMin = std::uint64_t{64} << 20;

  // A durable new file, or file_exists.
  [[nodiscard]] static Result<void> create(FileLayer& files, const std::filesystem::path& path,
                                           const LedgerId& ledger_id);
  // file_not_found; unsupported_format: of a newer program; key_store_corrupt: damage, less than
  // `known` says, or another ledger's file.
  [[nodiscard]] static Result<std::unique_ptr<KeyStore>> open(std::shared_ptr<FileLayer> files,
                                                              const std::filesystem::path& path,
                                                              const LedgerId& ledger_id,
                                                              ByteView master_key,
                                                              KeyStoreMark known);

  // Draws a key and stores it; durable only after sync(). key_exists when there is one.
  [[nodiscard]] Result<SecretBytes> create_key(const DataKeyId& id);
  // Stores or replaces a value of 1..kValueBytesMax bytes; durable only after sync().
  // limit_reached: a bound above.
  [[nodiscard]] Result<void> put(const DataKeyId& id, ByteView value);
  // data_key_missing; key_store_corrupt when it does not open under the master key.
  [[nodiscard]] Result<SecretBytes> get(const DataKeyId& id) const;
  [[nodiscard]] bool contains(const DataKeyId& id) const;
  // Of all entries of this kind, ascending. Cost: their number, and 17 bytes each.
  [[nodiscard]] std::vector<DataKeyId> ids_of(std::uint8_t kind) const;
  // Forgets the value at once, durably after sync(), and its bytes are gone after compact().
  // Idempotent: an unknown id is a success, so replay may repeat it.
  [[nodiscard]] Result<void> erase(const DataKeyId& id);

  // The same, for what must not fail for want of room: what waits for a sync is bounded, so it
  // syncs first when it has to.
  [[nodiscard]] Result<void> erase_with_room(const DataKeyId& id);

  // Makes all changes so far durable with one append and one fdatasync. No changes: no I/O.
  [[nodiscard]] Result<void> sync();
  // Syncs, then rewrites the file with live values only. Cost: the size of the store.
  [[nodiscard]] Result<void> compact();
  // compact() when erased and replaced values take more than `garbage_bytes_min` and twice what is
  // live, or half of the room that is left for them: requests that come and are refused for ever
  // must not fill the file. sync() waits meanwhile; reads and changes only while memory is copied.
  [[nodiscard]] Result<void> compact_if_due(std::uint64_t garbage_bytes_min = kGarbageBytesMin);

  // What is durable now, for a copy: the first mark.bytes bytes of `file` stay as they are,
  // whatever is added or compacted later. Without the unsynced changes.
  struct Durable {
    std::unique_ptr<File> file;  // for reading
    KeyStoreMark mark;
  };
  [[nodiscard]] Result<Durable> open_durable();

  // What is durable now.
  [[nodiscard]] KeyStoreMark mark() const;
  [[nodiscard]] std::size_t size() const;

 private:
  KeyStore(std::shared_ptr<FileLayer> files, std::filesystem::path path, const LedgerId& ledger_id,
           ByteView master_key);
  [[nodiscard]] Result<void> load(KeyStoreMark known);
  [[nodiscard]] bool apply(ByteView payload);  // false: malformed
  [[nodiscard]] Result<void> put_locked(const DataKeyId& id, ByteView value);
  void keep_locked(const DataKeyId& id, std::vector<std::uint8_t> sealed);
  void drop_locked(const DataKeyId& id);
  [[nodiscard]] Result<void> reserve_locked(std::size_t bytes);
  [[nodiscard]] Result<void> sync_owning_file();
  [[nodiscard]] Result<void> compact_owning_file();
  [[nodiscard]] std::vector<std::uint8_t> encode_live_locked(std::uint64_t* frame_count) const;

  const std::shared_ptr<FileLayer> files_;
  const std::filesystem::path path_;
  const LedgerId ledger_id_;
  const SecretBytes master_key_;

  // Held while the disk works; taken before mutex_, so that put() and get() never wait for fsync.
  std::mutex file_mutex_;
  std::unique_ptr<File> file_;  // guarded by file_mutex_

  mutable std::mutex mutex_;  // guards all below
  std::map<DataKeyId, std::vector<std::uint8_t>> sealed_;
  std::vector<std::uint8_t> pending_;  // payload of the next frame
  std::size_t unsynced_bytes_ = 0;     // of the frame on its way to the disk
  std::uint64_t generation_ = 0;
  std::uint64_t next_frame_ = 0;
  std::uint64_t durable_bytes_ = 0;
  std::uint64_t live_bytes_ = 0;  // of the records of sealed_
  bool has_garbage_ = false;
  bool failed_ = false;
};

}  // namespace tokenledger
