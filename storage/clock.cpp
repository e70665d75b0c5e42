#include "storage/clock.hpp"

#include <ctime>

namespace tokenledger {
namespace {

std::uint64_t read(clockid_t clock) noexcept {
  timespec time{};
  ::clock_gettime(clock, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * kNanosecondsPerSecond +
         static_cast<std::uint64_t>(time.tv_nsec);
}

class SystemClock final : public Clock {
 public:
  LedgerTime now() const noexcept override { return LedgerTime{read(CLOCK_REALTIME)}; }
  std::uint64_t since_boot_ns() const noexcept override { return read(CLOCK_BOOTTIME); }
};

}  // namespace

std::shared_ptr<const Clock> system_clock() { return std::make_shared<SystemClock>(); }

}  // namespace tokenledger
