// The parts of a JWT in compact form (RFC 7519, RFC 7515 §7.1); access tokens per RFC 9068.
//
//   token   = header "." payload "." signature                 each base64url, no padding
//   header  = {"alg":…,"typ":"at+jwt","kid":…}
//   payload = {"jti":"<22 characters>",…                       (core/jwt_claims.hpp)
//
// Nothing here checks a signature: see core/jwt_signature.hpp. Any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/errc.hpp"
#include "core/jwt_claims.hpp"
#include "core/seal_key.hpp"
#include "core/signature_algorithm.hpp"

namespace tokenledger {

inline constexpr std::string_view kAccessTokenType = "at+jwt";
// Our headers have about 120 characters; jti_of_jwt looks no further than this.
inline constexpr std::size_t kJwtHeaderLengthMax = 1024;

// The first part, the same for every token of one key.
[[nodiscard]] std::string jwt_header_part(SignatureAlgorithm algorithm, std::string_view kid,
                                          std::string_view type = kAccessTokenType);

// header "." payload: what is signed. Errc::too_large if the token could exceed kJwtLengthMax.
[[nodiscard]] Result<std::string> jwt_signing_input(std::string_view header_part,
                                                    const JwtClaims& claims);
// Makes the signing input a token.
void append_jwt_signature(ByteView signature, std::string& signing_input);

// The first 22 characters of the first claim, if that is `jti` and holds 22 characters of
// canonical base64url; where decode_unverified accepts the token too, it finds the same jti.
// Reads 42 characters of the payload and nothing behind them. No allocation, about 20 ns.
[[nodiscard]] std::optional<Jti> jti_of_jwt(std::string_view token) noexcept;
// The same, decoded for SealKey::unseal_bytes.
[[nodiscard]] std::optional<SealKey::Bytes> sealed_of_jwt(std::string_view token) noexcept;

struct DecodedJwt {
  std::string algorithm;  // the header's word, unverified: never choose a key or method by it
  std::string type;       // typ; may be empty
  std::string key_id;     // kid; may be empty
  JwtClaims claims;
  std::string header_json;
  std::string payload_json;
  std::string signature;          // bytes; never empty
  std::size_t signed_length = 0;  // characters of header "." payload at the front of the token
};

// Says what a token claims, not that it is true. Errc::malformed_token unless there are exactly
// three parts of canonical base64url, none empty; header and payload strict JSON objects; `alg` a
// text; claims of the right types; and no header member that changes how the rest is read or offers
// a key (crit, b64, jwk, jku, x5u, x5c: RFC 8725 §3). Longer than kJwtLengthMax: Errc::too_large.
[[nodiscard]] Result<DecodedJwt> decode_unverified(std::string_view token);

}  // namespace tokenledger
