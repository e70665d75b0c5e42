#include "core/jwk.hpp"

#include "core/base64url.hpp"
#include "core/sha256.hpp"

namespace tokenledger {

// No value needs escaping: they are base64url or registered names.
std::string jwk_thumbprint(const Jwk& jwk) {
  std::string canonical;
  if (jwk.key_type == "RSA")
    canonical = R"({"e":")" + jwk.exponent + R"(","kty":"RSA","n":")" + jwk.modulus + R"("})";
  else if (jwk.key_type == "EC")
    canonical = R"({"crv":")" + jwk.curve + R"(","kty":"EC","x":")" + jwk.x + R"(","y":")" + jwk.y +
                R"("})";
  else
    canonical = R"({"crv":")" + jwk.curve + R"(","kty":"OKP","x":")" + jwk.x + R"("})";
  return base64url_encode(sha256(canonical));
}

}  // namespace tokenledger
