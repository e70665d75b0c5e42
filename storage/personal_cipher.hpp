// How personal fields and small secrets are sealed (INV-8): XChaCha20-Poly1305 of libsodium.
//
// Sealed bytes: nonce 24 (random) | ciphertext | tag 16. The associated data says where they
// belong; they open nowhere else. Pure but for randomness; thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/byte_view.hpp"
#include "core/errc.hpp"
#include "core/ids.hpp"
#include "core/secret_bytes.hpp"

namespace tokenledger {

inline constexpr std::size_t kDataKeyBytes = 32;
inline constexpr std::size_t kSealOverheadBytes = 24 + 16;

// `key` has kDataKeyBytes bytes (invariant).
[[nodiscard]] std::vector<std::uint8_t> seal_personal(ByteView key, ByteView plain,
                                                      ByteView associated);
// crypto_failure: another key, other associated data, or changed bytes.
[[nodiscard]] Result<SecretBytes> open_personal(ByteView key, ByteView sealed, ByteView associated);

// Finds a subject or owner without storing its name: HMAC-SHA256 under the subject's key or the
// pepper.
[[nodiscard]] Digest personal_lookup(ByteView key, ByteView name);

}  // namespace tokenledger
