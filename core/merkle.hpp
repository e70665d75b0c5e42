// The Merkle tree over the log: RFC 6962 §2.1 hashing (kept by RFC 9162), and the compact range
// from which the writer extends it.
//
// Leaf i is the event with seq i + 1, hashed over its canonical bytes. All functions are pure, take
// no lock and allocate nothing.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/errc.hpp"
#include "core/ids.hpp"

namespace tokenledger {

// SHA-256(0x00 || entry).
[[nodiscard]] Digest leaf_hash(std::span<const std::uint8_t> entry) noexcept;
// SHA-256(0x01 || left || right).
[[nodiscard]] Digest node_hash(const Digest& left, const Digest& right) noexcept;
// SHA-256 of nothing: the root of a tree without leaves.
[[nodiscard]] const Digest& empty_root() noexcept;

// The right edge of a tree of size() leaves: one hash per set bit of the size, biggest subtree
// first. Enough to append for ever and to name the root at any moment.
class CompactRange {
 public:
  static constexpr std::size_t kHashesMax = 64;
  static constexpr std::size_t kSerializedBytesMax = 8 + kHashesMax * sizeof(Digest);

  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }

  // Amortised one node_hash. The size must stay below 2^64 (invariant).
  void append(const Digest& leaf) noexcept;

  // As append; calls `visit(level, index, hash)` for each perfect node this leaf completes, the
  // leaf itself (level 0) first. Such nodes never change again, so a tile writer may persist them.
  template <class Visit>
  void append(const Digest& leaf, Visit&& visit) {
    Digest hash = leaf;
    std::uint64_t index = size_;
    unsigned level = 0;
    visit(level, index, hash);
    for (; (index & 1) != 0; index >>= 1) {
      hash = node_hash(pop(), hash);
      visit(++level, index >> 1, hash);
    }
    push(hash);
  }

  // At most 63 node hashes; empty_root() for no leaves.
  [[nodiscard]] Digest root() const noexcept;

  // size as 8 little-endian bytes, then the hashes, biggest subtree first. The length follows from
  // the size.
  [[nodiscard]] std::vector<std::uint8_t> serialize() const;
  // The exact opposite; invalid_argument unless the length fits the size.
  [[nodiscard]] static Result<CompactRange> deserialize(std::span<const std::uint8_t> bytes);

  friend bool operator==(const CompactRange& left, const CompactRange& right) noexcept;

 private:
  [[nodiscard]] std::size_t count() const noexcept {
    return static_cast<std::size_t>(std::popcount(size_));
  }
  // Between pop and push only hashes_ and depth_ are in step; size_ follows in push.
  [[nodiscard]] const Digest& pop() noexcept { return hashes_[--depth_]; }
  void push(const Digest& hash) noexcept;

  std::uint64_t size_ = 0;
  std::size_t depth_ = 0;  // hashes in use: popcount(size_)
  std::array<Digest, kHashesMax> hashes_{};
};

}  // namespace tokenledger
