// Proofs over the Merkle tree of the log: that a leaf stands in it, and that one tree is the
// beginning of another.
//
// RFC 6962 §2.1.1 (audit paths) and §2.1.2 (consistency), checked by the algorithms of RFC 9162
// §2.1.3.2 and §2.1.4.2, which keep the same hashes. Everything is pure; any thread.
//
// A proof is only as good as the root it leads to: take that from a checkpoint whose signature was
// checked (core/checkpoint.hpp).
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "core/errc.hpp"
#include "core/ids.hpp"

namespace tokenledger {

// Other people's verifiers count leaves in 63 bits.
inline constexpr std::uint64_t kTreeSizeMax = std::numeric_limits<std::int64_t>::max();
// Hashes of one proof: an inclusion proof has at most 63, a consistency proof one more.
inline constexpr std::size_t kProofHashesMax = 64;

struct InclusionClaim {
  std::uint64_t index = 0;  // of the leaf, from 0: seq - 1
  std::uint64_t size = 0;   // leaves of the tree
  Digest leaf{};            // leaf_hash of the entry, not the entry's bare SHA-256
  Digest root{};
};

struct ConsistencyClaim {
  std::uint64_t from_size = 0;
  std::uint64_t to_size = 0;
  Digest from_root{};
  Digest to_root{};
};

// RFC 9162 §2.1.3.2. `proof` is ordered from the leaf to the root. Errc::invalid_argument: the
// index is not below the size, the size is above kTreeSizeMax, or the proof has not exactly the
// length that index and size demand; Errc::root_mismatch: the hashes lead to another root.
[[nodiscard]] Result<void> verify_inclusion(const InclusionClaim& claim,
                                            std::span<const Digest> proof) noexcept;

// RFC 9162 §2.1.4.2. Equal sizes want equal roots and no hashes. Errc::invalid_argument: from_size
// is 0 (the empty tree begins every tree, so nothing would be proved), from_size is above to_size,
// to_size above kTreeSizeMax, or the proof has the wrong length; Errc::root_mismatch: the hashes
// lead to other roots.
[[nodiscard]] Result<void> verify_consistency(const ConsistencyClaim& claim,
                                              std::span<const Digest> proof) noexcept;

// A node of perfect subtrees: it covers the leaves [index << level, (index + 1) << level). Level 0
// holds the leaf hashes.
struct NodeId {
  unsigned level = 0;  // 0 to 62
  std::uint64_t index = 0;
  friend constexpr bool operator==(const NodeId&, const NodeId&) = default;
};

// The leaves [begin, end) of a subtree of RFC 6962 §2.1: `begin` is a multiple of the smallest
// power of two that is not below end - begin. Not empty.
struct LeafRange {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  friend constexpr bool operator==(const LeafRange&, const LeafRange&) = default;
};

// Where hashes of perfect nodes come from: memory, tiles, a database. Only nodes that lie wholly
// within the tree are asked for. Whatever it answers is trusted; the finished proof can be checked.
class HashSource {
 public:
  virtual ~HashSource() = default;
  virtual Result<Digest> node(NodeId id) = 0;
};

// What a proof consists of, in its order: the hash of each range is one hash of the proof. At most
// kProofHashesMax. Errc::invalid_argument for what the verifier would refuse as well.
[[nodiscard]] Result<std::vector<LeafRange>> inclusion_plan(std::uint64_t index,
                                                            std::uint64_t size);
[[nodiscard]] Result<std::vector<LeafRange>> consistency_plan(std::uint64_t from_size,
                                                              std::uint64_t to_size);

// The perfect nodes of a range, biggest first: one per set bit of its length. Only the last range
// of a right edge has more than one.
[[nodiscard]] std::vector<NodeId> nodes_of(LeafRange range);

// MTH of the range (RFC 6962 §2.1): its nodes folded from the right. The source's errors.
[[nodiscard]] Result<Digest> range_hash(LeafRange range, HashSource& source);

// The root of the first `size` leaves; empty_root() for none. Errc::invalid_argument above
// kTreeSizeMax, else the source's errors.
[[nodiscard]] Result<Digest> tree_root(std::uint64_t size, HashSource& source);

// The finished proofs. Errors of the plan and of the source.
[[nodiscard]] Result<std::vector<Digest>> inclusion_proof(std::uint64_t index, std::uint64_t size,
                                                          HashSource& source);
[[nodiscard]] Result<std::vector<Digest>> consistency_proof(std::uint64_t from_size,
                                                            std::uint64_t to_size,
                                                            HashSource& source);

}  // namespace tokenledger
