// Discovery: authorization server metadata (RFC 8414) and the JWKS (RFC 7517). Open to all.
#include <string>
#include <string_view>
#include <vector>

#include "api/cors.hpp"
#include "api/endpoint.hpp"
#include "api/endpoints.hpp"
#include "api/entity_tag.hpp"
#include "api/json_writer.hpp"
#include "api/page_call.hpp"
#include "core/identity_scopes.hpp"
#include "core/pkce.hpp"
#include "storage/status_lists.hpp"

namespace tokenledger {
namespace {

// Long enough to spare the server; half of what a new key waits before it signs
// (kKeyNextSecondsMin).
constexpr std::string_view kCacheControl = "public, max-age=300";

void write_strings(JsonWriter& json, std::string_view name,
                   std::initializer_list<std::string_view> values) {
  json.name(name).begin_array();
  for (const auto value : values) json.value(value);
  json.end_array();
}

// The path of an issuer such as https://host/tenant ("/tenant"), without a slash at its end; mostly
// empty.
std::string path_of(std::string_view issuer) {
  const auto authority = issuer.find("://");
  if (authority == std::string_view::npos) return {};
  const auto slash = issuer.find('/', authority + 3);
  if (slash == std::string_view::npos) return {};
  std::string path{issuer.substr(slash)};
  while (path.ends_with('/')) path.pop_back();
  return path;
}

// Not one that the router would take for a pattern.
bool is_plain_path(std::string_view path) { return path.find_first_of("{}") == path.npos; }

// A ledger in an older format has no users yet.
bool has_users(const Ledger& ledger) {
  bool has_identity = false;
  ledger.with_registries([&](const Registries& registries) {
    const auto* api = registries.find_api(kIdentityAudience);
    has_identity = api != nullptr && api->built_in;
  });
  return has_identity;
}

// Implicit is never advertised: who wants it knows it (C9).
void write_authorization(JsonWriter& json, const std::string& base) {
  json.member("authorization_endpoint", base + std::string{kAuthorizePath})
      .member("userinfo_endpoint", base + "/oauth/userinfo");
  write_strings(json, "response_types_supported", {"code"});
  write_strings(json, "response_modes_supported", {"query"});
  write_strings(json, "code_challenge_methods_supported", {kCodeChallengeMethod});
  json.member("authorization_response_iss_parameter_supported", true);  // RFC 9207 §3
  json.member("request_uri_parameter_supported", false);                // true when it is left out
  json.name("scopes_supported").begin_array();
  for (const auto& scope : kIdentityScopes) json.value(scope.name);
  json.end_array();
  write_strings(json, "prompt_values_supported", {"none", "login", "consent", "select_account"});
  write_strings(json, "claims_supported",
                {"iss", "sub", "aud", "azp", "exp", "iat", "auth_time", "nonce", "at_hash", "name",
                 "preferred_username"});
}

// Only what exists. response_types_supported is required, and empty without an authorization
// endpoint.
HttpResponse metadata(const Ledger& ledger) {
  HttpResponse response{.status = 200, .content_type = kContentTypeJson};
  response.add_header("Cache-Control", kCacheControl);
  allow_any_origin(response);
  const auto& issuer = ledger.issuer();
  const std::string base = issuer.ends_with('/') ? issuer.substr(0, issuer.size() - 1) : issuer;
  JsonWriter json{&response.body};
  json.begin_object()
      .member("issuer", issuer)
      .member("token_endpoint", base + "/oauth/token")
      .member("introspection_endpoint", base + "/oauth/introspect")
      .member("revocation_endpoint", base + "/oauth/revoke")
      .member("jwks_uri", base + "/.well-known/jwks.json");
  // draft-ietf-oauth-status-list-21 §9.1.
  if (StatusLists{ledger}.is_running())
    json.member("status_list_aggregation_endpoint", base + "/statuslists");
  if (has_users(ledger)) {
    write_authorization(json, base);
    write_strings(json, "grant_types_supported",
                  {"client_credentials", "authorization_code", "refresh_token"});
  } else {
    write_strings(json, "response_types_supported", {});
    write_strings(json, "grant_types_supported", {"client_credentials"});
  }
  for (const std::string endpoint : {"token_endpoint", "revocation_endpoint"}) {
    write_strings(json, endpoint + "_auth_methods_supported",
                  {"client_secret_basic", "client_secret_post", "private_key_jwt", "none"});
    write_strings(json, endpoint + "_auth_signing_alg_values_supported",
                  {"RS256", "ES256", "EdDSA"});
  }
  // Also the bearer of a management token (RFC 8414 §2 allows token types here).
  write_strings(json, "introspection_endpoint_auth_methods_supported",
                {"client_secret_basic", "client_secret_post", "private_key_jwt", "Bearer"});
  write_strings(json, "introspection_endpoint_auth_signing_alg_values_supported",
                {"RS256", "ES256", "EdDSA"});
  // Of id tokens, and of access tokens that are JWTs but for those of APIs with a secret.
  write_strings(json, "id_token_signing_alg_values_supported", {"RS256", "ES256", "EdDSA"});
  write_strings(json, "subject_types_supported", {"public"});
  json.end_object();
  return response;
}

HttpResponse jwks(const Ledger& ledger, const HttpRequest& request) {
  HttpResponse response{.status = 200, .content_type = kContentTypeJson, .body = ledger.jwks()};
  const auto tag = tag_of_body(response.body);
  if (auto same = unchanged(request, tag, kCacheControl)) return std::move(*same);
  response.add_header("Cache-Control", kCacheControl);
  response.add_header("ETag", tag);
  allow_any_origin(response);
  return response;
}

}  // namespace

void add_discovery_endpoints(HttpRouter& router, ApiContext& context) {
  auto& ledger = context.ledger;
  const std::string oauth = "/.well-known/oauth-authorization-server";
  const std::string openid = "/.well-known/openid-configuration";
  std::vector<std::string> paths{oauth, openid};
  // RFC 8414 §3.1 puts the well-known part before the issuer's path; OpenID Discovery §4 behind it.
  if (const auto path = path_of(ledger.issuer()); is_plain_path(path) && !path.empty()) {
    paths.push_back(oauth + path);
    paths.push_back(openid + path);
    paths.push_back(path + openid);
  }
  for (const auto& path : paths)
    router.add(HttpMethod::get, path, [&ledger](const HttpRequest&) { return metadata(ledger); });
  router.add(HttpMethod::get, "/.well-known/jwks.json",
             [&ledger](const HttpRequest& request) { return jwks(ledger, request); });
}

}  // namespace tokenledger
