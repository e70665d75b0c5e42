// What the handlers of the account page share: the page itself, and who sent one of its forms.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "api/account_page.hpp"
#include "api/page_call.hpp"

namespace tokenledger {

// The query of the account page after a change.
inline constexpr std::string_view kPasswordChangedQuery = "done=password";

struct AccountAsk {
  AccountNotice notice = AccountNotice::none;
  std::uint32_t retry_after_s = 0;  // > 0 with too_many
};
// The account page as it is now, or the page that says why it can't be shown. The user's own
// consents and those of their groups, but what stands on a client or an API that was deleted: that
// gives nothing any more. Names are read from the log, and it waits until what it shows is durable:
// workers only.
[[nodiscard]] HttpResponse show_account(const PageCall& page, const SignedIn& user,
                                        const AccountAsk& ask);

// Reads a form that is bound to the session. nullopt: the page was answered.
[[nodiscard]] std::optional<SignedIn> read_account_form(const Page& page, PageForm& form,
                                                        FormPurpose purpose);

}  // namespace tokenledger
