#include "core/jwt_signature.hpp"

#include <algorithm>

namespace tokenledger {
namespace {

bool equal_ignoring_case(std::string_view left, std::string_view right) noexcept {
  const auto lower = [](char letter) {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
  };
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [lower](char a, char b) { return lower(a) == lower(b); });
}

// RFC 7515 §4.1.9: "application/" may be left out.
bool is_access_token_type(std::string_view type) noexcept {
  return equal_ignoring_case(type, kAccessTokenType) ||
         equal_ignoring_case(type, "application/at+jwt");
}

}  // namespace

Result<std::string> sign_jwt(const SigningKey& key, const JwtClaims& claims) {
  auto token = jwt_signing_input(key.jwt_header_part(), claims);
  if (!token) return token.error();
  const auto signature = key.sign(bytes_of(*token));
  if (!signature) return signature.error();
  append_jwt_signature(*signature, *token);
  return token;
}

Result<DecodedJwt> verify_jwt(std::string_view token, const VerifyKey& key,
                              const JwtVerifyOptions& options) {
  auto jwt = decode_unverified(token);
  if (!jwt) return jwt.error();
  if (jwt->algorithm != algorithm_name(key.algorithm())) return Errc::algorithm_not_allowed;
  if (options.require_access_token_type && !is_access_token_type(jwt->type))
    return Errc::malformed_token;
  if (!key.verify(bytes_of(token.substr(0, jwt->signed_length)), bytes_of(jwt->signature),
                  options.signature_form))
    return Errc::signature_invalid;
  return jwt;
}

}  // namespace tokenledger
