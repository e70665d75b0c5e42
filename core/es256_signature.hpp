// ES256 signatures in their two spellings: r || s (JOSE, RFC 7518 §3.4) and the DER of RFC 3279
// §2.2.3 that OpenSSL speaks.
//
// With (r, s) also (r, order - s) is valid, so anybody can respell a signature. We make and, where
// asked, accept only the lower s. Any thread, no allocation.
#pragma once

#include <array>
#include <optional>

#include "core/byte_view.hpp"

namespace tokenledger {

using Es256Signature = std::array<std::uint8_t, 64>;
inline constexpr std::size_t kEs256DerBytesMax = 72;

// nullopt unless `der` is a sequence of two positive integers of at most 32 bytes.
[[nodiscard]] std::optional<Es256Signature> es256_from_der(ByteView der) noexcept;
// Writes the DER into `out` and returns its length.
[[nodiscard]] std::size_t es256_to_der(const Es256Signature& signature,
                                       std::array<std::uint8_t, kEs256DerBytesMax>& out) noexcept;

[[nodiscard]] bool has_low_s(const Es256Signature& signature) noexcept;
// Replaces s by order - s if that is the lower one. Requires s < order.
void make_low_s(Es256Signature& signature) noexcept;

}  // namespace tokenledger
