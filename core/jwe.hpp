// JWE access tokens in compact form (RFC 7516 §7.1): referential tokens (B06), which nobody but
// this ledger can read. A resource server learns their claims by introspection only (B15).
//
//   token  = header "." "" "." nonce "." ciphertext "." tag          each base64url, no padding
//   header = {"jti":"<22 characters>","alg":"dir","enc":"A256GCM","typ":"at+jwt","kid":…}
//   text   = the claims of a JWT (core/jwt_claims.hpp), with the header's jti
//
// The jti stands in the header so that an index is found without decrypting; it is sealed, so it
// tells an outsider nothing (RFC 7519 §5.3 allows claims there). With `dir` there is no encrypted
// key: each token has a content key of its own, derived from the ledger's key and the jti. A jti is
// never used by two tokens, so no number of tokens wears the key out; a random nonce covers a token
// that is made a second time before it is committed.
//
// Exactly one spelling is accepted: the header must be, byte for byte, what we write. Thus there is
// no zip, no p2c, no crit and no other algorithm to be talked into.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/aes256_gcm.hpp"
#include "core/jwt_claims.hpp"
#include "core/seal_key.hpp"
#include "core/secret_bytes.hpp"

namespace tokenledger {

// The ledger's key for its JWEs. Move only; wiped when destroyed. Any thread.
class JweKey {
 public:
  // 32 bytes from a cryptographic source, for nothing else. Errc::invalid_argument: another length.
  static Result<JweKey> from_secret(ByteView secret);

  // 22 characters derived from the secret one way.
  [[nodiscard]] const std::string& kid() const noexcept { return kid_; }
  // The key that encrypts the token with this jti.
  [[nodiscard]] Digest content_key(std::string_view jti) const noexcept;

 private:
  JweKey() = default;
  SecretBytes secret_;
  std::string kid_;
};

// `nonce` is random. `claims.jti` is a sealed one. Errc::too_large if the token would exceed
// kJwtLengthMax, Errc::invalid_argument for another jti, Errc::crypto_failure.
[[nodiscard]] Result<std::string> make_jwe(const JweKey& key, const JwtClaims& claims,
                                           const GcmNonce& nonce);

// The jti in the header of what looks like our JWE, decoded for SealKey::unseal_bytes. Proves
// nothing. Reads the first 44 characters. No allocation.
[[nodiscard]] std::optional<SealKey::Bytes> sealed_of_jwe(std::string_view token) noexcept;

// The claims of a JWE that this key made. Errc::malformed_token: not five parts of canonical
// base64url with our header, or claims of another jti; Errc::key_not_found: another kid;
// Errc::signature_invalid: not encrypted so with this key; Errc::too_large beyond kJwtLengthMax.
// Says nothing about revocation or expiry.
[[nodiscard]] Result<JwtClaims> open_jwe(const JweKey& key, std::string_view token);

}  // namespace tokenledger
