// The file layout of a snapshot. Internal to storage/.
//
// file   := header state range chunk* table
// header := magic(8) version(4) chunk_count(4) ledger_id(16) S(8) E(8) file_bytes(8)
//           state_bytes(8) state_crc(4) range_bytes(4) range_crc(4) table_crc(4) header_crc(4)
// state  := encode_state() (core/state_codec.hpp)
// range  := CompactRange::serialize() (core/merkle.hpp)
// chunk  := entry(32)*entries bit_word(8)*ceil(entries/64) binding(8)*bound
// table  := (base(8) entries(4) bound(4) crc(4))*chunk_count, ascending by base
//
// Integers and the words of entries are little-endian; every crc is crc32c over the bytes it names,
// the header's over all of the header before it. `base` is the TokenIndex of a chunk's first
// counter; `entries` counts up to the chunk's last issued one, what follows is empty. Bindings are
// those of the bound entries, in their order (core/entry_words.hpp). An empty chunk is left out.
// The header is written last, the parts have no gaps.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/errc.hpp"
#include "core/ids.hpp"

namespace tokenledger {

inline constexpr std::uint32_t kSnapshotFormatVersion = 3;
inline constexpr std::size_t kSnapshotHeaderBytes = 84;
inline constexpr std::size_t kChunkRecordBytes = 20;
// All lanes' address space is far smaller.
inline constexpr std::uint32_t kSnapshotChunksMax = 1u << 22;

struct SnapshotHeader {
  std::uint32_t chunk_count = 0;
  std::array<std::uint8_t, 16> ledger_id{};
  Sequence seq;  // S
  Sequence end;  // E
  std::uint64_t file_bytes = 0;
  std::uint64_t state_bytes = 0;
  std::uint32_t state_crc = 0;
  std::uint32_t range_bytes = 0;
  std::uint32_t range_crc = 0;
  std::uint32_t table_crc = 0;
  friend bool operator==(const SnapshotHeader&, const SnapshotHeader&) = default;
};

[[nodiscard]] std::array<std::uint8_t, kSnapshotHeaderBytes> encode_snapshot_header(
    const SnapshotHeader& header);
// unsupported_format: a newer version; outdated_format: an older one; snapshot_corrupt: anything
// else that the encoder would not have written, parts that do not fit into file_bytes included.
[[nodiscard]] Result<SnapshotHeader> decode_snapshot_header(std::span<const std::uint8_t> bytes);

struct ChunkRecord {
  TokenIndex base;
  std::uint32_t entries = 0;
  std::uint32_t bound = 0;
  std::uint32_t crc = 0;
  friend bool operator==(const ChunkRecord&, const ChunkRecord&) = default;

  [[nodiscard]] std::uint64_t bytes() const noexcept {
    return std::uint64_t{entries} * 32 + (std::uint64_t{entries} + 63) / 64 * 8 +
           std::uint64_t{bound} * 8;
  }
};

void append_chunk_record(std::string& table, const ChunkRecord& record);
// snapshot_corrupt unless base is chunk-aligned in a lane that exists, above `previous`, and
// 0 < entries <= kChunkTokens and bound <= entries. `bytes`: kChunkRecordBytes.
[[nodiscard]] Result<ChunkRecord> decode_chunk_record(std::span<const std::uint8_t> bytes,
                                                      const std::optional<ChunkRecord>& previous);

// "snapshot-00000000000000000042"; names sort by seq.
[[nodiscard]] std::string snapshot_name(Sequence seq);
// nullopt: not the name of a snapshot.
[[nodiscard]] std::optional<Sequence> parse_snapshot_name(std::string_view name);

}  // namespace tokenledger
