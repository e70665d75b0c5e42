// The page on which people see what they allowed, withdraw it, change their password and sign out.
// Pure. Any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "api/consent_page.hpp"
#include "core/ids.hpp"

namespace tokenledger {

struct AccountConsent {
  ClientNumber client;  // two may have one name
  std::string_view client_name;
  std::string_view api_name;
  std::span<const PageScope> scopes;  // the names are listed
  UnixSeconds granted_at;
  std::string_view id;  // what the form sends back; empty: an administrator's, not to be withdrawn
};

enum class AccountNotice : std::uint8_t {
  none,
  withdrawn,
  password_changed,
  // faults
  password_wrong,      // the current one
  password_unfit,      // the new one is too short or too long
  password_different,  // the two new ones
  too_many,            // attempts; 429 with Retry-After
};

struct AccountPage {
  PageSite site;
  std::string_view display_name;  // may be empty
  std::string_view login;
  std::span<const AccountConsent> consents;  // those of one client one after another
  AccountNotice notice = AccountNotice::none;
  std::uint32_t retry_after_s = 0;  // > 0 with too_many
  std::string_view withdraw_token;  // FormGuard, one purpose each
  std::string_view password_token;
  std::string_view sign_out_token;
};

// Fields: withdraw: token, consent. Password: token, current, new, again. Sign out: token. A fault
// of the new password is 422, of the current one 403.
[[nodiscard]] HttpResponse account_page(const AccountPage& page);

}  // namespace tokenledger
