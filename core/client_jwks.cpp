#include "core/client_jwks.hpp"

#include <algorithm>
#include <boost/json/value.hpp>

#include "core/base64url.hpp"
#include "core/decider.hpp"
#include "core/json_strict.hpp"
#include "core/spki.hpp"

namespace tokenledger {
namespace {

namespace json = boost::json;

constexpr const char* kPrivateMembers[] = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"};
constexpr std::size_t kKeyOperationsMax = 8;

// A text member; empty when there is none, nullopt when it is something else or an empty text.
std::optional<std::string> text_of_member(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  if (value == nullptr) return std::string{};
  if (!value->is_string() || value->get_string().empty()) return std::nullopt;
  return std::string{std::string_view{value->get_string()}};
}

// Bytes of a base64url member; nullopt when it is missing too.
std::optional<std::string> bytes_of_member(const json::object& object, std::string_view name) {
  const auto text = text_of_member(object, name);
  if (!text || text->empty()) return std::nullopt;
  return base64url_decode(*text);
}

// RFC 7517 §4.3: what is listed must include verifying.
bool allows_verifying(const json::object& jwk) {
  const auto use = text_of_member(jwk, "use");
  if (!use || (!use->empty() && *use != "sig")) return false;
  const json::value* operations = jwk.if_contains("key_ops");
  if (operations == nullptr) return true;
  if (!operations->is_array() || operations->get_array().size() > kKeyOperationsMax) return false;
  return std::ranges::any_of(operations->get_array(), [](const json::value& operation) {
    return operation.is_string() && operation.get_string() == "verify";
  });
}

// `alg`, where it is given, must be the one algorithm that we use the key for.
bool names_algorithm(const json::object& jwk, SignatureAlgorithm algorithm) {
  const auto name = text_of_member(jwk, "alg");
  if (!name) return false;
  if (name->empty() || *name == algorithm_name(algorithm)) return true;
  return algorithm == SignatureAlgorithm::eddsa && *name == "Ed25519";  // RFC 9864 §2.2
}

Result<VerifyKey> read_rsa(const json::object& jwk) {
  const auto modulus = bytes_of_member(jwk, "n");
  const auto exponent = bytes_of_member(jwk, "e");
  if (!modulus || !exponent) return Errc::invalid_argument;
  const auto spki = rsa_spki(bytes_of(*modulus), bytes_of(*exponent));
  if (!spki) return spki.error();
  return VerifyKey::from_public(SignatureAlgorithm::rs256, *spki);
}

Result<VerifyKey> read_ec(const json::object& jwk) {
  const auto x = bytes_of_member(jwk, "x");
  const auto y = bytes_of_member(jwk, "y");
  if (!x || !y || text_of_member(jwk, "crv") != "P-256") return Errc::invalid_argument;
  const auto spki = p256_spki(bytes_of(*x), bytes_of(*y));
  if (!spki) return spki.error();
  return VerifyKey::from_public(SignatureAlgorithm::es256, *spki);
}

Result<VerifyKey> read_okp(const json::object& jwk) {
  const auto x = bytes_of_member(jwk, "x");
  if (!x || text_of_member(jwk, "crv") != "Ed25519") return Errc::invalid_argument;
  return VerifyKey::from_public(SignatureAlgorithm::eddsa, bytes_of(*x));
}

Result<VerifyKey> read_key(const json::object& jwk) {
  const auto type = text_of_member(jwk, "kty");
  if (type == "RSA") return read_rsa(jwk);
  if (type == "EC") return read_ec(jwk);
  if (type == "OKP") return read_okp(jwk);
  return Errc::invalid_argument;
}

Result<ClientKey> read_client_key(const json::value& value) {
  if (!value.is_object()) return Errc::invalid_argument;
  const json::object& jwk = value.get_object();
  for (const char* name : kPrivateMembers)
    if (jwk.contains(name)) return Errc::invalid_argument;
  const auto key_id = text_of_member(jwk, "kid");
  if (!key_id || (!key_id->empty() && !is_label(*key_id, kClientKeyIdBytesMax)))
    return Errc::invalid_argument;
  if (!allows_verifying(jwk)) return Errc::invalid_argument;
  auto key = read_key(jwk);
  if (!key) return key.error();
  if (!names_algorithm(jwk, key->algorithm())) return Errc::invalid_argument;
  return ClientKey{*key_id, std::move(*key)};
}

// With several keys each needs a name, or an assertion could not say which it means.
bool are_told_apart(const std::vector<ClientKey>& keys) {
  if (keys.size() == 1) return true;
  std::vector<std::string_view> names;
  for (const auto& key : keys) names.push_back(key.key_id);
  std::ranges::sort(names);
  return !names.front().empty() && std::ranges::adjacent_find(names) == names.end();
}

}  // namespace

Result<std::vector<ClientKey>> read_client_jwks(std::string_view text) {
  if (text.size() > kClientJwksBytesMax) return Errc::too_large;
  const auto parsed = parse_json_strict(text);
  if (!parsed || !parsed->is_object()) return Errc::invalid_argument;
  const json::value* list = parsed->get_object().if_contains("keys");
  if (list == nullptr || !list->is_array()) return Errc::invalid_argument;
  const json::array& jwks = list->get_array();
  if (jwks.size() > kClientKeysMax) return Errc::too_large;
  if (jwks.empty()) return Errc::invalid_argument;
  std::vector<ClientKey> keys;
  for (const json::value& jwk : jwks) {
    auto key = read_client_key(jwk);
    if (!key) return key.error();
    keys.push_back(std::move(*key));
  }
  if (!are_told_apart(keys)) return Errc::invalid_argument;
  return keys;
}

const ClientKey* find_client_key(const std::vector<ClientKey>& keys,
                                 std::string_view key_id) noexcept {
  if (key_id.empty()) return keys.size() == 1 ? &keys.front() : nullptr;
  const auto found = std::ranges::find(keys, key_id, &ClientKey::key_id);
  return found == keys.end() ? nullptr : &*found;
}

}  // namespace tokenledger
