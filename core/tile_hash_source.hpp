// TileHashSource makes proofs from tiles alone: a HashSource over whatever holds them.
//
// Not thread-safe: one per proof, or a few proofs of one tree. Tiles are trusted; verify the
// finished proof against a checkpoint to know that they were right.
#pragma once

#include <cstdint>
#include <vector>

#include "core/log_tile.hpp"
#include "core/merkle_proof.hpp"

namespace tokenledger {

class TileReader {
 public:
  virtual ~TileReader() = default;
  // The bytes of a hash tile; of the full tile where a partial one is gone (C2SP tlog-tiles lets a
  // log drop it). Longer answers are cut to the width asked for.
  virtual Result<std::vector<std::uint8_t>> read_tile(const TileId& id) = 0;
};

class TileHashSource : public HashSource {
 public:
  static constexpr std::size_t kTilesKeptMax = 16;  // a proof needs at most two a level

  // Of a tree of `size` leaves (at most kTreeSizeMax). `reader` must outlive this.
  TileHashSource(std::uint64_t size, TileReader& reader) : size_{size}, reader_{reader} {}

  // Errc::invalid_argument: a node that is not wholly within the tree, or a tile with too few or
  // broken hashes; else the reader's errors.
  Result<Digest> node(NodeId id) override;

 private:
  struct KeptTile {
    TileId id;
    std::vector<std::uint8_t> bytes;
  };
  Result<ByteView> find_or_read(const TileId& id);

  std::uint64_t size_;
  TileReader& reader_;
  std::vector<KeptTile> kept_;
  std::size_t next_dropped_ = 0;
};

}  // namespace tokenledger
