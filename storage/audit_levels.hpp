// AuditLevels: the upper levels of the log's Merkle tree on disk, one flat file of hashes a level.
//
// File level-<L> (L from 1 to 7) holds, one after the other, the hashes of the perfect subtrees of
// 256^L leaves: hash i at byte 32 * i. So hash tile N of C2SP tlog-tiles is the slice of 8192 bytes
// at 8192 * N, a partial tile its beginning, and nothing is ever rewritten. Level 0, the leaf
// hashes, is not stored: it follows from the events.
//
// The files are a cache of the log (INV-3). They say nothing about how far they are to be trusted:
// the owner knows the size up to which they were synced (the newest checkpoint's) and cuts them
// down to it at open. Threads: one writer; read_tile() from any thread, up to what sync() made
// durable.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <vector>

#include "core/errc.hpp"
#include "core/ids.hpp"
#include "core/log_tile.hpp"
#include "storage/file_layer.hpp"

namespace tokenledger {

class AuditLevels {
 public:
  static constexpr unsigned kLevels = 7;  // 256^8 leaves are more than a tree may have

  // Where the hashes of this level stand, 1 to kLevels.
  [[nodiscard]] static std::filesystem::path path(const std::filesystem::path& directory,
                                                  unsigned level);

  // As a tree of `size` leaves has them: what stands behind is cut off. audit_corrupt: a file is
  // shorter than that, or missing. io_error.
  [[nodiscard]] static Result<std::unique_ptr<AuditLevels>> open(
      FileLayer& files, const std::filesystem::path& directory, std::uint64_t size);
  // Removes the files; open() with size 0 then begins anew.
  [[nodiscard]] static Result<void> destroy(FileLayer& files,
                                            const std::filesystem::path& directory);

  // The next hash of this level, 1 to kLevels; in memory until sync().
  void append(unsigned level, const Digest& hash);
  // Hashes waiting for sync(): the owner bounds them by syncing in time.
  [[nodiscard]] std::size_t waiting() const noexcept { return waiting_; }
  // Everything appended survives a power cut from here on. After an error the object is of no more
  // use to the writer; open the directory again.
  [[nodiscard]] Result<void> sync();

  // The bytes of a tile of level 1 to kLevels. sequence_in_future: not durable yet; audit_corrupt:
  // the file is shorter than it was.
  [[nodiscard]] Result<std::vector<std::uint8_t>> read_tile(const TileId& id) const;

 private:
  struct Level {
    std::unique_ptr<File> file;  // null: there was no hash yet
    std::vector<std::uint8_t> waiting;
    std::atomic<std::uint64_t> durable{0};  // hashes
    mutable std::unique_ptr<File> reader;   // guarded by readers_mutex_
  };

  AuditLevels(FileLayer& files, std::filesystem::path directory);
  [[nodiscard]] Result<void> open_level(unsigned level, std::uint64_t hashes);

  FileLayer& files_;
  std::filesystem::path directory_;
  std::array<Level, kLevels> levels_;  // level L at [L - 1]
  std::size_t waiting_ = 0;
  mutable std::mutex readers_mutex_;
};

}  // namespace tokenledger
