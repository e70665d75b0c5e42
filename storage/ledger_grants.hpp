// LedgerGrants: what a client gets for an authorization code or a refresh token (RFC 6749 §4.1.3,
// §6): tokens of a user. A view of an open ledger, cheap to make; it must not outlive it.
//
// Each call is one command: the code is used up, the refresh token replaced, and the new token an
// event, all or nothing. Of any number of callers with the same code or refresh token one wins.
// `done` as in Ledger::submit_async(). Threads: any.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/refresh_token.hpp"
#include "storage/ledger.hpp"

namespace tokenledger {

// The id tokens of a sign-in are read at once; nothing revokes them.
inline constexpr std::uint32_t kIdTokenLifetimeSeconds = 3'600;

struct UserTokens {
  IssuedToken access;
  std::string refresh_token;  // empty: none
  std::string id_token;       // empty: `openid` was not granted
  std::string scope;          // of the whole answer; the access token's has no offline_access
  std::uint32_t grace_s = 0;  // so long the answer to a refresh may be asked for again
};

class LedgerGrants {
 public:
  explicit LedgerGrants(Ledger& ledger) : ledger_{ledger} {}

  using Done = std::function<void(Result<UserTokens>)>;

  struct CodeRequest {
    Actor actor;  // the client
    Digest code_sha256{};
    std::optional<std::string> redirect_uri;
    std::optional<Digest> verifier_sha256;  // of a well-formed code_verifier
    std::string audience;                   // empty: whatever the code is for
    std::string request_id;
  };
  // code_unknown, code_mismatch, code_reused (which ended what the first use made), and what keeps
  // the user's grant from being good now: consent_required, user_disabled. api_not_found: the code
  // is for another API; it is not used up then.
  void redeem_async(CodeRequest request, Done done);

  struct RefreshRequest {
    Actor actor;  // the client
    RefreshTokenId token;
    Digest token_sha256{};                           // of its text
    std::optional<std::vector<std::string>> scopes;  // absent: all that was granted
    std::string audience;                            // as above
    std::string request_id;
  };
  // refresh_unknown, refresh_expired, refresh_reused (which ended the family); refresh_superseded:
  // somebody used this very token a moment ago, and may ask for that answer again. api_not_found
  // as above; scope_unknown, scope_not_granted.
  void refresh_async(RefreshRequest request, Done done);

  // Whether this is a text of ours, and what it says. nullopt says nothing about who may use it.
  [[nodiscard]] std::optional<RefreshTokenId> find_refresh_token(std::string_view text) const;

  // Ends the family that this refresh token, current or not, belongs to, and so every token made in
  // it. not_active: it ended already, or so long ago that nobody remembers. refresh_unknown:
  // another client's.
  void end_family_async(const Actor& actor, const RefreshTokenId& token, std::string request_id,
                        Ledger::Completion done);

 private:
  Ledger& ledger_;
};

}  // namespace tokenledger
