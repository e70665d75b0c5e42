// BrowserDesk: what the pages share: who is signed in, whose forms these are, how often somebody
// may try, and the threads for passwords.
//
// Bounded memory that a restart may forget (INV-7): everybody signs in again. Shared ownership,
// because a command's completion may still come after the service went. Threads: any.
#pragma once

#include <chrono>
#include <string_view>

#include "api/browser_cookie.hpp"
#include "api/browser_sessions.hpp"
#include "api/form_guard.hpp"
#include "api/password_desk.hpp"
#include "api/rate_limiter.hpp"
#include "api/sign_in_limits.hpp"

namespace tokenledger {

// Answers at /authorize that write an event, per user: nobody fills the log by reloading a page.
inline constexpr RatePace kGrantPace{.interval = std::chrono::seconds{1}, .burst = 30};

struct BrowserDesk {
  BrowserDesk(std::string_view issuer, const SignInRates& rates)
      : cookies{cookie_site_of(issuer)}, limits{rates}, grants{kGrantPace} {}

  const CookieSite cookies;
  BrowserSessions sessions;
  FormGuard forms;
  SignInLimits limits;
  RateLimiter grants;  // by user
  PasswordDesk passwords;
};

}  // namespace tokenledger
