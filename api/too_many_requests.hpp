// The answer of an OAuth endpoint to who asks too often: 429 with Retry-After (RFC 6585 §4). Any
// thread.
#pragma once

#include <string_view>

#include "api/http_response.hpp"
#include "api/rate_limiter.hpp"

namespace tokenledger {

// `wait` > 0, as take() said; rounded up to seconds: who comes back when told is let in.
[[nodiscard]] HttpResponse too_many_requests(RateLimiter::Clock::duration wait,
                                             std::string_view what);

}  // namespace tokenledger
