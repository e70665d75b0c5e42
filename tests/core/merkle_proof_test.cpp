// Inclusion and consistency proofs: published probes, the recursive definitions of RFC 6962, and
// every way to damage a proof.
#include "core/merkle_proof.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cstdio>
#include <fstream>
#include <map>
#include <sstream>

#include "core/sha256.hpp"
#include "tests/core/log_fixture.hpp"

namespace tokenledger {
namespace {

using testing_support::digest_from_hex;
using testing_support::from_hex;
using testing_support::MemoryLog;

constexpr std::uint64_t kSizeMax = 300;

Result<void> inclusion_holds(std::uint64_t index, std::uint64_t size, const Digest& leaf,
                             const Digest& root, std::span<const Digest> proof) {
  return verify_inclusion({.index = index, .size = size, .leaf = leaf, .root = root}, proof);
}

// The definitions of RFC 6962 §2.1, §2.1.1 and §2.1.2, word by word, over the leaves of a log.
class Definition {
 public:
  explicit Definition(const MemoryLog& log) : log_{log} {}

  Digest hash(std::uint64_t begin, std::uint64_t end) {
    if (end == begin) return empty_root();
    if (end - begin == 1) return log_.leaf(begin);
    const auto known = hashes_.find({begin, end});
    if (known != hashes_.end()) return known->second;
    const auto middle = begin + std::bit_ceil(end - begin) / 2;
    return hashes_[{begin, end}] = node_hash(hash(begin, middle), hash(middle, end));
  }
  std::vector<Digest> path(std::uint64_t index, std::uint64_t begin, std::uint64_t end) {
    if (end - begin == 1) return {};
    const auto middle = begin + std::bit_ceil(end - begin) / 2;
    const bool is_left = index < middle;
    auto proof = is_left ? path(index, begin, middle) : path(index, middle, end);
    proof.push_back(is_left ? hash(middle, end) : hash(begin, middle));
    return proof;
  }
  std::vector<Digest> subproof(std::uint64_t old_end, std::uint64_t begin, std::uint64_t end,
                               bool is_whole) {
    if (old_end == end) return is_whole ? std::vector<Digest>{} : std::vector{hash(begin, end)};
    const auto middle = begin + std::bit_ceil(end - begin) / 2;
    const bool is_left = old_end <= middle;
    auto proof = is_left ? subproof(old_end, begin, middle, is_whole)
                         : subproof(old_end, middle, end, false);
    proof.push_back(is_left ? hash(middle, end) : hash(begin, middle));
    return proof;
  }

