#include "api/too_many_requests.hpp"

#include <string>

#include "api/problem.hpp"

namespace tokenledger {

HttpResponse too_many_requests(RateLimiter::Clock::duration wait, std::string_view what) {
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(wait).count();
  auto response = oauth_error(429, "temporarily_unavailable", what);
  response.add_header("Retry-After", std::to_string(seconds));
  return response;
}

}  // namespace tokenledger
