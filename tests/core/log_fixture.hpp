// A log in memory, for tests of proofs and tiles.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "core/byte_view.hpp"
#include "core/log_tile.hpp"
#include "core/merkle.hpp"
#include "core/merkle_proof.hpp"
#include "core/proof_text.hpp"
#include "core/tile_hash_source.hpp"

namespace tokenledger::testing_support {

inline std::vector<std::uint8_t> from_hex(std::string_view hex) {
  std::vector<std::uint8_t> bytes;
  for (std::size_t at = 0; at + 1 < hex.size(); at += 2) {
    bytes.push_back(
        static_cast<std::uint8_t>(std::stoi(std::string{hex.substr(at, 2)}, nullptr, 16)));
  }
  return bytes;
}

inline std::string to_hex(ByteView bytes) {
  std::string hex;
  for (const std::uint8_t byte : bytes) {
    hex += "0123456789abcdef"[byte >> 4];
    hex += "0123456789abcdef"[byte & 15];
  }
  return hex;
}

inline Digest digest_from_hex(std::string_view hex) {
  const auto digest = digest_from_bytes(from_hex(hex));
  EXPECT_TRUE(digest) << hex;
  return digest.value_or(Digest{});
}

// Entries, every perfect node above them, and the tiles that both make.
class MemoryLog : public HashSource, public TileReader {
 public:
  MemoryLog() = default;
  // Entries "<prefix>0" to "<prefix><count - 1>".
  MemoryLog(std::string_view prefix, std::uint64_t count) {
    for (std::uint64_t at = 0; at < count; ++at) append(std::string{prefix} + std::to_string(at));
  }

  void append(std::string_view entry) {
    entries_.emplace_back(entry);
    range_.append(leaf_hash(bytes_of(entry)),
                  [&](unsigned level, std::uint64_t, const Digest& hash) {
                    if (levels_.size() <= level) levels_.resize(level + 1);
                    levels_[level].push_back(hash);
                  });
  }

  [[nodiscard]] std::uint64_t size() const { return range_.size(); }
  [[nodiscard]] Digest root() const { return range_.root(); }
  [[nodiscard]] const std::string& entry(std::uint64_t index) const { return entries_.at(index); }
  [[nodiscard]] Digest leaf(std::uint64_t index) const { return levels_.at(0).at(index); }

  Result<Digest> node(NodeId id) override {
    ++nodes_asked;
    if (id.level >= levels_.size() || id.index >= levels_[id.level].size())
      return Errc::file_not_found;
    return levels_[id.level][id.index];
  }

  // Also for partial tiles and for widths that a smaller tree had.
  Result<std::vector<std::uint8_t>> read_tile(const TileId& id) override {
    ++tiles_asked;
    std::vector<std::uint8_t> tile;
    for (std::size_t at = 0; at < id.width; ++at) {
      const auto hash =
          node({.level = id.level * kTileNodeLevels, .index = id.index * kTileHashes + at});
      if (!hash) return hash.error();
      tile.insert(tile.end(), hash->begin(), hash->end());
    }
    return tile;
  }

  [[nodiscard]] std::vector<std::uint8_t> entry_bundle(const TileId& id) const {
    std::vector<ByteView> views;
    for (std::size_t at = 0; at < id.width; ++at)
      views.push_back(bytes_of(entries_.at(id.index * kTileHashes + at)));
    return encode_entry_bundle(views).value();
  }

  std::uint64_t nodes_asked = 0;
  std::uint64_t tiles_asked = 0;

 private:
  std::vector<std::string> entries_;
  CompactRange range_;
  std::vector<std::vector<Digest>> levels_;
};

}  // namespace tokenledger::testing_support
