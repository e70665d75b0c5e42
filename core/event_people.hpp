// Payloads about people, what they allowed, and signing keys: the kinds of format version 2.
//
// The order of members is the order of the canonical bytes. Numbers are never 0 unless said. No
// field holds a password, the hash of one, a code, a token or a secret of a client (INV-5): a code
// and a refresh token have 128 random bits at least, so their SHA-256 gives nothing away.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/event_parts.hpp"
#include "core/ids.hpp"

namespace tokenledger {

// --- users and groups ---

struct UserRegistered {
  UserNumber user;  // dense
  UserId id{};      // never used again, not even after the user is erased
  Sealed login;     // under the user's data key, as display_name
  Sealed display_name;
  friend bool operator==(const UserRegistered&, const UserRegistered&) = default;
};
// The whole profile, so that one event holds all that is to be shown.
struct UserUpdated {
  UserNumber user;
  Sealed login;
  Sealed display_name;
  friend bool operator==(const UserUpdated&, const UserUpdated&) = default;
};
// Sign-ins under the generation before end with it. The hash lies in the key store.
struct UserPasswordSet {
  UserNumber user;
  SecretGeneration generation;  // the one before, plus one
  friend bool operator==(const UserPasswordSet&, const UserPasswordSet&) = default;
};
// Cascade: ends the user's tokens, consents and families.
struct UserDisabled {
  UserNumber user;
  Sealed reason;  // under a key of its own
  friend bool operator==(const UserDisabled&, const UserDisabled&) = default;
};
struct UserEnabled {
  UserNumber user;
  friend bool operator==(const UserEnabled&, const UserEnabled&) = default;
};
struct UserGroupsSet {
  UserNumber user;
  std::vector<GroupNumber> groups;  // ascending, each once, at most kUserGroupsMax
  friend bool operator==(const UserGroupsSet&, const UserGroupsSet&) = default;
};
struct GroupCreated {
  GroupNumber group;  // dense, at most kGroupsMax
  std::string name;   // a label
  friend bool operator==(const GroupCreated&, const GroupCreated&) = default;
};
// The name may be used again by a new group with a new number.
struct GroupDeleted {
  GroupNumber group;
  friend bool operator==(const GroupDeleted&, const GroupDeleted&) = default;
};

// --- consents. scope_mask counts at `api`, identity_mask (within kIdentityMaskAll) at the built-in
// API of identity scopes ---

struct ConsentGranted {
  ConsentNumber consent;
  UserNumber user;
  ClientNumber client;
  ApiNumber api;
  std::uint64_t scope_mask = 0;
  std::uint64_t identity_mask = 0;
  friend bool operator==(const ConsentGranted&, const ConsentGranted&) = default;
};
// Adds what is new, and nothing else stands here (A11).
struct ConsentExtended {
  ConsentNumber consent;
  std::uint64_t scope_mask = 0;  // one of the two is not 0
  std::uint64_t identity_mask = 0;
  friend bool operator==(const ConsentExtended&, const ConsentExtended&) = default;
};
// Allowed by an administrator for all who are or will be in the group (A12).
struct ConsentPreconfigured {
  ConsentNumber consent;
  GroupNumber group;
  ClientNumber client;
  ApiNumber api;
  std::uint64_t scope_mask = 0;
  std::uint64_t identity_mask = 0;
  friend bool operator==(const ConsentPreconfigured&, const ConsentPreconfigured&) = default;
};
// Cascade over what was issued on it.
struct ConsentWithdrawn {
  ConsentNumber consent;
  Sealed reason;  // under a key of its own
  friend bool operator==(const ConsentWithdrawn&, const ConsentWithdrawn&) = default;
};

// --- authorization codes (RFC 6749 §4.1) ---

struct CodeIssued {
  CodeNumber code;
  Digest sha256{};  // of the code's text
  UserNumber user;
  ClientNumber client;
  ConsentNumber consent;
  ApiNumber api;
  std::uint64_t scope_mask = 0;
  std::uint64_t identity_mask = 0;
  Digest redirect_sha256{};         // of the address that the code went to
  bool has_redirect = false;        // the request named it, so its redemption must (§4.1.3)
  std::optional<Digest> challenge;  // RFC 7636 §4.2, S256; a challenge of zeros is one, too
  UnixSeconds auth_time;
  UnixSeconds expires_at;  // after auth_time
  std::string nonce;       // for the id token; at most kNonceBytesMax
  friend bool operator==(const CodeIssued&, const CodeIssued&) = default;
};
// A FamilyStarted, if the code starts one, and the TokenIssued follow in the same command.
struct CodeRedeemed {
  CodeNumber code;
  friend bool operator==(const CodeRedeemed&, const CodeRedeemed&) = default;
};
// Cascade over the family that the code started. Without one the TokenRevoked that follows in the
// same command ends the only token.
struct CodeReused {
  CodeNumber code;
  FamilyNumber family;  // 0: none
  friend bool operator==(const CodeReused&, const CodeReused&) = default;
};

// --- families of refresh tokens (RFC 9700 §4.14.2) ---

struct FamilyStarted {
  FamilyNumber family;
  std::uint32_t tag = 0;  // random, not 0: tells this use of the number from earlier ones
  UserNumber user;
  ConsentNumber consent;         // says which client and API
  std::uint64_t scope_mask = 0;  // what was granted: no refresh goes beyond
  std::uint64_t identity_mask = 0;
  Digest refresh_sha256{};  // of the first refresh token; all zero: it has none
  UnixSeconds auth_time;
  UnixSeconds expires_at;    // after auth_time
  std::uint32_t idle_s = 0;  // ends when unused for so long; 0: no such bound
  friend bool operator==(const FamilyStarted&, const FamilyStarted&) = default;
};
// The TokenIssued follows in the same command.
struct RefreshRotated {
  FamilyNumber family;
  std::uint32_t generation = 0;  // of the new refresh token, from 2
  Digest refresh_sha256{};
  friend bool operator==(const RefreshRotated&, const RefreshRotated&) = default;
};
// Cascade over the family's tokens.
struct FamilyEnded {
  FamilyNumber family;
  Cause cause = Cause::admin_manual;  // any but `deleted`
  Sealed reason;                      // under a key of its own
  friend bool operator==(const FamilyEnded&, const FamilyEnded&) = default;
};

// --- signing keys ---

// Signs from now on. The KeyRetired of the one before, if there is one, follows in the same
// command.
struct KeyActivated {
  KeyNumber key;
  friend bool operator==(const KeyActivated&, const KeyActivated&) = default;
};
// Cascade: ends every token that it signed. It signs no more and is published no more.
struct KeyRevoked {
  KeyNumber key;
  Sealed reason;  // under a key of its own
  friend bool operator==(const KeyRevoked&, const KeyRevoked&) = default;
};
// Somebody else signs with our key.
struct ForgerySuspected {
  KeyNumber key;
  TokenIndex index;  // other_token: which; else 0
  ForgerySign sign = ForgerySign::jti_not_sealed;
  friend bool operator==(const ForgerySuspected&, const ForgerySuspected&) = default;
};

}  // namespace tokenledger
