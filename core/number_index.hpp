// NumberIndex: finds the number of a record by what the record holds, in about 8 bytes per record.
//
// An open table of 32-bit numbers. It keeps neither keys nor hashes: whoever asks says how a
// number's record is hashed and compared, so that the index may be copied and moved apart from the
// records. Not thread safe. Private to core/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/invariant.hpp"

namespace tokenledger {

class NumberIndex {
 public:
  // Spreads a word over all bits: what callers make their hashes with.
  [[nodiscard]] static constexpr std::uint64_t mix(std::uint64_t word) noexcept {
    word ^= word >> 32;
    word *= 0x9E3779B97F4A7C15u;
    word ^= word >> 29;
    word *= 0xBF58476D1CE4E5B9u;
    return word ^ word >> 32;
  }

  // The number for which is_it(number) holds; 0: none.
  template <class IsIt>
  [[nodiscard]] std::uint32_t find(std::uint64_t hash, IsIt&& is_it) const {
    if (slots_.empty()) return 0;
    for (std::size_t at = hash & mask(); slots_[at] != 0; at = (at + 1) & mask()) {
      if (is_it(slots_[at])) return slots_[at];
    }
    return 0;
  }

  // Requires a number above 0 that is not in it. hash_of(number) gives the hash of any number that
  // is, and of this one. Cost: O(1), but O(size) when the table doubles.
  template <class HashOf>
  void insert(std::uint32_t number, HashOf&& hash_of) {
    LEDGER_INVARIANT(number != 0);
    if ((size_ + 1) * 4 > slots_.size() * 3) grow(hash_of);
    place(number, hash_of(number));
    ++size_;
  }

  // Requires a number that is in it; hash_of as above. Cost: O(1).
  template <class HashOf>
  void erase(std::uint32_t number, HashOf&& hash_of) {
    std::size_t hole = hash_of(number) & mask();
    while (slots_[hole] != number) {
      LEDGER_INVARIANT(slots_[hole] != 0);
      hole = (hole + 1) & mask();
    }
    // What stands behind the hole moves into it, unless it would then stand before its own place.
    for (std::size_t at = (hole + 1) & mask(); slots_[at] != 0; at = (at + 1) & mask()) {
      const std::size_t home = hash_of(slots_[at]) & mask();
      if (((at - home) & mask()) < ((at - hole) & mask())) continue;
      slots_[hole] = slots_[at];
      hole = at;
    }
    slots_[hole] = 0;
    --size_;
  }

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] std::size_t memory_bytes() const noexcept {
    return slots_.capacity() * sizeof(std::uint32_t);
  }

 private:
  static constexpr std::size_t kSlotsMin = 16;

  [[nodiscard]] std::size_t mask() const noexcept { return slots_.size() - 1; }

  void place(std::uint32_t number, std::uint64_t hash) {
    std::size_t at = hash & mask();
    while (slots_[at] != 0) at = (at + 1) & mask();
    slots_[at] = number;
  }

  template <class HashOf>
  void grow(HashOf&& hash_of) {
    std::vector<std::uint32_t> old(slots_.empty() ? kSlotsMin : slots_.size() * 2);
    old.swap(slots_);
    for (const auto number : old) {
      if (number != 0) place(number, hash_of(number));
    }
  }

  std::vector<std::uint32_t> slots_;  // a power of two, or none; 0: empty
  std::size_t size_ = 0;
};

}  // namespace tokenledger
