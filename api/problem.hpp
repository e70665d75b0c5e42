// The two error dialects: RFC 9457 problem+json under /v1, RFC 6749 §5.2 under /oauth.
//
// Texts come from us, never from the caller: an answer does not echo its input.
#pragma once

#include <string_view>

#include "api/http_response.hpp"

namespace tokenledger {

// {"type":"about:blank","title":…,"status":…,"code":…,"detail":…}, Cache-Control: no-store. `code`
// is the stable name scripts rely on; an empty detail is left out.
[[nodiscard]] HttpResponse problem(int status, std::string_view code, std::string_view detail);

// {"error":…,"error_description":…} with Cache-Control: no-store and Pragma: no-cache. RFC 6749
// §5.2 allows %x20-21 / %x23-5B / %x5D-7E in both: any other byte becomes '?'. An empty description
// is left out. A 401 still needs its WWW-Authenticate from the caller.
[[nodiscard]] HttpResponse oauth_error(int status, std::string_view error,
                                       std::string_view description);

}  // namespace tokenledger
