#include "core/jwt.hpp"

#include <algorithm>
#include <array>
#include <boost/json/value.hpp>
#include <cstring>

#include "core/base64url.hpp"
#include "core/json_strict.hpp"

namespace tokenledger {
namespace {

namespace json = boost::json;

constexpr std::size_t kSignatureLengthMax = base64url_length(512);  // RSA with 4096 bits
constexpr std::string_view kJtiPrefix = R"({"jti":")";
constexpr std::size_t kJtiBytes = kJtiPrefix.size() + kJtiLength;
constexpr std::size_t kJtiCharacters = base64url_length(kJtiBytes);
static_assert(kJtiBytes == 30 && kJtiCharacters == 40, "whole groups of base64url");
constexpr const char* kRefusedHeaders[] = {"crit", "b64", "jwk", "jku", "x5u", "x5c"};

// The jti's closing quote is the 31st byte: all of character 41 and the top two bits of 42.
constexpr bool closes_jti(char character41, char character42) noexcept {
  static_assert('"' == 0x22, "00100010: 8 is 'I', then 32..47 are 'g'..'v'");
  return character41 == 'I' && character42 >= 'g' && character42 <= 'v';
}

bool read_header(DecodedJwt& jwt) {
  const auto parsed = parse_json_strict(jwt.header_json);
  if (!parsed || !parsed->is_object()) return false;
  const json::object& header = parsed->get_object();
  for (const char* name : kRefusedHeaders)
    if (header.contains(name)) return false;
  const auto read = [&header](std::string_view name, std::string& out) {
    const json::value* value = header.if_contains(name);
    if (value == nullptr) return true;
    if (!value->is_string()) return false;
    out = std::string_view{value->get_string()};
    return true;
  };
  return read("alg", jwt.algorithm) && read("typ", jwt.type) && read("kid", jwt.key_id) &&
         !jwt.algorithm.empty();
}

bool decode_part(std::string_view part, std::string& out) {
  auto bytes = base64url_decode(part);
  if (!bytes || bytes->empty()) return false;
  out = std::move(*bytes);
  return true;
}

}  // namespace

std::string jwt_header_part(SignatureAlgorithm algorithm, std::string_view kid,
                            std::string_view type) {
  std::string header = R"({"alg":)";
  append_json_string(algorithm_name(algorithm), header);
  header += R"(,"typ":)";
  append_json_string(type, header);
  header += R"(,"kid":)";
  append_json_string(kid, header);
  header += '}';
  return base64url_encode(bytes_of(header));
}

Result<std::string> jwt_signing_input(std::string_view header_part, const JwtClaims& claims) {
  const std::string payload = write_jwt_claims(claims);
  const std::size_t payload_length = base64url_length(payload.size());
  const std::size_t length = header_part.size() + 1 + payload_length;
  if (length + 1 + kSignatureLengthMax > kJwtLengthMax) return Errc::too_large;
  std::string input;
  input.reserve(length + 1 + kSignatureLengthMax);
  input.append(header_part);
  input += '.';
  input.resize(length);
  base64url_encode_to(bytes_of(payload), input.data() + length - payload_length);
  return input;
}

void append_jwt_signature(ByteView signature, std::string& signing_input) {
  signing_input += '.';
  const std::size_t start = signing_input.size();
  signing_input.resize(start + base64url_length(signature.size()));
  base64url_encode_to(signature, signing_input.data() + start);
}

std::optional<Jti> jti_of_jwt(std::string_view token) noexcept {
  const std::size_t dot = token.substr(0, kJwtHeaderLengthMax).find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const std::string_view payload = token.substr(dot + 1);
  if (payload.size() < kJtiCharacters + 2) return std::nullopt;
  if (!closes_jti(payload[kJtiCharacters], payload[kJtiCharacters + 1])) return std::nullopt;
  std::array<std::uint8_t, kJtiBytes> start;
  if (!base64url_decode_to(payload.substr(0, kJtiCharacters), start.data())) return std::nullopt;
  if (std::memcmp(start.data(), kJtiPrefix.data(), kJtiPrefix.size()) != 0) return std::nullopt;
  Jti jti;
  std::memcpy(jti.data(), start.data() + kJtiPrefix.size(), jti.size());
  std::array<std::uint8_t, kSealedBytes> sealed;
  if (!base64url_decode_to(text_of(jti), sealed.data())) return std::nullopt;
  return jti;
}

Result<DecodedJwt> decode_unverified(std::string_view token) {
  if (token.size() > kJwtLengthMax) return Errc::too_large;
  if (std::count(token.begin(), token.end(), '.') != 2) return Errc::malformed_token;
  const std::size_t header_end = token.find('.');
  const std::size_t payload_end = token.find('.', header_end + 1);
  DecodedJwt jwt;
  jwt.signed_length = payload_end;
  const bool decoded =
      decode_part(token.substr(0, header_end), jwt.header_json) &&
      decode_part(token.substr(header_end + 1, payload_end - header_end - 1), jwt.payload_json) &&
      decode_part(token.substr(payload_end + 1), jwt.signature);
  if (!decoded || !read_header(jwt)) return Errc::malformed_token;
  auto claims = read_jwt_claims(jwt.payload_json);
  if (!claims) return claims.error();
  jwt.claims = std::move(*claims);
  return jwt;
}

}  // namespace tokenledger
