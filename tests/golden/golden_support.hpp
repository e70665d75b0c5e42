// What make_golden's parts share: a clock that stands still, what the commands say of each token,
// and giving up at the first thing that goes wrong.
#pragma once

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <source_location>
#include <string>

#include "core/errc.hpp"
#include "storage/clock.hpp"

namespace tokenledger::golden {

[[noreturn]] inline void give_up(const std::string& what,
                                 const std::source_location& at = std::source_location::current()) {
  std::fprintf(stderr, "make_golden: %s:%u: %s\n", at.file_name(), at.line(), what.c_str());
  std::exit(1);
}

template <class T>
T must(Result<T> result, const std::source_location& at = std::source_location::current()) {
  if (!result) give_up(result.error().message(), at);
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

class StandingClock final : public Clock {
 public:
  LedgerTime now() const noexcept override { return LedgerTime{kStart + passed_}; }
  std::uint64_t since_boot_ns() const noexcept override { return 1 + passed_; }
  void pass(std::uint64_t seconds) { passed_ += seconds * kNanosecondsPerSecond; }

 private:
  static constexpr std::uint64_t kStart = 1'700'000'000 * kNanosecondsPerSecond;
  std::atomic<std::uint64_t> passed_{0};
};

// What the commands say of a token.
struct Token {
  std::string name, jti, client_id, owner, status = "active", cause;
  std::string login = {};  // whose token it is; it then has no name in the ledger

  // What ends it first is what ended it.
  void end(const char* how, const char* why) {
    if (status != "active") return;
    status = how;
    cause = why;
  }
};

}  // namespace tokenledger::golden
