// The numbers of a public JWK as SubjectPublicKeyInfo in DER (RFC 5280 §4.1, RFC 3279 §2.3), which
// is what VerifyKey::from_public takes. Any thread.
#pragma once

#include <vector>

#include "core/byte_view.hpp"
#include "core/errc.hpp"

namespace tokenledger {

// Big-endian without leading zeros (RFC 7518 §6.3.1). Errc::invalid_argument: a leading zero, an
// even number, a modulus of more than 512 bytes, or an exponent outside 65537 … 2^32 - 1. Whether
// the modulus is long enough is VerifyKey's to say.
[[nodiscard]] Result<std::vector<std::uint8_t>> rsa_spki(ByteView modulus, ByteView exponent);

// 32 bytes each (RFC 7518 §6.2.1). Errc::invalid_argument for another length. Whether the point is
// on the curve is VerifyKey's to say.
[[nodiscard]] Result<std::vector<std::uint8_t>> p256_spki(ByteView x, ByteView y);

}  // namespace tokenledger
