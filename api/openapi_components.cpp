// Parameters, bodies and answers that operations share: see api/openapi_document.hpp.
#include <array>

#include "api/openapi_document.hpp"

namespace tokenledger {
namespace {

constexpr auto kParameters = std::to_array<OpenApiComponent>({
    {"limit", R"json({"name": "limit", "in": "query", "description": "Rows per page",
  "schema": {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100}})json"},
    {"cursor",
     R"json({"name": "cursor", "in": "query", "description": "next_cursor of the page before",
  "schema": {"type": "string"}})json"},
    {"min_seq", R"json({"name": "min_seq", "in": "query",
  "description": "Answer from a state that has at least this event; beyond what is committed: 400",
  "schema": {"type": "integer", "minimum": 0}})json"},
    {"from", R"json({"name": "from", "in": "query", "description": "The first event wanted",
  "schema": {"type": "integer", "minimum": 1}})json"},
    {"Last-Event-ID", R"json({"name": "Last-Event-ID", "in": "header",
  "description": "The last event seen; wins over from", "schema": {"type": "integer", "minimum": 0}})json"},
    {"If-None-Match", R"json({"name": "If-None-Match", "in": "header",
  "description": "The ETag of an answer that is there already", "schema": {"type": "string"}})json"},
    {"time", R"json({"name": "time", "in": "query",
  "description": "A list of the past: answered with 501", "schema": {"type": "integer", "minimum": 0}})json"},
    {"Idempotency-Key", R"json({"name": "Idempotency-Key", "in": "header",
  "description": "A retry with the same key and body within 24 hours finds the first result, without its secret",
  "schema": {"type": "string", "minLength": 1, "maxLength": 255}})json"},
    {"client_id", R"json({"name": "client_id", "in": "query", "schema": {"type": "string"}})json"},
    {"client_id_required",
     R"json({"name": "client_id", "in": "query", "required": true, "schema": {"type": "string"}})json"},
    {"audience", R"json({"name": "audience", "in": "query", "schema": {"type": "string"}})json"},
    {"audience_required",
     R"json({"name": "audience", "in": "query", "required": true, "schema": {"type": "string"}})json"},
    {"scope",
     R"json({"name": "scope", "in": "query", "description": "All of these, with spaces between",
  "schema": {"type": "string"}})json"},
    {"identifier",
     R"json({"name": "identifier", "in": "query", "schema": {"type": "string"}})json"},
    {"identifier_required",
     R"json({"name": "identifier", "in": "query", "required": true, "schema": {"type": "string"}})json"},
    {"login", R"json({"name": "login", "in": "query",
  "description": "The whole login, in any case of a to z", "schema": {"type": "string"}})json"},
    {"user_status", R"json({"name": "status", "in": "query",
  "schema": {"enum": ["enabled", "disabled"]}})json"},
    {"user_id", R"json({"name": "user_id", "in": "query", "schema": {"type": "string"}})json"},
    {"granted_at_required", R"json({"name": "granted_at", "in": "query", "required": true,
  "description": "As the consent shows it: its number may be another's by now",
  "schema": {"type": "string", "format": "date-time"}})json"},
    {"group", R"json({"name": "group", "in": "query", "description": "The name of a group",
  "schema": {"type": "string"}})json"},
    {"status", R"json({"name": "status", "in": "query",
  "schema": {"$ref": "#/components/schemas/TokenStatus"}})json"},
    {"q", R"json({"name": "q", "in": "query",
  "description": "What client id, client name or token name begin with, or a whole jti",
  "schema": {"type": "string", "minLength": 1}})json"},
    {"issued_from",
     R"json({"name": "issued_from", "in": "query", "description": "Issued at this time or later",
  "schema": {"type": "string", "format": "date-time"}})json"},
    {"issued_to",
     R"json({"name": "issued_to", "in": "query", "description": "Issued before this time",
  "schema": {"type": "string", "format": "date-time"}})json"},
    {"expires_from",
     R"json({"name": "expires_from", "in": "query", "description": "Expiring at this time or later, whatever the status",
  "schema": {"type": "string", "format": "date-time"}})json"},
    {"expires_to",
     R"json({"name": "expires_to", "in": "query", "description": "Expiring before this time",
  "schema": {"type": "string", "format": "date-time"}})json"},
    {"expired_from",
     R"json({"name": "expired_from", "in": "query", "description": "Expired, at this time or later",
  "schema": {"type": "string", "format": "date-time"}})json"},
    {"expired_to",
     R"json({"name": "expired_to", "in": "query", "description": "Expired, before this time",
  "schema": {"type": "string", "format": "date-time"}})json"},
    {"revoked_from",
     R"json({"name": "revoked_from", "in": "query", "description": "Revoked, at this time or later",
  "schema": {"type": "string", "format": "date-time"}})json"},
    {"revoked_to",
     R"json({"name": "revoked_to", "in": "query", "description": "Revoked, before this time",
  "schema": {"type": "string", "format": "date-time"}})json"},
    {"owner", R"json({"name": "owner", "in": "query", "description": "The whole name",
  "schema": {"type": "string", "minLength": 1}})json"},
    {"subject", R"json({"name": "subject", "in": "query",
  "description": "The client_id for a client's own tokens, the user_id for a user's; the login, too, with users:read",
  "schema": {"type": "string", "minLength": 1}})json"},
    {"consent", R"json({"name": "consent", "in": "query",
  "description": "The number of a consent: tokens that stand on it, and those of consents that had the number before",
  "schema": {"type": "integer", "minimum": 1}})json"},
    {"api",
     R"json({"name": "api", "in": "query", "description": "The identifier of an API, also of a deleted one",
  "schema": {"type": "string", "minLength": 1}})json"},
    {"origin", R"json({"name": "origin", "in": "query",
  "schema": {"enum": ["console", "api", "oauth_flow", "external", "embedded"]}})json"},
    {"receipt", R"json({"name": "receipt", "in": "query",
  "description": "true: wait for the checkpoint that covers the event and answer with its proof",
  "schema": {"type": "boolean", "default": false}})json"},
    {"receipt_witnessed", R"json({"name": "witnessed", "in": "query",
  "description": "true, with receipt=true: a receipt whose checkpoint a quorum of witnesses cosigned; 400 where none is configured",
  "schema": {"type": "boolean", "default": false}})json"},
    {"proof_witnessed", R"json({"name": "witnessed", "in": "query",
  "description": "true: wait for a quorum of witnesses, whose cosignatures the proof then carries; 404 where none is configured",
  "schema": {"type": "boolean", "default": false}})json"},
    {"checkpoint_size", R"json({"name": "size", "in": "query", "description": "Absent: the newest",
  "schema": {"type": "integer", "minimum": 1}})json"},
    {"witnessed", R"json({"name": "witnessed", "in": "query",
  "description": "true: the newest that a quorum of witnesses cosigned; 404 where none is configured",
  "schema": {"type": "boolean", "default": false}})json"},
    {"leaf_index", R"json({"name": "index", "in": "query", "required": true,
  "schema": {"type": "integer", "minimum": 0}})json"},
    {"tree_size", R"json({"name": "size", "in": "query", "required": true,
  "schema": {"type": "integer", "minimum": 1}})json"},
    {"from_size", R"json({"name": "from", "in": "query", "required": true,
  "schema": {"type": "integer", "minimum": 1}})json"},
    {"to_size", R"json({"name": "to", "in": "query", "required": true,
  "schema": {"type": "integer", "minimum": 1}})json"},
    {"authorization_request", R"json({"name": "request", "in": "query", "style": "form",
  "explode": true, "description": "One parameter for each property",
  "schema": {"$ref": "#/components/schemas/AuthorizationRequest"}})json"},
    {"include_deleted", R"json({"name": "include_deleted", "in": "query",
  "schema": {"type": "boolean", "default": false}})json"},
    {"sort", R"json({"name": "sort", "in": "query", "description": "A minus: the other way round",
  "schema": {"enum": ["issued_at", "-issued_at", "expires_at", "-expires_at"], "default": "-issued_at"}})json"},
});

