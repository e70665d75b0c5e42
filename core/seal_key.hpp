// SealKey turns a token's index into its jti and back, with no lookup table.
//
// A jti is one AES-128 block over index (8 bytes, little-endian) || incarnation (4) || zeros (4),
// written as 22 characters of base64url. Without the key nobody can guess one, make one, or see how
// many there are: a made-up text passes with a chance of 2^-38. A seal says only that this ledger
// drew the index under that incarnation, not that a token was issued; the caller looks that up.
//
// Immutable: any thread. No allocation. Unsealing takes about 20 ns with AES instructions.
#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "core/aes128.hpp"
#include "core/byte_view.hpp"
#include "core/ids.hpp"

namespace tokenledger {

inline constexpr std::size_t kJtiLength = 22;
inline constexpr std::size_t kSealedBytes = 16;
using Jti = std::array<char, kJtiLength>;

[[nodiscard]] inline std::string_view text_of(const Jti& jti) noexcept {
  return {jti.data(), jti.size()};
}

struct SealedJti {
  TokenIndex index;
  Incarnation incarnation;
  friend constexpr bool operator==(const SealedJti&, const SealedJti&) = default;
};

class SealKey {
 public:
  using Bytes = std::array<std::uint8_t, kSealedBytes>;

  explicit SealKey(const Aes128::Key& key,
                   Aes128::Implementation implementation = Aes128::Implementation::best) noexcept;

  [[nodiscard]] Jti seal(TokenIndex index, Incarnation incarnation) const noexcept;
  [[nodiscard]] Bytes seal_bytes(TokenIndex index, Incarnation incarnation) const noexcept;

  // nullopt: not 22 characters of canonical base64url, not sealed with this key, or an index whose
  // lane does not exist.
  [[nodiscard]] std::optional<SealedJti> unseal(std::string_view jti) const noexcept;
  [[nodiscard]] std::optional<SealedJti> unseal_bytes(const Bytes& sealed) const noexcept;

 private:
  Aes128 aes_;
};

}  // namespace tokenledger
