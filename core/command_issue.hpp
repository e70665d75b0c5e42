// IssueToken: the command that makes a token, and part of those that make one from a code or a
// refresh token.
#pragma once

#include <array>
#include <optional>
#include <string>

#include "core/event.hpp"

namespace tokenledger {

// A family that begins with this token.
struct NewFamily {
  FamilyNumber number;       // stale_policy when it is not free: a refresh token seals it
  std::uint32_t tag = 0;     // random, not 0
  Digest refresh_sha256{};   // of its first refresh token; all zero: it has none
  UnixSeconds expires_at;    // as the API's refresh_lifetime_s says
  std::uint32_t idle_s = 0;  // the API's refresh_idle_s
};

// Everything the signer assumed stands here, so that decide can see whether it still holds.
struct IssueToken {
  TokenIndex index;
  Digest token_sha256{};
  ClientNumber client;
  GrantNumber grant;  // 0: a named token made by an administrator or the host for nobody's grant
  KeyNumber key;      // 0: opaque
  std::array<ApiScopes, kApisPerTokenMax> apis{};
  UnixSeconds issued_at;
  UnixSeconds expires_at;
  bool default_lifetime = false;  // expires_at was meant to be issued_at + the API's token_lifetime
  TokenKind kind = TokenKind::jwt;
  Origin origin = Origin::oauth_flow;
  SubjectNumber subject;
  std::string name;
  Sealed owner;
  Sealed extra_fields;
  // --- format 2: a token of a user, whose number is `subject` ---
  std::optional<UserPart> user;  // its family: as in new_family, when that is there
  std::string nonce;             // of an implicit request (OpenID Connect Core §3.2.2.1)
  std::optional<NewFamily> new_family;
};

}  // namespace tokenledger
