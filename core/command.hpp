// Command: a request to change something. decide() answers it with events or a rejection.
//
// Whatever is random or secret was made before: ids, digests, sealed fields, reserved token
// indexes. A command that fails leaves nothing behind.
#pragma once

#include "core/command_issue.hpp"
#include "core/command_people.hpp"
#include "core/event.hpp"

namespace tokenledger {

inline constexpr std::size_t kRevokeListMax = 4'096;

struct CreateLedger {
  std::array<std::uint8_t, 16> ledger_id{};
  std::string issuer;
};
struct OpenLedger {
  Incarnation incarnation;
};

struct RegisterClient {
  std::string client_id;
  bool built_in = false;  // system and host only
  ClientSettings settings;
  Digest secret_hash{};
};
struct UpdateClient {
  std::string client_id;
  ClientSettings settings;  // all of them
  // updated_seq of the record these settings were laid over: stale_policy when it changed since. 0:
  // whatever stands there.
  Sequence based_on{};
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
struct RotateClientSecret {
  std::string client_id;
  Digest secret_hash{};
  std::uint32_t overlap_s = 0;  // the old one is good for so long; at most kSecretOverlapSecondsMax
};

struct CreateApi {
  std::string identifier;
  bool built_in = false;  // system only
  ApiSettings settings;
  std::string hs256_kid;  // HS256: the kid of the API's own key, already in the keyring
};
struct UpdateApi {
  std::string identifier;
  ApiSettings settings;  // all of them
  Sequence based_on{};   // as in UpdateClient
};
struct DeleteApi {
  std::string identifier;
};

struct AddClientGrant {
  std::string client_id;
  std::string audience;
  std::vector<std::string> scopes;
};
struct UpdateClientGrant {
  std::string client_id;
  std::string audience;
  std::vector<std::string> scopes;
};
struct RemoveClientGrant {
  std::string client_id;
  std::string audience;
};

struct AddKey {  // system and host only
  SignatureAlgorithm algorithm{};
  std::string kid;
  std::string public_key;
  bool is_next = false;  // published, and signs only after ActivateKey
  bool imported = false;
};
struct RetireKey {  // system and host only
  std::string kid;
};

struct RevokeToken {
  TokenIndex index;
  Cause cause = Cause::admin_manual;
  Sealed reason;
};
struct RevokeTokens {
  Selector selector;
  Cause cause = Cause::admin_manual;
  Sealed reason;
  std::optional<Sequence> before;  // absent: everything issued before this command
};
// These tokens, one event each and all in one batch. Those that ended meanwhile are passed over;
// one that its API keeps refuses the whole list.
struct RevokeTokenList {
  std::vector<TokenIndex> tokens;  // 1..kRevokeListMax, ascending, each once
  Cause cause = Cause::admin_manual;
  Sealed reason;
};
// The tokens whose expires_at lies in (State::expired_upto, to], ascending by (expires_at, index).
struct ExpiringToken {
  UnixSeconds expires_at;
  TokenIndex index;
  friend auto operator<=>(const ExpiringToken&, const ExpiringToken&) = default;
};
struct SweepExpired {  // system only
  UnixSeconds to;
  std::vector<ExpiringToken> tokens;
  std::array<std::uint64_t, kLaneCount> retire_below{};
};
struct AppendNote {
  std::string topic;
  Sealed body;
};

// Ledger::erase_owner() submits this and then erases the key; whoever submits it alone leaves the
// key until the next open. Of the owner whose data key this is; all zero: of nobody, which is
// refused as owner_not_found, but only after an Idempotency-Key was looked up. A retry, which finds
// the name no more, so gets the first result.
struct EraseOwner {
  OwnerKeyId owner{};
  Sealed reason;
};

// Everything from here on may use what came with this format version. system and host only.
struct ActivateFormat {
  std::uint32_t version = 0;
};

using CommandPayload =
    std::variant<CreateLedger, OpenLedger, RegisterClient, UpdateClient, DisableClient,
                 EnableClient, DeleteClient, RotateClientSecret, CreateApi, UpdateApi, DeleteApi,
                 AddClientGrant, UpdateClientGrant, RemoveClientGrant, AddKey, RetireKey,
                 IssueToken, RevokeToken, RevokeTokens, RevokeTokenList, SweepExpired, AppendNote,
                 EraseOwner, ActivateFormat, RegisterUser, UpdateUser, SetPassword, DisableUser,
                 EnableUser, SetUserGroups, CreateGroup, DeleteGroup, GrantConsent,
                 PreconfigureConsent, WithdrawConsents, IssueCode, RedeemCode, Refresh, EndFamily,
                 ActivateKey, RevokeKey, ReportForgery>;

// Those before answer at any format; the later ones need format 2.
inline constexpr std::size_t kCommandKindsOfFormat1 = 24;
static_assert(std::is_same_v<std::variant_alternative_t<kCommandKindsOfFormat1, CommandPayload>,
                             RegisterUser>);

struct Command {
  Actor actor;
  std::string request_id;
  std::optional<Idempotency> idempotency;
  CommandPayload payload;
};

}  // namespace tokenledger
