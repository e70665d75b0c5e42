// The signature algorithms of tokens (RFC 7518 §3.1, RFC 8037). Pinned per key, never read from a
// token. Values are on disk.
#pragma once

#include <cstdint>

namespace tokenledger {

enum class SignatureAlgorithm : std::uint8_t { rs256 = 1, es256 = 2, eddsa = 3, hs256 = 4 };

}  // namespace tokenledger
