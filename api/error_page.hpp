// The page for what can't go on: a request that nobody may be redirected for (RFC 6749 §4.1.2.1), a
// form that is too old, a server that stops. Pure. Any thread.
#pragma once

#include <string_view>

#include "api/html_page.hpp"

namespace tokenledger {

struct ErrorPage {
  PageSite site;
  int status = 400;
  Markup heading;                   // a short sentence
  std::string_view explanation;     // what to do now; ours, but escaped all the same
  std::string_view request_id;      // to be told to an administrator; empty: none
  std::uint32_t retry_after_s = 0;  // 0: no Retry-After
};
[[nodiscard]] HttpResponse error_page(const ErrorPage& page);

// 403: the form's token is not of this browser, this purpose, this request or this process.
[[nodiscard]] HttpResponse stale_form_page(const PageSite& site, std::string_view request_id);

}  // namespace tokenledger
