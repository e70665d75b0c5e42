// The signature algorithms of tokens (RFC 7518 §3.1, RFC 8037). Pinned per key, never read from a
// token. Values are on disk.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace tokenledger {

enum class SignatureAlgorithm : std::uint8_t { rs256 = 1, es256 = 2, eddsa = 3, hs256 = 4 };

// The JWS name ("RS256"); empty for a value outside the list.
[[nodiscard]] constexpr std::string_view algorithm_name(SignatureAlgorithm algorithm) noexcept {
  switch (algorithm) {
    case SignatureAlgorithm::rs256: return "RS256";
    case SignatureAlgorithm::es256: return "ES256";
    case SignatureAlgorithm::eddsa: return "EdDSA";
    case SignatureAlgorithm::hs256: return "HS256";
  }
  return {};
}

// nullopt for every other name, `none` and other spellings included.
[[nodiscard]] constexpr std::optional<SignatureAlgorithm> algorithm_from_name(
    std::string_view name) noexcept {
  for (const auto algorithm : {SignatureAlgorithm::rs256, SignatureAlgorithm::es256,
                               SignatureAlgorithm::eddsa, SignatureAlgorithm::hs256})
    if (name == algorithm_name(algorithm)) return algorithm;
  return std::nullopt;
}

}  // namespace tokenledger
