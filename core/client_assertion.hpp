// private_key_jwt: a client proves who it is by a JWT it signed (RFC 7521 §4.2, RFC 7523 §3 with
// the update of draft-ietf-oauth-rfc7523bis-11, OpenID Connect Core §9).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/client_jwks.hpp"
#include "core/errc.hpp"
#include "core/ids.hpp"

namespace tokenledger {

inline constexpr std::string_view kClientAssertionType =
    "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
inline constexpr std::size_t kAssertionIdBytesMax = 256;
// How far `exp` may lie ahead: the caller remembers each jti as long.
inline constexpr std::uint32_t kAssertionLifetimeSecondsMax = 600;
// How far `iat` and `nbf` may lie ahead: clocks of clients are not ours.
inline constexpr std::uint32_t kAssertionSkewSecondsMax = 60;

// The client that an assertion claims to be of, to find its keys by: a request need not repeat it
// as client_id (RFC 7521 §4.2). Proves nothing. Errc as of verify_client_assertion.
[[nodiscard]] Result<std::string> read_assertion_subject(std::string_view assertion);

struct AssertionExpectation {
  std::string_view client_id;
  std::string_view issuer;  // of this server: the only audience
  // Not empty: this URL is accepted as the audience too, for a client that was registered so. The
  // draft forbids it by default, because another server's metadata may name our endpoint.
  std::string_view legacy_token_endpoint;
  UnixSeconds now;
};

// What the caller must remember until `expires_at`, for this client: a second assertion with the
// same id is a replay and proves nothing (RFC 7523 §3 point 7).
struct VerifiedAssertion {
  std::string id;
  UnixSeconds expires_at;
  UnixSeconds issued_at;  // 0: it has no iat
};

// Every failure is `invalid_client` to the caller (401); the Errc is for the access log. In order:
//   too_large, malformed_token  no strict JWT (core/jwt.hpp), or a typ that is neither absent, JWT
//                               nor client-authentication+jwt: a token made for something else
//   key_not_found               `kid` names none of the keys, or is absent beside several
//   algorithm_not_allowed       `alg` is not that of the key; `none` and HS256 never are
//   signature_invalid
//   invalid_argument            iss or sub is not the client, aud is not the one audience, jti is
//                               missing or too long, iat or nbf lies ahead
//   expiry_in_the_past, lifetime_too_long
[[nodiscard]] Result<VerifiedAssertion> verify_client_assertion(
    std::string_view assertion, const std::vector<ClientKey>& keys,
    const AssertionExpectation& expected);

}  // namespace tokenledger
