#include "storage/snapshot_format.hpp"

#include <bit>
#include <cstdio>
#include <cstring>

#include "core/byte_view.hpp"
#include "core/invariant.hpp"
#include "storage/crc32c.hpp"

namespace tokenledger {
namespace {

static_assert(std::endian::native == std::endian::little, "integers are copied as they stand");

constexpr std::string_view kMagic = "TLSNAP01";
constexpr std::string_view kNamePrefix = "snapshot-";
constexpr std::size_t kNameDigits = 20;

template <class Integer>
void put(std::string& out, Integer value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

template <class Integer>
Integer take(std::span<const std::uint8_t>& bytes) {
  Integer value;
  std::memcpy(&value, bytes.data(), sizeof value);
  bytes = bytes.subspan(sizeof value);
  return value;
}

// The chunks' own sizes stand in the table; the rest must leave room for at least the table.
bool parts_fit(const SnapshotHeader& header) {
  if (header.chunk_count > kSnapshotChunksMax) return false;
  if (header.state_bytes > header.file_bytes) return false;
  const std::uint64_t fixed = kSnapshotHeaderBytes + header.range_bytes +
                              std::uint64_t{header.chunk_count} * kChunkRecordBytes;
  return header.file_bytes - header.state_bytes >= fixed;
}

}  // namespace

std::array<std::uint8_t, kSnapshotHeaderBytes> encode_snapshot_header(
    const SnapshotHeader& header) {
  std::string bytes{kMagic};
  put(bytes, kSnapshotFormatVersion);
  put(bytes, header.chunk_count);
  bytes.append(reinterpret_cast<const char*>(header.ledger_id.data()), header.ledger_id.size());
  put(bytes, header.seq.value());
  put(bytes, header.end.value());
  put(bytes, header.file_bytes);
  put(bytes, header.state_bytes);
  put(bytes, header.state_crc);
  put(bytes, header.range_bytes);
  put(bytes, header.range_crc);
  put(bytes, header.table_crc);
  put(bytes, crc32c(bytes_of(bytes)));
  std::array<std::uint8_t, kSnapshotHeaderBytes> encoded;
  LEDGER_INVARIANT(bytes.size() == encoded.size());
  std::memcpy(encoded.data(), bytes.data(), bytes.size());
  return encoded;
}

Result<SnapshotHeader> decode_snapshot_header(std::span<const std::uint8_t> bytes) {
  if (bytes.size() != kSnapshotHeaderBytes) return Errc::snapshot_corrupt;
  const auto guarded = bytes.first(kSnapshotHeaderBytes - sizeof(std::uint32_t));
  auto crc = bytes.last(sizeof(std::uint32_t));
  if (take<std::uint32_t>(crc) != crc32c(guarded)) return Errc::snapshot_corrupt;
  if (text_of(bytes.first(kMagic.size())) != kMagic) return Errc::snapshot_corrupt;
  auto rest = guarded.subspan(kMagic.size());
  const auto version = take<std::uint32_t>(rest);
  if (version > kSnapshotFormatVersion) return Errc::unsupported_format;
  if (version < kSnapshotFormatVersion) return Errc::outdated_format;
  SnapshotHeader header;
  header.chunk_count = take<std::uint32_t>(rest);
  header.ledger_id = take<std::array<std::uint8_t, 16>>(rest);
  header.seq = Sequence{take<std::uint64_t>(rest)};
  header.end = Sequence{take<std::uint64_t>(rest)};
  header.file_bytes = take<std::uint64_t>(rest);
  header.state_bytes = take<std::uint64_t>(rest);
  header.state_crc = take<std::uint32_t>(rest);
  header.range_bytes = take<std::uint32_t>(rest);
  header.range_crc = take<std::uint32_t>(rest);
  header.table_crc = take<std::uint32_t>(rest);
  if (header.end < header.seq || !parts_fit(header)) return Errc::snapshot_corrupt;
  return header;
}

void append_chunk_record(std::string& table, const ChunkRecord& record) {
  put(table, record.base.value());
  put(table, record.entries);
  put(table, record.bound);
  put(table, record.crc);
}

Result<ChunkRecord> decode_chunk_record(std::span<const std::uint8_t> bytes,
                                        const std::optional<ChunkRecord>& previous) {
  if (bytes.size() != kChunkRecordBytes) return Errc::snapshot_corrupt;
  ChunkRecord record;
  record.base = TokenIndex::from_value(take<std::uint64_t>(bytes));
  record.entries = take<std::uint32_t>(bytes);
  record.bound = take<std::uint32_t>(bytes);
  record.crc = take<std::uint32_t>(bytes);
  if (!record.base.has_lane() || record.base.counter() % kChunkTokens != 0)
    return Errc::snapshot_corrupt;
  if (record.entries == 0 || record.entries > kChunkTokens) return Errc::snapshot_corrupt;
  if (record.bound > record.entries) return Errc::snapshot_corrupt;
  if (previous && record.base <= previous->base) return Errc::snapshot_corrupt;
  return record;
}

std::string snapshot_name(Sequence seq) {
  const std::string digits = std::to_string(seq.value());
  return std::string{kNamePrefix} + std::string(kNameDigits - digits.size(), '0') + digits;
}

std::optional<Sequence> parse_snapshot_name(std::string_view name) {
  if (name.size() != kNamePrefix.size() + kNameDigits || !name.starts_with(kNamePrefix))
    return std::nullopt;
  std::uint64_t value = 0;
  for (const char digit : name.substr(kNamePrefix.size())) {
    if (digit < '0' || digit > '9') return std::nullopt;
    value = value * 10 + static_cast<std::uint64_t>(digit - '0');
  }
  // A number beyond 64 bits wrapped around and no longer gives its own name.
  if (snapshot_name(Sequence{value}) != name) return std::nullopt;
  return Sequence{value};
}

}  // namespace tokenledger