constexpr auto kBodies = std::to_array<OpenApiComponent>({
    {"AuthorizationForm", R"json({"required": true, "content": {
  "application/x-www-form-urlencoded": {"schema": {"$ref": "#/components/schemas/AuthorizationRequest"}}}})json"},
    {"PageForm",
     R"json({"required": true, "description": "What the page's own form sends; its token is bound to the browser",
  "content": {"application/x-www-form-urlencoded": {"schema": {"type": "object",
    "additionalProperties": {"type": "string"}}}}})json"},
    {"TokenRequest", R"json({"required": true, "content": {
  "application/x-www-form-urlencoded": {"schema": {"$ref": "#/components/schemas/TokenRequest"}},
  "application/json": {"schema": {"$ref": "#/components/schemas/TokenRequest"}}}})json"},
    {"NewClient", R"json({"required": true, "content": {"application/json": {
  "schema": {"$ref": "#/components/schemas/NewClient"}}}})json"},
    {"ClientChange", R"json({"required": true, "content": {"application/json": {
  "schema": {"$ref": "#/components/schemas/ClientChange"}}}})json"},
    {"SecretRotation", R"json({"required": false, "content": {"application/json": {"schema": {
  "type": "object", "additionalProperties": false, "properties": {
    "overlap_seconds": {"type": "integer", "minimum": 0, "maximum": 604800, "default": 0,
      "description": "The old secret is good for so long"}}}}}})json"},
    {"NewKey", R"json({"required": true, "content": {"application/json": {"schema": {
  "type": "object", "required": ["alg"], "additionalProperties": false, "properties": {
    "alg": {"enum": ["RS256", "ES256", "EdDSA"]}}}}}})json"},
    {"KeyReason", R"json({"required": false, "content": {"application/json": {"schema": {
  "type": "object", "additionalProperties": false, "properties": {"reason": {"type": "string",
      "description": "At most 4096 bytes. Stored encrypted and never erased: nothing about a person belongs here"}}}}}})json"},
    {"Grant", R"json({"required": true, "content": {"application/json": {
  "schema": {"$ref": "#/components/schemas/Grant"}}}})json"},
    {"NewApi", R"json({"required": true, "content": {"application/json": {
  "schema": {"$ref": "#/components/schemas/NewApi"}}}})json"},
    {"ApiChange", R"json({"required": true, "content": {"application/json": {
  "schema": {"$ref": "#/components/schemas/ApiChange"}}}})json"},
    {"NewToken", R"json({"required": true, "content": {"application/json": {
  "schema": {"$ref": "#/components/schemas/NewToken"}}}})json"},
    {"TokenForm", R"json({"required": true, "content": {
  "application/x-www-form-urlencoded": {"schema": {"$ref": "#/components/schemas/TokenForm"}}}})json"},
    {"BulkRevocation", R"json({"required": true, "content": {"application/json": {
  "schema": {"$ref": "#/components/schemas/BulkRevocation"}}}})json"},
    {"NewUser", R"json({"required": true, "content": {"application/json": {"schema": {
  "type": "object", "required": ["login"], "additionalProperties": false, "properties": {
    "login": {"type": "string", "minLength": 1, "description": "At most 200 bytes; stored encrypted"},
    "display_name": {"type": ["string", "null"], "description": "At most 200 bytes; stored encrypted"}}}}}})json"},
    {"UserChange", R"json({"required": true, "content": {"application/json": {"schema": {
  "type": "object", "additionalProperties": false, "properties": {
    "login": {"type": "string", "minLength": 1},
    "display_name": {"type": ["string", "null"], "description": "null takes it away"}}}}}})json"},
    {"UserGroups", R"json({"required": true, "content": {"application/json": {"schema": {
  "type": "object", "required": ["groups"], "additionalProperties": false, "properties": {
    "groups": {"type": "array", "items": {"type": "string"}, "maxItems": 16, "uniqueItems": true}}}}}})json"},
    {"NewPassword", R"json({"required": true, "content": {"application/json": {"schema": {
  "type": "object", "required": ["password"], "additionalProperties": false, "properties": {
    "password": {"type": "string", "description": "8 to 1024 bytes, taken as they are"}}}}}})json"},
    {"NewGroup", R"json({"required": true, "content": {"application/json": {"schema": {
  "type": "object", "required": ["name"], "additionalProperties": false, "properties": {
    "name": {"type": "string", "minLength": 1, "description": "A label, stored plain: nothing about a person"}}}}}})json"},
    {"NewPreConsent", R"json({"required": true, "content": {"application/json": {"schema": {
  "type": "object", "required": ["group", "client_id", "audience"], "additionalProperties": false,
  "properties": {
    "group": {"type": "string"}, "client_id": {"type": "string"}, "audience": {"type": "string"},
    "scopes": {"type": "array", "items": {"type": "string"}},
    "identity_scopes": {"type": "array", "items": {"enum": ["openid", "profile", "offline_access"]}}}}}}})json"},
    {"ReasonOnly", R"json({"required": false, "content": {"application/json": {"schema": {
  "type": "object", "additionalProperties": false, "properties": {"reason": {"type": "string",
      "description": "At most 4096 bytes. Stored encrypted and never erased: nothing about a person belongs here"}}}}}})json"},
    {"Withdrawal", R"json({"required": true, "content": {"application/json": {"schema": {
  "type": "object", "required": ["granted_at"], "additionalProperties": false, "properties": {
    "granted_at": {"type": "string", "format": "date-time", "description": "As the consent shows it"},
    "reason": {"type": "string",
      "description": "At most 4096 bytes. Stored encrypted and never erased: nothing about a person belongs here"}}}}}})json"},
    {"Reason", R"json({"required": false, "content": {"application/json": {"schema": {
  "type": "object", "additionalProperties": false, "properties": {"reason": {"type": "string",
      "description": "At most 4096 bytes. Stored encrypted and never erased: nothing about a person belongs here"},
    "cause": {"enum": ["admin_manual", "owner_request"], "default": "admin_manual"}}}}}})json"},
    {"NewNote", R"json({"required": true, "content": {"application/json": {"schema": {
  "type": "object", "required": ["topic"], "additionalProperties": false, "properties": {
    "topic": {"type": "string", "minLength": 1, "description": "Stored plain and never erased"},
    "body": {"type": "string", "description": "At most 4096 bytes. Stored encrypted and never erased: nothing about a person belongs here"}}}}}})json"},
    {"NewBackup", R"json({"content": {"application/json": {"schema": {
  "type": "object", "additionalProperties": false, "properties": {
    "name": {"type": "string", "pattern": "^[a-z0-9-]{1,64}$",
      "description": "Its directory's name; absent: made of seq and time"}}}}}})json"},
    {"ErasedOwner", R"json({"required": true, "content": {"application/json": {"schema": {
  "type": "object", "required": ["owner"], "additionalProperties": false, "properties": {
    "owner": {"type": "string", "minLength": 1, "description": "The whole name"},
    "reason": {"type": "string", "description": "At most 4096 bytes. Stored encrypted and never erased: nothing about a person belongs here"}}}}}})json"},
    {"Questions", R"json({"required": true, "content": {"application/json": {"schema": {"anyOf": [
  {"$ref": "#/components/schemas/Question"},
  {"type": "object", "required": ["items"], "additionalProperties": false, "properties": {"items": {
    "type": "array", "minItems": 1, "maxItems": 1000,
    "items": {"$ref": "#/components/schemas/Question"}}}}]}}}})json"},
});

