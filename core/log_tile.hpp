// Tiles: the tree and the entries of the log as files that never change (C2SP tlog-tiles v0.1.0).
//
//   hash tile     tile/<L>/<N>[.p/<W>]          W hashes of 32 bytes, 256 without .p
//   entry bundle  tile/entries/<N>[.p/<W>]      W entries, 256 without .p, each after its length
//                                               as a 16-bit big-endian number
//   L             0 to 63, decimal
//   N             decimal in groups of three digits, all but the last after an "x": x001/x234/067
//   W             1 to 255, decimal
//
// Hash number i of tile N at level L covers 256^L leaves and is number N * 256 + i of its kind: the
// root of a full tile one level below. A partial tile is never hashed upward. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/byte_view.hpp"
#include "core/errc.hpp"
#include "core/ids.hpp"
#include "core/merkle_proof.hpp"

namespace tokenledger {

inline constexpr std::size_t kTileHashes = 256;
inline constexpr std::size_t kTileBytesMax = kTileHashes * sizeof(Digest);
inline constexpr unsigned kTileNodeLevels = 8;  // node levels that one tile stands for: 2^8 = 256
inline constexpr unsigned kTileLevelMax = 63;   // in a path; trees up to kTreeSizeMax need 0 to 7
inline constexpr std::uint64_t kTileIndexMax = (std::uint64_t{1} << 56) - 1;
inline constexpr std::size_t kTilePathBytesMax = 64;
inline constexpr std::size_t kEntryBytesMax = 65'535;
inline constexpr std::size_t kEntryBundleBytesMax = kTileHashes * (2 + kEntryBytesMax);

struct TileId {
  unsigned level = 0;
  std::uint64_t index = 0;
  std::size_t width = kTileHashes;  // hashes or entries: 1 to 256; 256 is a full tile
  friend constexpr bool operator==(const TileId&, const TileId&) = default;
};

// Paths start with "tile/". Invariant: level, index and width within their ranges.
[[nodiscard]] std::string tile_path(const TileId& id);
// Level is 0 in the id of an entry bundle.
[[nodiscard]] std::string entry_bundle_path(const TileId& id);

// nullopt for everything but the one spelling that the writers above have (width 256 never has a
// suffix).
[[nodiscard]] std::optional<TileId> parse_tile_path(std::string_view path);
[[nodiscard]] std::optional<TileId> parse_entry_bundle_path(std::string_view path);

// Hashes at this tile level in a tree of this size: size / 256^level, rounded down.
[[nodiscard]] std::uint64_t tile_level_hashes(unsigned level, std::uint64_t size) noexcept;
// The width that this tile has in a tree of this size: 256 when full, 0 when it does not exist.
[[nodiscard]] std::size_t tile_width(unsigned level, std::uint64_t index,
                                     std::uint64_t size) noexcept;

// Where a perfect node stands: `level` node levels above the hashes of the tile (0 to 7), as number
// `index` of that level.
struct TilePosition {
  unsigned tile_level = 0;
  std::uint64_t tile_index = 0;
  unsigned level = 0;
  std::size_t index = 0;
  friend constexpr bool operator==(const TilePosition&, const TilePosition&) = default;
};
[[nodiscard]] TilePosition tile_position(NodeId node) noexcept;

// The hash of a node within a tile's bytes, recomputed from the (1 << level) hashes below it; level
// 8, index 0 is the root of a full tile. Errc::invalid_argument: no whole number of hashes, more
// than 256, or too few to cover the node.
[[nodiscard]] Result<Digest> hash_in_tile(ByteView tile, unsigned level, std::size_t index);

// What the next tile level stores for this tile. Errc::invalid_argument unless it is full.
[[nodiscard]] Result<Digest> full_tile_hash(ByteView tile);

// Errc::too_large: an entry longer than kEntryBytesMax or more than 256 of them;
// Errc::invalid_argument: none.
[[nodiscard]] Result<std::vector<std::uint8_t>> encode_entry_bundle(
    std::span<const ByteView> entries);
// Views into `bundle`. Errc::invalid_argument unless the bytes are exactly `width` entries (1 to
// 256).
[[nodiscard]] Result<std::vector<ByteView>> decode_entry_bundle(ByteView bundle, std::size_t width);

}  // namespace tokenledger
