// ClassTable: class number -> TokenClass, readable while it changes.
//
// A record is eight words, one cache line:
//   word 0      client (32 bits, low) | grant (32)
//   word 1      signing key (32)
//   word 2, 3   the four API numbers, 32 bits each, low first
//   word 4..7   the four scope masks
// A client number is never 0, so word 0 == 0 means "no such class".
//
// Numbers are reused. The writer frees one only after every chunk that names it was retired, and
// stores with release; so a reader that loaded (with acquire) any word of the number's next life
// sees, when it asks LaneRing::serves again, that its token is gone.
#pragma once

#include <array>
#include <cstdint>

#include "core/address_space.hpp"
#include "core/token_class.hpp"

namespace tokenledger {

inline constexpr std::uint32_t kClassesMax = std::uint32_t{1} << 24;  // class numbers are below

[[nodiscard]] constexpr bool is_class_number(ClassNumber number) noexcept {
  return number.value() != 0 && number.value() < kClassesMax;
}

struct ClassRecord {
  static constexpr std::size_t kWords = 8;
  std::array<std::uint64_t, kWords> words{};

  [[nodiscard]] constexpr bool exists() const noexcept { return words[0] != 0; }
  [[nodiscard]] constexpr std::uint32_t client() const noexcept {
    return static_cast<std::uint32_t>(words[0]);
  }
  [[nodiscard]] constexpr std::uint32_t grant() const noexcept {
    return static_cast<std::uint32_t>(words[0] >> 32);
  }
  [[nodiscard]] constexpr std::uint32_t key() const noexcept {
    return static_cast<std::uint32_t>(words[1]);
  }
  // 0 where the token has no such API.
  [[nodiscard]] constexpr std::uint32_t api(std::size_t position) const noexcept {
    return static_cast<std::uint32_t>(words[2 + position / 2] >> (position % 2 * 32));
  }
  [[nodiscard]] constexpr std::uint64_t scope_mask(std::size_t position) const noexcept {
    return words[4 + position];
  }
  friend constexpr bool operator==(const ClassRecord&, const ClassRecord&) = default;
};
static_assert(sizeof(ClassRecord) == 64, "one cache line");
static_assert(kApisPerTokenMax == 4, "the record has place for four");

[[nodiscard]] ClassRecord pack_class(const TokenClass& token_class) noexcept;
[[nodiscard]] TokenClass unpack_class(const ClassRecord& record) noexcept;

class ClassTable {
 public:
  ClassTable();  // address space only; throws std::bad_alloc

  // Any thread, wait-free. Requires number.value() < kClassesMax.
  [[nodiscard]] ClassRecord load(ClassNumber number) const noexcept {
    const AtomicWord* const words = words_ + std::size_t{number.value()} * ClassRecord::kWords;
    const auto word = [words](std::size_t position) {
      return words[position].load(std::memory_order_acquire);
    };
    // Spelled out so that the words stay in registers: a loop goes through memory and stalls there.
    return {{word(0), word(1), word(2), word(3), word(4), word(5), word(6), word(7)}};
  }
  // Address space for records up to the greatest number ever used.
  [[nodiscard]] std::size_t committed_bytes() const noexcept {
    return (greatest_.load(std::memory_order_relaxed) + 1) * sizeof(ClassRecord);
  }

  // The writer only. Requires a class number that is free, or holds this very class.
  void publish(ClassNumber number, const TokenClass& token_class) noexcept;
  // The writer only, after every chunk with a token of this class was retired. Idempotent.
  void free(ClassNumber number) noexcept;

 private:
  void store(ClassNumber number, const ClassRecord& record) noexcept;

  AddressSpace space_;
  AtomicWord* words_;
  AtomicWord greatest_{0};
};

}  // namespace tokenledger
