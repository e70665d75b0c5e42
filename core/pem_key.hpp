// A private key in PEM, as other programs write it (RFC 7468 §10, RFC 5958), as one of our signing
// keys. Any thread.
#pragma once

#include <string_view>

#include "core/errc.hpp"
#include "core/signing_key.hpp"

namespace tokenledger {

inline constexpr std::size_t kPemBytesMax = 16 * 1024;

// One "PRIVATE KEY" (PKCS #8, not encrypted): RSA with 2048 to 4096 bits becomes RS256, P-256
// ES256, Ed25519 EdDSA. Errc::too_large; Errc::invalid_argument for any other key or label, for
// text that is not PEM, and for a key whose halves do not match. Text around the block is allowed,
// a second block is not.
[[nodiscard]] Result<SigningKey> read_pem_key(std::string_view pem);

}  // namespace tokenledger
