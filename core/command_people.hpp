// Commands about people, what they allow, and signing keys. They need format version 2:
// format_not_active before it.
//
// Texts that a caller must keep secret never stand here: passwords, codes, verifiers and refresh
// tokens come as their SHA-256.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/command_issue.hpp"
#include "core/event.hpp"

namespace tokenledger {

inline constexpr std::size_t kWithdrawListMax = 16;

// --- users and groups: whoever has users:write ---

// That no other user has the login is the caller's to see to: it is known to the key store alone.
struct RegisterUser {
  UserId id{};  // drawn; never used before
  Sealed login;
  Sealed display_name;
};
struct UpdateUser {
  UserNumber user;
  Sealed login;  // both, the unchanged one sealed again
  Sealed display_name;
  Sequence based_on{};  // as in UpdateClient
};
// Also the user's own. The new hash lies in the key store already.
struct SetPassword {
  UserNumber user;
  SecretGeneration generation;  // stale_policy unless the next one
};
struct DisableUser {
  UserNumber user;
  Sealed reason;
};
struct EnableUser {
  UserNumber user;
};
struct SetUserGroups {
  UserNumber user;
  std::vector<GroupNumber> groups;  // all of them: ascending, each once
  Sequence based_on{};
};
struct CreateGroup {
  std::string name;
};
struct DeleteGroup {
  GroupNumber group;
};

// --- consents ---

// By the user alone. Only what is new becomes an event.
struct GrantConsent {
  UserNumber user;
  ClientNumber client;
  ApiNumber api;
  std::uint64_t scope_mask = 0;
  std::uint64_t identity_mask = 0;
};
// By whoever has consents:write.
struct PreconfigureConsent {
  GroupNumber group;
  ClientNumber client;
  ApiNumber api;
  std::uint64_t scope_mask = 0;
  std::uint64_t identity_mask = 0;
};
// A consent as somebody saw it. Numbers are used again, so the number alone may mean another one by
// now.
struct SeenConsent {
  ConsentNumber number;
  UnixSeconds granted_at;  // as its record said
};
// The user's own, or any by whoever has consents:write; all or none. not_active: one that was seen
// is over, also when somebody else has its number.
struct WithdrawConsents {
  std::vector<SeenConsent> consents;  // 1..kWithdrawListMax, numbers ascending, each once
  Sealed reason;
};

// --- grants ---

// By the user. redirect_uri and PKCE were judged on the client's record of `client_based_on`.
struct IssueCode {
  Digest code_sha256{};
  UserNumber user;
  ClientNumber client;
  Sequence client_based_on{};  // stale_policy when the client changed since
  ConsentNumber consent;
  ApiNumber api;
  std::uint64_t scope_mask = 0;
  std::uint64_t identity_mask = 0;
  Digest redirect_sha256{};
  bool has_redirect = false;
  std::optional<Digest> challenge;
  UnixSeconds auth_time;
  UnixSeconds expires_at;  // at most kAuthorizationCodeLifetimeSeconds ahead
  std::string nonce;
};
// By a client. A second redemption ends what the first one made, and is refused all the same.
struct RedeemCode {
  Digest code_sha256{};
  Digest redirect_sha256{};  // of the parameter; counts when has_redirect
  bool has_redirect = false;
  std::optional<Digest> verifier_sha256;  // absent: no code_verifier came
  IssueToken issue;  // its new_family, when the answer is to hold a refresh token
};
// By a client: what the presented refresh token says, and what comes in its place. A token that was
// replaced before the last time ends the family, and is refused all the same.
struct Refresh {
  FamilyNumber family;
  std::uint32_t tag = 0;
  std::uint32_t generation = 0;
  Digest refresh_sha256{};  // of the presented text
  Digest next_sha256{};     // of the one of generation + 1
  IssueToken issue;
};
// By the client or the user it belongs to, or by whoever has tokens:revoke.
struct EndFamily {
  FamilyNumber family;
  std::uint32_t tag = 0;  // of the refresh token that was presented; 0: named by its number
  Sealed reason;
};

// --- signing keys: whoever has keys:write ---

struct ActivateKey {
  std::string kid;
  bool force = false;  // host only: though verifiers may not have fetched it yet
};
struct RevokeKey {
  std::string kid;
  Sealed reason;
};
struct ReportForgery {  // system only
  KeyNumber key;
  TokenIndex index;  // other_token only
  ForgerySign sign = ForgerySign::jti_not_sealed;
};

}  // namespace tokenledger
