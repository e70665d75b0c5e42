#include "storage/checkpoint_history.hpp"

#include <algorithm>

#include "core/invariant.hpp"
#include "storage/byte_codec.hpp"
#include "storage/crc32c.hpp"
#include "storage/durable_file.hpp"
#include "storage/format_version.hpp"

namespace tokenledger {
namespace {

inline constexpr std::uint64_t kMagic = 0x31'54'50'4B'43'4C'54'00;  // "\0TLCKPT1"
inline constexpr std::size_t kBytes = CheckpointHistory::kRecordBytes;
inline constexpr std::size_t kCrcAt = kBytes - 4;
inline constexpr std::size_t kOwnerAt = 8 + 4;  // behind magic and version

using Block = std::array<std::uint8_t, kBytes>;

void seal_block(std::vector<std::uint8_t>& bytes) {
  bytes.resize(kCrcAt);
  const auto crc = crc32c(bytes);
  ByteWriter{bytes}.integer(crc);
}

bool is_sealed(const Block& block) {
  ByteReader tail{std::span{block}.subspan(kCrcAt)};
  return tail.integer<std::uint32_t>() == crc32c(std::span{block}.first(kCrcAt));
}

std::vector<std::uint8_t> encode_header(const CheckpointHistory::Owner& owner) {
  std::vector<std::uint8_t> bytes;
  ByteWriter writer{bytes};
  writer.integer(kMagic);
  writer.integer(kCheckpointHistoryVersion);
  writer.bytes(owner.ledger_id);
  writer.bytes(owner.public_key);
  seal_block(bytes);
  return bytes;
}

// Whole, and by a newer program: then even the owner may stand elsewhere.
bool is_newer_header(const Block& block) {
  ByteReader reader{block};
  return is_sealed(block) && reader.integer<std::uint64_t>() == kMagic &&
         reader.integer<std::uint32_t>() > kCheckpointHistoryVersion;
}

std::vector<std::uint8_t> encode_record(const CheckpointRecord& record) {
  std::vector<std::uint8_t> bytes;
  ByteWriter writer{bytes};
  writer.integer(record.size);
  writer.integer(record.signed_at.value());
  writer.bytes(record.root);
  writer.bytes(record.signature);
  seal_block(bytes);
  return bytes;
}

// Canonical: what stands there is exactly what the encoder writes.
Result<CheckpointRecord> decode_record(const Block& block) {
  if (!is_sealed(block)) return Errc::audit_corrupt;
  ByteReader reader{block};
  CheckpointRecord record;
  record.size = reader.integer<std::uint64_t>();
  record.signed_at = LedgerTime{reader.integer<std::uint64_t>()};
  reader.fill(record.root);
  reader.fill(record.signature);
  const bool is_canonical = std::ranges::equal(encode_record(record), block);
  return is_canonical && record.size != 0 ? Result<CheckpointRecord>{record} : Errc::audit_corrupt;
}

}  // namespace

Result<std::unique_ptr<CheckpointHistory>> CheckpointHistory::open(
    FileLayer& files, const std::filesystem::path& path, const Owner& owner) {
  auto opened = files.open(path);
  if (opened.has_error() && opened.error() == Errc::file_not_found) {
    if (auto made = create_durably(files, path, encode_header(owner)); !made) return made.error();
    opened = files.open(path);
  }
  if (!opened) return opened.error();
  std::unique_ptr<CheckpointHistory> history{new CheckpointHistory};
  history->file_ = std::move(*opened);
  auto reader = files.open_for_reading(path);
  if (!reader) return reader.error();
  history->reader_ = std::move(*reader);
  if (auto adopted = history->adopt(owner); !adopted) return adopted.error();
  return history;
}

Result<std::unique_ptr<CheckpointHistory>> CheckpointHistory::open_for_reading(
    FileLayer& files, const std::filesystem::path& path, const Owner& owner,
    std::uint64_t* unfinished_bytes) {
  auto reader = files.open_for_reading(path);
  if (!reader) return reader.error();
  std::unique_ptr<CheckpointHistory> history{new CheckpointHistory};
  history->reader_ = std::move(*reader);
  const auto records = history->count_records(owner);
  if (!records) return records.error();
  const auto bytes = history->reader_->size();
  if (!bytes) return bytes.error();
  if (unfinished_bytes != nullptr) *unfinished_bytes = *bytes - (*records + 1) * kBytes;
  history->count_.store(*records, std::memory_order_release);
  return history;
}

Result<CheckpointHistory::Owner> CheckpointHistory::read_owner(FileLayer& files,
                                                               const std::filesystem::path& path) {
  const auto reader = files.open_for_reading(path);
  if (!reader) return reader.error();
  Block header{};
  const auto got = (*reader)->read_at(0, header);
  if (!got) return got.error();
  if (*got != kBytes) return Errc::audit_corrupt;
  if (is_newer_header(header)) return Errc::unsupported_format;
  ByteReader fields{std::span{header}.subspan(kOwnerAt)};
  Owner owner;
  fields.fill(owner.ledger_id);
  fields.fill(owner.public_key);
  const bool is_canonical = std::ranges::equal(header, encode_header(owner));
  return is_canonical ? Result<Owner>{owner} : Errc::audit_corrupt;
}

// Whole records behind a header that is this owner's.
Result<std::uint64_t> CheckpointHistory::count_records(const Owner& owner) const {
  const auto bytes = reader_->size();
  if (!bytes) return bytes.error();
  Block header{};
  const auto got = reader_->read_at(0, header);
  if (!got) return got.error();
  if (*got != kBytes) return Errc::audit_corrupt;
  if (is_newer_header(header)) return Errc::unsupported_format;
  if (!std::ranges::equal(header, encode_header(owner))) return Errc::audit_corrupt;
  std::uint64_t records = *bytes / kBytes - 1;
  if (records > 0) {
    Block last{};
    if (auto read = reader_->read_at(records * kBytes, last); !read) return read.error();
    if (last == Block{}) --records;
  }
  return records;
}

Result<void> CheckpointHistory::adopt(const Owner& owner) {
  const auto records = count_records(owner);
  if (!records) return records.error();
  const auto bytes = file_->size();
  if (!bytes) return bytes.error();
  if ((*records + 1) * kBytes != *bytes) {
    if (auto cut = file_->truncate((*records + 1) * kBytes); !cut) return cut;
  }
  // What a process wrote before it was killed may stand in the file and not yet on the disk; from
  // here on it is relied on.
  if (auto synced = file_->sync_data(); !synced) return synced;
  count_.store(*records, std::memory_order_release);
  const auto last = newest();
  if (!last) return last.error();
  newest_size_ = *last ? (*last)->size : 0;
  return {};
}

Result<CheckpointRecord> CheckpointHistory::read(std::uint64_t at) const {
  if (at >= count()) return Errc::invalid_argument;
  Block block{};
  {
    const std::scoped_lock lock{mutex_};
    const auto got = reader_->read_at((at + 1) * kBytes, block);
    if (!got) return got.error();
    if (*got != kBytes) return Errc::audit_corrupt;
  }
  return decode_record(block);
}

Result<std::optional<CheckpointRecord>> CheckpointHistory::newest() const {
  const auto records = count();
  if (records == 0) return std::optional<CheckpointRecord>{};
  const auto record = read(records - 1);
  if (!record) return record.error();
  return std::optional{*record};
}

Result<std::optional<CheckpointRecord>> CheckpointHistory::find(std::uint64_t size) const {
  std::uint64_t begin = 0;
  std::uint64_t end = count();
  while (begin < end) {
    const auto middle = begin + (end - begin) / 2;
    const auto record = read(middle);
    if (!record) return record.error();
    if (record->size == size) return std::optional{*record};
    (record->size < size ? begin : end) = record->size < size ? middle + 1 : middle;
  }
  return std::optional<CheckpointRecord>{};
}

Result<void> CheckpointHistory::append(const CheckpointRecord& record) {
  LEDGER_INVARIANT(file_ != nullptr);
  LEDGER_INVARIANT(record.size > newest_size_);
  if (auto appended = file_->append(encode_record(record)); !appended) return appended;
  if (auto synced = file_->sync_data(); !synced) return synced;
  newest_size_ = record.size;
  count_.fetch_add(1, std::memory_order_release);
  return {};
}

}  // namespace tokenledger
