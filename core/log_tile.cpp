#include "core/log_tile.hpp"

#include <algorithm>

#include "core/invariant.hpp"
#include "core/merkle.hpp"
#include "core/proof_text.hpp"

namespace tokenledger {
namespace {

constexpr std::string_view kTilePrefix = "tile/";
constexpr std::string_view kEntriesPrefix = "tile/entries/";
constexpr std::string_view kPartialSuffix = ".p/";
constexpr std::size_t kGroupDigits = 3;
constexpr std::uint64_t kGroupValues = 1000;

std::string group_digits(std::uint64_t group) {
  const std::string digits = std::to_string(group);
  return std::string(kGroupDigits - digits.size(), '0') + digits;
}

// <N>[.p/<W>]
std::string index_path(const TileId& id) {
  LEDGER_INVARIANT(id.index <= kTileIndexMax);
  LEDGER_INVARIANT(id.width >= 1 && id.width <= kTileHashes);
  std::string path = group_digits(id.index % kGroupValues);
  for (auto left = id.index / kGroupValues; left > 0; left /= kGroupValues)
    path = "x" + group_digits(left % kGroupValues) + "/" + path;
  if (id.width < kTileHashes) {
    path += kPartialSuffix;
    path += std::to_string(id.width);
  }
  return path;
}

// The number of one group of exactly three digits.
std::optional<std::uint64_t> parse_group(std::string_view text) noexcept {
  if (text.size() != kGroupDigits) return std::nullopt;
  std::uint64_t value = 0;
  for (const char letter : text) {
    if (letter < '0' || letter > '9') return std::nullopt;
    value = value * 10 + static_cast<std::uint64_t>(letter - '0');
  }
  return value;
}

// The opposite of index_path. Groups of zeros at the front are left to the caller's comparison with
// the canonical spelling.
std::optional<TileId> parse_index_path(std::string_view path) {
  TileId id;
  if (const auto suffix = path.find(kPartialSuffix); suffix != std::string_view::npos) {
    const auto width = parse_decimal(path.substr(suffix + kPartialSuffix.size()), kTileHashes - 1);
    if (!width || *width == 0) return std::nullopt;
    id.width = static_cast<std::size_t>(*width);
    path = path.substr(0, suffix);
  }
  for (;;) {
    const bool is_last = !path.starts_with('x');
    if (!is_last) path.remove_prefix(1);
    const auto group = parse_group(is_last ? path : path.substr(0, kGroupDigits));
    if (!group || id.index > (kTileIndexMax - *group) / kGroupValues) return std::nullopt;
    id.index = id.index * kGroupValues + *group;
    if (is_last) return id;
    path.remove_prefix(kGroupDigits);
    if (!path.starts_with('/')) return std::nullopt;
    path.remove_prefix(1);
  }
}

}  // namespace

std::string tile_path(const TileId& id) {
  LEDGER_INVARIANT(id.level <= kTileLevelMax);
  return std::string{kTilePrefix} + std::to_string(id.level) + "/" + index_path(id);
}

std::string entry_bundle_path(const TileId& id) {
  LEDGER_INVARIANT(id.level == 0);
  return std::string{kEntriesPrefix} + index_path(id);
}

std::optional<TileId> parse_tile_path(std::string_view path) {
  if (path.size() > kTilePathBytesMax || !path.starts_with(kTilePrefix)) return std::nullopt;
  const auto rest = path.substr(kTilePrefix.size());
  const auto level_end = rest.find('/');
  if (level_end == std::string_view::npos) return std::nullopt;
  const auto level = parse_decimal(rest.substr(0, level_end), kTileLevelMax);
  auto id = parse_index_path(rest.substr(level_end + 1));
  if (!level || !id) return std::nullopt;
  id->level = static_cast<unsigned>(*level);
  if (tile_path(*id) != path) return std::nullopt;
  return id;
}

std::optional<TileId> parse_entry_bundle_path(std::string_view path) {
  if (path.size() > kTilePathBytesMax || !path.starts_with(kEntriesPrefix)) return std::nullopt;
  const auto id = parse_index_path(path.substr(kEntriesPrefix.size()));
  if (!id || entry_bundle_path(*id) != path) return std::nullopt;
  return id;
}

std::uint64_t tile_level_hashes(unsigned level, std::uint64_t size) noexcept {
  return level < 64 / kTileNodeLevels ? size >> (kTileNodeLevels * level) : 0;
}

std::size_t tile_width(unsigned level, std::uint64_t index, std::uint64_t size) noexcept {
  const auto hashes = tile_level_hashes(level, size);
  if (index > hashes / kTileHashes) return 0;
  return static_cast<std::size_t>(
      std::min<std::uint64_t>(hashes - index * kTileHashes, kTileHashes));
}

TilePosition tile_position(NodeId node) noexcept {
  const unsigned level = node.level % kTileNodeLevels;
  const std::uint64_t nodes_per_tile = kTileHashes >> level;
  return {.tile_level = node.level / kTileNodeLevels,
          .tile_index = node.index / nodes_per_tile,
          .level = level,
          .index = static_cast<std::size_t>(node.index % nodes_per_tile)};
}

Result<Digest> hash_in_tile(ByteView tile, unsigned level, std::size_t index) {
  if (tile.size() % sizeof(Digest) != 0 || tile.size() > kTileBytesMax)
    return Errc::invalid_argument;
  if (level > kTileNodeLevels || index >= kTileHashes) return Errc::invalid_argument;
  const std::size_t count = std::size_t{1} << level;
  if ((index + 1) * count > tile.size() / sizeof(Digest)) return Errc::invalid_argument;
  CompactRange hashes;
  for (std::size_t at = index * count; at < (index + 1) * count; ++at) {
    Digest hash;
    std::ranges::copy(tile.subspan(at * sizeof(Digest), sizeof(Digest)), hash.begin());
    hashes.append(hash);
  }
  return hashes.root();
}

Result<Digest> full_tile_hash(ByteView tile) { return hash_in_tile(tile, kTileNodeLevels, 0); }

Result<std::vector<std::uint8_t>> encode_entry_bundle(std::span<const ByteView> entries) {
  if (entries.empty()) return Errc::invalid_argument;
  if (entries.size() > kTileHashes) return Errc::too_large;
  std::vector<std::uint8_t> bundle;
  for (const auto entry : entries) {
    if (entry.size() > kEntryBytesMax) return Errc::too_large;
    bundle.push_back(static_cast<std::uint8_t>(entry.size() >> 8));
    bundle.push_back(static_cast<std::uint8_t>(entry.size()));
    bundle.insert(bundle.end(), entry.begin(), entry.end());
  }
  return bundle;
}

Result<std::vector<ByteView>> decode_entry_bundle(ByteView bundle, std::size_t width) {
  if (width == 0 || width > kTileHashes) return Errc::invalid_argument;
  std::vector<ByteView> entries;
  entries.reserve(width);
  while (entries.size() < width) {
    if (bundle.size() < 2) return Errc::invalid_argument;
    const std::size_t length = std::size_t{bundle[0]} << 8 | bundle[1];
    if (bundle.size() - 2 < length) return Errc::invalid_argument;
    entries.push_back(bundle.subspan(2, length));
    bundle = bundle.subspan(2 + length);
  }
  if (!bundle.empty()) return Errc::invalid_argument;
  return entries;
}

}  // namespace tokenledger
