// Any bytes: no crash. An accepted path is written again letter for letter, and is either a tile's
// or a bundle's. The same bytes as an entry bundle: accepted ones are written again byte for byte.
#include <cstdint>
#include <cstdlib>

#include "core/log_tile.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tokenledger;
  const ByteView bytes{data, size};
  const std::string_view text = text_of(bytes);
  const auto tile = parse_tile_path(text);
  const auto bundle_id = parse_entry_bundle_path(text);
  if (tile && bundle_id) std::abort();
  if (tile && tile_path(*tile) != text) std::abort();
  if (bundle_id && entry_bundle_path(*bundle_id) != text) std::abort();
  for (const std::size_t width : {1, 2, 3, 256}) {
    const auto entries = decode_entry_bundle(bytes, width);
    if (!entries) continue;
    const auto again = encode_entry_bundle(*entries);
    if (!again || text_of(*again) != text) std::abort();
  }
  // No tile of any bytes names a node beyond its hashes.
  for (unsigned level = 0; level <= kTileNodeLevels; ++level)
    for (const std::size_t index : {std::size_t{0}, std::size_t{1}, std::size_t{255}}) {
      const bool is_covered = size % sizeof(Digest) == 0 && size <= kTileBytesMax &&
                              (index + 1) << level <= size / sizeof(Digest);
      if (hash_in_tile(bytes, level, index).has_value() != is_covered) std::abort();
    }
  return 0;
}
