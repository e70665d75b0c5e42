// StrongNumber: an unsigned integer that cannot be mistaken for another one.
//
// Every id of the ledger is such a number; the compiler then checks the argument order. Conversion
// from and to the bare integer is explicit.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace tokenledger {

template <class Tag, class Rep>
class StrongNumber {
 public:
  using rep = Rep;
  constexpr StrongNumber() = default;
  constexpr explicit StrongNumber(Rep value) : value_{value} {}
  [[nodiscard]] constexpr Rep value() const noexcept { return value_; }
  [[nodiscard]] constexpr StrongNumber next() const noexcept {
    return StrongNumber{static_cast<Rep>(value_ + 1)};
  }
  friend constexpr auto operator<=>(StrongNumber, StrongNumber) = default;
  friend constexpr std::size_t hash_value(StrongNumber number) noexcept {
    return static_cast<std::size_t>(number.value_) * 0x9E3779B97F4A7C15u;
  }

 private:
  Rep value_ = 0;
};

}  // namespace tokenledger

template <class Tag, class Rep>
struct std::hash<tokenledger::StrongNumber<Tag, Rep>> {
  std::size_t operator()(tokenledger::StrongNumber<Tag, Rep> number) const noexcept {
    return hash_value(number);
  }
};
