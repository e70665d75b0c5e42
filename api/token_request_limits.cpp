#include "api/token_request_limits.hpp"

#include "api/too_many_requests.hpp"

namespace tokenledger {
namespace {

constexpr std::string_view kTooManyRequests = "too many token requests";

}  // namespace

TokenRequestLimits::TokenRequestLimits(const TokenRequestRates& rates)
    : by_client_{rates.per_client},
      by_address_{rates.per_address},
      failed_by_address_{rates.failed_per_address},
      by_family_{rates.per_family} {}

std::optional<HttpResponse> TokenRequestLimits::admit(std::string_view peer) {
  const auto wait = by_address_.take(rate_key(peer), RateLimiter::Clock::now());
  if (wait.count() <= 0) return std::nullopt;
  refused_by_address_.fetch_add(1, std::memory_order_relaxed);
  return too_many_requests(wait, kTooManyRequests);
}

HttpResponse TokenRequestLimits::failed_authentication(std::string_view peer,
                                                       HttpResponse refusal) {
  const auto wait = failed_by_address_.take(rate_key(peer), RateLimiter::Clock::now());
  if (wait.count() <= 0) return refusal;
  refused_failed_.fetch_add(1, std::memory_order_relaxed);
  auto response = too_many_requests(wait, "too many failed authentications");
  response.denial = refusal.denial;
  return response;
}

std::optional<HttpResponse> TokenRequestLimits::admit(ClientNumber client) {
  const auto wait = by_client_.take(client.value(), RateLimiter::Clock::now());
  if (wait.count() <= 0) return std::nullopt;
  refused_by_client_.fetch_add(1, std::memory_order_relaxed);
  return too_many_requests(wait, kTooManyRequests);
}

std::optional<HttpResponse> TokenRequestLimits::admit(FamilyNumber family) {
  const auto wait = by_family_.take(family.value(), RateLimiter::Clock::now());
  if (wait.count() <= 0) return std::nullopt;
  refused_by_family_.fetch_add(1, std::memory_order_relaxed);
  return too_many_requests(wait, "too many refreshes of one grant");
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