constexpr auto kAnswers = std::to_array<OpenApiComponent>({
    {"Problem", R"json({"description": "Refused (RFC 9457)",
  "headers": {"WWW-Authenticate": {"schema": {"type": "string"}}, "Retry-After": {"schema": {"type": "integer"}}},
  "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}})json"},
    {"OAuthError", R"json({"description": "Refused (RFC 6749 section 5.2)",
  "headers": {"WWW-Authenticate": {"schema": {"type": "string"}}, "Retry-After": {"schema": {"type": "integer"}}},
  "content": {"application/json": {"schema": {"$ref": "#/components/schemas/OAuthError"}}}})json"},
    {"Page", R"json({"description": "A page for a person",
  "headers": {"Set-Cookie": {"schema": {"type": "string"}}, "Retry-After": {"schema": {"type": "integer"}}},
  "content": {"text/html": {"schema": {"type": "string"}}}})json"},
    {"Redirect",
     R"json({"description": "On to another page, or back to the client with the answer or an error",
  "headers": {"Location": {"schema": {"type": "string"}}, "Set-Cookie": {"schema": {"type": "string"}}}})json"},
    {"IssuedToken", R"json({"description": "The token", "content": {"application/json": {
  "schema": {"$ref": "#/components/schemas/IssuedToken"}}}})json"},
    {"Introspection", R"json({"description": "The claims of a good token, else only that it is not",
  "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Introspection"}}}})json"},
    {"UserInfo", R"json({"description": "Who the user is, as far as the scopes say",
  "content": {"application/json": {"schema": {"$ref": "#/components/schemas/UserInfo"}}}})json"},
    {"Returned",
     R"json({"description": "No check says active any more; also for a token that never was"})json"},
    {"BulkRevoked", R"json({"description": "One event, or the number of good tokens it would end",
  "headers": {"X-Ledger-Seq": {"schema": {"type": "integer"}}},
  "content": {"application/json": {"schema": {"$ref": "#/components/schemas/BulkRevoked"}}}})json"},
    {"Metadata", R"json({"description": "Metadata", "content": {"application/json": {
  "schema": {"$ref": "#/components/schemas/Metadata"}}}})json"},
    {"Keys", R"json({"description": "Public keys",
  "headers": {"ETag": {"schema": {"type": "string"}}}, "content": {"application/json": {
  "schema": {"$ref": "#/components/schemas/Keys"}}}})json"},
    {"StatusLists", R"json({"description": "At most 4096 URIs", "content": {"application/json": {
  "schema": {"$ref": "#/components/schemas/StatusLists"}}}})json"},
    {"StatusList", R"json({"description": "A status list token, at most 10 s behind a revocation",
  "headers": {"ETag": {"schema": {"type": "string"}}, "Vary": {"schema": {"type": "string"}}},
  "content": {"application/statuslist+jwt": {"schema": {"type": "string"}}}})json"},
    {"Client", R"json({"description": "The client", "content": {"application/json": {
  "schema": {"$ref": "#/components/schemas/Client"}}}})json"},
    {"CreatedClient", R"json({"description": "The client with its secret",
  "headers": {"X-Ledger-Seq": {"schema": {"type": "integer"}}},
  "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Client"}}}})json"},
    {"ClientPage", R"json({"description": "A page", "content": {"application/json": {"schema": {
  "type": "object", "required": ["items", "next_cursor"], "properties": {
    "items": {"type": "array", "items": {"$ref": "#/components/schemas/Client"}},
    "next_cursor": {"$ref": "#/components/schemas/Cursor"}}}}}})json"},
    {"SigningKey", R"json({"description": "The key", "content": {"application/json": {
  "schema": {"$ref": "#/components/schemas/SigningKey"}}}})json"},
    {"CreatedKey", R"json({"description": "The key, published from now on",
  "headers": {"X-Ledger-Seq": {"schema": {"type": "integer"}}},
  "content": {"application/json": {"schema": {"$ref": "#/components/schemas/SigningKey"}}}})json"},
    {"KeyPage", R"json({"description": "A page", "content": {"application/json": {"schema": {
  "type": "object", "required": ["items", "next_cursor"], "properties": {
    "items": {"type": "array", "items": {"$ref": "#/components/schemas/SigningKey"}},
    "next_cursor": {"$ref": "#/components/schemas/Cursor"}}}}}})json"},
    {"Grant", R"json({"description": "The grant", "content": {"application/json": {
  "schema": {"$ref": "#/components/schemas/Grant"}}}})json"},
    {"CreatedGrant", R"json({"description": "The grant",
  "headers": {"X-Ledger-Seq": {"schema": {"type": "integer"}}},
  "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Grant"}}}})json"},
    {"GrantPage", R"json({"description": "A page", "content": {"application/json": {"schema": {
  "type": "object", "required": ["items", "next_cursor"], "properties": {
    "items": {"type": "array", "items": {"$ref": "#/components/schemas/Grant"}},
    "next_cursor": {"$ref": "#/components/schemas/Cursor"}}}}}})json"},
    {"Api", R"json({"description": "The API", "content": {"application/json": {
  "schema": {"$ref": "#/components/schemas/Api"}}}})json"},
    {"CreatedApi", R"json({"description": "The API, with its secret if it is an HS256 one",
  "headers": {"X-Ledger-Seq": {"schema": {"type": "integer"}}},
  "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Api"}}}})json"},
    {"ApiPage", R"json({"description": "A page", "content": {"application/json": {"schema": {
  "type": "object", "required": ["items", "next_cursor"], "properties": {
    "items": {"type": "array", "items": {"$ref": "#/components/schemas/Api"}},
    "next_cursor": {"$ref": "#/components/schemas/Cursor"}}}}}})json"},
    {"Token", R"json({"description": "The token's row", "content": {"application/json": {
  "schema": {"$ref": "#/components/schemas/Token"}}}})json"},
    {"CreatedToken", R"json({"description": "The token and its row",
  "headers": {"X-Ledger-Seq": {"schema": {"type": "integer"}}},
  "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Token"}}}})json"},
    {"TokenPage",
     R"json({"description": "A page, stable while tokens are issued, revoked and expire",
  "content": {"application/json": {"schema": {
  "type": "object",
  "required": ["items", "next_cursor", "as_of_seq", "as_of_time", "total", "total_is_lower_bound"],
  "properties": {
    "items": {"type": "array", "items": {"$ref": "#/components/schemas/Token"}},
    "next_cursor": {"$ref": "#/components/schemas/Cursor"},
    "as_of_seq": {"$ref": "#/components/schemas/Seq"}, "as_of_time": {"$ref": "#/components/schemas/Time"},
    "total": {"type": "integer", "minimum": 0}, "total_is_lower_bound": {"type": "boolean"}}}}}})json"},
    {"RevokedToken", R"json({"description": "Revoked: no check says active any more",
  "headers": {"X-Ledger-Seq": {"schema": {"type": "integer"}}},
  "content": {"application/json": {"schema": {"$ref": "#/components/schemas/RevokedToken"}}}})json"},
    {"Noted", R"json({"description": "Where the note stands in the log",
  "headers": {"X-Ledger-Seq": {"schema": {"type": "integer"}}},
  "content": {"application/json": {"schema": {"type": "object", "required": ["seq", "recorded_at"],
    "properties": {"seq": {"$ref": "#/components/schemas/Seq"},
      "recorded_at": {"$ref": "#/components/schemas/Time"}}}}}})json"},
    {"MadeBackup", R"json({"description": "Copied, verified and named; nobody reads it over HTTP",
  "headers": {"X-Ledger-Seq": {"schema": {"type": "integer"}}},
  "content": {"application/json": {"schema": {"type": "object",
    "required": ["name", "seq", "checkpoint_size", "checkpoint", "files", "bytes"], "properties": {
      "name": {"type": "string"},
      "seq": {"type": "integer", "minimum": 1, "description": "The last event in it: so many it holds"},
      "checkpoint_size": {"type": ["integer", "null"], "minimum": 1,
        "description": "Events that the checkpoint covers, at most seq; null: none was signed"},
      "checkpoint": {"type": ["string", "null"], "description": "The newest in it, a signed note"},
      "files": {"type": "integer"}, "bytes": {"type": "integer"}}}}}})json"},
    {"User", R"json({"description": "The user",
  "content": {"application/json": {"schema": {"$ref": "#/components/schemas/User"}}}})json"},
    {"CreatedUser", R"json({"description": "The user",
  "headers": {"X-Ledger-Seq": {"schema": {"type": "integer"}}},
  "content": {"application/json": {"schema": {"$ref": "#/components/schemas/User"}}}})json"},
    {"UserPage", R"json({"description": "A page", "content": {"application/json": {"schema": {
  "type": "object", "required": ["items", "next_cursor"], "properties": {
    "items": {"type": "array", "items": {"$ref": "#/components/schemas/User"}},
    "next_cursor": {"$ref": "#/components/schemas/Cursor"}}}}}})json"},
    {"Group", R"json({"description": "The group",
  "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Group"}}}})json"},
    {"CreatedGroup", R"json({"description": "The group",
  "headers": {"X-Ledger-Seq": {"schema": {"type": "integer"}}},
  "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Group"}}}})json"},
    {"GroupPage", R"json({"description": "A page", "content": {"application/json": {"schema": {
  "type": "object", "required": ["items", "next_cursor"], "properties": {
    "items": {"type": "array", "items": {"$ref": "#/components/schemas/Group"}},
    "next_cursor": {"$ref": "#/components/schemas/Cursor"}}}}}})json"},
    {"Consent", R"json({"description": "The consent",
  "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Consent"}}}})json"},
    {"CreatedConsent", R"json({"description": "The consent",
  "headers": {"X-Ledger-Seq": {"schema": {"type": "integer"}}},
  "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Consent"}}}})json"},
    {"ConsentPage", R"json({"description": "A page", "content": {"application/json": {"schema": {
  "type": "object", "required": ["items", "next_cursor"], "properties": {
    "items": {"type": "array", "items": {"$ref": "#/components/schemas/Consent"}},
    "next_cursor": {"$ref": "#/components/schemas/Cursor"}}}}}})json"},
    {"Erased", R"json({"description": "Nobody can read these fields any more",
  "headers": {"X-Ledger-Seq": {"schema": {"type": "integer"}}},
  "content": {"application/json": {"schema": {"type": "object", "required": ["seq", "erased_at"],
    "properties": {"seq": {"$ref": "#/components/schemas/Seq"},
      "erased_at": {"$ref": "#/components/schemas/Time"}}}}}})json"},
    {"EndedSessions", R"json({"description": "The user signs in again; nothing else ended",
  "content": {"application/json": {"schema": {"type": "object", "required": ["sessions_ended"],
    "properties": {"sessions_ended": {"type": "integer", "minimum": 0}}}}}})json"},
    {"EventLines", R"json({"description": "One event per line",
  "headers": {"X-Next-Seq": {"schema": {"type": "integer"}}},
  "content": {"application/jsonl": {"schema": {"$ref": "#/components/schemas/Event"}}}})json"},
    {"EventStream", R"json({"description": "One event per message, its seq as the message's id",
  "headers": {"X-Next-Seq": {"schema": {"type": "integer"}}},
  "content": {"text/event-stream": {"schema": {"$ref": "#/components/schemas/Event"}}}})json"},
    {"Verdicts", R"json({"description": "One verdict, or items in the order of the questions",
  "content": {"application/json": {"schema": {"anyOf": [
    {"$ref": "#/components/schemas/Verdict"},
    {"type": "object", "required": ["items"], "properties": {"items": {
      "type": "array", "items": {"$ref": "#/components/schemas/Verdict"}}}}]}}}})json"},
    {"Authorized", R"json({"description": "Let it pass",
  "headers": {
    "X-Token-Client-Id": {"schema": {"type": "string"}}, "X-Token-Subject": {"schema": {"type": "string"}},
    "X-Token-Scope": {"schema": {"type": "string"}},
    "X-Token-Jti": {"schema": {"type": "string"}}}})json"},
    {"Unchanged", R"json({"description": "What bears this ETag still holds",
  "headers": {"ETag": {"schema": {"type": "string"}}}})json"},
    {"Checkpoint", R"json({"description": "A signed note: keep it, elsewhere",
  "headers": {"ETag": {"description": "Where a size was named: the log's key", "schema": {"type": "string"}}},
  "content": {"text/plain": {"schema": {"type": "string"}}}})json"},
    {"LogKey", R"json({"description": "A vkey: name+id+key",
  "content": {"text/plain": {"schema": {"type": "string"}}}})json"},
    {"Tile",
     R"json({"description": "The bytes of the tile; they never change under one key of the log",
  "headers": {"ETag": {"description": "The log's key", "schema": {"type": "string"}}},
  "content": {"application/octet-stream": {"schema": {"type": "string", "contentMediaType": "application/octet-stream"}}}})json"},
    {"ProofHashes", R"json({"description": "The proof, as its RFC orders it",
  "content": {"application/json": {"schema": {"type": "object", "required": ["hashes"], "properties": {
    "hashes": {"type": "array", "maxItems": 64, "items": {"type": "string", "description": "32 bytes in base64"}}}}}}})json"},
    {"ProofFile",
     R"json({"description": "A .tlog-proof file; the event's bytes stand in its extra line",
  "content": {"text/plain": {"schema": {"type": "string"}}}})json"},
    {"Done",
     R"json({"description": "Done", "headers": {"X-Ledger-Seq": {"schema": {"type": "integer"}}}})json"},
    {"Text",
     R"json({"description": "Yes", "content": {"text/plain": {"schema": {"type": "string"}}}})json"},
    {"Metrics",
     R"json({"description": "Metrics", "content": {"text/plain": {"schema": {"type": "string"}}}})json"},
    {"Description", R"json({"description": "OpenAPI 3.1", "content": {"application/json": {
  "schema": {"type": "object", "additionalProperties": true}}}})json"},
});

}  // namespace

std::span<const OpenApiComponent> openapi_parameters() noexcept { return kParameters; }
std::span<const OpenApiComponent> openapi_bodies() noexcept { return kBodies; }
std::span<const OpenApiComponent> openapi_answers() noexcept { return kAnswers; }

}  // namespace tokenledger
