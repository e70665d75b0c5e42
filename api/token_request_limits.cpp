#include "api/token_request_limits.hpp"

#include "api/problem.hpp"

namespace tokenledger {
namespace {

constexpr std::string_view kTooManyRequests = "too many token requests";

// The 429 that is counted, with Retry-After rounded up: who comes back when told is let in.
std::optional<HttpResponse> take(RateLimiter& limiter, std::uint64_t key,
                                 std::atomic<std::uint64_t>& refused, std::string_view what) {
  const auto wait = limiter.take(key, RateLimiter::Clock::now());
  if (wait.count() <= 0) return std::nullopt;
  refused.fetch_add(1, std::memory_order_relaxed);
  auto response = oauth_error(429, "temporarily_unavailable", what);
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(wait).count();
  response.add_header("Retry-After", std::to_string(seconds));
  return response;
}

}  // namespace

TokenRequestLimits::TokenRequestLimits(const TokenRequestRates& rates)
    : by_client_{rates.per_client},
      by_address_{rates.per_address},
      failed_by_address_{rates.failed_per_address},
      by_family_{rates.per_family} {}

std::optional<HttpResponse> TokenRequestLimits::admit(std::string_view peer) {
  return take(by_address_, rate_key(peer), refused_by_address_, kTooManyRequests);
}

HttpResponse TokenRequestLimits::failed_authentication(std::string_view peer,
                                                       HttpResponse refusal) {
  auto response =
      take(failed_by_address_, rate_key(peer), refused_failed_, "too many failed authentications");
  if (!response) return refusal;
  response->denial = refusal.denial;
  return std::move(*response);
}

std::optional<HttpResponse> TokenRequestLimits::admit(ClientNumber client) {
  return take(by_client_, client.value(), refused_by_client_, kTooManyRequests);
}

std::optional<HttpResponse> TokenRequestLimits::admit(FamilyNumber family) {
  return take(by_family_, family.value(), refused_by_family_, "too many refreshes of one grant");
}

TokenRequestLimitCounters TokenRequestLimits::counters() const {
  return {.by_client = refused_by_client_.load(std::memory_order_relaxed),
          .by_address = refused_by_address_.load(std::memory_order_relaxed),
          .by_failed_authentication = refused_failed_.load(std::memory_order_relaxed),
          .by_family = refused_by_family_.load(std::memory_order_relaxed),
          .keys = by_client_.size() + by_address_.size() + failed_by_address_.size() +
                  by_family_.size()};
}

}  // namespace tokenledger
