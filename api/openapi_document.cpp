#include "api/openapi_document.hpp"

#include <algorithm>

#include "api/json_writer.hpp"
#include "core/identity_scopes.hpp"
#include "core/management_scopes.hpp"

namespace tokenledger {
namespace {

constexpr std::string_view kInfo = R"json({
  "title": "tokenledger",
  "version": "0.1",
  "summary": "OAuth 2.0 tokens on an append-only ledger",
  "description": "Errors below /oauth and /.well-known are those of their RFCs, but for pages, which are for people; below /v1 and at userinfo they are RFC 9457 problems with a stable code. Times below /v1 are RFC 3339 in UTC, in OAuth answers seconds since 1970. Writes below /v1 answer X-Ledger-Seq; reads accept min_seq."
})json";

constexpr std::string_view kTags = R"json([
  {"name": "oauth", "description": "Token, introspection and revocation (RFC 6749, 7662, 7009)"},
  {"name": "pages", "description": "What people see in a browser: sign in, allow, look and withdraw (RFC 6749 section 4.1)"},
  {"name": "discovery", "description": "Metadata, keys and status lists (RFC 8414, 7517)"},
  {"name": "clients", "description": "API clients and what they may use"},
  {"name": "keys", "description": "The keys that sign tokens"},
  {"name": "apis", "description": "APIs (resource servers) and their scopes"},
  {"name": "tokens", "description": "Every token ever issued"},
  {"name": "users", "description": "Users who sign in, and groups of them"},
  {"name": "consents", "description": "What users let clients do, and what is allowed in advance"},
  {"name": "checks", "description": "Is this token good right now?"},
  {"name": "events", "description": "The ledger itself"},
  {"name": "audit", "description": "Checkpoints, tiles and proofs for people who keep a checkpoint (C2SP tlog-tiles, tlog-proof)"},
  {"name": "operations", "description": "Health, metrics, this document"}
])json";

// "{index...}" of the router takes slashes too; OpenAPI has no word for that.
constexpr std::string_view kTakesRest = "...";
std::string documented_path(std::string_view path) {
  std::string text{path};
  if (const auto at = text.find(kTakesRest); at != std::string::npos)
    text.erase(at, kTakesRest.size());
  return text;
}

