// The shapes of what is sent and answered, as JSON Schema: see api/openapi_document.hpp.
#include <array>

#include "api/openapi_document.hpp"

namespace tokenledger {
namespace {

constexpr auto kSchemas = std::to_array<OpenApiComponent>({
    {"Problem", R"json({
  "type": "object", "required": ["type", "title", "status", "code"],
  "properties": {
    "type": {"type": "string"}, "title": {"type": "string"}, "status": {"type": "integer"},
    "code": {"type": "string", "description": "Stable; what programs compare"},
    "detail": {"type": "string"},
    "token_status": {"$ref": "#/components/schemas/TokenStatus"},
    "expires_at": {"$ref": "#/components/schemas/Time"},
    "revocation": {"$ref": "#/components/schemas/Revocation"}}
})json"},
    {"OAuthError", R"json({
  "type": "object", "required": ["error"],
  "properties": {"error": {"type": "string"}, "error_description": {"type": "string"}}
})json"},
    {"Time", R"json({"type": "string", "format": "date-time", "pattern": "Z$"})json"},
    {"Seq",
     R"json({"type": "integer", "minimum": 0, "description": "Position in the log; the first event is 1"})json"},
    {"Scope", R"json({"type": "string", "description": "Names with spaces between them"})json"},
    {"Cursor",
     R"json({"type": ["string", "null"], "description": "null: this was the last page"})json"},
    {"TokenStatus", R"json({"enum": ["active", "revoked", "expired"]})json"},
    {"TokenFormat", R"json({"enum": ["jwt", "opaque", "jwe"]})json"},
    {"Algorithm", R"json({"enum": ["RS256", "ES256", "EdDSA", "HS256"]})json"},
    {"TokenRequest", R"json({
  "type": "object", "required": ["grant_type"],
  "properties": {
    "grant_type": {"enum": ["client_credentials", "authorization_code", "refresh_token"]},
    "client_id": {"type": "string", "description": "With client_secret, instead of the Authorization field"},
    "client_secret": {"type": "string"},
    "client_assertion_type": {"const": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
    "client_assertion": {"type": "string", "description": "Instead of a secret (RFC 7523)"},
    "audience": {"$ref": "#/components/schemas/Audience", "description": "The API; or resource (RFC 8707)"},
    "resource": {"$ref": "#/components/schemas/Audience"},
    "scope": {"$ref": "#/components/schemas/Scope"},
    "code": {"type": "string"}, "redirect_uri": {"type": "string", "description": "As at /oauth/authorize"},
    "code_verifier": {"type": "string", "description": "RFC 7636"}, "refresh_token": {"type": "string"}}
})json"},
    {"UserInfo", R"json({
  "type": "object", "required": ["sub"],
  "properties": {
    "sub": {"type": "string"}, "name": {"type": "string", "description": "Needs the scope profile"},
    "preferred_username": {"type": "string", "description": "Needs the scope profile"}}
})json"},
    {"TokenForm", R"json({
  "type": "object", "required": ["token"],
  "properties": {
    "token": {"type": "string"}, "token_type_hint": {"type": "string", "description": "Ignored: every kind is searched"},
    "client_id": {"type": "string", "description": "With client_secret, instead of the Authorization field"},
    "client_secret": {"type": "string"},
    "client_assertion_type": {"const": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
    "client_assertion": {"type": "string", "description": "Instead of a secret (RFC 7523)"}}
})json"},
    {"Claims", R"json({
  "type": "object", "required": ["jti", "iss", "sub", "aud", "exp", "iat", "client_id"],
  "properties": {
    "jti": {"type": "string"}, "iss": {"type": "string"}, "sub": {"type": "string"},
    "aud": {"$ref": "#/components/schemas/Audience"}, "exp": {"type": "integer"}, "iat": {"type": "integer"},
    "client_id": {"type": "string"}, "scope": {"$ref": "#/components/schemas/Scope"},
    "auth_time": {"type": "integer"}, "nonce": {"type": "string"},
    "status": {"$ref": "#/components/schemas/StatusPlace"}}
})json"},
    {"Introspection", R"json({
  "type": "object", "required": ["active"],
  "properties": {
    "active": {"type": "boolean"}, "token_type": {"const": "Bearer"},
    "jti": {"type": "string"}, "iss": {"type": "string"}, "sub": {"type": "string"},
    "aud": {"$ref": "#/components/schemas/Audience"}, "exp": {"type": "integer"}, "iat": {"type": "integer"},
    "client_id": {"type": "string"}, "scope": {"$ref": "#/components/schemas/Scope"},
    "auth_time": {"type": "integer", "description": "When the user signed in; a user's token only"},
    "nonce": {"type": "string"},
    "status": {"$ref": "#/components/schemas/StatusPlace"}}
})json"},
    {"StatusPlace", R"json({
  "type": "object", "description": "Its bit in a status list (draft-ietf-oauth-status-list-21 §6)",
  "required": ["status_list"], "properties": {"status_list": {
    "type": "object", "required": ["idx", "uri"], "properties": {
      "idx": {"type": "integer", "minimum": 0, "maximum": 1048575}, "uri": {"type": "string", "format": "uri"}}}}
})json"},
    {"BulkRevocation", R"json({
  "type": "object", "required": ["selector"], "additionalProperties": false,
  "properties": {
    "selector": {"type": "object", "additionalProperties": false, "minProperties": 1, "maxProperties": 1,
      "properties": {
        "client_id": {"type": "string"}, "api": {"type": "string"},
        "signing_key": {"type": "string", "description": "A kid"},
        "issued_before": {"$ref": "#/components/schemas/Time"}, "all": {"const": true},
        "subject": {"type": "string", "minLength": 1, "description": "One event per token, at most 1000"},
        "owner": {"type": "string", "minLength": 1, "description": "One event per token, at most 1000"}}},
    "reason": {"type": "string", "description": "At most 4096 bytes. Stored encrypted and never erased: nothing about a person belongs here"},
    "dry_run": {"type": "boolean", "default": false}}
})json"},
    {"BulkRevoked", R"json({
  "type": "object", "required": ["dry_run"],
  "properties": {
    "dry_run": {"type": "boolean"}, "cause": {"type": "string"},
    "revoked_at": {"$ref": "#/components/schemas/Time"}, "seq": {"$ref": "#/components/schemas/Seq"},
    "receipt": {"type": ["string", "null"],
      "description": "Where it was asked for: the .tlog-proof file of the event at seq, the first of the request"},
    "receipt_missing": {"type": "string", "description": "Why there is none, as a code"},
    "active": {"type": "integer", "minimum": 0, "description": "Good tokens that would end"},
    "by_client": {"type": "array", "items": {"type": "object", "required": ["client_id", "active"],
      "properties": {"client_id": {"type": "string"}, "active": {"type": "integer", "minimum": 1}}}}}
})json"},
    {"IssuedToken", R"json({
  "type": "object", "required": ["access_token", "token_type", "expires_in"],
  "properties": {
    "access_token": {"type": "string"}, "token_type": {"const": "Bearer"},
    "expires_in": {"type": "integer", "minimum": 0},
    "refresh_token": {"type": "string"}, "id_token": {"type": "string"},
    "scope": {"$ref": "#/components/schemas/Scope"}}
})json"},
    {"AuthorizationRequest", R"json({
  "type": "object", "required": ["client_id", "response_type"],
  "properties": {
    "client_id": {"type": "string"},
    "response_type": {"enum": ["code", "token"], "description": "token: for clients with the grant type implicit alone"},
    "redirect_uri": {"type": "string", "description": "Byte for byte as registered"},
    "scope": {"type": "string", "description": "Names between spaces; absent: all that the client may have"},
    "state": {"type": "string", "maxLength": 2048}, "nonce": {"type": "string", "maxLength": 512},
    "audience": {"type": "string", "description": "The API's identifier"},
    "resource": {"type": "string", "description": "The same (RFC 8707)"},
    "code_challenge": {"type": "string", "minLength": 43, "maxLength": 43},
    "code_challenge_method": {"enum": ["S256"]},
    "prompt": {"type": "string", "description": "none, or of login, consent, select_account"},
    "max_age": {"type": "integer", "minimum": 0}}
})json"},
    {"Metadata", R"json({
  "type": "object", "required": ["issuer", "token_endpoint", "jwks_uri", "response_types_supported"],
  "properties": {
    "issuer": {"type": "string", "format": "uri"}, "token_endpoint": {"type": "string", "format": "uri"},
    "jwks_uri": {"type": "string", "format": "uri"},
    "introspection_endpoint": {"type": "string", "format": "uri"},
    "revocation_endpoint": {"type": "string", "format": "uri"},
    "status_list_aggregation_endpoint": {"type": "string", "format": "uri"},
    "userinfo_endpoint": {"type": "string", "format": "uri"},
    "introspection_endpoint_auth_methods_supported": {"type": "array", "items": {"type": "string"}},
    "introspection_endpoint_auth_signing_alg_values_supported": {"type": "array", "items": {"type": "string"}},
    "revocation_endpoint_auth_methods_supported": {"type": "array", "items": {"type": "string"}},
    "revocation_endpoint_auth_signing_alg_values_supported": {"type": "array", "items": {"type": "string"}},
    "token_endpoint_auth_signing_alg_values_supported": {"type": "array", "items": {"type": "string"}},
    "claims_supported": {"type": "array", "items": {"type": "string"}},
    "id_token_signing_alg_values_supported": {"type": "array", "items": {"type": "string"}},
    "subject_types_supported": {"type": "array", "items": {"type": "string"}},
    "response_types_supported": {"type": "array", "items": {"type": "string"}},
    "response_modes_supported": {"type": "array", "items": {"type": "string"}},
    "code_challenge_methods_supported": {"type": "array", "items": {"type": "string"}},
    "prompt_values_supported": {"type": "array", "items": {"type": "string"}},
    "scopes_supported": {"type": "array", "items": {"type": "string"}},
    "authorization_endpoint": {"type": "string", "format": "uri"},
    "authorization_response_iss_parameter_supported": {"type": "boolean"},
    "request_uri_parameter_supported": {"type": "boolean"},
    "grant_types_supported": {"type": "array", "items": {"type": "string"}},
    "token_endpoint_auth_methods_supported": {"type": "array", "items": {"type": "string"}}}
})json"},
    {"StatusLists", R"json({
  "type": "object", "required": ["status_lists"],
  "properties": {"status_lists": {"type": "array", "maxItems": 4096, "items": {"type": "string", "format": "uri"}}}
})json"},
    {"Keys", R"json({
  "type": "object", "required": ["keys"],
  "properties": {"keys": {"type": "array", "items": {"$ref": "#/components/schemas/Key"}}}
})json"},
    {"Key", R"json({
  "type": "object", "required": ["kty", "kid", "alg", "use"],
  "properties": {
    "kty": {"enum": ["RSA", "EC", "OKP"]}, "kid": {"type": "string"}, "alg": {"type": "string"},
    "use": {"const": "sig"}, "crv": {"type": "string"}, "x": {"type": "string"},
    "y": {"type": "string"}, "n": {"type": "string"}, "e": {"type": "string"}}
})json"},
    {"Client", R"json({
  "type": "object",
  "required": ["client_id", "name", "status", "grant_types", "redirect_uris", "token_format", "live_tokens_max", "token_endpoint_auth_method", "jwks", "id_token_signed_response_alg", "pkce_optional", "built_in", "created_at"],
  "properties": {
    "client_id": {"type": "string"},
    "client_secret": {"type": "string", "description": "Only in the answer that made it"},
    "name": {"type": "string"}, "status": {"enum": ["enabled", "disabled"]},
    "grant_types": {"type": "array", "items": {"type": "string"}},
    "redirect_uris": {"type": "array", "items": {"type": "string"}},
    "token_format": {"anyOf": [{"$ref": "#/components/schemas/TokenFormat"}, {"type": "null"}]},
    "live_tokens_max": {"type": "integer", "description": "Tokens that have not expired, revoked ones included; beyond it: 429"},
    "token_endpoint_auth_method": {"enum": ["client_secret", "client_secret_basic", "client_secret_post", "private_key_jwt", "none"], "description": "client_secret: either way. none: a public client"},
    "jwks": {"anyOf": [{"$ref": "#/components/schemas/Keys"}, {"type": "null"}], "description": "1 to 4 public keys, with private_key_jwt only"},
    "id_token_signed_response_alg": {"enum": ["RS256", "ES256", "EdDSA", null], "description": "null: the API's"},
    "pkce_optional": {"type": "boolean"},
    "built_in": {"type": "boolean"}, "created_at": {"$ref": "#/components/schemas/Time"}}
})json"},
    {"SigningKey", R"json({
  "type": "object", "required": ["kid", "alg", "status", "imported", "published", "created_at", "activated_at", "ended_at"],
  "properties": {
    "kid": {"type": "string"}, "alg": {"enum": ["RS256", "ES256", "EdDSA"]},
    "status": {"enum": ["next", "active", "retired", "revoked"]},
    "imported": {"type": "boolean", "description": "Made elsewhere, where others may hold it"},
    "published": {"type": "boolean", "description": "In jwks.json now"},
    "created_at": {"$ref": "#/components/schemas/Time"},
    "activated_at": {"anyOf": [{"$ref": "#/components/schemas/Time"}, {"type": "null"}]},
    "ended_at": {"anyOf": [{"$ref": "#/components/schemas/Time"}, {"type": "null"}]}}
})json"},
    {"ClientChange", R"json({
  "type": "object", "additionalProperties": false,
  "properties": {
    "name": {"type": "string", "minLength": 1},
    "grant_types": {"type": "array", "items": {"type": "string"}},
    "redirect_uris": {"type": "array", "items": {"type": "string"}},
    "token_format": {"anyOf": [{"$ref": "#/components/schemas/TokenFormat"}, {"type": "null"}]},
    "live_tokens_max": {"type": ["integer", "null"], "minimum": 1, "maximum": 16777216},
    "token_endpoint_auth_method": {"enum": ["client_secret", "client_secret_basic", "client_secret_post", "private_key_jwt", "none"], "description": "client_secret: either way. none: a public client"},
    "jwks": {"anyOf": [{"$ref": "#/components/schemas/Keys"}, {"type": "null"}], "description": "1 to 4 public keys, with private_key_jwt only"},
    "id_token_signed_response_alg": {"enum": ["RS256", "ES256", "EdDSA", null], "description": "null: the API's"},
    "pkce_optional": {"type": "boolean"}}
})json"},
    {"NewClient", R"json({
  "type": "object", "required": ["name"], "additionalProperties": false,
  "properties": {
    "client_id": {"type": "string", "minLength": 1, "pattern": "^(?!usr_)", "description": "Drawn when absent; what begins with usr_ is a user's"},
    "name": {"type": "string", "minLength": 1},
    "grant_types": {"type": "array", "items": {"type": "string"}},
    "redirect_uris": {"type": "array", "items": {"type": "string"}},
    "token_format": {"anyOf": [{"$ref": "#/components/schemas/TokenFormat"}, {"type": "null"}]},
    "live_tokens_max": {"type": ["integer", "null"], "minimum": 1, "maximum": 16777216},
    "token_endpoint_auth_method": {"enum": ["client_secret", "client_secret_basic", "client_secret_post", "private_key_jwt", "none"], "description": "client_secret: either way. none: a public client"},
    "jwks": {"anyOf": [{"$ref": "#/components/schemas/Keys"}, {"type": "null"}], "description": "1 to 4 public keys, with private_key_jwt only"},
    "id_token_signed_response_alg": {"enum": ["RS256", "ES256", "EdDSA", null], "description": "null: the API's"},
    "pkce_optional": {"type": "boolean"}}
})json"},
    {"User", R"json({
  "type": "object",
  "required": ["user_id", "login", "display_name", "status", "groups", "has_password", "created_at"],
  "properties": {
    "user_id": {"type": "string", "pattern": "^usr_", "description": "sub of the user's tokens"},
    "login": {"type": "string"}, "display_name": {"type": ["string", "null"]},
    "status": {"enum": ["enabled", "disabled"]},
    "groups": {"type": "array", "items": {"type": "string"}, "maxItems": 16},
    "has_password": {"type": "boolean"}, "created_at": {"$ref": "#/components/schemas/Time"}}
})json"},
    {"Group", R"json({
  "type": "object", "required": ["name", "consents", "created_at"],
  "properties": {
    "name": {"type": "string"},
    "consents": {"type": "integer", "minimum": 0, "description": "Allowed in advance"},
    "created_at": {"$ref": "#/components/schemas/Time"}}
})json"},
    {"Consent", R"json({
  "type": "object",
  "required": ["consent", "user_id", "group", "client_id", "audience", "scopes", "identity_scopes", "granted_at"],
  "properties": {
    "consent": {"type": "integer", "minimum": 1},
    "user_id": {"type": ["string", "null"], "description": "null: allowed in advance, to a group"},
    "group": {"type": ["string", "null"], "description": "null: a user's own"},
    "client_id": {"type": "string"}, "audience": {"type": "string"},
    "scopes": {"type": "array", "items": {"type": "string"}},
    "identity_scopes": {"type": "array", "items": {"type": "string"}},
    "granted_at": {"$ref": "#/components/schemas/Time"}}
})json"},
    {"Grant", R"json({
  "type": "object", "required": ["client_id", "audience", "scopes"],
  "properties": {
    "client_id": {"type": "string"}, "audience": {"type": "string"},
    "scopes": {"type": "array", "items": {"type": "string"}, "maxItems": 64},
    "created_at": {"$ref": "#/components/schemas/Time", "readOnly": true}}
})json"},
    {"ScopeWanted",
     R"json({"anyOf": [{"type": "string"}, {"$ref": "#/components/schemas/ScopeDefinition"}]})json"},
    {"ScopeDefinition", R"json({
  "type": "object", "required": ["name"],
  "properties": {"name": {"type": "string"}, "description": {"type": "string"}}
})json"},
    {"Api", R"json({
  "type": "object",
  "required": ["identifier", "name", "scopes", "token_lifetime", "token_lifetime_max", "allow_offline_access",
    "revocable_by_admins_only", "revocable", "admin_revocable_origins", "signing_alg", "token_format", "introspectors", "built_in", "created_at"],
  "properties": {
    "identifier": {"type": "string", "description": "The audience of its tokens"}, "name": {"type": "string"},
    "scopes": {"type": "array", "items": {"$ref": "#/components/schemas/ScopeDefinition"}},
    "token_lifetime": {"type": "integer", "description": "Seconds"},
    "token_lifetime_max": {"type": "integer", "description": "Seconds"},
    "allow_offline_access": {"type": "boolean"},
    "refresh_token_lifetime": {"type": "integer", "minimum": 1, "description": "Seconds from the sign-in"},
    "refresh_token_idle": {"type": "integer", "minimum": 0, "description": "Seconds without a use; 0: no such bound"},
    "refresh_token_grace": {"type": "integer", "minimum": 0, "maximum": 60,
      "description": "Seconds in which the answer to a refresh may be asked for again"},
    "revocable_by_admins_only": {"type": "boolean"},
    "revocable": {"type": "boolean", "description": "false: no token may be revoked alone"},
    "admin_revocable_origins": {"type": "array", "items": {"type": "string"},
      "description": "Origins whose tokens this API may revoke alone"},
    "signing_alg": {"$ref": "#/components/schemas/Algorithm"},
    "signing_secret": {"type": "string", "description": "HS256; only in the answer that made it"},
    "token_format": {"$ref": "#/components/schemas/TokenFormat"},
    "introspectors": {"type": "array", "items": {"type": "string"}, "description": "Clients that may introspect its tokens"},
    "built_in": {"type": "boolean"}, "created_at": {"$ref": "#/components/schemas/Time"}}
})json"},
    {"ApiChange", R"json({
  "type": "object", "additionalProperties": false,
  "properties": {
    "name": {"type": "string", "minLength": 1},
    "scopes": {"type": "array", "maxItems": 64, "items": {"$ref": "#/components/schemas/ScopeWanted"}},
    "token_lifetime": {"type": "integer", "minimum": 1}, "token_lifetime_max": {"type": "integer", "minimum": 1},
    "allow_offline_access": {"type": "boolean"},
    "refresh_token_lifetime": {"type": "integer", "minimum": 1, "description": "Seconds from the sign-in"},
    "refresh_token_idle": {"type": "integer", "minimum": 0, "description": "Seconds without a use; 0: no such bound"},
    "refresh_token_grace": {"type": "integer", "minimum": 0, "maximum": 60,
      "description": "Seconds in which the answer to a refresh may be asked for again"},
    "revocable_by_admins_only": {"type": "boolean"},
    "revocable": {"type": "boolean", "description": "false: no token may be revoked alone"},
    "admin_revocable_origins": {"type": "array", "items": {"type": "string"},
      "description": "Origins whose tokens this API may revoke alone"},
    "signing_alg": {"$ref": "#/components/schemas/Algorithm"},
    "token_format": {"$ref": "#/components/schemas/TokenFormat"},
    "introspectors": {"type": "array", "items": {"type": "string"}}}
})json"},
    {"NewApi", R"json({
  "type": "object", "required": ["identifier", "name"], "additionalProperties": false,
  "properties": {
    "identifier": {"type": "string", "minLength": 1}, "name": {"type": "string", "minLength": 1},
    "scopes": {"type": "array", "maxItems": 64, "items": {"$ref": "#/components/schemas/ScopeWanted"}},
    "token_lifetime": {"type": "integer", "minimum": 1}, "token_lifetime_max": {"type": "integer", "minimum": 1},
    "allow_offline_access": {"type": "boolean"},
    "refresh_token_lifetime": {"type": "integer", "minimum": 1, "description": "Seconds from the sign-in"},
    "refresh_token_idle": {"type": "integer", "minimum": 0, "description": "Seconds without a use; 0: no such bound"},
    "refresh_token_grace": {"type": "integer", "minimum": 0, "maximum": 60,
      "description": "Seconds in which the answer to a refresh may be asked for again"},
    "revocable_by_admins_only": {"type": "boolean"},
    "revocable": {"type": "boolean", "description": "false: no token may be revoked alone"},
    "admin_revocable_origins": {"type": "array", "items": {"type": "string"},
      "description": "Origins whose tokens this API may revoke alone"},
    "signing_alg": {"$ref": "#/components/schemas/Algorithm"},
    "token_format": {"$ref": "#/components/schemas/TokenFormat"},
    "introspectors": {"type": "array", "items": {"type": "string"}}}
})json"},
    {"Revocation", R"json({
  "type": ["object", "null"], "required": ["cause", "actor", "reason", "seq", "revoked_at"],
  "properties": {
    "cause": {"type": "string"}, "actor": {"type": "string"}, "reason": {"type": ["string", "null"]},
    "seq": {"$ref": "#/components/schemas/Seq"}, "revoked_at": {"$ref": "#/components/schemas/Time"}}
})json"},
    {"Token", R"json({
  "type": "object",
  "required": ["jti", "name", "client_id", "subject", "audience", "scope", "status", "issued_at", "expires_at",
    "revoked_at", "revocation", "owner", "extra_fields", "erased_fields", "plans", "origin", "format", "consent",
    "family", "seq"],
  "properties": {
    "token": {"type": "string", "description": "Only in the answer that made it"},
    "jti": {"type": "string"}, "name": {"type": "string"}, "client_id": {"type": "string"},
    "subject": {"type": "string", "description": "A user_id, or the client_id for a client's own"},
    "audience": {"$ref": "#/components/schemas/Audience"},
    "scope": {"$ref": "#/components/schemas/Scope"}, "status": {"$ref": "#/components/schemas/TokenStatus"},
    "issued_at": {"$ref": "#/components/schemas/Time"}, "expires_at": {"$ref": "#/components/schemas/Time"},
    "revoked_at": {"anyOf": [{"$ref": "#/components/schemas/Time"}, {"type": "null"}]},
    "revocation": {"$ref": "#/components/schemas/Revocation"},
    "owner": {"type": ["string", "null"]}, "extra_fields": {"type": ["object", "null"], "additionalProperties": true},
    "erased_fields": {"type": "array", "items": {"enum": ["owner", "extra_fields"]},
      "description": "Null because the owner was erased, not because they were never given"},
    "plans": {"type": "array", "items": {"type": "string"}},
    "origin": {"enum": ["console", "api", "oauth_flow", "external", "embedded"]},
    "format": {"enum": ["jwt", "opaque", "jwe"]}, "seq": {"$ref": "#/components/schemas/Seq"},
    "consent": {"type": ["integer", "null"], "description": "What a user's token stands on"},
    "family": {"type": ["integer", "null"], "description": "The tokens of one sign-in, if they end together"},
    "generation": {"type": "integer", "minimum": 1,
      "description": "Of one token asked for by name that came with a refresh token: which one of its family"},
    "parent": {"type": ["object", "null"], "required": ["family", "generation"],
      "description": "With generation: the refresh token that it was made from; null: it came of the sign-in",
      "properties": {"family": {"type": "integer"}, "generation": {"type": "integer", "minimum": 1}}},
    "header": {"type": ["object", "null"], "additionalProperties": true,
      "description": "With claims, of one active token; null for an opaque one"},
    "claims": {"$ref": "#/components/schemas/Claims"}}
})json"},
    {"Audience",
     R"json({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]})json"},
    {"NewToken", R"json({
  "type": "object", "required": ["name", "audience"], "additionalProperties": false,
  "properties": {
    "name": {"type": "string", "minLength": 1}, "audience": {"type": "string", "minLength": 1},
    "scopes": {"type": "array", "items": {"type": "string"}, "maxItems": 64},
    "expires_in_days": {"type": "integer", "minimum": 1},
    "expires_at": {"type": "string", "description": "RFC 3339, or a date, which ends at the end of that day in UTC"},
    "owner": {"type": "string", "description": "Stored encrypted; an erasure of the owner ends it"},
    "client_id": {"type": "string"},
    "extra_fields": {"type": "object", "additionalProperties": true, "description":
      "Stored encrypted; an erasure of the owner ends them, so nothing about a person without an owner"}}
})json"},
    {"RevokedToken", R"json({
  "type": "object", "required": ["jti", "status", "revoked_at"],
  "properties": {
    "jti": {"type": "string"}, "status": {"const": "revoked"}, "revoked_at": {"$ref": "#/components/schemas/Time"},
    "seq": {"$ref": "#/components/schemas/Seq"}, "revocation": {"$ref": "#/components/schemas/Revocation"},
    "receipt": {"type": ["string", "null"], "description": "The .tlog-proof file of the event, where it was asked for"},
    "receipt_missing": {"type": "string",
      "description": "Why there is none, as a code; the revocation holds, its proof can be fetched later"}}
})json"},
    {"Event", R"json({
  "type": "object", "required": ["seq", "recorded_at", "kind", "actor", "request_id", "data"],
  "properties": {
    "seq": {"$ref": "#/components/schemas/Seq"}, "recorded_at": {"$ref": "#/components/schemas/Time"},
    "kind": {"type": "string"}, "actor": {"type": "string"}, "request_id": {"type": ["string", "null"]},
    "data": {"type": "object", "additionalProperties": true, "description": "Depends on the kind"}}
})json"},
    {"Question", R"json({
  "type": "object", "additionalProperties": false,
  "description": "token with audience and scope, or jti with token_sha256",
  "properties": {
    "token": {"type": "string"}, "audience": {"type": "string"}, "scope": {"$ref": "#/components/schemas/Scope"},
    "jti": {"type": "string"}, "token_sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"}}
})json"},
    {"Verdict", R"json({
  "type": "object", "required": ["good", "status", "reason", "authenticated"],
  "properties": {
    "good": {"type": "boolean", "description": "May be used now"},
    "status": {"enum": ["active", "revoked", "expired", "unknown"]}, "reason": {"type": ["string", "null"]},
    "authenticated": {"type": "boolean", "description": "false: the token itself was not presented"},
    "jti": {"type": "string"}, "client_id": {"type": "string"},
    "subject": {"type": ["string", "null"], "description": "The user_id, or the client_id of a client's own token; null: it expired"},
    "audience": {"$ref": "#/components/schemas/Audience"}, "scope": {"$ref": "#/components/schemas/Scope"},
    "expires_at": {"$ref": "#/components/schemas/Time"}, "seq": {"$ref": "#/components/schemas/Seq"}}
})json"},
});

}  // namespace

std::span<const OpenApiComponent> openapi_schemas() noexcept { return kSchemas; }

}  // namespace tokenledger
