#include "core/tile_hash_source.hpp"

#include <algorithm>
#include <utility>

namespace tokenledger {

Result<Digest> TileHashSource::node(NodeId id) {
  // Compared by counts: an index shifted left could overflow.
  if (id.level >= 64 || id.index >= size_ >> id.level) return Errc::invalid_argument;
  const TilePosition position = tile_position(id);
  const TileId tile{.level = position.tile_level,
                    .index = position.tile_index,
                    .width = tile_width(position.tile_level, position.tile_index, size_)};
  const auto bytes = find_or_read(tile);
  if (!bytes) return bytes.error();
  return hash_in_tile(*bytes, position.level, position.index);
}

Result<ByteView> TileHashSource::find_or_read(const TileId& id) {
  const auto found =
      std::ranges::find_if(kept_, [&](const KeptTile& kept) { return kept.id == id; });
  if (found != kept_.end()) return ByteView{found->bytes};
  auto bytes = reader_.read_tile(id);
  if (!bytes) return bytes.error();
  if (bytes->size() < id.width * sizeof(Digest)) return Errc::invalid_argument;
  bytes->resize(id.width * sizeof(Digest));
  if (kept_.size() < kTilesKeptMax) {
    kept_.push_back({.id = id, .bytes = std::move(*bytes)});
    return ByteView{kept_.back().bytes};
  }
  KeptTile& replaced = kept_[next_dropped_++ % kTilesKeptMax];
  replaced = {.id = id, .bytes = std::move(*bytes)};
  return ByteView{replaced.bytes};
}

}  // namespace tokenledger
