// crc32c: the Castagnoli checksum that guards every file format of ours (RFC 3720 appendix B.4).
//
// Finds damage, not forgery. Uses the processor instruction where there is one. To continue over
// several pieces pass the previous result as `seed`. Thread-safe.
#pragma once

#include <cstdint>
#include <span>

namespace tokenledger {

[[nodiscard]] std::uint32_t crc32c(std::span<const std::uint8_t> bytes,
                                   std::uint32_t seed = 0) noexcept;

}  // namespace tokenledger
