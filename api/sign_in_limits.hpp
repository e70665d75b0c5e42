// SignInLimits: how often somebody may guess passwords (design §5, NIST SP 800-63B §5.2.2).
//
// Per account and per address. An account is a name somebody typed, whether it exists or not, so
// the limits tell nothing about that; of the name only an HMAC under a key of this process is kept,
// and for the time of its limit. An attempt is counted before its password is looked at: two
// hundred at once are no way around. It is given back when it was right, or was never judged.
// Memory only: a restart gives a fresh allowance. Threads: any.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string_view>

#include "api/rate_limiter.hpp"
#include "core/secret_bytes.hpp"

namespace tokenledger {

struct SignInRates {
  RatePace per_account{.interval = std::chrono::seconds{30}, .burst = 5};
  // Many people may share an address behind a proxy.
  RatePace per_address{.interval = std::chrono::seconds{1}, .burst = 20};
};

struct SignInLimitCounters {
  std::uint64_t by_account = 0;
  std::uint64_t by_address = 0;
  std::uint64_t keys = 0;  // in both tables
};

class SignInLimits {
 public:
  explicit SignInLimits(const SignInRates& rates);

  // One attempt: as typed, folded here, so "ADA" and "ada" are one account; a name that can be
  // nobody's is counted as it is. Also to be asked before a change of password checks the old one.
  struct Attempt {
    std::string_view login;
    std::string_view peer;  // numeric address
  };
  // Zero: go on, it is counted. Else nothing may be checked; whole seconds until it makes sense to
  // try again, rounded up. Says nothing of whether the account exists or the password is right.
  [[nodiscard]] std::chrono::seconds admit(const Attempt& attempt,
                                           RateLimiter::Clock::time_point now);
  // The admitted attempt was no wrong guess: its password was right, or nobody looked at it.
  void forgive(const Attempt& attempt);

  [[nodiscard]] SignInLimitCounters counters() const;

 private:
  [[nodiscard]] std::uint64_t account_key(std::string_view login) const;

  SecretBytes key_;
  RateLimiter by_account_;
  RateLimiter by_address_;
  std::atomic<std::uint64_t> refused_by_account_{0}, refused_by_address_{0};
};

}  // namespace tokenledger
