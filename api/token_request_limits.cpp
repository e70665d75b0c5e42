#include "api/token_request_limits.hpp"

#include "api/problem.hpp"

namespace tokenledger {
namespace {

constexpr std::string_view kTooManyRequests = "too many token requests";

// Rounded up: who comes back when told is let in.
HttpResponse too_many(RateLimiter::Clock::duration wait, std::string_view what) {
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(wait).count();
  auto response = oauth_error(429, "temporarily_unavailable", what);
  response.add_header("Retry-After", std::to_string(seconds));
  return response;
}

}  // namespace

TokenRequestLimits::TokenRequestLimits(const TokenRequestRates& rates)
    : by_client_{rates.per_client},
      by_address_{rates.per_address},
      failed_by_address_{rates.failed_per_address} {}

std::optional<HttpResponse> TokenRequestLimits::admit(std::string_view peer) {
  const auto wait = by_address_.take(rate_key(peer), RateLimiter::Clock::now());
  if (wait.count() <= 0) return std::nullopt;
  refused_by_address_.fetch_add(1, std::memory_order_relaxed);
  return too_many(wait, kTooManyRequests);
}

HttpResponse TokenRequestLimits::failed_authentication(std::string_view peer,
                                                       HttpResponse refusal) {
  const auto wait = failed_by_address_.take(rate_key(peer), RateLimiter::Clock::now());
  if (wait.count() <= 0) return refusal;
  refused_failed_.fetch_add(1, std::memory_order_relaxed);
  auto response = too_many(wait, "too many failed authentications");
  response.denial = refusal.denial;
  return response;
}

std::optional<HttpResponse> TokenRequestLimits::admit(ClientNumber client) {
  const auto wait = by_client_.take(client.value(), RateLimiter::Clock::now());
  if (wait.count() <= 0) return std::nullopt;
  refused_by_client_.fetch_add(1, std::memory_order_relaxed);
  return too_many(wait, kTooManyRequests);
}

TokenRequestLimitCounters TokenRequestLimits::counters() const {
  return {.by_client = refused_by_client_.load(std::memory_order_relaxed),
          .by_address = refused_by_address_.load(std::memory_order_relaxed),
          .by_failed_authentication = refused_failed_.load(std::memory_order_relaxed),
          .keys = by_client_.size() + by_address_.size() + failed_by_address_.size()};
}

}  // namespace tokenledger
