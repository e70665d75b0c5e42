// TokenRequestLimits: who may ask for tokens how often (design §8, INV-7).
//
// Per address: every token request. Per client: after it proved who it is, so that nobody can use
// up another one's share. Per family of refresh tokens: each refresh signs and writes events, and
// no client needs one a second for long. And per address, much tighter, failed client
// authentications at every endpoint under /oauth. Secrets have 256 bits, so no rate makes guessing
// one worth while; that limit tells a client that keeps sending an old secret to wait, and shows in
// the metrics. It is applied after the fact, so a client with the right secret is never refused for
// what its neighbours behind the same proxy do. Threads: any.
#pragma once

#include <atomic>
#include <optional>

#include "api/http_response.hpp"
#include "api/rate_limiter.hpp"
#include "core/ids.hpp"

namespace tokenledger {

struct TokenRequestRates {
  RateLimit per_client{.per_second = 500, .burst = 5'000};
  // Many clients may share an address behind a proxy.
  RateLimit per_address{.per_second = 2'000, .burst = 20'000};
  RateLimit failed_per_address{.per_second = 5, .burst = 200};
  RateLimit per_family{.per_second = 1, .burst = 100};
};

struct TokenRequestLimitCounters {
  std::uint64_t by_client = 0;
  std::uint64_t by_address = 0;
  std::uint64_t by_failed_authentication = 0;
  std::uint64_t by_family = 0;
  std::uint64_t keys = 0;  // in all tables
};

class TokenRequestLimits {
 public:
  explicit TokenRequestLimits(const TokenRequestRates& rates);

  // Before anything is looked at. The answer is a 429 with Retry-After; nullopt: go on.
  [[nodiscard]] std::optional<HttpResponse> admit(std::string_view peer);
  // What a client hears that could not prove who it is: `refusal`, a 401, or a 429 with Retry-After
  // once its address has used up its failures.
  [[nodiscard]] HttpResponse failed_authentication(std::string_view peer, HttpResponse refusal);
  // Once the client is known.
  [[nodiscard]] std::optional<HttpResponse> admit(ClientNumber client);
  // Once a refresh token is known.
  [[nodiscard]] std::optional<HttpResponse> admit(FamilyNumber family);

  [[nodiscard]] TokenRequestLimitCounters counters() const;

 private:
  RateLimiter by_client_;
  RateLimiter by_address_;
  RateLimiter failed_by_address_;
  RateLimiter by_family_;
  std::atomic<std::uint64_t> refused_by_client_{0}, refused_by_address_{0}, refused_failed_{0},
      refused_by_family_{0};
};

}  // namespace tokenledger
