// Signing and verifying whole JWTs (RFC 7515 §5, RFC 9068 §4). The check path needs neither: a
// token of this ledger is recognised by its fingerprint (design: validity index). Any thread.
#pragma once

#include <string>
#include <string_view>

#include "core/errc.hpp"
#include "core/jwt.hpp"
#include "core/signing_key.hpp"

namespace tokenledger {

// Errc::too_large or Errc::crypto_failure.
[[nodiscard]] Result<std::string> sign_jwt(const SigningKey& key, const JwtClaims& claims);

struct JwtVerifyOptions {
  // typ must be at+jwt or application/at+jwt, in any case. Off only for tokens of other issuers
  // that predate RFC 9068.
  bool require_access_token_type = true;
  SignatureForm signature_form = SignatureForm::any;
};

// Authenticity only; issuer, audience and times are the caller's to compare. In this order:
// what decode_unverified refuses; Errc::algorithm_not_allowed when `alg` is not exactly the key's
// (A18b: also `none`, and HS256 with a public key as its secret); Errc::malformed_token for
// another typ; Errc::signature_invalid.
[[nodiscard]] Result<DecodedJwt> verify_jwt(std::string_view token, const VerifyKey& key,
                                            const JwtVerifyOptions& options = {});

}  // namespace tokenledger
