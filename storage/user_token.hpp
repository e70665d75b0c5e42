// A user's tokens from what the user granted: which APIs and scopes, which format and key, and the
// texts. What redemption, refresh and implicit requests have in common. Internal to storage/.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/people.hpp"
#include "storage/issue_signing.hpp"
#include "storage/ledger_grants.hpp"

namespace tokenledger {

// What stands behind a code or a family, copied from the state of people.
struct GrantedAccess {
  UserNumber user;
  UserId user_id{};
  ClientNumber client;
  ConsentNumber consent;
  bool is_own_consent = false;  // false: a group's
  ApiNumber api;
  std::uint64_t scope_mask = 0;     // granted and still allowed
  std::uint64_t identity_mask = 0;  // likewise
  UnixSeconds auth_time;
  std::string nonce;  // for the id token

  // Lays the consent as it stands now over what was granted. consent_required: it ended, or the
  // user is no member of its group; user_disabled.
  [[nodiscard]] Result<void> narrow_by(const People& people);
};

// What a request adds to it.
struct AskedAccess {
  std::optional<std::vector<std::string>> scopes;  // absent: all
  std::string audience;                            // empty: whatever was granted
};

struct UserTokenPolicy {
  IssuePolicy issue;
  std::string answer_scope;
  std::string id_token_kid;  // empty: no id token
  bool may_refresh = false;  // client and API let offline_access be
  std::uint32_t refresh_lifetime_s = 0;
  std::uint32_t refresh_idle_s = 0;
  std::uint32_t refresh_grace_s = 0;
};

// api_not_found: for another API than was granted; scope_unknown, scope_not_granted: not within the
// grant; client_not_found, client_disabled, grant_not_found, key_not_found.
[[nodiscard]] Result<UserTokenPolicy> find_user_policy(const Registries& registries,
                                                       const GrantedAccess& granted,
                                                       const AskedAccess& asked);

// The command's part, as far as the policy says: index and times are new, the text is not made yet.
[[nodiscard]] Result<IssueToken> begin_user_token(LedgerCore& core, const UserTokenPolicy& policy,
                                                  const GrantedAccess& granted);
// A family that begins with this token, has no refresh token and ends with it. `number` is spoken
// for; the tag is drawn.
[[nodiscard]] NewFamily draw_family(FamilyNumber number, const IssueToken& issue);
// For a command that is there to be refused, and so signs nothing: well formed, never accepted.
[[nodiscard]] IssueToken empty_user_token(ApiNumber api, UnixSeconds now);

// Access token and id token, once `issue.user` names the family. Puts the text's SHA-256 into
// `issue`; refresh_token stays empty.
[[nodiscard]] Result<UserTokens> sign_user_tokens(LedgerCore& core, const UserTokenPolicy& policy,
                                                  const GrantedAccess& granted, IssueToken& issue);

}  // namespace tokenledger