 private:
  const MemoryLog& log_;
  std::map<std::pair<std::uint64_t, std::uint64_t>, Digest> hashes_;
};

// The eight leaves of the Certificate Transparency test suites.
MemoryLog eight_leaves() {
  MemoryLog log;
  for (const std::string_view hex : {"", "00", "10", "2021", "3031", "40414243", "5051525354555657",
                                     "606162636465666768696a6b6c6d6e6f"})
    log.append(text_of(from_hex(hex)));
  return log;
}

std::vector<Digest> digests(std::initializer_list<std::string_view> rows) {
  std::vector<Digest> hashes;
  for (const auto row : rows) hashes.push_back(digest_from_hex(row));
  return hashes;
}

TEST(InclusionProof, IsThatOfTheCertificateTransparencyTree) {
  auto log = eight_leaves();
  EXPECT_EQ(inclusion_proof(0, 8, log).value(),
            digests({"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                     "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                     "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"}));
  EXPECT_EQ(inclusion_proof(5, 8, log).value(),
            digests({"bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                     "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                     "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"}));
  EXPECT_EQ(inclusion_proof(2, 3, log).value(),
            digests({"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"}));
}

TEST(ConsistencyProof, IsThatOfTheCertificateTransparencyTree) {
  auto log = eight_leaves();
  EXPECT_EQ(consistency_proof(6, 8, log).value(),
            digests({"0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
                     "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                     "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"}));
  EXPECT_EQ(consistency_proof(2, 5, log).value(),
            digests({"5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                     "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"}));
}

TEST(ConsistencyProof, IsThatOfAnIndependentProgram) {
  MemoryLog log{"entry-", 300};
  EXPECT_EQ(consistency_proof(256, 300, log).value(),
            digests({"54c9f15b8775f926955f98ecf5aafa32ef42325e97b59d931b272271e05e25ef"}));
  EXPECT_EQ(consistency_proof(7, 300, log).value(),
            digests({"0cfda576ff4b29ea33c3afdaeed1bd637eb654b28a04302fcab5fd7db07801cc",
                     "c8d81ba4fdd46c6c3c73c87b209eeaf944cf511327211f1f9a81586cf7d4d5a4",
                     "4a136a70087b637e34c3d3daa6cea768b1db13ec475902d2e240b60e3d999c7a",
                     "256b9e8825e5d370a4ae005d0901ea291977e2927f5cf8e3e72660dd09519edb",
                     "f8ade04ce6a89d4ed532f00557da80b0a00eadb3d8d9f5dd3360ec5374dc7a94",
                     "fc3d0ba8691cd2a835d11dd0f0950a1b647bfd7aed89681fcec8d5ebdd787253",
                     "23a89251e2e17efcb111641ee74e09688bdc241212d1e65ed2d0c2436b573b5c",
                     "2d95630c57fbfbeabea0e0490891962361a8049bc1231f92c2c8df15549b25ce",
                     "717fc7ee1713692bad71cac478f721c41a08db23910291ecca948dc30af3e146",
                     "54c9f15b8775f926955f98ecf5aafa32ef42325e97b59d931b272271e05e25ef"}));
  EXPECT_EQ(inclusion_proof(299, 300, log).value(),
            digests({"ae81c52b619e11fac92178a95979900cdc0ed323099937867d8a3adb2503436c",
                     "da562e471b38177bdbbc9ec0dde39ba11371b571ff57bcac403722efc83ab94c",
                     "e50586a0abd50dc5b16b67fc2575fc0a6c18f21ed791ee821a2d1fafffbe7fe9",
                     "02655bb1ddd50af854553d72961aa23e268f247ae5cf60e5a859de25303878fb",
                     "f85f4ead34080710b4d1e808301543aaab81aa04deb88599350dc26a4f2f58de"}));
}

// One row of vectors/merkle_proof_probes.txt. A value that is not 32 bytes long can't be handed to
// a verifier here: refused by type. Only roots of consistency probes are stood in for by their
// SHA-256, because one probe to accept compares two placeholders with each other.
struct Probe {
  std::string kind, verdict, name;
  std::uint64_t first = 0, second = 0;
  std::optional<Digest> first_hash, second_hash;
  std::optional<std::vector<Digest>> proof = std::vector<Digest>{};
};

std::optional<Probe> parse_probe(const std::string& line) {
  Probe probe;
  std::string first_hash, second_hash, proof;
  std::istringstream words{line};
  if (!(words >> probe.kind >> probe.verdict >> probe.first >> probe.second >> first_hash >>
        second_hash >> proof >> probe.name))
    return std::nullopt;
  probe.first_hash = digest_from_base64(first_hash);
  probe.second_hash = digest_from_base64(second_hash);
  if (probe.kind == "consistency") {
    if (!probe.first_hash) probe.first_hash = sha256(first_hash);
    if (!probe.second_hash) probe.second_hash = sha256(second_hash);
  }
  if (proof == "none") return probe;
  std::istringstream hashes{proof};
  for (std::string hash; std::getline(hashes, hash, ',');) {
    const auto digest = digest_from_base64(hash);
    if (!digest) {
      probe.proof.reset();
      break;
    }
    probe.proof->push_back(*digest);
  }
  return probe;
}

bool is_accepted(const Probe& probe) {
  if (!probe.first_hash || !probe.second_hash || !probe.proof) return false;
  if (probe.kind == "inclusion")
    return inclusion_holds(probe.first, probe.second, *probe.first_hash, *probe.second_hash,
                           *probe.proof)
        .has_value();
  return verify_consistency({.from_size = probe.first,
                             .to_size = probe.second,
                             .from_root = *probe.first_hash,
                             .to_root = *probe.second_hash},
                            *probe.proof)
      .has_value();
}

TEST(MerkleProof, AnswersThe196PublishedProbesAsPublished) {
  std::ifstream file{TOKENLEDGER_VECTORS "/merkle_proof_probes.txt"};
  std::map<std::string, int> counts;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with('#')) continue;
    const auto probe = parse_probe(line);
    ASSERT_TRUE(probe) << line;
    EXPECT_EQ(is_accepted(*probe), probe->verdict == "accept") << probe->name;
    ++counts[probe->kind + " " + probe->verdict];
  }
  int total = 0;
  for (const auto& [kind, count] : counts) {
    std::printf("%d probes: %s\n", count, kind.c_str());
    total += count;
  }
  EXPECT_EQ(total, 196);
  EXPECT_GT(counts["inclusion accept"], 0);
  EXPECT_GT(counts["consistency accept"], 0);
}

TEST(InclusionProof, OfEveryLeafOfEveryTreeUpTo300IsTheDefinitionsAndVerifies) {
  MemoryLog log{"", kSizeMax};
  Definition definition{log};
  for (std::uint64_t size = 1; size <= kSizeMax; ++size) {
    const Digest root = definition.hash(0, size);
    EXPECT_EQ(tree_root(size, log).value(), root);
    for (std::uint64_t index = 0; index < size; ++index) {
      const auto proof = inclusion_proof(index, size, log);
      ASSERT_TRUE(proof);
      ASSERT_EQ(*proof, definition.path(index, 0, size)) << index << " of " << size;
      ASSERT_TRUE(inclusion_holds(index, size, log.leaf(index), root, *proof));
    }
  }
}

TEST(ConsistencyProof, OfEveryPairOfTreesUpTo300IsTheDefinitionsAndVerifies) {
  MemoryLog log{"", kSizeMax};
  Definition definition{log};
  for (std::uint64_t to = 1; to <= kSizeMax; ++to) {
    const Digest to_root = definition.hash(0, to);
    for (std::uint64_t from = 1; from <= to; ++from) {
      const Digest from_root = definition.hash(0, from);
      const auto proof = consistency_proof(from, to, log);
      ASSERT_TRUE(proof);
      ASSERT_EQ(*proof, definition.subproof(from, 0, to, true)) << from << " to " << to;
      ASSERT_TRUE(verify_consistency({from, to, from_root, to_root}, *proof));
    }
  }
}

// Calls `check` with each copy of the hashes that differs in one bit.
template <class Check>
std::uint64_t flip_each_bit(std::vector<Digest> hashes, Check check) {
  std::uint64_t flips = 0;
  for (auto& hash : hashes)
    for (auto& byte : hash)
      for (int bit = 0; bit < 8; ++bit, ++flips) {
        byte ^= static_cast<std::uint8_t>(1 << bit);
        check(std::as_const(hashes));
        byte ^= static_cast<std::uint8_t>(1 << bit);
      }
  return flips;
}

TEST(InclusionProof, WithAnySingleBitFlippedIsRefused) {
  MemoryLog log{"", kSizeMax};
  std::uint64_t flips = 0;
  for (const std::uint64_t size : {1u, 2u, 3u, 5u, 8u, 13u, 16u, 17u, 31u, 256u, 300u}) {
    const Digest root = tree_root(size, log).value();
    const std::uint64_t step = size > 32 ? 37 : 1;
    for (std::uint64_t index = 0; index < size; index += step) {
      // Leaf and root are damaged as well: they stand behind the proof.
      auto hashes = inclusion_proof(index, size, log).value();
      const auto length = hashes.size();
      hashes.push_back(log.leaf(index));
      hashes.push_back(root);
      flips += flip_each_bit(hashes, [&](const std::vector<Digest>& bad) {
        const auto verdict = inclusion_holds(index, size, bad[length], bad[length + 1],
                                             std::span{bad}.first(length));
        ASSERT_EQ(verdict.error(), Errc::root_mismatch) << index << " of " << size;
      });
      hashes.resize(length);
      for (int bit = 0; bit < 64; ++bit, ++flips)
        ASSERT_FALSE(
            inclusion_holds(index ^ std::uint64_t{1} << bit, size, log.leaf(index), root, hashes));
    }
  }
  std::printf("%llu flips refused\n", static_cast<unsigned long long>(flips));
}

TEST(ConsistencyProof, WithAnySingleBitFlippedIsRefused) {
  MemoryLog log{"", kSizeMax};
  std::uint64_t flips = 0;
  for (const std::uint64_t to : {2u, 3u, 5u, 8u, 13u, 16u, 17u, 31u, 256u, 300u}) {
    const Digest to_root = tree_root(to, log).value();
    const std::uint64_t step = to > 32 ? 37 : 1;
    for (std::uint64_t from = 1; from < to; from += step) {
      const Digest from_root = tree_root(from, log).value();
      auto hashes = consistency_proof(from, to, log).value();
      const auto length = hashes.size();
      hashes.push_back(from_root);
      hashes.push_back(to_root);
      flips += flip_each_bit(hashes, [&](const std::vector<Digest>& bad) {
        const auto verdict = verify_consistency({from, to, bad[length], bad[length + 1]},
                                                std::span{bad}.first(length));
        ASSERT_EQ(verdict.error(), Errc::root_mismatch) << from << " to " << to;
      });
    }
  }
  std::printf("%llu flips refused\n", static_cast<unsigned long long>(flips));
}

// transparency-log-02: one hash short, one long, two swapped.
TEST(MerkleProof, OfAnotherLengthOrOrderIsRefused) {
  MemoryLog log{"", 21};
  const Digest root = log.root();
  for (std::uint64_t at = 0; at < 21; ++at) {
    const auto good = inclusion_proof(at, 21, log).value();
    for (std::size_t cut = 0; cut < good.size(); ++cut) {
      auto bad = good;
      bad.erase(bad.begin() + static_cast<std::ptrdiff_t>(cut));
      EXPECT_EQ(inclusion_holds(at, 21, log.leaf(at), root, bad).error(), Errc::invalid_argument);
      bad = good;
      bad.insert(bad.begin() + static_cast<std::ptrdiff_t>(cut), root);
      EXPECT_EQ(inclusion_holds(at, 21, log.leaf(at), root, bad).error(), Errc::invalid_argument);
      bad = good;
      std::swap(bad[cut], bad[(cut + 1) % bad.size()]);
      EXPECT_FALSE(inclusion_holds(at, 21, log.leaf(at), root, bad));
    }
  }
  for (std::uint64_t from = 1; from < 21; ++from) {
    const Digest from_root = tree_root(from, log).value();
    const auto good = consistency_proof(from, 21, log).value();
    for (std::size_t cut = 0; cut < good.size(); ++cut) {
      auto bad = good;
      bad.erase(bad.begin() + static_cast<std::ptrdiff_t>(cut));
      EXPECT_FALSE(verify_consistency({from, 21, from_root, root}, bad));
      bad = good;
      bad.insert(bad.begin() + static_cast<std::ptrdiff_t>(cut), root);
      EXPECT_FALSE(verify_consistency({from, 21, from_root, root}, bad));
    }
    auto bad = good;
    bad.push_back(root);
    EXPECT_EQ(verify_consistency({from, 21, from_root, root}, bad).error(), Errc::invalid_argument);
  }
  const std::vector<Digest> endless(kProofHashesMax + 1, root);
  EXPECT_EQ(verify_consistency({5, 21, root, root}, endless).error(), Errc::invalid_argument);
}

// transparency-log-01 and -03.
TEST(MerkleProof, OutOfRangeIsRefusedByVerifierAndBuilder) {
  MemoryLog log{"", 8};
  const Digest root = log.root();
  EXPECT_EQ(inclusion_holds(8, 8, root, root, {}).error(), Errc::invalid_argument);
  EXPECT_EQ(inclusion_holds(0, 0, empty_root(), empty_root(), {}).error(), Errc::invalid_argument);
  // A size of 0 must not wrap to the largest tree, whose every leaf a made-up root could hold.
  Digest folded = root;
  const std::vector<Digest> made_up(64, root);
  for (const auto& sibling : made_up) folded = node_hash(folded, sibling);
  EXPECT_EQ(inclusion_holds(0, 0, root, folded, made_up).error(), Errc::invalid_argument);
  EXPECT_EQ(inclusion_holds(0, kTreeSizeMax + 1, root, root, {}).error(), Errc::invalid_argument);
  EXPECT_EQ(verify_consistency({0, 8, empty_root(), root}, {}).error(), Errc::invalid_argument);
  EXPECT_EQ(verify_consistency({0, 0, empty_root(), empty_root()}, {}).error(),
            Errc::invalid_argument);
  EXPECT_EQ(verify_consistency({8, 7, root, root}, {}).error(), Errc::invalid_argument);
  EXPECT_EQ(verify_consistency({1, kTreeSizeMax + 1, root, root}, {}).error(),
            Errc::invalid_argument);
  EXPECT_TRUE(verify_consistency({8, 8, root, root}, {}));
  EXPECT_EQ(verify_consistency({8, 8, root, log.leaf(0)}, {}).error(), Errc::root_mismatch);
  EXPECT_EQ(verify_consistency({8, 8, root, root}, std::vector{root}).error(),
            Errc::invalid_argument);
  EXPECT_EQ(inclusion_plan(8, 8).error(), Errc::invalid_argument);
  EXPECT_EQ(inclusion_plan(0, kTreeSizeMax + 1).error(), Errc::invalid_argument);
  EXPECT_EQ(consistency_plan(0, 8).error(), Errc::invalid_argument);
  EXPECT_EQ(consistency_plan(9, 8).error(), Errc::invalid_argument);
  EXPECT_EQ(consistency_plan(1, kTreeSizeMax + 1).error(), Errc::invalid_argument);
  EXPECT_EQ(tree_root(kTreeSizeMax + 1, log).error(), Errc::invalid_argument);
}

// transparency-log-04: without the prefixes of RFC 6962 §2.1 a node could pass for an entry.
TEST(InclusionProof, RefusesANodeHandedInAsALeaf) {
  MemoryLog log{"", 4};
  const Digest left = log.node({.level = 1, .index = 0}).value();
  const Digest right = log.node({.level = 1, .index = 1}).value();
  // As a tree of two "entries" the shape fits; only honest sizes from a checkpoint keep it out.
  EXPECT_TRUE(inclusion_holds(0, 2, left, log.root(), std::vector{right}));
  // As the leaf of the entry that is the two hashes joined, it never does.
  std::vector<std::uint8_t> joined;
  for (std::uint64_t index = 0; index < 2; ++index) {
    const Digest leaf = log.leaf(index);
    joined.insert(joined.end(), leaf.begin(), leaf.end());
  }
  EXPECT_EQ(inclusion_holds(0, 2, leaf_hash(joined), log.root(), std::vector{right}).error(),
            Errc::root_mismatch);
}

// Only the plan of the largest trees can be looked at; nobody has their leaves.
TEST(MerkleProof, PlansStayBoundedForTheLargestTree) {
  for (const std::uint64_t index : {std::uint64_t{0}, kTreeSizeMax / 2, kTreeSizeMax - 1}) {
    const auto plan = inclusion_plan(index, kTreeSizeMax);
    ASSERT_TRUE(plan);
    EXPECT_LE(plan->size(), kProofHashesMax - 1);
  }
  for (const std::uint64_t from : {std::uint64_t{1}, kTreeSizeMax / 2, kTreeSizeMax - 1}) {
    const auto plan = consistency_plan(from, kTreeSizeMax);
    ASSERT_TRUE(plan);
    EXPECT_LE(plan->size(), kProofHashesMax);
  }
  EXPECT_EQ(nodes_of({0, kTreeSizeMax}).size(), 63u);
}

TEST(MerkleProof, AsksOnlyForNodesOfThePlanAndPassesOnTheSourcesFailure) {
  MemoryLog log{"", 100};
  for (std::uint64_t index = 0; index < 100; ++index) {
    std::size_t planned = 0;
    const auto plan = inclusion_plan(index, 100);
    ASSERT_TRUE(plan);
    for (const auto range : *plan) planned += nodes_of(range).size();
    log.nodes_asked = 0;
    ASSERT_TRUE(inclusion_proof(index, 100, log));
    EXPECT_EQ(log.nodes_asked, planned);
  }
  EXPECT_EQ(inclusion_proof(0, 101, log).error(), Errc::file_not_found);
  EXPECT_EQ(consistency_proof(100, 101, log).error(), Errc::file_not_found);
}

}  // namespace
}  // namespace tokenledger
