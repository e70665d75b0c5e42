// Texts for secrets that secret scanners find and that a typo check refuses, offline:
//
//   text = prefix base64url( body (32) || crc (4) )
//   crc  = CRC-32 of the prefix's characters and the body, big-endian
//
// The prefix is summed too: one kind of text can't be turned into another. Reading never allocates.
// Any thread.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "core/base64url.hpp"
#include "core/crc32.hpp"

namespace tokenledger {

inline constexpr std::size_t kCheckedBodyBytes = 32;
inline constexpr std::size_t kCheckedSumBytes = 4;
using CheckedBody = std::array<std::uint8_t, kCheckedBodyBytes>;

class CheckedTextKind {
 public:
  // `prefix` is a constant: letters and an underscore.
  consteval explicit CheckedTextKind(std::string_view prefix)
      : prefix_{prefix}, prefix_crc_{crc32_of_constant(prefix)} {}

  [[nodiscard]] constexpr std::size_t length() const noexcept {
    return prefix_.size() + base64url_length(kCheckedBodyBytes + kCheckedSumBytes);
  }

  [[nodiscard]] std::string make(const CheckedBody& body) const;
  // False, with `body` unspecified: wrong prefix or length, not canonical, or wrong checksum.
  [[nodiscard]] bool read(std::string_view text, CheckedBody& body) const noexcept;

 private:
  std::string_view prefix_;
  std::uint32_t prefix_crc_;
};

}  // namespace tokenledger
