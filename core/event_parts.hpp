// What the payloads of events are made of: the bounds of their fields, who did it, why it ended.
//
// Labels (client, API, scope, group and token names) are plain; personal and free-text fields are
// `Sealed`: ciphertext whose key lives outside the log (INV-8). Values of enums are on disk.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "core/ids.hpp"

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
inline constexpr std::size_t kClientKeysMax = 4;  // public keys of one client (private_key_jwt)
inline constexpr std::size_t kNonceBytesMax = 512;
inline constexpr std::size_t kUserGroupsMax = 16;     // groups of one user
inline constexpr std::uint32_t kGroupsMax = 4'096;    // over a ledger's life
inline constexpr std::uint32_t kUsersMax = 1u << 20;  // over a ledger's life
inline constexpr std::uint32_t kRefreshLifetimeSecondsMax = kTokenLifetimeSecondsMax;
inline constexpr std::uint32_t kRefreshGraceSecondsMax = 60;
inline constexpr std::uint32_t kSecretOverlapSecondsMax = 7 * 86'400;
// The built-in API of identity scopes has at most eight of them: State keeps their mask in a byte.
inline constexpr std::uint64_t kIdentityMaskAll = 0xFF;

// Ciphertext of a personal or free-text field; empty: the field is absent. core/ never looks
// inside.
struct Sealed {
  std::string bytes;
  friend bool operator==(const Sealed&, const Sealed&) = default;
};

// The id of an owner's data key, drawn at random; it begins every field sealed under that key. All
// zero: no owner.
using OwnerKeyId = std::array<std::uint8_t, 16>;
// A user's `user_id` is the id of the key that seals what is stored of that user.
using UserId = OwnerKeyId;

enum class ActorKind : std::uint8_t {
  system = 1,  // the ledger itself: opening, sweeping
  host = 2,    // whoever holds the directory: the embedding program, the offline command line
  client = 3,  // a client that authenticated with its secret
  token = 4,   // the bearer of a token of the management API
  user = 5,    // a user who signed in (format 2)
};
inline constexpr ActorKind kActorKindLast = ActorKind::user;
inline constexpr ActorKind kActorKindLastOfFormat1 = ActorKind::token;

struct Actor {
  ActorKind kind = ActorKind::system;
  ClientNumber client;          // client
  SecretGeneration generation;  // client: of its secret; user: of the password
  UserNumber user;              // user
  TokenIndex token;             // token
  friend bool operator==(const Actor&, const Actor&) = default;
};

// Keyed hashes of an Idempotency-Key (with its actor) and of the request's body.
struct Idempotency {
  std::array<std::uint8_t, 16> key{};
  std::array<std::uint8_t, 16> body{};
  friend bool operator==(const Idempotency&, const Idempotency&) = default;
};

// Why a token ended. The wire names are cause_name's (core/status.hpp). Those after `deleted` came
// with format 2; 16 is kept for a refresh token that was replaced.
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
  consent_withdrawn = 11,
  refresh_reuse = 12,  // a refresh token that had been replaced was used again
  code_reuse = 13,     // an authorization code was redeemed a second time
  user_disabled = 14,
  password_changed = 15,
  group_left = 16,  // the consent it stood on was for a group that the user is no longer in
};
inline constexpr Cause kCauseLast = Cause::group_left;
inline constexpr Cause kCauseLastOfFormat1 = Cause::deleted;
// What a caller may give as the reason of a revocation; the later ones are the ledger's own words.
inline constexpr Cause kCommandCauseLast = Cause::deleted;
inline constexpr Cause kCascadeCauseLast = Cause::epoch;  // nothing hides many tokens at once

enum class GrantType : std::uint8_t {
  client_credentials = 1,
  authorization_code = 2,
  refresh_token = 4,
  implicit = 8
};

// How a client shows who it is (RFC 7591 §2, token_endpoint_auth_method).
enum class ClientAuthentication : std::uint8_t {
  basic_or_post = 0,  // either, as every client of format 1
  basic = 1,
  post = 2,
  private_key_jwt = 3,
  none = 4,  // a public client
};
inline constexpr ClientAuthentication kClientAuthenticationLast = ClientAuthentication::none;

// What a forged token did to be noticed.
enum class ForgerySign : std::uint8_t {
  jti_not_sealed = 1,  // a good signature over a jti that this ledger never sealed
  other_token = 2,     // a good signature, and the index belongs to another token
};
inline constexpr ForgerySign kForgerySignLast = ForgerySign::other_token;

}  // namespace tokenledger
