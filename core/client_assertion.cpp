#include "core/client_assertion.hpp"

#include <boost/json/value.hpp>

#include "core/decider.hpp"
#include "core/json_strict.hpp"
#include "core/jwt.hpp"

namespace tokenledger {
namespace {

namespace json = boost::json;

bool equal_ignoring_case(std::string_view text, std::string_view lower) noexcept {
  if (text.size() != lower.size()) return false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c) != lower[at]) return false;
  }
  return true;
}

// RFC 7515 §4.1.9: "application/" may be left out; case does not count.
bool is_assertion_type(std::string_view type) noexcept {
  constexpr std::string_view kPrefix = "application/";
  if (equal_ignoring_case(type.substr(0, kPrefix.size()), kPrefix))
    type.remove_prefix(kPrefix.size());
  return type.empty() || equal_ignoring_case(type, "jwt") ||
         equal_ignoring_case(type, "client-authentication+jwt");
}

bool is_algorithm_of(const VerifyKey& key, std::string_view name) noexcept {
  return name == algorithm_name(key.algorithm()) ||
         (key.algorithm() == SignatureAlgorithm::eddsa && name == "Ed25519");  // RFC 9864 §2.2
}

bool is_ahead(std::uint64_t seconds, UnixSeconds now) noexcept {
  return seconds > std::uint64_t{now.value()} + kAssertionSkewSecondsMax;
}

// `nbf` stands in no token of ours, so the common claims leave it out.
bool is_begun(std::string_view payload_json, UnixSeconds now) {
  const auto payload = parse_json_strict(payload_json);
  if (!payload || !payload->is_object()) return false;
  const json::value* value = payload->get_object().if_contains("nbf");
  if (value == nullptr) return true;
  if (!value->is_int64() || value->get_int64() < 0) return false;
  return !is_ahead(static_cast<std::uint64_t>(value->get_int64()), now);
}

// One audience exactly: an assertion for two servers could be replayed by one at the other.
bool is_audience(const std::vector<std::string>& audience, const AssertionExpectation& expected) {
  if (audience.size() != 1) return false;
  if (audience.front() == expected.issuer) return true;
  return !expected.legacy_token_endpoint.empty() &&
         audience.front() == expected.legacy_token_endpoint;
}

Result<DecodedJwt> read_assertion(std::string_view assertion) {
  auto jwt = decode_unverified(assertion);
  if (!jwt) return jwt;
  if (!is_assertion_type(jwt->type)) return Errc::malformed_token;
  return jwt;
}

Result<void> check_claims(const DecodedJwt& jwt, const AssertionExpectation& expected) {
  const JwtClaims& claims = jwt.claims;
  const bool names_client =
      claims.issuer == expected.client_id && claims.subject == expected.client_id;
  if (expected.client_id.empty() || expected.issuer.empty() || !names_client)
    return Errc::invalid_argument;
  if (!is_audience(claims.audience, expected)) return Errc::invalid_argument;
  if (!is_label(claims.jti, kAssertionIdBytesMax)) return Errc::invalid_argument;
  if (is_ahead(claims.issued_at.value(), expected.now)) return Errc::invalid_argument;
  if (!is_begun(jwt.payload_json, expected.now)) return Errc::invalid_argument;
  // An absent exp reads as 1970.
  if (claims.expires_at <= expected.now) return Errc::expiry_in_the_past;
  if (claims.expires_at.value() - expected.now.value() > kAssertionLifetimeSecondsMax)
    return Errc::lifetime_too_long;
  return {};
}

}  // namespace

Result<std::string> read_assertion_subject(std::string_view assertion) {
  const auto jwt = read_assertion(assertion);
  if (!jwt) return jwt.error();
  if (jwt->claims.subject.empty() || jwt->claims.subject != jwt->claims.issuer)
    return Errc::invalid_argument;
  return jwt->claims.subject;
}

Result<VerifiedAssertion> verify_client_assertion(std::string_view assertion,
                                                  const std::vector<ClientKey>& keys,
                                                  const AssertionExpectation& expected) {
  const auto jwt = read_assertion(assertion);
  if (!jwt) return jwt.error();
  const ClientKey* key = find_client_key(keys, jwt->key_id);
  if (key == nullptr) return Errc::key_not_found;
  if (!is_algorithm_of(key->key, jwt->algorithm)) return Errc::algorithm_not_allowed;
  const auto message = bytes_of(assertion.substr(0, jwt->signed_length));
  if (!key->key.verify(message, bytes_of(jwt->signature))) return Errc::signature_invalid;
  if (auto checked = check_claims(*jwt, expected); !checked) return checked.error();
  return VerifiedAssertion{
      .id = jwt->claims.jti,
      .expires_at = jwt->claims.expires_at,
      .issued_at = jwt->claims.issued_at,
  };
}

}  // namespace tokenledger
