#include "core/merkle_proof.hpp"

#include <algorithm>
#include <bit>

#include "core/invariant.hpp"
#include "core/merkle.hpp"

namespace tokenledger {
namespace {

// Where a verifier stands: the number of the node it has and of the last node of that level
// (RFC 9162 calls them fn and sn).
struct Climb {
  std::uint64_t node;
  std::uint64_t last;

  void up() noexcept {
    node >>= 1;
    last >>= 1;
  }
  // The sibling is on the left: the node is a right child, or the last one of its level.
  [[nodiscard]] bool sibling_is_left() const noexcept { return (node & 1) != 0 || node == last; }
  // The last node of a level without a sibling is its own parent until it is a right child.
  void skip_missing_siblings() noexcept {
    while ((node & 1) == 0 && node != 0) up();
  }
};

// RFC 9162 §2.1.3.2 makes a proof of another length fail; knowing it beforehand saves the hashing.
std::size_t inclusion_length(std::uint64_t index, std::uint64_t size) noexcept {
  const auto inner = std::bit_width(index ^ (size - 1));
  return static_cast<std::size_t>(inner + std::popcount(index >> inner));
}

// The split of RFC 6962 §2.1: the largest power of two below the length (of at least 2).
std::uint64_t split_of(std::uint64_t length) noexcept { return std::bit_floor(length - 1); }

Result<std::vector<Digest>> hashes_of(const Result<std::vector<LeafRange>>& plan,
                                      HashSource& source) {
  if (!plan) return plan.error();
  std::vector<Digest> hashes;
  hashes.reserve(plan->size());
  for (const auto range : *plan) {
    const auto hash = range_hash(range, source);
    if (!hash) return hash.error();
    hashes.push_back(*hash);
  }
  return hashes;
}

}  // namespace

Result<void> verify_inclusion(const InclusionClaim& claim, std::span<const Digest> proof) noexcept {
  if (claim.size > kTreeSizeMax || claim.index >= claim.size) return Errc::invalid_argument;
  if (proof.size() != inclusion_length(claim.index, claim.size)) return Errc::invalid_argument;
  Climb at{claim.index, claim.size - 1};
  Digest hash = claim.leaf;
  for (const auto& sibling : proof) {
    if (at.last == 0) return Errc::invalid_argument;
    if (at.sibling_is_left()) {
      hash = node_hash(sibling, hash);
      at.skip_missing_siblings();
    } else {
      hash = node_hash(hash, sibling);
    }
    at.up();
  }
  if (at.last != 0 || hash != claim.root) return Errc::root_mismatch;
  return {};
}

Result<void> verify_consistency(const ConsistencyClaim& claim,
                                std::span<const Digest> proof) noexcept {
  if (claim.from_size == 0 || claim.from_size > claim.to_size || claim.to_size > kTreeSizeMax)
    return Errc::invalid_argument;
  if (proof.size() > kProofHashesMax) return Errc::invalid_argument;
  if (claim.from_size == claim.to_size) {
    if (!proof.empty()) return Errc::invalid_argument;
    if (claim.from_root != claim.to_root) return Errc::root_mismatch;
    return {};
  }
  if (proof.empty()) return Errc::invalid_argument;
  Climb at{claim.from_size - 1, claim.to_size - 1};
  while ((at.node & 1) != 0) at.up();
  // A tree of a power of two is itself a node of the other: its root is not sent.
  Digest from_hash = claim.from_root;
  if (!std::has_single_bit(claim.from_size)) {
    from_hash = proof.front();
    proof = proof.subspan(1);
  }
  Digest to_hash = from_hash;
  for (const auto& sibling : proof) {
    if (at.last == 0) return Errc::invalid_argument;
    if (at.sibling_is_left()) {
      from_hash = node_hash(sibling, from_hash);
      to_hash = node_hash(sibling, to_hash);
      at.skip_missing_siblings();
    } else {
      to_hash = node_hash(to_hash, sibling);
    }
    at.up();
  }
  if (at.last != 0) return Errc::invalid_argument;
  if (from_hash != claim.from_root || to_hash != claim.to_root) return Errc::root_mismatch;
  return {};
}

// PATH(m, D[n]) of RFC 6962 §2.1.1, from the root down; a proof is read from the leaf up.
Result<std::vector<LeafRange>> inclusion_plan(std::uint64_t index, std::uint64_t size) {
  if (size > kTreeSizeMax || index >= size) return Errc::invalid_argument;
  std::vector<LeafRange> plan;
  LeafRange tree{0, size};
  while (tree.end - tree.begin > 1) {
    const std::uint64_t middle = tree.begin + split_of(tree.end - tree.begin);
    if (index < middle) {
      plan.push_back({middle, tree.end});
      tree.end = middle;
    } else {
      plan.push_back({tree.begin, middle});
      tree.begin = middle;
    }
  }
  std::ranges::reverse(plan);
  LEDGER_INVARIANT(plan.size() == inclusion_length(index, size));
  return plan;
}

// PROOF(m, D[n]) = SUBPROOF(m, D[n], true) of RFC 6962 §2.1.2, from the root down.
Result<std::vector<LeafRange>> consistency_plan(std::uint64_t from_size, std::uint64_t to_size) {
  if (from_size == 0 || from_size > to_size || to_size > kTreeSizeMax)
    return Errc::invalid_argument;
  std::vector<LeafRange> plan;
  LeafRange tree{0, to_size};
  while (tree.end != from_size) {
    const std::uint64_t middle = tree.begin + split_of(tree.end - tree.begin);
    if (from_size <= middle) {
      plan.push_back({middle, tree.end});
      tree.end = middle;
    } else {
      plan.push_back({tree.begin, middle});
      tree.begin = middle;
    }
  }
  // Where the left edge was never left, the rest is the old tree, whose root the verifier has.
  if (tree.begin != 0) plan.push_back(tree);
  std::ranges::reverse(plan);
  LEDGER_INVARIANT(plan.size() <= kProofHashesMax);
  return plan;
}

std::vector<NodeId> nodes_of(LeafRange range) {
  LEDGER_INVARIANT(range.begin < range.end);
  LEDGER_INVARIANT(range.begin % std::bit_ceil(range.end - range.begin) == 0);
  std::vector<NodeId> nodes;
  while (range.begin < range.end) {
    const auto level = static_cast<unsigned>(std::bit_width(range.end - range.begin) - 1);
    nodes.push_back({.level = level, .index = range.begin >> level});
    range.begin += std::uint64_t{1} << level;
  }
  return nodes;
}

Result<Digest> range_hash(LeafRange range, HashSource& source) {
  const auto nodes = nodes_of(range);
  Result<Digest> hash = source.node(nodes.back());
  for (auto left = nodes.rbegin() + 1; hash && left != nodes.rend(); ++left) {
    const auto sibling = source.node(*left);
    if (!sibling) return sibling.error();
    hash = node_hash(*sibling, *hash);
  }
  return hash;
}

Result<Digest> tree_root(std::uint64_t size, HashSource& source) {
  if (size > kTreeSizeMax) return Errc::invalid_argument;
  if (size == 0) return empty_root();
  return range_hash({0, size}, source);
}

Result<std::vector<Digest>> inclusion_proof(std::uint64_t index, std::uint64_t size,
                                            HashSource& source) {
  return hashes_of(inclusion_plan(index, size), source);
}

Result<std::vector<Digest>> consistency_proof(std::uint64_t from_size, std::uint64_t to_size,
                                              HashSource& source) {
  return hashes_of(consistency_plan(from_size, to_size), source);
}

}  // namespace tokenledger
