// Authorization codes (RFC 6749 §4.1.2): "tlc_", 256 random bits, checksum (core/checked_text.hpp);
// 52 characters. The text is never stored, only its SHA-256: with that entropy nobody finds a text
// for a hash, so it needs no key. A code means nothing by itself; what it stands for is kept under
// its hash. Any thread.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "core/ids.hpp"

namespace tokenledger {

inline constexpr std::string_view kAuthorizationCodePrefix = "tlc_";
inline constexpr std::size_t kAuthorizationCodeLength = 52;
// A client redeems at once; RFC 6749 §4.1.2 allows ten minutes at most.
inline constexpr std::uint32_t kAuthorizationCodeLifetimeSeconds = 60;

// `random` is 256 bits from a cryptographic source, never used twice.
[[nodiscard]] std::string make_authorization_code(const std::array<std::uint8_t, 32>& random);
// The hash under which the code is found. nullopt: no code of ours (prefix, length, alphabet or
// checksum), so nothing needs to be looked up.
[[nodiscard]] std::optional<Digest> hash_authorization_code(std::string_view text) noexcept;

// What a code is bound to when it is made (§4.1.2, RFC 7636 §4.4).
struct CodeBinding {
  ClientNumber client;
  std::string redirect_uri;       // where the code was sent
  bool has_redirect_uri = false;  // the authorization request named it
  std::optional<Digest> challenge;
  UnixSeconds expires_at;  // the first second in which it is no longer good
};
// What the token request brings; absent parameters are empty.
struct CodeRedemption {
  ClientNumber client;
  std::string_view redirect_uri;
  std::string_view verifier;
  UnixSeconds now;
};
// RFC 6749 §4.1.3, RFC 7636 §4.6. False is `invalid_grant`, whatever the reason. Whether the code
// was used before is not asked here: that is one atomic step with its use.
[[nodiscard]] bool is_redeemable(const CodeBinding& code,
                                 const CodeRedemption& redemption) noexcept;

}  // namespace tokenledger
