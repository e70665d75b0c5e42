// The first step of a check: what kind of text is this, and which index does it claim?
#pragma once

#include <optional>
#include <string_view>

#include "core/seal_key.hpp"
#include "core/token_class.hpp"

namespace tokenledger {

struct LocatedToken {
  TokenKind kind = TokenKind::jwt;
  SealedJti id;
  friend constexpr bool operator==(const LocatedToken&, const LocatedToken&) = default;
};

// Kind by prefix, then the sealed jti from its fixed place. A result proves nothing about the
// token: its fingerprint must still match the entry. nullopt: no text of ours (it may be another
// issuer's token). Any thread, no allocation, under 40 ns.
[[nodiscard]] std::optional<LocatedToken> locate_token(const SealKey& key,
                                                       std::string_view token) noexcept;

}  // namespace tokenledger
