// CRC-32 (ISO-HDLC, as in zlib and PNG): a typo check in token and secret strings that every
// scripting language can repeat offline. Not for files (storage has its own) and no protection
// against intent.
#pragma once

#include "core/byte_view.hpp"

namespace tokenledger {

// Continues from `seed`, the CRC of the bytes before (0: none). crc32_of("123456789") = 0xCBF43926.
[[nodiscard]] std::uint32_t crc32_of(ByteView bytes, std::uint32_t seed = 0) noexcept;

}  // namespace tokenledger
