// Discovery: authorization server metadata (RFC 8414) and the JWKS (RFC 7517). Open to all.
#include "api/endpoint.hpp"
#include "api/endpoints.hpp"
#include "api/json_writer.hpp"

namespace tokenledger {
namespace {

// Long enough to spare the server, short enough for a new key to be known before it signs.
constexpr std::string_view kCacheControl = "public, max-age=300";

void write_strings(JsonWriter& json, std::string_view name,
                   std::initializer_list<std::string_view> values) {
  json.name(name).begin_array();
  for (const auto value : values) json.value(value);
  json.end_array();
}

// Only what exists. response_types_supported is required, and empty while there is no authorization
// endpoint.
HttpResponse metadata(const Ledger& ledger) {
  HttpResponse response{.status = 200, .content_type = kContentTypeJson};
  response.add_header("Cache-Control", kCacheControl);
  const auto& issuer = ledger.issuer();
  const std::string base = issuer.ends_with('/') ? issuer.substr(0, issuer.size() - 1) : issuer;
  JsonWriter json{&response.body};
  json.begin_object()
      .member("issuer", issuer)
      .member("token_endpoint", base + "/oauth/token")
      .member("jwks_uri", base + "/.well-known/jwks.json");
  write_strings(json, "response_types_supported", {});
  write_strings(json, "grant_types_supported", {"client_credentials"});
  write_strings(json, "token_endpoint_auth_methods_supported",
                {"client_secret_basic", "client_secret_post"});
  json.end_object();
  return response;
}

HttpResponse jwks(const Ledger& ledger) {
  HttpResponse response{.status = 200, .content_type = kContentTypeJson, .body = ledger.jwks()};
  response.add_header("Cache-Control", kCacheControl);
  return response;
}

}  // namespace

void add_discovery_endpoints(HttpRouter& router, ApiContext& context) {
  auto& ledger = context.ledger;
  for (const auto path :
       {"/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"}) {
    router.add(HttpMethod::get, path, [&ledger](const HttpRequest&) { return metadata(ledger); });
  }
  router.add(HttpMethod::get, "/.well-known/jwks.json",
             [&ledger](const HttpRequest&) { return jwks(ledger); });
}

}  // namespace tokenledger
