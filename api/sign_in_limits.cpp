#include "api/sign_in_limits.hpp"

#include <cstring>

#include "core/login_name.hpp"
#include "core/sha256.hpp"
#include "storage/random.hpp"

namespace tokenledger {
namespace {

constexpr std::size_t kKeyBytes = 32;

std::chrono::seconds whole_seconds(RateLimiter::Clock::duration wait) {
  return std::chrono::ceil<std::chrono::seconds>(wait);
}

}  // namespace

SignInLimits::SignInLimits(const SignInRates& rates)
    : key_{kKeyBytes}, by_account_{rates.per_account}, by_address_{rates.per_address} {
  fill_random(key_.writable());
}

std::uint64_t SignInLimits::account_key(std::string_view login) const {
  const auto folded = fold_login_name(login);
  const Digest digest = hmac_sha256(key_.view(), bytes_of(folded ? *folded : login));
  std::uint64_t key;
  std::memcpy(&key, digest.data(), sizeof key);
  return key;
}

// The address first: who used that up can't also use up other people's accounts.
std::chrono::seconds SignInLimits::admit(const Attempt& attempt,
                                         RateLimiter::Clock::time_point now) {
  if (const auto wait = by_address_.take(rate_key(attempt.peer), now); wait.count() > 0) {
    refused_by_address_.fetch_add(1, std::memory_order_relaxed);
    return whole_seconds(wait);
  }
  if (const auto wait = by_account_.take(account_key(attempt.login), now); wait.count() > 0) {
    refused_by_account_.fetch_add(1, std::memory_order_relaxed);
    return whole_seconds(wait);
  }
  return {};
}

void SignInLimits::forgive(const Attempt& attempt) {
  by_address_.give_back(rate_key(attempt.peer));
  by_account_.give_back(account_key(attempt.login));
}

SignInLimitCounters SignInLimits::counters() const {
  return {.by_account = refused_by_account_.load(std::memory_order_relaxed),
          .by_address = refused_by_address_.load(std::memory_order_relaxed),
          .keys = by_account_.size() + by_address_.size()};
}

}  // namespace tokenledger
