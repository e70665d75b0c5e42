// The one table from Errc to what HTTP and OAuth say.
//
// The problem's `code` is errc_name(): stable, scripts rely on it. No text echoes input. Threads:
// pure functions.
#pragma once

#include <boost/system/error_code.hpp>
#include <string_view>

#include "api/http_response.hpp"
#include "core/errc.hpp"

namespace tokenledger {

struct ErrorWording {
  int status = 500;              // under /v1
  std::string_view detail;       // a sentence that says what to do
  std::string_view oauth_error;  // at /oauth/token, RFC 6749 §5.2
  int oauth_status = 400;        // likewise
  unsigned retry_after_s = 0;    // not 0: worth trying again, with Retry-After
};
[[nodiscard]] ErrorWording error_wording(Errc code) noexcept;

// RFC 9457 for /v1. A 401 carries WWW-Authenticate (RFC 9110 §15.5.2).
[[nodiscard]] HttpResponse problem_of(Errc code);
[[nodiscard]] inline HttpResponse problem_of(const boost::system::error_code& code) {
  return problem_of(to_errc(code));
}

// For /oauth/token.
[[nodiscard]] HttpResponse oauth_error_of(Errc code);
// RFC 6749 §5.2: 401 invalid_client. One text for every reason, so that nobody learns which
// clients exist or are disabled.
[[nodiscard]] HttpResponse invalid_client();

// 503 `busy` with Retry-After: a bounded queue of the service is full.
[[nodiscard]] HttpResponse busy();

}  // namespace tokenledger
