// RFC 6962 §2.1 hashing and the compact range, against published roots and a recursive definition.
#include "core/merkle.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <tuple>

namespace tokenledger {
namespace {

std::vector<std::uint8_t> from_hex(std::string_view hex) {
  std::vector<std::uint8_t> bytes;
  for (std::size_t at = 0; at + 1 < hex.size(); at += 2) {
    bytes.push_back(
        static_cast<std::uint8_t>(std::stoi(std::string{hex.substr(at, 2)}, nullptr, 16)));
  }
  return bytes;
}

std::string to_hex(const Digest& digest) {
  std::string hex;
  for (const std::uint8_t byte : digest) {
    hex += "0123456789abcdef"[byte >> 4];
    hex += "0123456789abcdef"[byte & 15];
  }
  return hex;
}

std::span<const std::uint8_t> as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

// MTH of RFC 6962 §2.1, word by word: the slow definition that the compact range must agree with.
Digest tree_hash(std::span<const Digest> leaves) {
  if (leaves.empty()) return empty_root();
  if (leaves.size() == 1) return leaves[0];
  const std::size_t split = std::bit_ceil(leaves.size()) / 2;
  return node_hash(tree_hash(leaves.first(split)), tree_hash(leaves.subspan(split)));
}

TEST(MerkleHashing, MatchesPublishedEmptyAndLeafVectors) {
  EXPECT_EQ(to_hex(empty_root()),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(to_hex(leaf_hash({})),
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
  EXPECT_EQ(to_hex(leaf_hash(as_bytes("L123456"))),
            "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56");
}

// Roots by size of the classic eight-leaf tree of the Certificate Transparency test suites.
TEST(CompactRange, MatchesTheCertificateTransparencyRoots) {
  const struct {
    std::string_view leaf, root;
  } kRows[] = {
      {"", "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"},
      {"00", "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"},
      {"10", "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"},
      {"2021", "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"},
      {"3031", "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"},
      {"40414243", "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"},
      {"5051525354555657", "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"},
      {"606162636465666768696a6b6c6d6e6f",
       "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"},
  };
  CompactRange range;
  EXPECT_EQ(range.root(), empty_root());
  for (const auto& row : kRows) {
    range.append(leaf_hash(from_hex(row.leaf)));
    EXPECT_EQ(to_hex(range.root()), row.root) << "size " << range.size();
  }
}

// Leaf i is the decimal text of i; computed by an independent implementation.
TEST(CompactRange, MatchesTheLargerGoldenRoots) {
  const std::tuple<std::uint64_t, std::string_view> kRows[] = {
      {255, "32f85bcaa87d7bcd05728f09e9aeba350ba6a2f733830087f0597682848be5cb"},
      {256, "828515d033c19d8c901f37eccb8aed919667703486f8d2fff1cf7040321c5db1"},
      {257, "1eda049a4351d86f76252bd7ec0b7746ad75b7fa0316ad5f541dbda458a312c4"},
      {1000, "638afa98022925bacfddadb15ef22fd0199c1ac99c2973b6158243d13fce05c2"},
      {65536, "f025d06ed804859fd274a1bdacadd6e48ea87634aa91e1edb20143f9498cd02b"},
      {65537, "dc8795a25fd4bd52a0b84f639fd3139ba160824023d188e428eb5db0f3ce221a"},
      {70000, "1a4cdfcb66374a0c0dcbef49acbd4976d13ee864fb3cb241fc943cad04f02f7e"},
  };
  CompactRange range;
  for (const auto& [size, root] : kRows) {
    while (range.size() < size) range.append(leaf_hash(as_bytes(std::to_string(range.size()))));
    EXPECT_EQ(to_hex(range.root()), root) << "size " << size;
  }
}

TEST(CompactRange, AgreesWithTheRecursiveDefinitionAndSurvivesSerializingAtEverySize) {
  std::vector<Digest> leaves;
  CompactRange range;
  for (int i = 0; i < 300; ++i) {
    EXPECT_EQ(range.root(), tree_hash(leaves)) << i;
    const auto again = CompactRange::deserialize(range.serialize());
    ASSERT_TRUE(again) << i;
    EXPECT_EQ(*again, range) << i;
    EXPECT_EQ(again->root(), range.root()) << i;
    leaves.push_back(leaf_hash(as_bytes(std::to_string(i))));
    range.append(leaves.back());
  }
}

TEST(CompactRange, VisitsEveryPerfectNodeOnceWithItsOwnHash) {
  std::vector<Digest> leaves;
  CompactRange range;
  std::size_t visited = 0;
  for (std::uint64_t i = 0; i < 64; ++i) {
    leaves.push_back(leaf_hash(as_bytes(std::to_string(i))));
    range.append(leaves.back(), [&](unsigned level, std::uint64_t index, const Digest& hash) {
      const std::size_t width = std::size_t{1} << level;
      ASSERT_EQ((index + 1) * width, i + 1);
      EXPECT_EQ(hash, tree_hash(std::span{leaves}.subspan(index * width, width)));
      ++visited;
    });
  }
  EXPECT_EQ(visited, 127u);  // all nodes of a perfect tree of 64 leaves
}

TEST(CompactRange, RefusesBytesWhoseLengthDoesNotFitTheSize) {
  CompactRange range;
  for (int i = 0; i < 7; ++i) range.append(leaf_hash({}));
  const auto good = range.serialize();
  ASSERT_EQ(good.size(), 8u + 3 * 32);
  for (std::size_t length = 0; length < good.size(); ++length) {
    const auto cut = CompactRange::deserialize(std::span{good}.first(length));
    EXPECT_FALSE(cut) << length;
  }
  auto longer = good;
  longer.push_back(0);
  EXPECT_EQ(CompactRange::deserialize(longer).error(), Errc::invalid_argument);
  auto other_size = good;
  other_size[0] = 8;  // one hash instead of three
  EXPECT_EQ(CompactRange::deserialize(other_size).error(), Errc::invalid_argument);
}

TEST(CompactRange, HoldsTheLargestSizeThereIs) {
  std::vector<std::uint8_t> bytes(CompactRange::kSerializedBytesMax, 0xFF);
  const auto range = CompactRange::deserialize(bytes);
  ASSERT_TRUE(range);
  EXPECT_EQ(range->size(), ~std::uint64_t{0});
  EXPECT_EQ(range->serialize(), bytes);
  EXPECT_NE(range->root(), empty_root());
}

}  // namespace
}  // namespace tokenledger
