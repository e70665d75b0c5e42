// EndedBits: which consents, or which families, have ended: one bit per number.
//
// A token that names an ended number is not good. Ten million consents are 1.25 MB, so the test
// stays in the cache where a word per number would not. A bit goes 0 -> 1 when its number ends, and
// back only when the number is freed, after every chunk with a token that names it was retired: a
// reader that saw the cleared bit sees, when it asks LaneRing::serves again, that its token is
// gone. So whoever uses the number next never brings an old token back.
#pragma once

#include <cstdint>

#include "core/address_space.hpp"

namespace tokenledger {

// Numbers are below; 0 names nothing and never ends.
inline constexpr std::uint32_t kEndedNumberEnd = std::uint32_t{1} << 26;

class EndedBits {
 public:
  EndedBits();  // address space only (8 MiB); throws std::bad_alloc

  // Any thread, wait-free. True for a number that cannot exist, so that a doubt reads as ended
  // (INV-6).
  [[nodiscard]] bool test(std::uint32_t number) const noexcept {
    if (number >= kEndedNumberEnd) return true;
    return (words_[number / 64].load(std::memory_order_acquire) >> (number % 64)) & 1;
  }
  // Address space up to the greatest number that ever ended.
  [[nodiscard]] std::size_t committed_bytes() const noexcept {
    return used_words_.load(std::memory_order_relaxed) * sizeof(AtomicWord);
  }

  // The writer only; both are idempotent and require 0 < number < kEndedNumberEnd. Release: whoever
  // sees the bit sees everything published before.
  void set(std::uint32_t number) noexcept;
  void clear(std::uint32_t number) noexcept;

 private:
  AddressSpace space_;
  AtomicWord* words_;
  AtomicWord used_words_{0};
};

}  // namespace tokenledger
