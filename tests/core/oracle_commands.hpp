// The oracle's commands: what a ledger can be asked, as plain numbers and texts.
//
// Includes nothing from the product, so that the model which judges them shares no type, constant
// or helper with it. tests/core/oracle_adapter.cpp translates.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace oracle {

inline constexpr int kLanes = 4;

// A lane from 0 and a counter: how a token is called before and after it exists.
struct TokenName {
  int lane = 0;
  std::uint64_t counter = 0;
  auto operator<=>(const TokenName&) const = default;
};

// Values as on the wire: 1 system, 2 host, 3 client, 4 token; 0 is nobody.
struct Who {
  int kind = 1;
  std::uint32_t client = 0;
  std::uint32_t generation = 0;
  TokenName token;
  bool operator==(const Who&) const = default;
};

struct ApiAndMask {
  std::uint32_t api = 0;
  std::uint64_t mask = 0;
  auto operator<=>(const ApiAndMask&) const = default;
};
using ApiList = std::array<ApiAndMask, 4>;

struct ClientSettings {
  std::string name;
  int grant_types = 1;
  std::vector<std::string> redirect_uris;
  int token_format = 0;               // 0: the API's; 1 jwt, 2 opaque, 3 jwe
  std::uint32_t live_tokens_max = 0;  // 0: 2^24
  bool operator==(const ClientSettings&) const = default;
};

struct ApiSettings {
  std::string name;
  std::vector<std::string> scopes;
  std::uint32_t lifetime = 3600;
  std::uint32_t lifetime_max = 60 * 86'400;
  bool admins_only = false;
  bool nobody = false;            // no single token of this API may be revoked
  std::vector<int> kept_origins;  // 1 console, 2 api, 3 oauth flow, 4 external, 5 embedded
  int algorithm = 2;              // 1 rs256, 2 es256, 3 eddsa, 4 hs256
  int token_format = 1;
  std::vector<std::string> introspectors;
  bool operator==(const ApiSettings&) const = default;
};

struct CreateLedger {
  std::string issuer;
};
struct OpenLedger {
  std::uint32_t incarnation = 0;
};
struct RegisterClient {
  std::string client_id;
  bool built_in = false;
  ClientSettings settings;
};
struct UpdateClient {
  std::string client_id;
  ClientSettings settings;
  std::uint64_t read_at = 0;  // seq of the change that was read before; 0: none was
};
struct DisableClient {
  std::string client_id;
};
struct EnableClient {
  std::string client_id;
};
struct DeleteClient {
  std::string client_id;
};
struct RotateSecret {
  std::string client_id;
};
struct CreateApi {
  std::string identifier;
  bool built_in = false;
  ApiSettings settings;
  std::string kid;
};
struct UpdateApi {
  std::string identifier;
  ApiSettings settings;
  std::uint64_t read_at = 0;
};
struct DeleteApi {
  std::string identifier;
};
struct AddGrant {
  std::string client_id;
  std::string audience;
  std::vector<std::string> scopes;
};
struct UpdateGrant {
  std::string client_id;
  std::string audience;
  std::vector<std::string> scopes;
};
struct RemoveGrant {
  std::string client_id;
  std::string audience;
};
struct AddKey {
  int algorithm = 2;
  std::string kid;
  std::string public_key;
};
struct RetireKey {
  std::string kid;
};
// The id of an owner's key, with which all that is sealed under it begins.
inline std::string owner_key_bytes(std::uint32_t owner) {
  return std::string(16, static_cast<char>(owner));
}

struct Issue {
  TokenName token;
  std::uint64_t secret = 0;  // stands for the token string; different for every token
  std::uint32_t client = 0;
  std::uint32_t grant = 0;
  std::uint32_t key = 0;
  ApiList apis{};
  std::uint32_t issued_at = 0;
  std::uint32_t expires_at = 0;
  bool default_lifetime = false;
  int kind = 1;
  int origin = 3;
  std::string name;
  std::string owner;
};
struct Revoke {
  TokenName token;
  int cause = 1;
  std::string reason;
};
struct RevokeMany {
  int selector = 5;  // 1 client, 2 api, 3 grant, 4 key, 5 all
  std::uint32_t id = 0;
  int cause = 1;
  std::string reason;
  std::optional<std::uint64_t> before;
};
struct RevokeList {
  std::vector<TokenName> tokens;
  int cause = 1;
  std::string reason;
};
struct SweptToken {
  std::uint32_t expires_at = 0;
  TokenName token;
  auto operator<=>(const SweptToken&) const = default;
};
struct Sweep {
  std::uint32_t to = 0;
  std::vector<SweptToken> tokens;
  std::array<std::uint64_t, kLanes> retire_below{};
};
struct Note {
  std::string topic;
  std::string body;
};
struct EraseOwner {
  std::uint32_t owner = 0;  // stands for the id of the owner's key; 0: nobody's
  std::string reason;
};

using Request = std::variant<CreateLedger, OpenLedger, RegisterClient, UpdateClient, DisableClient,
                             EnableClient, DeleteClient, RotateSecret, CreateApi, UpdateApi,
                             DeleteApi, AddGrant, UpdateGrant, RemoveGrant, AddKey, RetireKey,
                             Issue, Revoke, RevokeMany, Sweep, Note, RevokeList, EraseOwner>;
inline constexpr std::array<const char*, std::variant_size_v<Request>> kRequestNames = {
    "CreateLedger", "OpenLedger",   "RegisterClient", "UpdateClient", "DisableClient",
    "EnableClient", "DeleteClient", "RotateSecret",   "CreateApi",    "UpdateApi",
    "DeleteApi",    "AddGrant",     "UpdateGrant",    "RemoveGrant",  "AddKey",
    "RetireKey",    "Issue",        "Revoke",         "RevokeMany",   "Sweep",
    "Note",         "RevokeList",   "EraseOwner"};

// An Idempotency-Key and the request's body, both as small numbers.
struct Once {
  std::uint32_t key = 0;
  std::uint32_t body = 0;
};

struct Command {
  Who who;
  std::string request_id;
  std::optional<Once> once;
  Request request;
};

}  // namespace oracle
