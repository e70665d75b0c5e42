// OpenID Connect id tokens (OpenID Connect Core §2, §3.1.3.6): what a client learns about the
// sign-in. A kind of its own (B04), which no API accepts.
//
//   header  = {"alg":…,"typ":"JWT","kid":…}
//   payload = {"iss":…,"sub":…,"aud":"<client_id>","azp":"<client_id>",…}
//
// Three things keep it apart from an access token of the same key: `typ` is not at+jwt, the first
// claim is not a sealed jti (so no index is ever read from it), and the audience is a client. Any
// thread.
#pragma once

#include <string>
#include <string_view>

#include "core/errc.hpp"
#include "core/ids.hpp"
#include "core/signing_key.hpp"

namespace tokenledger {

inline constexpr std::string_view kIdTokenType = "JWT";

// Texts are UTF-8. Empty text, second 0: the claim is absent.
struct IdTokenClaims {
  std::string issuer;
  std::string subject;
  std::string client_id;  // aud and azp
  UnixSeconds expires_at;
  UnixSeconds issued_at;
  UnixSeconds signed_in_at;  // auth_time: always there when max_age was asked for (§3.1.2.1)
  std::string nonce;         // byte for byte that of the request
  std::string access_token_hash;
  std::string session_id;              // sid
  std::string authentication_context;  // acr
  friend bool operator==(const IdTokenClaims&, const IdTokenClaims&) = default;
};

// at_hash: the left half of the hash that the id token's algorithm uses, base64url. SHA-256, and
// for EdDSA with Ed25519 SHA-512.
[[nodiscard]] std::string access_token_hash(SignatureAlgorithm algorithm,
                                            std::string_view access_token);

// Errc::algorithm_not_allowed for HS256, whose secret is an API's: it could then make id tokens.
// Errc::invalid_argument without issuer, subject, client_id or a lifetime; Errc::too_large beyond
// kJwtLengthMax; Errc::crypto_failure.
[[nodiscard]] Result<std::string> sign_id_token(const SigningKey& key, const IdTokenClaims& claims);

// For `id_token_hint`: the claims of an id token that this key signed for this issuer. It may have
// expired: a hint says who it was, not that he is still here (§3.1.2.1). Errc::too_large,
// malformed_token (also for every other kind of token), algorithm_not_allowed, signature_invalid,
// or invalid_argument for another issuer.
[[nodiscard]] Result<IdTokenClaims> verify_id_token(std::string_view token, const VerifyKey& key,
                                                    std::string_view issuer);

}  // namespace tokenledger
