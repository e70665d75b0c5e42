// Bytes as lower-case hexadecimal digits, two each. Any thread.
#pragma once

#include <string>

#include "core/byte_view.hpp"

namespace tokenledger {

[[nodiscard]] inline std::string to_hex(ByteView bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(2 * bytes.size());
  for (const auto byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

}  // namespace tokenledger
