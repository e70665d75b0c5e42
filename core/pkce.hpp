// Proof Key for Code Exchange (RFC 7636), method S256 only.
//
// `plain` is refused, also where it would only be the default of an absent method: whoever reads
// the authorization request could redeem the code (RFC 9700 §2.1.1). Any thread.
#pragma once

#include <optional>
#include <string_view>

#include "core/ids.hpp"

namespace tokenledger {

inline constexpr std::string_view kCodeChallengeMethod = "S256";
inline constexpr std::size_t kCodeChallengeLength = 43;
inline constexpr std::size_t kCodeVerifierLengthMin = 43;
inline constexpr std::size_t kCodeVerifierLengthMax = 128;

// RFC 7636 §4.1: 43 to 128 of the unreserved characters.
[[nodiscard]] bool is_code_verifier(std::string_view text) noexcept;

// The SHA-256 that a challenge names (§4.2). nullopt: not 43 characters of canonical base64url; no
// verifier could ever match another text.
[[nodiscard]] std::optional<Digest> parse_code_challenge(std::string_view text) noexcept;

// The token endpoint's question (§4.6): may this code be redeemed with this verifier? `verifier` is
// empty when the parameter was absent. False, which is `invalid_grant`, also for a verifier that is
// missing or malformed, and for one that nobody asked for: then the challenge was stripped from the
// authorization request on its way (RFC 9700 §2.1.1). The comparison takes constant time.
[[nodiscard]] bool is_code_verified(const std::optional<Digest>& challenge,
                                    std::string_view verifier) noexcept;

}  // namespace tokenledger
