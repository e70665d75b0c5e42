// Event: a fact in the log, as the program sees it. core/event_codec.hpp turns it into its
// canonical bytes and back.
//
// An event is decided once (core/decide.hpp) and folded ever after (core/fold.hpp). Everything a
// later reader needs stands inside it: time, numbers, the ids that were drawn. Labels (client, API,
// scope and token names) are plain; personal and free-text fields are `Sealed`: ciphertext whose
// key lives outside the log (INV-8).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/ids.hpp"
#include "core/signature_algorithm.hpp"
#include "core/token_class.hpp"

namespace tokenledger {

inline constexpr std::size_t kEventBytesMax = 65'535;  // a tlog-tiles entry has a 16-bit length
inline constexpr std::size_t kLabelBytesMax =
    200;  // client, API, scope and token names, client ids
inline constexpr std::size_t kIdentifierBytesMax = 500;  // an API's identifier (audience)
inline constexpr std::size_t kDescriptionBytesMax = 500;
inline constexpr std::size_t kRedirectUrisMax = 16;
inline constexpr std::uint32_t kLiveTokensPerClientMax = std::uint32_t{1} << 24;
inline constexpr std::size_t kRedirectUriBytesMax = 1'000;
inline constexpr std::size_t kIntrospectorsMax = 32;
inline constexpr std::size_t kSealedBytesMax = 8 * 1024;
inline constexpr std::size_t kNoteTopicBytesMax = 100;
inline constexpr std::size_t kNoteBodyBytesMax = 4 * 1024;
inline constexpr std::size_t kRequestIdBytesMax = 64;
inline constexpr std::size_t kKeyBytesMax = 1'024;
inline constexpr std::uint32_t kTokenLifetimeSecondsMax = 10 * 31'536'000;  // ten years

// Ciphertext of a personal or free-text field; empty: the field is absent. core/ never looks
// inside.
struct Sealed {
  std::string bytes;
  friend bool operator==(const Sealed&, const Sealed&) = default;
};

// The id of an owner's data key, drawn at random; it begins every field sealed under that key. All
// zero: no owner.
using OwnerKeyId = std::array<std::uint8_t, 16>;

enum class ActorKind : std::uint8_t {
  system = 1,  // the ledger itself: opening, sweeping
  host = 2,    // whoever holds the directory: the embedding program, the offline command line
  client = 3,  // a client that authenticated with its secret
  token = 4,   // the bearer of a token of the management API
};

struct Actor {
  ActorKind kind = ActorKind::system;
  ClientNumber client;          // client
  SecretGeneration generation;  // client
  TokenIndex token;             // token
  friend bool operator==(const Actor&, const Actor&) = default;
};

// Keyed hashes of an Idempotency-Key (with its actor) and of the request's body.
struct Idempotency {
  std::array<std::uint8_t, 16> key{};
  std::array<std::uint8_t, 16> body{};
  friend bool operator==(const Idempotency&, const Idempotency&) = default;
};

// Why a token ended. Values are on disk; the wire names are in core/cause.hpp.
enum class Cause : std::uint8_t {
  admin_manual = 1,
  owner_request = 2,
  client_self = 3,
  client_disabled = 4,
  client_deleted = 5,
  api_deleted = 6,
  grant_removed = 7,
  key_compromise = 8,
  epoch = 9,     // the whole ledger
  deleted = 10,  // one token, on purpose, and lists hide it from then on
};
inline constexpr Cause kCauseLast = Cause::deleted;
inline constexpr Cause kCascadeCauseLast = Cause::epoch;  // nothing hides many tokens at once

enum class GrantType : std::uint8_t {
  client_credentials = 1,
  authorization_code = 2,
  refresh_token = 4,
  implicit = 8
};

// --- payloads; the order of members is the order of the canonical bytes ---

// First event of every ledger.
struct LedgerCreated {
  std::array<std::uint8_t, 16> ledger_id{};
  std::string issuer;  // `iss` at creation, informative
  friend bool operator==(const LedgerCreated&, const LedgerCreated&) = default;
};
// Every open: the incarnation owns each lane's indexes from these counters on.
struct LedgerOpened {
  Incarnation incarnation;
  std::array<std::uint64_t, kLaneCount> lane_start{};
  friend bool operator==(const LedgerOpened&, const LedgerOpened&) = default;
};
// Events after this one may use the kinds and fields of this format version.
struct FormatActivated {
  std::uint32_t version = 0;
  friend bool operator==(const FormatActivated&, const FormatActivated&) = default;
};

struct ClientSettings {
  std::string name;
  std::uint8_t grant_types =
      static_cast<std::uint8_t>(GrantType::client_credentials);  // bits of GrantType
  std::vector<std::string> redirect_uris;
  std::optional<TokenKind> token_format;  // absent: the API's
  // Tokens that have not expired, revoked ones included, since they too take memory until then;
  // 0: kLiveTokensPerClientMax, which is also the greatest value.
  std::uint32_t live_tokens_max = 0;
  friend bool operator==(const ClientSettings&, const ClientSettings&) = default;
};
struct ClientRegistered {
  ClientNumber client;
  std::string client_id;
  bool built_in = false;
  ClientSettings settings;
  Digest secret_hash{};  // keyed hash, never the secret; all zero: no secret can match
  friend bool operator==(const ClientRegistered&, const ClientRegistered&) = default;
};
struct ClientUpdated {
  ClientNumber client;
  ClientSettings settings;
  friend bool operator==(const ClientUpdated&, const ClientUpdated&) = default;
};
// Cascade: ends every token of the client issued before this event.
struct ClientDisabled {
  ClientNumber client;
  friend bool operator==(const ClientDisabled&, const ClientDisabled&) = default;
};
struct ClientEnabled {
  ClientNumber client;
  friend bool operator==(const ClientEnabled&, const ClientEnabled&) = default;
};
// Cascade. The client_id is never used again.
struct ClientDeleted {
  ClientNumber client;
  friend bool operator==(const ClientDeleted&, const ClientDeleted&) = default;
};
struct ClientSecretRotated {
  ClientNumber client;
  SecretGeneration generation;
  Digest secret_hash{};
  friend bool operator==(const ClientSecretRotated&, const ClientSecretRotated&) = default;
};

struct ScopeDefinition {
  std::string name;
  std::string description;
  friend bool operator==(const ScopeDefinition&, const ScopeDefinition&) = default;
};
struct ApiSettings {
  std::string name;
  std::vector<ScopeDefinition>
      scopes;  // at most kScopesPerApiMax different names over the API's life
  std::uint32_t token_lifetime_s = 86'400;
  std::uint32_t token_lifetime_max_s = 31'536'000;
  bool allow_offline_access = false;
  bool revocable_by_admins_only = false;
  // Single tokens only: what ends a client, an API or a key ends all of its tokens, always.
  bool not_revocable = false;     // nobody may revoke a token of this API (R17)
  std::uint8_t origins_kept = 0;  // bits (1 << Origin): /v1 revokes none of these origins (S13)
  SignatureAlgorithm signing_alg{};
  TokenKind token_format = TokenKind::jwt;
  std::vector<std::string> introspectors;  // client ids
  friend bool operator==(const ApiSettings&, const ApiSettings&) = default;
};
struct ApiCreated {
  ApiNumber api;
  std::string identifier;
  bool built_in = false;
  ApiSettings settings;
  KeyNumber secret_key;  // HS256 only: the API's own key, whose secret lies in the keyring
  friend bool operator==(const ApiCreated&, const ApiCreated&) = default;
};
struct ApiUpdated {
  ApiNumber api;
  ApiSettings settings;  // identifier and an HS256 algorithm can't change
  friend bool operator==(const ApiUpdated&, const ApiUpdated&) = default;
};
// Cascade. The identifier may be used again by a new API with a new number.
struct ApiDeleted {
  ApiNumber api;
  friend bool operator==(const ApiDeleted&, const ApiDeleted&) = default;
};

struct ClientGrantAdded {
  GrantNumber grant;
  ClientNumber client;
  ApiNumber api;
  std::uint64_t scope_mask = 0;
  friend bool operator==(const ClientGrantAdded&, const ClientGrantAdded&) = default;
};
struct ClientGrantUpdated {
  GrantNumber grant;
  std::uint64_t scope_mask = 0;
  friend bool operator==(const ClientGrantUpdated&, const ClientGrantUpdated&) = default;
};
// Cascade over the tokens issued on this grant.
struct ClientGrantRemoved {
  GrantNumber grant;
  friend bool operator==(const ClientGrantRemoved&, const ClientGrantRemoved&) = default;
};

struct KeyAdded {
  KeyNumber key;
  SignatureAlgorithm algorithm{};
  std::string kid;
  std::string public_key;  // empty for HS256
  ApiNumber api;           // HS256: the only API it may sign for; else 0
  friend bool operator==(const KeyAdded&, const KeyAdded&) = default;
};
// Signs no more; its tokens stay good.
struct KeyRetired {
  KeyNumber key;
  friend bool operator==(const KeyRetired&, const KeyRetired&) = default;
};

struct TokenIssued {
  TokenIndex index;
  Digest token_sha256{};  // of the token string, which is stored nowhere
  ClassNumber token_class;
  std::optional<TokenClass> new_class;  // present when this event interns the class
  UnixSeconds issued_at;  // `iat`; the event's recorded_at is the ledger's own instant
  UnixSeconds expires_at;
  TokenKind kind = TokenKind::jwt;
  Origin origin = Origin::oauth_flow;
  SubjectNumber subject;  // 0: the client itself
  std::string name;       // a label; empty for tokens of the OAuth flow
  Sealed owner;
  Sealed extra_fields;
  friend bool operator==(const TokenIssued&, const TokenIssued&) = default;
};
struct TokenRevoked {
  TokenIndex index;
  Cause cause = Cause::admin_manual;
  Sealed reason;
  friend bool operator==(const TokenRevoked&, const TokenRevoked&) = default;
};
// Cascade over any selector: ends what the selector names and was issued before `before`.
struct TokensRevoked {
  Selector selector;
  Sequence before;
  Cause cause = Cause::admin_manual;
  Sealed reason;
  friend bool operator==(const TokensRevoked&, const TokensRevoked&) = default;
};
// One sweep names every token whose expires_at lies in (from, to]. A long sweep is several events
// of one batch; only the last (`complete`) moves expired_upto to `to` and retires chunks.
struct TokensExpired {
  UnixSeconds from;
  UnixSeconds to;
  std::uint32_t count = 0;
  std::array<std::uint8_t, 16> digest{};  // first half of SHA-256 of `tokens`
  std::string tokens;  // core/token_list.hpp: ascending (expires_at, index), delta coded
  bool complete = true;
  std::array<std::uint64_t, kLaneCount>
      retire_below{};  // per lane a chunk-aligned counter; 0: nothing
  friend bool operator==(const TokensExpired&, const TokensExpired&) = default;
};
// The host program's own audit trail (D07).
struct NoteAppended {
  std::string topic;  // a label
  Sealed body;
  friend bool operator==(const NoteAppended&, const NoteAppended&) = default;
};

// From here on the owner's key and the way from the name to it are gone for good (INV-8). The bytes
// of earlier events stay as they are, so every proof stays valid; what they held of the owner can't
// be read any more. The name does not stand here.
struct OwnerErased {
  OwnerKeyId owner{};
  Sealed reason;  // under a key of its own
  friend bool operator==(const OwnerErased&, const OwnerErased&) = default;
};

using Payload =
    std::variant<LedgerCreated, LedgerOpened, FormatActivated, ClientRegistered, ClientUpdated,
                 ClientDisabled, ClientEnabled, ClientDeleted, ClientSecretRotated, ApiCreated,
                 ApiUpdated, ApiDeleted, ClientGrantAdded, ClientGrantUpdated, ClientGrantRemoved,
                 KeyAdded, KeyRetired, TokenIssued, TokenRevoked, TokensRevoked, TokensExpired,
                 NoteAppended, OwnerErased>;

// The kind is the payload's position in the variant plus one; positions are on disk, so new kinds
// go to the end.
inline constexpr std::size_t kEventKindCount = std::variant_size_v<Payload>;
// LedgerCreated begins this version; a later one begins with FormatActivated
// (core/format_activation.hpp).
inline constexpr std::uint32_t kFormatVersionFirst = 1;
inline constexpr std::uint32_t kFormatVersion = 1;  // the newest that this program knows

struct Event {
  Sequence seq;
  LedgerTime recorded_at;
  Actor actor;
  std::string request_id;  // at most kRequestIdBytesMax of [A-Za-z0-9._-]; may be empty
  std::optional<Idempotency> idempotency;
  Payload payload;
  friend bool operator==(const Event&, const Event&) = default;
};

// "token_issued"; the stable wire name of a payload kind (position from 0); nullptr beyond the
// last.
[[nodiscard]] const char* event_kind_name(std::size_t position) noexcept;

}  // namespace tokenledger
