#include "api/client_authentication_wire.hpp"

#include <array>
#include <utility>

#include "api/problem.hpp"
#include "api/request_body.hpp"
#include "core/client_jwks.hpp"

namespace tokenledger {
namespace {

constexpr std::array<std::pair<std::string_view, ClientAuthentication>, 5> kMethods = {{
    {"client_secret", ClientAuthentication::basic_or_post},
    {"client_secret_basic", ClientAuthentication::basic},
    {"client_secret_post", ClientAuthentication::post},
    {"private_key_jwt", ClientAuthentication::private_key_jwt},
    {"none", ClientAuthentication::none},
}};

void member_if_any(JsonWriter& json, std::string_view name, std::string_view value) {
  if (!value.empty()) json.member(name, value);
}

void write_keys(JsonWriter& json, const std::vector<ClientPublicKey>& keys) {
  json.name("jwks");
  if (keys.empty()) {
    json.null();
    return;
  }
  json.begin_object().name("keys").begin_array();
  for (const auto& key : keys) {
    const auto read = VerifyKey::from_public(key.algorithm, bytes_of(key.public_key));
    if (!read) continue;  // decide() takes only keys that can be read
    const auto& jwk = read->jwk();
    json.begin_object()
        .member("kty", jwk.key_type)
        .member("use", "sig")
        .member("alg", algorithm_name(key.algorithm));
    member_if_any(json, "kid", key.kid);
    member_if_any(json, "n", jwk.modulus);
    member_if_any(json, "e", jwk.exponent);
    member_if_any(json, "crv", jwk.curve);
    member_if_any(json, "x", jwk.x);
    member_if_any(json, "y", jwk.y);
    json.end_object();
  }
  json.end_array().end_object();
}

// nullopt: they were read.
std::optional<HttpResponse> read_keys(const JsonValue& value, ClientSettings& settings) {
  settings.keys.clear();
  if (value.is_null()) return std::nullopt;
  std::string text;
  const auto keys = append_json(text, value)
                        ? read_client_jwks(text)
                        : Result<std::vector<ClientKey>>{Errc::invalid_argument};
  if (!keys) {
    return invalid_field(
        "jwks must be {\"keys\": [...]} of 1 to 4 public keys, each RSA from 2048 bits, P-256 or "
        "Ed25519, with a kid of its own when there are several");
  }
  for (const auto& [key_id, key] : *keys) {
    const auto& bytes = key.public_bytes();
    settings.keys.push_back({key_id, key.algorithm(), {bytes.begin(), bytes.end()}});
  }
  return std::nullopt;
}

}  // namespace

void write_client_authentication(JsonWriter& json, const ClientSettings& settings) {
  for (const auto& [name, method] : kMethods)
    if (method == settings.authentication) json.member("token_endpoint_auth_method", name);
  write_keys(json, settings.keys);
  json.name("id_token_signed_response_alg");
  if (settings.id_token_alg) {
    json.value(algorithm_name(*settings.id_token_alg));
  } else {
    json.null();
  }
  json.member("pkce_optional", settings.pkce_optional);
}

std::optional<HttpResponse> read_client_authentication(JsonFields& fields, const JsonValue& object,
                                                       ClientSettings& settings) {
  if (const auto name = fields.optional_string("token_endpoint_auth_method", 32)) {
    bool is_known = false;
    for (const auto& [known, method] : kMethods) {
      if (known != *name) continue;
      settings.authentication = method;
      is_known = true;
    }
    if (!is_known) {
      return invalid_field(
          "token_endpoint_auth_method must be client_secret, client_secret_basic, "
          "client_secret_post, private_key_jwt or none");
    }
    settings.is_public = settings.authentication == ClientAuthentication::none;
    if (settings.authentication != ClientAuthentication::private_key_jwt) settings.keys.clear();
  }
  if (const auto* keys = object.find("jwks"); keys != nullptr) {
    if (auto refused = read_keys(*keys, settings)) return refused;
  }
  const auto* algorithm = object.find("id_token_signed_response_alg");
  if (algorithm != nullptr && algorithm->is_null()) {
    settings.id_token_alg.reset();
  } else if (const auto name = fields.optional_string("id_token_signed_response_alg", 16)) {
    settings.id_token_alg = algorithm_from_name(*name);
    if (!settings.id_token_alg || *settings.id_token_alg == SignatureAlgorithm::hs256)
      return invalid_field("id_token_signed_response_alg must be RS256, ES256 or EdDSA");
  }
  if (const auto optional = fields.optional_bool("pkce_optional"))
    settings.pkce_optional = *optional;
  return std::nullopt;
}

}  // namespace tokenledger
