// The page that asks for name and password. Pure: the same struct gives the same answer. Any
// thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "api/html_page.hpp"

namespace tokenledger {

enum class SignInFault : std::uint8_t {
  none,      // 200
  wrong,     // 200; the same for an unknown account, a wrong password and a disabled account
  too_many,  // 429 with Retry-After
  busy,      // 429 with Retry-After: no thread had time for the password
};

struct SignInPage {
  PageSite site;
  std::string_view client_name;  // for whom; empty: for the account page
  std::string_view login;        // what was typed before, empty at first; never the password
  SignInFault fault = SignInFault::none;
  std::uint32_t retry_after_s = 0;  // > 0 with too_many and busy
  bool has_signed_out = false;
  std::string_view request;     // goes into the form as it is; empty: none
  std::string_view form_token;  // FormGuard, purpose sign_in
};

// "in 30 seconds", in minutes, rounded up, beyond two of them.
[[nodiscard]] std::string waiting_text(std::uint32_t seconds);

// Fields of the form: login, password, request (where there is one), token.
[[nodiscard]] HttpResponse sign_in_page(const SignInPage& page);

}  // namespace tokenledger