// Calls `use` for each word.
template <class Use>
void for_each_word(std::string_view text, Use use) {
  while (!text.empty()) {
    const auto end = std::min(text.find(' '), text.size());
    if (end > 0) use(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

std::string_view method_member(HttpMethod method) {
  switch (method) {
    case HttpMethod::get: return "get";
    case HttpMethod::head: return "head";
    case HttpMethod::post: return "post";
    case HttpMethod::put: return "put";
    case HttpMethod::patch: return "patch";
    case HttpMethod::remove: return "delete";
    case HttpMethod::options: return "options";
  }
  return {};
}

void write_reference(JsonWriter& json, std::string_view kind, std::string_view name) {
  std::string target{"#/components/"};
  target.append(kind).append("/").append(name);
  json.begin_object().member("$ref", target).end_object();
}

void write_path_parameters(JsonWriter& json, const std::string& path) {
  for (auto open = path.find('{'); open != std::string_view::npos;
       open = path.find('{', open + 1)) {
    const auto name = std::string_view{path}.substr(open + 1, path.find('}', open) - open - 1);
    json.begin_object()
        .member("name", name)
        .member("in", "path")
        .member("required", true)
        .name("schema")
        .raw(R"json({"type": "string", "minLength": 1})json")
        .end_object();
  }
}

void write_requirement(JsonWriter& json, std::string_view scheme, std::string_view scope = {}) {
  json.begin_object().name(scheme).begin_array();
  if (!scope.empty()) json.value(scope);
  json.end_array().end_object();
}

void write_security(JsonWriter& json, const OpenApiOperation& operation) {
  json.name("security").begin_array();
  const auto access = operation.access;
  const bool is_both = access == OpenApiAccess::client_or_bearer;
  if (access == OpenApiAccess::client || is_both) {
    write_requirement(json, "client_secret_basic");
    json.begin_object().end_object();  // or client_id and client_secret in the body
  }
  if (access == OpenApiAccess::bearer || is_both)
    write_requirement(json, "bearer", operation.scope);
  if (access == OpenApiAccess::presented_token) write_requirement(json, "presented_token");
  if (access == OpenApiAccess::user_token) write_requirement(json, "user_token", operation.scope);
  json.end_array();
}

void write_answers(JsonWriter& json, const OpenApiOperation& operation) {
  // Pages are for people; /v1 speaks problem+json; what the HTTP layer itself refuses does too.
  const bool is_oauth =
      operation.path.starts_with("/oauth/") && operation.access != OpenApiAccess::user_token;
  const std::string_view error = operation.tag == "pages" ? "Page"
                                 : is_oauth               ? "OAuthError"
                                                          : "Problem";
  json.name("responses").begin_object().name(std::to_string(operation.status));
  write_reference(json, "responses", operation.answer);
  for_each_word(operation.errors, [&](std::string_view status) {
    json.name(status);
    const bool is_redirect = status == "302" || status == "303";
    write_reference(json, "responses",
                    is_redirect       ? "Redirect"
                    : status == "304" ? "Unchanged"
                                      : error);
  });
  json.name("default");
  write_reference(json, "responses", error);
  json.end_object();
}

void write_operation(JsonWriter& json, const OpenApiOperation& operation) {
  json.name(method_member(operation.method)).begin_object();
  json.member("operationId", operation.id).member("summary", operation.summary);
  json.name("tags").begin_array().value(operation.tag).end_array();
  json.name("parameters").begin_array();
  write_path_parameters(json, documented_path(operation.path));
  for_each_word(operation.parameters,
                [&](std::string_view name) { write_reference(json, "parameters", name); });
  json.end_array();
  if (!operation.body.empty()) {
    json.name("requestBody");
    write_reference(json, "requestBodies", operation.body);
  }
  write_security(json, operation);
  write_answers(json, operation);
  json.end_object();
}

void write_components(JsonWriter& json, std::string_view kind,
                      std::span<const OpenApiComponent> components) {
  json.name(kind).begin_object();
  for (const auto& component : components) json.name(component.name).raw(component.json);
  json.end_object();
}

void write_security_schemes(JsonWriter& json) {
  json.name("securitySchemes").begin_object();
  json.name("client_secret_basic").raw(R"json({"type": "http", "scheme": "basic",
    "description": "client_id and client_secret, each form-encoded (RFC 6749 section 2.3.1)"
})json");
  json.name("presented_token").raw(R"json({"type": "http", "scheme": "bearer",
    "description": "The access token that is asked about"})json");
  json.name("bearer").begin_object().member("type", "oauth2");
  json.member("description", "An access token of this ledger for urn:tokenledger:management");
  json.name("flows").begin_object().name("clientCredentials").begin_object();
  json.member("tokenUrl", "/oauth/token").name("scopes").begin_object();
  for (const auto& scope : kManagementScopes) json.member(scope.name, scope.description);
  json.end_object().end_object().end_object().end_object();
  json.name("user_token").begin_object().member("type", "oauth2");
  json.member("description", "An access token of a user, who allowed these scopes");
  json.name("flows").begin_object().name("authorizationCode").begin_object();
  json.member("authorizationUrl", "/oauth/authorize").member("tokenUrl", "/oauth/token");
  json.name("scopes").begin_object();
  for (const auto& scope : kIdentityScopes) json.member(scope.name, scope.description);
  json.end_object().end_object().end_object().end_object().end_object();
}

}  // namespace

std::string openapi_document() {
  std::string text;
  JsonWriter json{&text};
  json.begin_object().member("openapi", "3.1.0").name("info").raw(kInfo);
  json.name("servers").raw(R"json([{"url": "/"}])json").name("tags").raw(kTags);
  json.name("paths").begin_object();
  // A path's operations stand together in the table.
  std::string_view path;
  for (const auto& operation : openapi_operations()) {
    if (operation.path != path) {
      if (!path.empty()) json.end_object();
      path = operation.path;
      json.name(documented_path(path)).begin_object();
    }
    write_operation(json, operation);
  }
  json.end_object().end_object();
  json.name("components").begin_object();
  write_components(json, "schemas", openapi_schemas());
  write_components(json, "parameters", openapi_parameters());
  write_components(json, "requestBodies", openapi_bodies());
  write_components(json, "responses", openapi_answers());
  write_security_schemes(json);
  json.end_object().end_object();
  return text;
}

}  // namespace tokenledger
