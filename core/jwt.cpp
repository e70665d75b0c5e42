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
// `{"jti":"` is 8 bytes: ten characters and the top four bits of the next. The jti follows, up to
// byte 30, character 40.
constexpr std::string_view kJtiPrefix = "eyJqdGkiOi";
constexpr std::size_t kJtiGroupsStart = 8;  // the first whole group that holds a byte of the jti
constexpr std::size_t kBytesBeforeJti = 2;  // `:"` of that group
constexpr std::size_t kJtiCharacters = 40;
constexpr std::size_t kJtiGroupBytes = kBytesBeforeJti + kJtiLength;
static_assert(base64url_length(kJtiGroupBytes) == kJtiCharacters - kJtiGroupsStart);
constexpr const char* kRefusedHeaders[] = {"crit", "b64", "jwk", "jku", "x5u", "x5c"};

// The quote before the jti ends with 0010: the letters for 8 to 11.
constexpr bool opens_jti(std::string_view payload) noexcept {
  return payload.starts_with(kJtiPrefix) && payload[10] >= 'I' && payload[10] <= 'L';
}
// The quote behind it is all of character 41 (8 is 'I') and the top two bits of the next, which are
// 10: the letters for 32 to 47.
constexpr bool closes_jti(std::string_view payload) noexcept {
  static_assert('"' == 0x22);
  return payload[40] == 'I' && payload[41] >= 'g' && payload[41] <= 'v';
}

// The bytes around the jti and, decoded once more, the 16 bytes it stands for.
using JtiText = std::array<std::uint8_t, kJtiGroupBytes>;
bool read_jti(std::string_view token, JtiText& text, SealKey::Bytes& sealed) noexcept {
  const std::size_t dot = token.substr(0, kJwtHeaderLengthMax).find('.');
  if (dot == std::string_view::npos) return false;
  const std::string_view payload = token.substr(dot + 1);
  if (payload.size() < kJtiCharacters + 2) return false;
  if (!opens_jti(payload) || !closes_jti(payload)) return false;
  const auto groups = payload.substr(kJtiGroupsStart, kJtiCharacters - kJtiGroupsStart);
  if (!base64url_decode_to(groups, text.data())) return false;
  return base64url_decode_to(text_of(ByteView{text}.subspan(kBytesBeforeJti)), sealed.data());
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
  JtiText text;
  SealKey::Bytes sealed;
  if (!read_jti(token, text, sealed)) return std::nullopt;
  Jti jti;
  std::memcpy(jti.data(), text.data() + kBytesBeforeJti, jti.size());
  return jti;
}

std::optional<SealKey::Bytes> sealed_of_jwt(std::string_view token) noexcept {
  JtiText text;
  SealKey::Bytes sealed;
  if (!read_jti(token, text, sealed)) return std::nullopt;
  return sealed;
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
