// Event: a fact in the log, as the program sees it. core/event_codec.hpp turns it into its
// canonical bytes and back.
//
// An event is decided once (core/decide.hpp) and folded ever after (core/fold.hpp). Everything a
// later reader needs stands inside it: time, numbers, the ids that were drawn. The payloads about
// people stand in core/event_people.hpp.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/event_parts.hpp"
#include "core/event_people.hpp"
#include "core/ids.hpp"
#include "core/signature_algorithm.hpp"
#include "core/token_class.hpp"

namespace tokenledger {

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

// A key with which the client signs its assertions (RFC 7523 §2.2).
struct ClientPublicKey {
  std::string kid;  // the client's own name for it; may be empty when it is the only one
  SignatureAlgorithm algorithm{};
  std::string public_key;  // as VerifyKey::from_public takes it
  friend bool operator==(const ClientPublicKey&, const ClientPublicKey&) = default;
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
  // --- format 2 ---
  bool is_public = false;  // has no secret and is trusted with none (RFC 6749 §2.1)
  ClientAuthentication authentication = ClientAuthentication::basic_or_post;
  std::vector<ClientPublicKey> keys;               // private_key_jwt only
  std::optional<SignatureAlgorithm> id_token_alg;  // absent: the API's, when that is asymmetric
  bool pkce_optional = false;                      // confidential clients only
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
  UnixSeconds previous_until;  // format 2: the secret before is good until then; 0: it ended here
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
  // --- format 2: refresh tokens, where allow_offline_access lets them be (RFC 9700 §4.14) ---
  std::uint32_t refresh_lifetime_s = 30 * 86'400;  // of a family, from the sign-in
  std::uint32_t refresh_idle_s = 14 * 86'400;      // without a use; 0: no such bound
  // For so long after a use the answer may be asked for again; at most kRefreshGraceSecondsMax.
  std::uint32_t refresh_grace_s = 10;
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
  // --- format 2 ---
  bool is_next = false;   // published, and signs only after KeyActivated
  bool imported = false;  // made elsewhere: others may hold it, and signed with it before
  friend bool operator==(const KeyAdded&, const KeyAdded&) = default;
};
// Signs no more; its tokens stay good.
struct KeyRetired {
  KeyNumber key;
  friend bool operator==(const KeyRetired&, const KeyRetired&) = default;
};

// Format 2: what a token of a user stands on. The user's number is the token's subject.
struct UserPart {
  ConsentNumber consent;
  FamilyNumber family;    // 0: none
  UnixSeconds auth_time;  // when the user signed in (OpenID Connect Core §2)
  friend bool operator==(const UserPart&, const UserPart&) = default;
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
  std::optional<UserPart> user;  // format 2
  std::string nonce;             // format 2: of an implicit request; at most kNonceBytesMax
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
                 NoteAppended, OwnerErased, UserRegistered, UserUpdated, UserPasswordSet,
                 UserDisabled, UserEnabled, UserGroupsSet, GroupCreated, GroupDeleted,
                 ConsentGranted, ConsentExtended, ConsentPreconfigured, ConsentWithdrawn,
                 CodeIssued, CodeRedeemed, CodeReused, FamilyStarted, RefreshRotated, FamilyEnded,
                 KeyActivated, KeyRevoked, ForgerySuspected>;

// The kind is the payload's position in the variant plus one; positions are on disk, so new kinds
// go to the end.
inline constexpr std::size_t kEventKindCount = std::variant_size_v<Payload>;
inline constexpr std::size_t kEventKindsOfFormat1 = 23;
// LedgerCreated begins this version; a later one begins with FormatActivated
// (core/format_activation.hpp).
inline constexpr std::uint32_t kFormatVersionFirst = 1;
inline constexpr std::uint32_t kFormatVersion = 2;  // the newest that this program knows

struct Event {
  Sequence seq;
  LedgerTime recorded_at;
  Actor actor;
  std::string request_id;  // at most kRequestIdBytesMax of [A-Za-z0-9._-]; may be empty
  std::optional<Idempotency> idempotency;
  Payload payload;
  bool more = false;  // format 2: the next event belongs to the same command
  friend bool operator==(const Event&, const Event&) = default;
};

// "token_issued"; the stable wire name of a payload kind (position from 0); nullptr beyond the
// last.
[[nodiscard]] const char* event_kind_name(std::size_t position) noexcept;

}  // namespace tokenledger
