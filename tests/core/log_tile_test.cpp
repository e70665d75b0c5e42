// Tiles and entry bundles: published paths, every node of real trees found in its tile, and strict
// readers (C2SP tlog-tiles v0.1.0).
#include "core/log_tile.hpp"

#include <gtest/gtest.h>

#include <set>

#include "core/sha256.hpp"
#include "tests/core/log_fixture.hpp"

namespace tokenledger {
namespace {

using testing_support::MemoryLog;
using testing_support::to_hex;

std::string sha256_hex(ByteView bytes) { return to_hex(sha256(bytes)); }

struct PathRow {
  TileId id;
  std::string_view path;
};

// The text of C2SP tlog-tiles and the layout tests of transparency-dev/tessera.
constexpr PathRow kTilePaths[] = {
    {{0, 0, 256}, "tile/0/000"},
    {{0, 0, 255}, "tile/0/000.p/255"},
    {{1, 0, 256}, "tile/1/000"},
    {{0, 999, 256}, "tile/0/999"},
    {{0, 1000, 256}, "tile/0/x001/000"},
    {{0, 1234067, 256}, "tile/0/x001/x234/067"},
    {{0, 1234067, 8}, "tile/0/x001/x234/067.p/8"},
    {{15, 455667, 256}, "tile/15/x455/667"},
    {{15, 123456789, 41}, "tile/15/x123/x456/789.p/41"},
    {{63, kTileIndexMax, 1}, "tile/63/x072/x057/x594/x037/x927/935.p/1"},
};
constexpr PathRow kEntryPaths[] = {
    {{0, 0, 256}, "tile/entries/000"},
    {{0, 0, 8}, "tile/entries/000.p/8"},
    {{0, 255, 253}, "tile/entries/255.p/253"},
    {{0, 123456789, 256}, "tile/entries/x123/x456/789"},
};

TEST(TilePath, IsTheOneOfTheSpecificationBothWays) {
  for (const auto& row : kTilePaths) {
    EXPECT_EQ(tile_path(row.id), row.path);
    EXPECT_EQ(parse_tile_path(row.path), row.id) << row.path;
    EXPECT_LE(row.path.size(), kTilePathBytesMax);
  }
  for (const auto& row : kEntryPaths) {
    EXPECT_EQ(entry_bundle_path(row.id), row.path);
    EXPECT_EQ(parse_entry_bundle_path(row.path), row.id) << row.path;
  }
}

// transparency-log-10.
TEST(TilePath, InAnyOtherSpellingIsRefused) {
  for (const std::string_view path : {"",
                                      "tile",
                                      "tile/",
                                      "tile/0",
                                      "tile/0/",
                                      "/tile/0/000",
                                      "tile/0/000/",
                                      "tile//000",
                                      "tile/64/000",
                                      "tile/00/000",
                                      "tile/01/000",
                                      "tile/-1/000",
                                      "tile/+1/000",
                                      "tile/a/000",
                                      "tile/0/0",
                                      "tile/0/00",
                                      "tile/0/0000",
                                      "tile/0/x000",
                                      "tile/0/x000/001",
                                      "tile/0/x01/000",
                                      "tile/0/x0001/000",
                                      "tile/0/001/000",
                                      "tile/0/x001/x000",
                                      "tile/0/X001/000",
                                      "tile/0/x001//000",
                                      "tile/0/00a",
                                      "tile/0/-01",
                                      "tile/0/000.p",
                                      "tile/0/000.p/",
                                      "tile/0/000.p/0",
                                      "tile/0/000.p/256",
                                      "tile/0/000.p/01",
                                      "tile/0/000.p/1/",
                                      "tile/0/000.p/-1",
                                      "tile/0/000.p/1.p/1",
                                      "tile/0/x000.p/1/000",
                                      "tile/0/000.P/1",
                                      "tile/0/x072/x057/x594/x037/x927/936",
                                      "tile/0/x999/x999/x999/x999/x999/x999/x999/999",
                                      "tile/entries/000",
                                      "tile/8/0/000",
                                      "tile/0/000 ",
                                      "tile/0/000?x",
                                      "Tile/0/000",
                                      "tile/0/\u0661\u0661\u0661"})
    EXPECT_FALSE(parse_tile_path(path)) << path;
  EXPECT_FALSE(parse_tile_path(std::string_view{"tile/0/00\0", 10}));
  for (const std::string_view path :
       {"tile/entries", "tile/entries/", "tile/entries/0", "tile/entries/000.p/0",
        "tile/entries/000.p/256", "tile/entries/x000/000", "tile/0/000", "tile/data/000"})
    EXPECT_FALSE(parse_entry_bundle_path(path)) << path;
}

// The paths of all tiles that a log of this size consists of; a run of full ones by its ends.
std::vector<std::string> tiles_of(std::uint64_t size) {
  std::vector<std::string> paths;
  for (unsigned level = 0; tile_level_hashes(level, size) > 0; ++level)
    for (std::uint64_t index = 0; tile_width(level, index, size) > 0; ++index)
      paths.push_back(
          tile_path({.level = level, .index = index, .width = tile_width(level, index, size)}));
  return paths;
}

TEST(Tiles, OfASizeAreThoseOfTheSpecification) {
  EXPECT_EQ(tiles_of(256), (std::vector<std::string>{"tile/0/000", "tile/1/000.p/1"}));
  EXPECT_TRUE(tiles_of(0).empty());
  const auto paths = tiles_of(70'000);
  const std::set<std::string> all{paths.begin(), paths.end()};
  EXPECT_EQ(all.size(), 273u + 1 + 1 + 1 + 1);
  for (const auto path :
       {"tile/0/272", "tile/0/273.p/112", "tile/1/000", "tile/1/001.p/17", "tile/2/000.p/1"})
    EXPECT_TRUE(all.contains(path)) << path;
  // The largest tree has eight levels; above them there is nothing.
  EXPECT_EQ(tile_level_hashes(7, kTreeSizeMax), 127u);
  EXPECT_EQ(tile_level_hashes(8, kTreeSizeMax), 0u);
  EXPECT_EQ(tile_width(63, 0, kTreeSizeMax), 0u);
  EXPECT_EQ(tile_width(0, kTileIndexMax, kTreeSizeMax), 0u);
  EXPECT_EQ(tile_width(0, kTreeSizeMax / 256, kTreeSizeMax), 255u);
}

// transparency-log-09 and the 300 entries of log_fixture.hpp, hashed by an independent program.
TEST(Tiles, OfTheExampleLogAreByteForByteThoseOfAnIndependentProgram) {
  MemoryLog log{"entry-", 300};
  const struct {
    std::string_view path, sha256;
  } kRows[] = {
      {"tile/0/000", "8921c57d2f65271c82bf0f686c002793863c80c8d1cbbbf5db6046ff59e8b590"},
      {"tile/0/001.p/44", "7bac48c6f72db216f103763f08f639e038a4097f2763009eb3cf2bb457280832"},
      {"tile/1/000.p/1", "0dbddfec97fdc03a63eca701dce6bc0a6493d5d938070377900a6529cc71a448"},
  };
  std::vector<std::string> paths;
  for (const auto& row : kRows) {
    paths.emplace_back(row.path);
    EXPECT_EQ(sha256_hex(log.read_tile(parse_tile_path(row.path).value()).value()), row.sha256);
  }
  EXPECT_EQ(tiles_of(300), paths);
  EXPECT_EQ(sha256_hex(log.entry_bundle({.width = 256})),
            "2e41f76a98595afb6b3a27a02a74792386a99b155db3579513faf3bf67057752");
  EXPECT_EQ(sha256_hex(log.entry_bundle({.index = 1, .width = 44})),
            "2c03c7039c4ae3773cff75f105c5757a3a4f12cd64b33e85704be36f9297853b");
}

TEST(Tiles, HoldEveryPerfectNodeOfTheTree) {
  constexpr std::uint64_t kSize = 66'000;  // three tile levels
  MemoryLog log{"", kSize};
  TileHashSource tiles{kSize, log};
  std::uint64_t nodes = 0;
  for (unsigned level = 0; (kSize >> level) > 0; ++level) {
    const std::uint64_t step = level < 8 ? 17 : 1;
    for (std::uint64_t index = 0; index < kSize >> level; index += step, ++nodes)
      ASSERT_EQ(tiles.node({level, index}).value(), log.node({level, index}).value())
          << "level " << level << " index " << index;
    log.tiles_asked = 0;
    EXPECT_EQ(tiles.node({level, kSize >> level}).error(), Errc::invalid_argument);
    EXPECT_EQ(log.tiles_asked, 0u);
  }
  EXPECT_GT(nodes, 8'000u);
  EXPECT_EQ(tiles.node({64, 0}).error(), Errc::invalid_argument);
  EXPECT_EQ(tiles.node({1, ~std::uint64_t{0}}).error(), Errc::invalid_argument);
  const auto full = log.read_tile({.level = 0, .index = 7}).value();
  EXPECT_EQ(full_tile_hash(full).value(), log.node({.level = 8, .index = 7}).value());
}

TEST(TileHashSource, ProvesWithFewReadsWhatTheWholeTreeProves) {
  constexpr std::uint64_t kSize = 66'000;
  MemoryLog log{"", kSize};
  for (const std::uint64_t index : {0u, 255u, 256u, 40'000u, 65'535u, 65'536u, 65'999u}) {
    TileHashSource tiles{kSize, log};
    log.tiles_asked = 0;
    EXPECT_EQ(inclusion_proof(index, kSize, tiles).value(),
              inclusion_proof(index, kSize, log).value());
    EXPECT_LE(log.tiles_asked, 6u) << index;
  }
  for (const std::uint64_t from : {1u, 300u, 65'535u, 65'536u, 65'537u}) {
    TileHashSource tiles{kSize, log};
    EXPECT_EQ(consistency_proof(from, kSize, tiles).value(),
              consistency_proof(from, kSize, log).value());
  }
}

// C2SP tlog-tiles: a log may drop a partial tile once the full one exists.
class FullTilesOnly : public TileReader {
 public:
  explicit FullTilesOnly(MemoryLog& log) : log_{log} {}
  Result<std::vector<std::uint8_t>> read_tile(const TileId& id) override {
    auto tile = log_.read_tile({.level = id.level, .index = id.index, .width = given});
    if (tile) tile->resize(tile->size() - cut);
    return tile;
  }
  std::size_t given = kTileHashes;
  std::size_t cut = 0;

 private:
  MemoryLog& log_;
};

TEST(TileHashSource, TakesAFullTileForAPartialOneAndRefusesAShortOne) {
  MemoryLog log{"", 256};
  FullTilesOnly reader{log};
  TileHashSource full_tile{100, reader};
  EXPECT_EQ(tree_root(100, full_tile).value(), tree_root(100, log).value());
  reader.given = 99;
  TileHashSource short_tile{100, reader};
  EXPECT_EQ(short_tile.node({.level = 0, .index = 0}).error(), Errc::invalid_argument);
  reader.given = 100;
  reader.cut = 1;
  TileHashSource cut_tile{100, reader};
  EXPECT_EQ(cut_tile.node({.level = 0, .index = 0}).error(), Errc::invalid_argument);
  // The reader's own failure comes through.
  TileHashSource beyond{1000, log};
  EXPECT_EQ(beyond.node({.level = 0, .index = 999}).error(), Errc::file_not_found);
}

TEST(HashInTile, RefusesBytesThatAreNoTile) {
  const std::vector<std::uint8_t> bytes(kTileBytesMax + 32);
  const ByteView view{bytes};
  EXPECT_TRUE(hash_in_tile(view.first(32), 0, 0));
  EXPECT_EQ(hash_in_tile(view.first(0), 0, 0).error(), Errc::invalid_argument);
  EXPECT_EQ(hash_in_tile(view.first(31), 0, 0).error(), Errc::invalid_argument);
  EXPECT_EQ(hash_in_tile(view.first(33), 0, 0).error(), Errc::invalid_argument);
  EXPECT_EQ(hash_in_tile(view.first(32), 0, 1).error(), Errc::invalid_argument);
  EXPECT_EQ(hash_in_tile(view.first(32), 1, 0).error(), Errc::invalid_argument);
  EXPECT_EQ(hash_in_tile(view, 0, 0).error(), Errc::invalid_argument);
  EXPECT_EQ(hash_in_tile(view.first(kTileBytesMax), 9, 0).error(), Errc::invalid_argument);
  EXPECT_EQ(hash_in_tile(view.first(kTileBytesMax), 0, ~std::size_t{0}).error(),
            Errc::invalid_argument);
  EXPECT_EQ(full_tile_hash(view.first(kTileBytesMax - 32)).error(), Errc::invalid_argument);
}

TEST(EntryBundle, RoundTripsAndRefusesEveryCutAndEveryAddition) {
  const std::string longest(kEntryBytesMax, 'x');
  const std::vector<ByteView> entries{bytes_of("one"), {}, bytes_of(longest), bytes_of("four")};
  const auto bundle = encode_entry_bundle(entries).value();
  EXPECT_EQ(to_hex(ByteView{bundle}.first(7)), "00036f6e650000");
  const auto decoded = decode_entry_bundle(bundle, 4);
  ASSERT_TRUE(decoded);
  for (std::size_t at = 0; at < entries.size(); ++at)
    EXPECT_EQ(text_of((*decoded)[at]), text_of(entries[at]));
  for (std::size_t length = 0; length < bundle.size(); ++length)
    ASSERT_FALSE(decode_entry_bundle(ByteView{bundle}.first(length), 4)) << length;
  auto longer = bundle;
  longer.push_back(0);
  EXPECT_EQ(decode_entry_bundle(longer, 4).error(), Errc::invalid_argument);
  EXPECT_EQ(decode_entry_bundle(bundle, 3).error(), Errc::invalid_argument);
  EXPECT_EQ(decode_entry_bundle(bundle, 5).error(), Errc::invalid_argument);
  EXPECT_EQ(decode_entry_bundle({}, 0).error(), Errc::invalid_argument);
}

TEST(EntryBundle, IsBounded) {
  const std::string too_long(kEntryBytesMax + 1, 'x');
  EXPECT_EQ(encode_entry_bundle(std::vector{bytes_of(too_long)}).error(), Errc::too_large);
  EXPECT_EQ(encode_entry_bundle(std::vector<ByteView>(kTileHashes + 1)).error(), Errc::too_large);
  EXPECT_EQ(encode_entry_bundle({}).error(), Errc::invalid_argument);
  const auto full = encode_entry_bundle(std::vector<ByteView>(kTileHashes)).value();
  EXPECT_EQ(decode_entry_bundle(full, kTileHashes).value().size(), kTileHashes);
  EXPECT_EQ(decode_entry_bundle(full, kTileHashes + 1).error(), Errc::invalid_argument);
}

}  // namespace
}  // namespace tokenledger
