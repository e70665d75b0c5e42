// One row per route, in the order of paths: see api/openapi_document.hpp.
#include <array>

#include "api/openapi_document.hpp"

namespace tokenledger {
namespace {

using enum HttpMethod;
using Access = OpenApiAccess;

// The HTTP layer may answer 400, 408, 413, 415, 431 or 503 to anything; `default` stands for that.
constexpr std::string_view kReads = "400 401 403 503";
constexpr std::string_view kReadsOne = "400 401 403 404 503";
constexpr std::string_view kCreates = "400 401 403 404 409 422 429 500 503";
constexpr std::string_view kChanges = "400 401 403 404 409 422 429 500 503";
constexpr std::string_view kOauth = "400 401 403 429 503";
constexpr std::string_view kPage = "limit cursor min_seq";
constexpr std::string_view kOpenReads = "400 404 503";
// Answered with an ETag, and 304 to who sends it back.
constexpr std::string_view kTaggedReads = "304 400 404 503";
constexpr std::string_view kTaggedReadsOne = "304 400 401 403 404 503";
constexpr std::string_view kTagged = "304";
constexpr std::string_view kRepeats = "Idempotency-Key";

constexpr auto kOperations = std::to_array<OpenApiOperation>({
    {post, "/oauth/token", "issueToken", "oauth", "A token by client_credentials (RFC 6749 §4.4)",
     Access::client, "", "", "TokenRequest", 200, "IssuedToken", kOauth},

    {post, "/oauth/introspect", "introspectToken", "oauth",
     "Is this token good, and what does it say? (RFC 7662)", Access::client_or_bearer, "introspect",
     "", "TokenForm", 200, "Introspection", kOauth},
    {post, "/oauth/revoke", "returnToken", "oauth", "A client ends a token of its own (RFC 7009)",
     Access::client, "", "", "TokenForm", 200, "Returned", kOauth},

    {get, "/.well-known/oauth-authorization-server", "getMetadata", "discovery",
     "Authorization server metadata (RFC 8414)", Access::open, "", "", "", 200, "Metadata", ""},
    {get, "/.well-known/openid-configuration", "getMetadataAsOpenid", "discovery",
     "The same at OpenID Connect's path", Access::open, "", "", "", 200, "Metadata", ""},
    {get, "/.well-known/jwks.json", "getKeys", "discovery", "Public keys (RFC 7517)", Access::open,
     "", "", "", 200, "Keys", kTagged},

    {get, "/statuslists", "listStatusLists", "discovery",
     "The URIs of status lists, newest first (draft-ietf-oauth-status-list-21 §9)", Access::open,
     "", "", "", 200, "StatusLists", kOpenReads},
    {get, "/statuslists/{id}", "getStatusList", "discovery",
     "Which tokens were revoked: a signed list of bits (draft-ietf-oauth-status-list-21 §5.1)",
     Access::open, "", "time If-None-Match", "", 200, "StatusList", "304 400 404 406 501 503"},

    {get, "/v1/clients", "listClients", "clients", "A page of clients", Access::bearer,
     "clients:read", kPage, "", 200, "ClientPage", kReads},
    {post, "/v1/clients", "createClient", "clients",
     "Register a client; its secret is shown this once", Access::bearer, "clients:write", kRepeats,
     "NewClient", 201, "CreatedClient", kCreates},
    {get, "/v1/clients/{client_id}", "getClient", "clients", "One client", Access::bearer,
     "clients:read", "min_seq", "", 200, "Client", kReadsOne},
    {patch, "/v1/clients/{client_id}", "changeClient", "clients", "Change what is named",
     Access::bearer, "clients:write", kRepeats, "ClientChange", 200, "Client", kChanges},
    {remove, "/v1/clients/{client_id}", "deleteClient", "clients",
     "Delete a client; its tokens end at once", Access::bearer, "clients:write", kRepeats, "", 204,
     "Done", kChanges},
    {post, "/v1/clients/{client_id}/disable", "disableClient", "clients",
     "End all its tokens and refuse new ones", Access::bearer, "clients:write", kRepeats, "", 200,
     "Client", kChanges},
    {post, "/v1/clients/{client_id}/enable", "enableClient", "clients",
     "Allow new tokens; ended ones stay ended", Access::bearer, "clients:write", kRepeats, "", 200,
     "Client", kChanges},
    {post, "/v1/clients/{client_id}/rotate-secret", "rotateClientSecret", "clients",
     "A new secret, shown this once", Access::bearer, "clients:write", kRepeats, "SecretRotation",
     200, "Client", kChanges},
    {get, "/v1/client-grants", "listClientGrants", "clients",
     "Which client may use which API with which scopes", Access::bearer, "clients:read",
     "client_id audience limit cursor min_seq", "", 200, "GrantPage", kReads},
    {post, "/v1/client-grants", "createClientGrant", "clients", "Let a client use an API",
     Access::bearer, "clients:write", kRepeats, "Grant", 201, "CreatedGrant", kCreates},
    {patch, "/v1/client-grants", "changeClientGrant", "clients", "Replace the scopes of a grant",
     Access::bearer, "clients:write", kRepeats, "Grant", 200, "Grant", kChanges},
    {remove, "/v1/client-grants", "deleteClientGrant", "clients",
     "Take the permission away; its tokens end at once", Access::bearer, "clients:write",
     "client_id_required audience_required Idempotency-Key", "", 204, "Done", kChanges},

    {get, "/v1/apis", "listApis", "apis", "A page of APIs", Access::bearer, "apis:read",
     "identifier limit cursor min_seq", "", 200, "ApiPage", kReads},
    {post, "/v1/apis", "createApi", "apis",
     "Create an API; the secret of an HS256 one is shown this once", Access::bearer, "apis:write",
     kRepeats, "NewApi", 201, "CreatedApi", kCreates},
    {patch, "/v1/apis", "changeApiByQuery", "apis", "Change what is named", Access::bearer,
     "apis:write", "identifier_required Idempotency-Key", "ApiChange", 200, "Api", kChanges},
    {remove, "/v1/apis", "deleteApiByQuery", "apis", "Delete an API; its tokens end at once",
     Access::bearer, "apis:write", "identifier_required Idempotency-Key", "", 204, "Done",
     kChanges},
    {get, "/v1/apis/{identifier}", "getApi", "apis",
     "One API; its identifier percent-encoded as one segment", Access::bearer, "apis:read",
     "min_seq", "", 200, "Api", kReadsOne},
    {patch, "/v1/apis/{identifier}", "changeApi", "apis", "Change what is named", Access::bearer,
     "apis:write", kRepeats, "ApiChange", 200, "Api", kChanges},
    {remove, "/v1/apis/{identifier}", "deleteApi", "apis", "Delete an API; its tokens end at once",
     Access::bearer, "apis:write", kRepeats, "", 204, "Done", kChanges},

    {get, "/v1/keys", "listKeys", "keys", "A page of the signing keys, oldest first",
     Access::bearer, "keys:read", kPage, "", 200, "KeyPage", kReads},
    {post, "/v1/keys", "createKey", "keys",
     "Draw a key: published from now on, signs when it is activated", Access::bearer, "keys:write",
     kRepeats, "NewKey", 201, "CreatedKey", kCreates},
    {post, "/v1/keys/{kid}/activate", "activateKey", "keys",
     "Let a key sign that was published for ten minutes; the one before is retired", Access::bearer,
     "keys:write", kRepeats, "", 200, "SigningKey", kChanges},
    {post, "/v1/keys/{kid}/retire", "retireKey", "keys",
     "Sign no more with it; its tokens stay good", Access::bearer, "keys:write", kRepeats, "", 200,
     "SigningKey", kChanges},
    {post, "/v1/keys/{kid}/revoke", "revokeKey", "keys",
     "End every token it signed; another signs in its place", Access::bearer, "keys:write",
     kRepeats, "KeyReason", 200, "SigningKey", kChanges},

    {get, "/v1/tokens", "listTokens", "tokens",
     "A page of the tokens that fit all conditions, newest first unless sorted", Access::bearer,
     "tokens:read",
     "client_id q status issued_from issued_to expires_from expires_to expired_from expired_to "
     "revoked_from revoked_to owner subject api origin include_deleted sort limit cursor min_seq",
     "", 200, "TokenPage", kReads},
    {post, "/v1/tokens", "createToken", "tokens", "Make a named token, shown this once",
     Access::bearer, "tokens:create", kRepeats, "NewToken", 201, "CreatedToken", kCreates},
    {get, "/v1/tokens/{jti}", "getToken", "tokens", "One token", Access::bearer, "tokens:read",
     "min_seq", "", 200, "Token", kReadsOne},
    {remove, "/v1/tokens/{jti}", "deleteToken", "tokens", "Revoke, and hide from the list",
     Access::bearer, "tokens:revoke", "receipt receipt_witnessed Idempotency-Key", "", 200,
     "RevokedToken", kChanges},
    {post, "/v1/tokens/{jti}/revoke", "revokeToken", "tokens", "Revoke at once", Access::bearer,
     "tokens:revoke", "receipt receipt_witnessed Idempotency-Key", "Reason", 200, "RevokedToken",
     kChanges},

    {post, "/v1/revocations", "revokeTokens", "tokens",
     "Revoke all tokens of a selection, or count them first", Access::bearer, "tokens:revoke",
     "receipt receipt_witnessed Idempotency-Key", "BulkRevocation", 200, "BulkRevoked", kChanges},

    {post, "/v1/owners/erase", "eraseOwner", "tokens",
     "Erase an owner's name and the extra fields of the owner's tokens, for good; tokens stay good",
     Access::bearer, "owners:erase", kRepeats, "ErasedOwner", 200, "Erased", kChanges},

    {get, "/v1/users", "listUsers", "users", "A page of users, erased ones left out",
     Access::bearer, "users:read", "login user_status group limit cursor min_seq", "", 200,
     "UserPage", kReads},
    {post, "/v1/users", "registerUser", "users",
     "Register a user, who can sign in once a password is set", Access::bearer, "users:write",
     kRepeats, "NewUser", 201, "CreatedUser", kCreates},
    {get, "/v1/users/{user_id}", "getUser", "users", "One user", Access::bearer, "users:read",
     "min_seq", "", 200, "User", kReadsOne},
    {patch, "/v1/users/{user_id}", "changeUser", "users", "Change what is named", Access::bearer,
     "users:write", kRepeats, "UserChange", 200, "User", kChanges},
    {put, "/v1/users/{user_id}/groups", "setUserGroups", "users",
     "Put the user into these groups and no others", Access::bearer, "users:write", kRepeats,
     "UserGroups", 200, "User", kChanges},
    {post, "/v1/users/{user_id}/password", "setUserPassword", "users",
     "Set the password; sign-ins and refresh tokens of the earlier one end", Access::bearer,
     "users:write", kRepeats, "NewPassword", 200, "User", kChanges},
    {post, "/v1/users/{user_id}/disable", "disableUser", "users",
     "End all tokens and consents of the user and refuse to sign in", Access::bearer, "users:write",
     kRepeats, "ReasonOnly", 200, "User", kChanges},
    {post, "/v1/users/{user_id}/enable", "enableUser", "users",
     "Let the user sign in again; ended tokens and consents stay ended", Access::bearer,
     "users:write", kRepeats, "", 200, "User", kChanges},
    {post, "/v1/users/{user_id}/erase", "eraseUser", "users",
     "Disable the user, and erase login, name and password for good", Access::bearer,
     "owners:erase", kRepeats, "ReasonOnly", 200, "Erased", kChanges},
    {get, "/v1/users/{user_id}/consents", "listUserConsents", "users",
     "All that the user allowed and did not withdraw", Access::bearer, "users:read", "min_seq", "",
     200, "ConsentPage", kReadsOne},
    {get, "/v1/groups", "listGroups", "users", "A page of groups", Access::bearer, "users:read",
     kPage, "", 200, "GroupPage", kReads},
    {post, "/v1/groups", "createGroup", "users", "Create a group of users", Access::bearer,
     "users:write", kRepeats, "NewGroup", 201, "CreatedGroup", kCreates},
    {get, "/v1/groups/{name}", "getGroup", "users", "One group", Access::bearer, "users:read",
     "min_seq", "", 200, "Group", kReadsOne},
    {remove, "/v1/groups/{name}", "deleteGroup", "users",
     "Delete a group; what was allowed to it in advance ends", Access::bearer, "users:write",
     kRepeats, "", 204, "Done", kChanges},

    {get, "/v1/consents", "listConsents", "consents",
     "A page of what users allowed and what groups were allowed in advance", Access::bearer,
     "users:read", "user_id group client_id audience limit cursor min_seq", "", 200, "ConsentPage",
     kReads},
    {get, "/v1/consents/{consent}", "getConsent", "consents", "One consent", Access::bearer,
     "users:read", "min_seq", "", 200, "Consent", kReadsOne},
    {post, "/v1/consents/{consent}/withdraw", "withdrawConsent", "consents",
     "End a consent and all that was issued on it", Access::bearer, "consents:write", kRepeats,
     "ReasonOnly", 204, "Done", kChanges},
    {remove, "/v1/consents/{consent}", "deleteConsent", "consents", "The same without a reason",
     Access::bearer, "consents:write", kRepeats, "", 204, "Done", kChanges},
    {get, "/v1/pre-consents", "listPreConsents", "consents",
     "A page of what groups were allowed in advance", Access::bearer, "users:read",
     "group client_id audience limit cursor min_seq", "", 200, "ConsentPage", kReads},
    {post, "/v1/pre-consents", "createPreConsent", "consents",
     "Allow a client scopes for all who are or will be in a group", Access::bearer,
     "consents:write", kRepeats, "NewPreConsent", 201, "CreatedConsent", kCreates},

    {post, "/v1/check", "checkTokens", "checks", "Are these tokens good? One, or up to 1000",
     Access::bearer, "check", "min_seq", "Questions", 200, "Verdicts", kReads},
    {get, "/v1/authz", "authorizeRequest", "checks",
     "For gateways: is the token of this request good for this audience and scope?",
     Access::presented_token, "", "audience_required scope", "", 200, "Authorized",
     "400 401 403 503"},

    {get, "/v1/events", "listEvents", "events",
     "The log as JSON lines; X-Next-Seq is where the next page starts", Access::bearer,
     "events:read", "from limit min_seq", "", 200, "EventLines", kReads},
    {get, "/v1/events/stream", "streamEvents", "events",
     "Server-sent events from a seq, without a gap or a repeat; absent: what comes next",
     Access::bearer, "events:read", "from Last-Event-ID", "", 200, "EventStream", kReads},

    {get, "/v1/audit/checkpoint", "getCheckpoint", "audit",
     "The newest signed checkpoint, or the one of this size (C2SP tlog-checkpoint)", Access::open,
     "", "checkpoint_size witnessed min_seq If-None-Match", "", 200, "Checkpoint", kTaggedReads},
    {get, "/v1/audit/vkey", "getLogKey", "audit",
     "The key that signs checkpoints, named after their origin (C2SP signed-note)", Access::open,
     "", "min_seq", "", 200, "LogKey", kOpenReads},
    {get, "/v1/audit/tile/entries/{index...}", "getEntries", "audit",
     "Canonical bytes of 256 events, with .p/W of the first W; x001/x234/067 is number 1234067 "
     "(C2SP tlog-tiles)",
     Access::bearer, "audit:read", "min_seq If-None-Match", "", 200, "Tile", kTaggedReadsOne},
    {get, "/v1/audit/tile/{level}/{index...}", "getTile", "audit",
     "256 hashes, with .p/W the first W; the index is written as for entries (C2SP tlog-tiles)",
     Access::open, "", "min_seq If-None-Match", "", 200, "Tile", kTaggedReads},
    {get, "/v1/audit/proofs/inclusion", "proveInclusion", "audit",
     "That the tree of this size holds this leaf, whose index is its seq - 1 (RFC 6962 §2.1.1)",
     Access::open, "", "leaf_index tree_size min_seq", "", 200, "ProofHashes", kOpenReads},
    {get, "/v1/audit/proofs/consistency", "proveConsistency", "audit",
     "That one tree is the beginning of the other (RFC 6962 §2.1.2)", Access::open, "",
     "from_size to_size min_seq", "", 200, "ProofHashes", kOpenReads},
    {get, "/v1/audit/proofs/token/{jti}", "proveToken", "audit",
     "The event that decides the token's status, with its proof (C2SP tlog-proof)", Access::bearer,
     "audit:read", "proof_witnessed min_seq", "", 200, "ProofFile", kReadsOne},
    {get, "/v1/audit/proofs/event/{seq}", "proveEvent", "audit",
     "The event at this seq, with its proof (C2SP tlog-proof)", Access::bearer, "audit:read",
     "proof_witnessed min_seq", "", 200, "ProofFile", kReadsOne},

    {post, "/v1/notes", "appendNote", "events",
     "Append a note of the host program; the topic is stored plain, the body encrypted",
     Access::bearer, "notes:write", kRepeats, "NewNote", 201, "Noted", kChanges},

    {post, "/v1/backups", "makeBackup", "operations",
     "A verified backup on the server's disk, one at a time, where --backup-directory says",
     Access::bearer, "ledger:backup", "", "NewBackup", 201, "MadeBackup",
     "400 401 403 409 500 503 507"},

    {get, "/livez", "isAlive", "operations", "The process answers", Access::open, "", "", "", 200,
     "Text", ""},
    {get, "/readyz", "isReady", "operations", "It can decide and show what it decided",
     Access::open, "", "", "", 200, "Text", "503"},
    {get, "/metrics", "getMetrics", "operations", "Metrics in Prometheus's text format",
     Access::bearer, "metrics:read", "", "", 200, "Metrics", kReads},
    {get, "/openapi.json", "getDescription", "operations", "This document", Access::open, "", "",
     "", 200, "Description", ""},
});

}  // namespace

std::span<const OpenApiOperation> openapi_operations() noexcept { return kOperations; }

}  // namespace tokenledger
