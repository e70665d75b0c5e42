// From what the registries say to a token's text: the same steps for every way of issuing, be it a
// client's own token, a code, a refresh token or an implicit request. Internal to storage/.
//
// Nothing here decides: decide() sees the policy again, in the command, and has the last word.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "core/command_issue.hpp"
#include "core/errc.hpp"
#include "core/registries.hpp"

namespace tokenledger {

class LedgerCore;

// What the registries said when the token was made.
struct IssuePolicy {
  ClientNumber client;
  GrantNumber grant;
  KeyNumber key;
  std::array<ApiScopes, kApisPerTokenMax> apis{};
  TokenKind kind = TokenKind::jwt;
  std::string kid;
  std::string client_id;
  std::vector<std::string> audience;
  std::string scope;  // names separated by spaces
  std::uint32_t lifetime_s = 0;
  std::uint32_t lifetime_max_s = 0;
};

// Format, key and lifetimes, as this API and this client want them. A JWE names a signing key as
// well, though none signs it: revoking that key ends it like the API's other tokens.
// key_not_found: there is none.
[[nodiscard]] Result<void> find_format(const Registries& registries, const ClientRecord& client,
                                       const ApiRecord& api, IssuePolicy& policy);
// Audience and scope from `policy.apis`.
void name_apis(const Registries& registries, IssuePolicy& policy);

// What accept() would refuse now. Advice, asked before an index is used up and a token signed:
// under overload those of refused requests would fill memory and the processors (INV-7).
[[nodiscard]] Result<void> room_for_token(LedgerCore& core);
// An index for a token of this lifetime. limit_reached: the lane is full.
[[nodiscard]] Result<TokenIndex> reserve_index(LedgerCore& core, std::uint32_t lifetime_s);

// Whom a token is about.
struct TokenSubject {
  std::string name;   // sub
  std::string nonce;  // empty: none
};
struct SignedToken {
  std::string token;
  std::string jti;
};
// Makes the text for `issue`, which has index, times, kind and user, and puts its SHA-256 there.
[[nodiscard]] Result<SignedToken> sign_token(LedgerCore& core, const IssuePolicy& policy,
                                             const TokenSubject& subject, IssueToken& issue);

}  // namespace tokenledger
