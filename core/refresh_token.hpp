// Refresh tokens (RFC 6749 §6, RFC 9700 §4.14): opaque texts that name their family and generation.
//
//   token = "tlr_" base64url( sealed id (16) || secret (16) || crc (4) )          52 characters
//   id    = family (4) || generation (4) || tag (4) || "tlrf"                     little-endian
//
// A family is one user's grant to one client; each use makes the next generation. The id is sealed
// as one AES block, so that a generation which was rotated out long ago is still recognised as ours
// when it comes back, without keeping its hash: that is the sign of a theft. A family's number is
// used again after its end; the random tag, which must be that of the family's record, tells one
// use of the number from the next. Tag and constant together keep a guess from revoking somebody's
// family (64 bits), and the constant keeps it from ever unsealing as a jti, whose last 32 bits are
// zeros. Only SHA-256 of the current text (and of the one before, while a lost answer
// may be asked for again) is stored. Any thread; reading never allocates.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "core/aes128.hpp"
#include "core/ids.hpp"

namespace tokenledger {

inline constexpr std::string_view kRefreshTokenPrefix = "tlr_";
inline constexpr std::size_t kRefreshTokenLength = 52;

struct RefreshTokenId {
  FamilyNumber family;           // never 0
  std::uint32_t generation = 0;  // from 1
  std::uint32_t tag = 0;         // never 0; whether it is the family's, parse can't say
  friend constexpr bool operator==(const RefreshTokenId&, const RefreshTokenId&) = default;
};

// Immutable.
class RefreshTokenKey {
 public:
  // The ledger's seal key may be used: the two kinds of block differ in their constant part.
  explicit RefreshTokenKey(const Aes128::Key& key) noexcept : aes_{key} {}

  // `secret` is 128 bits from a cryptographic source, never used twice. The id has no zero part.
  [[nodiscard]] std::string make(const RefreshTokenId& id,
                                 const std::array<std::uint8_t, 16>& secret) const;
  // nullopt: wrong prefix or length, not canonical, wrong checksum, or not sealed with this key.
  // Says nothing about the secret: the stored hash must match, or the generation be an older one.
  [[nodiscard]] std::optional<RefreshTokenId> parse(std::string_view token) const noexcept;

 private:
  Aes128 aes_;
};

}  // namespace tokenledger
