#include "core/id_token.hpp"

#include <openssl/sha.h>

#include <array>
#include <boost/json/value.hpp>
#include <limits>

#include "core/base64url.hpp"
#include "core/json_strict.hpp"
#include "core/jwt.hpp"
#include "core/sha256.hpp"

namespace tokenledger {
namespace {

namespace json = boost::json;

constexpr std::size_t kSignatureLengthMax = base64url_length(512);  // RSA with 4096 bits

// `name` brings its own comma and colon: `,"sub":`.
void append_text(std::string_view name, std::string_view text, std::string& out) {
  if (text.empty()) return;
  out += name;
  append_json_string(text, out);
}
void append_seconds(std::string_view name, UnixSeconds seconds, std::string& out) {
  if (seconds == UnixSeconds{}) return;
  out.append(name).append(std::to_string(seconds.value()));
}

std::string payload_of(const IdTokenClaims& claims) {
  std::string out = R"({"iss":)";
  append_json_string(claims.issuer, out);
  append_text(R"(,"sub":)", claims.subject, out);
  append_text(R"(,"aud":)", claims.client_id, out);
  append_text(R"(,"azp":)", claims.client_id, out);
  append_seconds(R"(,"exp":)", claims.expires_at, out);
  append_seconds(R"(,"iat":)", claims.issued_at, out);
  append_seconds(R"(,"auth_time":)", claims.signed_in_at, out);
  append_text(R"(,"nonce":)", claims.nonce, out);
  append_text(R"(,"at_hash":)", claims.access_token_hash, out);
  append_text(R"(,"sid":)", claims.session_id, out);
  append_text(R"(,"acr":)", claims.authentication_context, out);
  out += '}';
  return out;
}

bool read_text(const json::object& payload, std::string_view name, std::string& out) {
  const json::value* value = payload.if_contains(name);
  if (value == nullptr) return true;
  if (!value->is_string()) return false;
  out = std::string_view{value->get_string()};
  return true;
}

bool read_seconds(const json::object& payload, std::string_view name, UnixSeconds& out) {
  const json::value* value = payload.if_contains(name);
  if (value == nullptr) return true;
  if (!value->is_int64() || value->get_int64() < 0) return false;
  if (value->get_int64() > std::numeric_limits<std::uint32_t>::max()) return false;
  out = UnixSeconds{static_cast<std::uint32_t>(value->get_int64())};
  return true;
}

// An id token has one audience, which is the authorized party, and nothing an API would look for.
bool has_claims_of_id_token(const JwtClaims& claims, std::string_view authorized_party) {
  return !claims.subject.empty() && claims.audience.size() == 1 &&
         !claims.audience.front().empty() && claims.audience.front() == authorized_party &&
         claims.jti.empty() && claims.client_id.empty() && claims.scope.empty();
}

Result<IdTokenClaims> read_claims(const DecodedJwt& jwt) {
  const auto parsed = parse_json_strict(jwt.payload_json);
  if (!parsed || !parsed->is_object()) return Errc::malformed_token;
  const json::object& payload = parsed->get_object();
  IdTokenClaims claims;
  std::string authorized_party;
  const bool good = read_text(payload, "azp", authorized_party) &&
                    read_seconds(payload, "auth_time", claims.signed_in_at) &&
                    read_text(payload, "nonce", claims.nonce) &&
                    read_text(payload, "at_hash", claims.access_token_hash) &&
                    read_text(payload, "sid", claims.session_id) &&
                    read_text(payload, "acr", claims.authentication_context) &&
                    has_claims_of_id_token(jwt.claims, authorized_party);
  if (!good) return Errc::malformed_token;
  claims.issuer = jwt.claims.issuer;
  claims.subject = jwt.claims.subject;
  claims.client_id = authorized_party;
  claims.expires_at = jwt.claims.expires_at;
  claims.issued_at = jwt.claims.issued_at;
  return claims;
}

}  // namespace

std::string access_token_hash(SignatureAlgorithm algorithm, std::string_view access_token) {
  if (algorithm != SignatureAlgorithm::eddsa) {
    const Digest digest = sha256(access_token);
    return base64url_encode(ByteView{digest}.first(digest.size() / 2));
  }
  std::array<std::uint8_t, SHA512_DIGEST_LENGTH> digest;
  SHA512(bytes_of(access_token).data(), access_token.size(), digest.data());
  return base64url_encode(ByteView{digest}.first(digest.size() / 2));
}

Result<std::string> sign_id_token(const SigningKey& key, const IdTokenClaims& claims) {
  if (key.algorithm() == SignatureAlgorithm::hs256) return Errc::algorithm_not_allowed;
  const bool is_complete = !claims.issuer.empty() && !claims.subject.empty() &&
                           !claims.client_id.empty() && claims.issued_at != UnixSeconds{} &&
                           claims.issued_at < claims.expires_at;
  if (!is_complete) return Errc::invalid_argument;
  std::string token = jwt_header_part(key.algorithm(), key.kid(), kIdTokenType);
  token.append(".").append(base64url_encode(bytes_of(payload_of(claims))));
  if (token.size() + 1 + kSignatureLengthMax > kJwtLengthMax) return Errc::too_large;
  const auto signature = key.sign(bytes_of(token));
  if (!signature) return signature.error();
  append_jwt_signature(*signature, token);
  return token;
}

Result<IdTokenClaims> verify_id_token(std::string_view token, const VerifyKey& key,
                                      std::string_view issuer) {
  const auto jwt = decode_unverified(token);
  if (!jwt) return jwt.error();
  if (jwt->type != kIdTokenType) return Errc::malformed_token;
  const bool is_secret = key.algorithm() == SignatureAlgorithm::hs256;
  if (is_secret || jwt->algorithm != algorithm_name(key.algorithm()))
    return Errc::algorithm_not_allowed;
  const auto message = bytes_of(token.substr(0, jwt->signed_length));
  if (!key.verify(message, bytes_of(jwt->signature), SignatureForm::canonical))
    return Errc::signature_invalid;
  auto claims = read_claims(*jwt);
  if (claims && claims->issuer != issuer) return Errc::invalid_argument;
  return claims;
}

}  // namespace tokenledger
