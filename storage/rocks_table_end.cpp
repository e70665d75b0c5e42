#include "storage/rocks_table_end.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <vector>

#include "core/byte_view.hpp"
#include "storage/byte_codec.hpp"
#include "storage/durable_file.hpp"
#include "storage/file_layer.hpp"
#include "storage/rocks_check.hpp"

namespace tokenledger {
namespace {

// The end of a table (RocksDB's table/format.h): checksum type, two handles padded to 40 bytes,
// format version, magic number. Both databases of a ledger write XXH3 and version 5.
constexpr std::size_t kFooterBytes = 1 + 40 + 4 + 8;
constexpr std::uint8_t kXxh3 = 4;
constexpr std::uint32_t kTableVersion = 5;
constexpr std::uint64_t kTableMagic = 0x88E2'41B7'85F4'CFF7;

constexpr std::size_t kMetaIndexBytesMax = 64 * 1024;
constexpr std::size_t kBlockTrailerBytes = 5;  // compression type and checksum
constexpr std::string_view kPropertiesName = "rocksdb.properties";
// Read only where a table is damaged. RocksDB begins a new one at each open.
constexpr std::size_t kManifestBytesMax = 256 * 1024 * 1024;
constexpr std::size_t kCurrentBytesMax = 64;
constexpr std::string_view kTableSuffix = ".sst";

struct BlockHandle {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};

// LEB128, as RocksDB's varint64; a reader that is not ok() any more when there is none.
std::uint64_t read_varint(ByteReader& reader) {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    const auto byte = reader.integer<std::uint8_t>();
    value |= std::uint64_t{byte & 0x7Fu} << shift;
    if ((byte & 0x80) == 0) return value;
  }
  static_cast<void>(reader.bytes(reader.left() + 1));
  return 0;
}

void append_varint(std::vector<std::uint8_t>& bytes, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) bytes.push_back(static_cast<std::uint8_t>(value | 0x80));
  bytes.push_back(static_cast<std::uint8_t>(value));
}

BlockHandle read_handle(ByteReader& reader) {
  const auto offset = read_varint(reader);
  return {offset, read_varint(reader)};
}

// The blocks that a meta index names.
struct MetaBlocks {
  std::optional<BlockHandle> properties;
  std::vector<std::uint64_t> offsets;
};

// Its entries: shared, unshared and value lengths, then both; nullopt where they make no sense.
// Behind the last of them stand the restarts, one for each entry, and their count.
std::optional<MetaBlocks> read_meta_index(ByteView block) {
  constexpr std::size_t kCountBytes = 4;
  if (block.size() < kCountBytes) return std::nullopt;
  const auto entries_and_restarts = block.first(block.size() - kCountBytes);
  ByteReader count{block.last(kCountBytes)};
  const std::size_t restart_bytes = std::size_t{count.integer<std::uint32_t>()} * kCountBytes;
  if (restart_bytes > entries_and_restarts.size()) return std::nullopt;
  ByteReader reader{entries_and_restarts.first(entries_and_restarts.size() - restart_bytes)};
  MetaBlocks blocks;
  std::string key;
  while (reader.ok() && reader.left() > 0) {
    const auto shared = read_varint(reader);
    const auto unshared = read_varint(reader);
    const auto value_bytes = read_varint(reader);
    if (!reader.ok() || shared > key.size() || unshared > reader.left()) return std::nullopt;
    key.resize(shared);
    key += text_of(reader.bytes(unshared));
    if (value_bytes > reader.left()) return std::nullopt;
    const auto value = reader.bytes(value_bytes);
    ByteReader handle{value};
    const auto found = read_handle(handle);
    if (!handle.ok()) return std::nullopt;
    blocks.offsets.push_back(found.offset);
    if (key == kPropertiesName) blocks.properties = found;
  }
  return reader.ok() ? std::optional{std::move(blocks)} : std::nullopt;
}

std::string damaged(const char* what, std::uint64_t at) {
  return std::string{what} + " at byte " + std::to_string(at) + " is damaged";
}

