// The members of a public JSON Web Key that identify it (RFC 7517, RFC 7518 §6, RFC 8037 §2).
#pragma once

#include <string>

namespace tokenledger {

// Texts are base64url as they stand in the JWK; members a key type does not have are empty.
struct Jwk {
  std::string key_type;  // kty: "RSA", "EC" or "OKP"
  std::string curve;     // crv
  std::string modulus;   // n
  std::string exponent;  // e
  std::string x;
  std::string y;
};

// RFC 7638: SHA-256 of the required members in order of name, base64url, 43 characters.
[[nodiscard]] std::string jwk_thumbprint(const Jwk& jwk);

}  // namespace tokenledger
