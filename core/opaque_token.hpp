// Opaque tokens (claims stand only in the ledger) and client secrets: texts that secret scanners
// find and that a typo check refuses, offline.
//
//   opaque token  = "tlo_"  base64url( sealed index (16) || secret (16) || crc (4) )   52
//   characters client secret = "tlcs_" base64url( random (32)                      || crc (4) ) 53
//   characters crc           = CRC-32 of the prefix's characters and the bytes before it,
//   big-endian
//
// The sealed index is that of core/seal_key.hpp, so a token's jti is its first 16 bytes in
// base64url, as in a JWT. Neither text is ever stored: of tokens the SHA-256, of client secrets the
// keyed hash. Randomness is the caller's. Any thread; reading never allocates.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "core/seal_key.hpp"

namespace tokenledger {

inline constexpr std::string_view kOpaqueTokenPrefix = "tlo_";
inline constexpr std::size_t kOpaqueTokenLength = 52;
inline constexpr std::string_view kClientSecretPrefix = "tlcs_";
inline constexpr std::size_t kClientSecretLength = 53;

// `secret` is 128 bits from a cryptographic source, never used twice.
[[nodiscard]] std::string make_opaque(const SealKey& key, const SealedJti& id,
                                      const std::array<std::uint8_t, 16>& secret);

// nullopt: wrong prefix or length, not canonical, wrong checksum, or not sealed with this key. Says
// nothing about the secret: only the fingerprint in the index does.
[[nodiscard]] std::optional<SealedJti> parse_opaque(const SealKey& key,
                                                    std::string_view token) noexcept;

// `random` is 256 bits from a cryptographic source.
[[nodiscard]] std::string make_client_secret(const std::array<std::uint8_t, 32>& random);
// Prefix, length, alphabet and checksum are right. Typo check, not authentication.
[[nodiscard]] bool is_client_secret(std::string_view text) noexcept;
// What is stored instead of the secret: HMAC-SHA-256 under the ledger's pepper (kept in the
// keyring), so that a stolen log alone lets nobody test guesses.
[[nodiscard]] Digest hash_client_secret(ByteView pepper, std::string_view secret) noexcept;

}  // namespace tokenledger