// RocksDB takes the properties block apart before it looks at its checksum, and aborts where the
// block's end asks for a hash index that is not there. The index is written before all of these
// blocks but the filter, without a gap; led to another place, RocksDB may find an empty table.
Result<std::string> find_properties_fault(const File& table, std::uint64_t end, ByteView handles) {
  const auto fits = [&](const BlockHandle& block) {
    return block.size <= end && block.offset <= end - block.size &&
           end - block.size - block.offset >= kBlockTrailerBytes;
  };
  ByteReader reader{handles};
  const auto meta = read_handle(reader);
  const auto index = read_handle(reader);
  const auto padding = reader.bytes(reader.left());
  const bool is_padded = std::ranges::all_of(padding, [](auto byte) { return byte == 0; });
  if (!reader.ok() || !is_padded || !fits(meta) || !fits(index) || meta.size > kMetaIndexBytesMax)
    return damaged("its footer", end);
  std::vector<std::uint8_t> block(static_cast<std::size_t>(meta.size));
  const auto read = table.read_at(meta.offset, block);
  if (!read) return read.error();
  const auto blocks = *read == block.size() ? read_meta_index(block) : std::optional<MetaBlocks>{};
  const auto properties = blocks ? blocks->properties : std::nullopt;
  constexpr std::size_t kCountBytes = 4;
  if (!properties || !fits(*properties) || properties->size < kCountBytes)
    return damaged("its meta index", meta.offset);
  const auto behind_index = index.offset + index.size + kBlockTrailerBytes;
  if (std::ranges::find(blocks->offsets, behind_index) == blocks->offsets.end())
    return damaged("its footer", end);
  std::array<std::uint8_t, kCountBytes> last{};
  const auto counted = table.read_at(properties->offset + properties->size - kCountBytes, last);
  if (!counted) return counted.error();
  ByteReader tail{last};
  const auto restarts = tail.integer<std::uint32_t>();
  const bool is_sound =
      *counted == kCountBytes && restarts <= (properties->size - kCountBytes) / kCountBytes;
  return is_sound ? std::string{} : damaged("its properties block", properties->offset);
}

// "000012.sst" with 12.
std::optional<std::uint64_t> table_number(std::string_view name) {
  if (!name.ends_with(kTableSuffix)) return std::nullopt;
  name.remove_suffix(kTableSuffix.size());
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  const bool is_whole = error == std::errc{} && end == name.data() + name.size();
  return is_whole ? std::optional{number} : std::nullopt;
}

// Whether the MANIFEST adds a table of this number and length: RocksDB writes one behind the other,
// as varints, after it synced the table; a block's end may stand between any two bytes of them.
// What can't be read is taken for a yes.
bool is_named(FileLayer& files, const std::filesystem::path& directory, std::uint64_t number,
              std::uint64_t bytes) {
  const auto current = read_whole(files, directory / "CURRENT", kCurrentBytesMax);
  if (!current || current->empty()) return true;
  const auto name = text_of(ByteView{*current}.first(current->size() - 1));
  const auto manifest = read_whole(files, directory / name, kManifestBytesMax);
  if (!manifest) return true;
  std::vector<std::uint8_t> wanted;
  append_varint(wanted, number);
  append_varint(wanted, bytes);
  const auto records = block_log_payload(*manifest);
  return !std::ranges::search(records, wanted).empty();
}

}  // namespace

Result<std::string> find_table_end_fault(const File& table) {
  const auto size = table.size();
  if (!size) return size.error();
  std::vector<std::uint8_t> footer(kFooterBytes);
  const auto at = *size < kFooterBytes ? 0 : *size - kFooterBytes;
  const auto count = table.read_at(at, footer);
  if (!count) return count.error();
  ByteReader reader{footer};
  const auto checksum = reader.integer<std::uint8_t>();
  const auto handles = reader.bytes(40);
  const auto version = reader.integer<std::uint32_t>();
  const auto magic = reader.integer<std::uint64_t>();
  if (*count != kFooterBytes || checksum != kXxh3 || version != kTableVersion ||
      magic != kTableMagic)
    return "its footer at byte " + std::to_string(at) + " is not one of this ledger";
  return find_properties_fault(table, at, handles);
}

Result<std::string> find_dangerous_table(FileLayer& files, const std::filesystem::path& directory) {
  const auto names = files.list(directory);
  if (names.has_error() && names.error() == Errc::file_not_found) return std::string{};
  if (!names) return names.error();
  for (const auto& name : *names) {
    const auto number = table_number(name);
    if (!number) continue;
    const auto table = files.open_for_reading(directory / name);
    if (!table) return table.error();
    const auto fault = find_table_end_fault(**table);
    if (!fault) return fault;
    const auto bytes = (*table)->size();
    if (!bytes) return bytes.error();
    if (!fault->empty() && is_named(files, directory, *number, *bytes)) return name + ": " + *fault;
  }
  return std::string{};
}

}  // namespace tokenledger
