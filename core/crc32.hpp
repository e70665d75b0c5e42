// CRC-32 (ISO-HDLC, as in zlib and PNG): a typo check in token and secret strings that every
// scripting language can repeat offline. Not for files (storage has its own) and no protection
// against intent.
#pragma once

#include <string_view>

#include "core/byte_view.hpp"

namespace tokenledger {

// Continues from `seed`, the CRC of the bytes before (0: none). crc32_of("123456789") = 0xCBF43926.
[[nodiscard]] std::uint32_t crc32_of(ByteView bytes, std::uint32_t seed = 0) noexcept;

// The same, bit by bit, for constants.
[[nodiscard]] consteval std::uint32_t crc32_of_constant(std::string_view text) {
  std::uint32_t crc = ~std::uint32_t{0};
  for (const char letter : text) {
    crc ^= static_cast<unsigned char>(letter);
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320u : 0);
  }
  return ~crc;
}
static_assert(crc32_of_constant("123456789") == 0xCBF43926u);

}  // namespace tokenledger
