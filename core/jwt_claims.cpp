#include "core/jwt_claims.hpp"

#include <array>
#include <boost/json/value.hpp>
#include <charconv>
#include <limits>

#include "core/json_strict.hpp"

namespace tokenledger {
namespace {

namespace json = boost::json;

constexpr std::size_t kFixedLength = 160;  // names, punctuation and numbers of a usual token

constexpr bool needs_escape(char letter) noexcept {
  return static_cast<unsigned char>(letter) < 0x20 || letter == '"' || letter == '\\';
}

void append_escape(char letter, std::string& out) {
  switch (letter) {
    case '"': out += "\\\""; return;
    case '\\': out += "\\\\"; return;
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    default:
      out += "\\u00";
      out += "0123456789abcdef"[letter >> 4 & 15];
      out += "0123456789abcdef"[letter & 15];
  }
}

void append_number(std::uint64_t number, std::string& out) {
  std::array<char, std::numeric_limits<std::uint64_t>::digits10 + 1> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

// `name` brings its own comma and colon: `,"iss":`.
void append_member(std::string_view name, std::string_view text, std::string& out) {
  if (text.empty()) return;
  out += name;
  append_json_string(text, out);
}

void append_audience(const std::vector<std::string>& audience, std::string& out) {
  if (audience.empty()) return;
  out += R"(,"aud":)";
  if (audience.size() == 1) return append_json_string(audience.front(), out);
  for (std::size_t position = 0; position < audience.size(); ++position) {
    out += position == 0 ? '[' : ',';
    append_json_string(audience[position], out);
  }
  out += ']';
}

std::size_t expected_length(const JwtClaims& claims) noexcept {
  std::size_t length = kFixedLength + claims.jti.size() + claims.issuer.size() +
                       claims.subject.size() + claims.client_id.size() + claims.scope.size() +
                       claims.nonce.size();
  for (const auto& api : claims.audience) length += api.size() + 3;
  if (claims.status) length += claims.status->uri.size() + 64;
  return length;
}

bool read_text(const json::object& object, std::string_view name, std::string& out) {
  const json::value* value = object.if_contains(name);
  if (value == nullptr) return true;
  if (!value->is_string()) return false;
  out = std::string_view{value->get_string()};
  return true;
}

bool read_number(const json::object& object, std::string_view name, std::uint64_t& out) {
  const json::value* value = object.if_contains(name);
  if (value == nullptr) return true;
  if (value->is_uint64()) return out = value->get_uint64(), true;
  if (!value->is_int64() || value->get_int64() < 0) return false;
  out = static_cast<std::uint64_t>(value->get_int64());
  return true;
}

bool read_seconds(const json::object& object, std::string_view name, UnixSeconds& out) {
  std::uint64_t seconds = 0;
  if (!read_number(object, name, seconds)) return false;
  if (seconds > std::numeric_limits<std::uint32_t>::max()) return false;
  out = UnixSeconds{static_cast<std::uint32_t>(seconds)};
  return true;
}

bool read_audience(const json::object& object, std::vector<std::string>& out) {
  const json::value* value = object.if_contains("aud");
  if (value == nullptr) return true;
  if (value->is_string()) return out.emplace_back(std::string_view{value->get_string()}), true;
  if (!value->is_array()) return false;
  const json::array& apis = value->get_array();
  if (apis.empty() || apis.size() > kJwtAudiencesMax) return false;
  for (const json::value& api : apis) {
    if (!api.is_string()) return false;
    out.emplace_back(std::string_view{api.get_string()});
  }
  return true;
}

// Other mechanisms may stand beside status_list; only ours is read.
bool read_status(const json::object& object, std::optional<StatusListReference>& out) {
  const json::value* status = object.if_contains("status");
  if (status == nullptr) return true;
  if (!status->is_object()) return false;
  const json::value* list = status->get_object().if_contains("status_list");
  if (list == nullptr) return true;
  if (!list->is_object()) return false;
  const json::object& reference = list->get_object();
  if (!reference.contains("idx") || !reference.contains("uri")) return false;
  out.emplace();
  return read_number(reference, "idx", out->index) && read_text(reference, "uri", out->uri);
}

}  // namespace

void append_json_string(std::string_view text, std::string& out) {
  out += '"';
  std::size_t copied = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (!needs_escape(text[at])) continue;
    out.append(text.substr(copied, at - copied));
    append_escape(text[at], out);
    copied = at + 1;
  }
  out.append(text.substr(copied));
  out += '"';
}

std::string write_jwt_claims(const JwtClaims& claims) {
  std::string out;
  out.reserve(expected_length(claims));
  out += R"({"jti":)";
  append_json_string(claims.jti, out);
  append_member(R"(,"iss":)", claims.issuer, out);
  append_member(R"(,"sub":)", claims.subject, out);
  append_audience(claims.audience, out);
  out += R"(,"exp":)";
  append_number(claims.expires_at.value(), out);
  out += R"(,"iat":)";
  append_number(claims.issued_at.value(), out);
  append_member(R"(,"client_id":)", claims.client_id, out);
  append_member(R"(,"scope":)", claims.scope, out);
  if (claims.signed_in_at != UnixSeconds{}) {
    out += R"(,"auth_time":)";
    append_number(claims.signed_in_at.value(), out);
  }
  append_member(R"(,"nonce":)", claims.nonce, out);
  if (claims.status) {
    out += R"(,"status":{"status_list":{"idx":)";
    append_number(claims.status->index, out);
    out += R"(,"uri":)";
    append_json_string(claims.status->uri, out);
    out += "}}";
  }
  out += '}';
  return out;
}

Result<JwtClaims> read_jwt_claims(std::string_view payload_json) {
  const auto parsed = parse_json_strict(payload_json);
  if (!parsed || !parsed->is_object()) return Errc::malformed_token;
  const json::object& object = parsed->get_object();
  JwtClaims claims;
  const bool good =
      read_text(object, "jti", claims.jti) && read_text(object, "iss", claims.issuer) &&
      read_text(object, "sub", claims.subject) && read_audience(object, claims.audience) &&
      read_seconds(object, "exp", claims.expires_at) &&
      read_seconds(object, "iat", claims.issued_at) &&
      read_text(object, "client_id", claims.client_id) &&
      read_text(object, "scope", claims.scope) &&
      read_seconds(object, "auth_time", claims.signed_in_at) &&
      read_text(object, "nonce", claims.nonce) && read_status(object, claims.status);
  if (!good) return Errc::malformed_token;
  return claims;
}

}  // namespace tokenledger
