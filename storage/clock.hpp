// Clock: the ledger's only source of time, so that tests can hold it still.
#pragma once

#include <cstdint>
#include <memory>

#include "core/ids.hpp"

namespace tokenledger {

class Clock {
 public:
  virtual ~Clock() = default;
  // Wall time. May step; the sequencer makes it strictly increasing. Any thread.
  [[nodiscard]] virtual LedgerTime now() const noexcept = 0;
  // Nanoseconds since boot, sleep included; never steps. Any thread.
  [[nodiscard]] virtual std::uint64_t since_boot_ns() const noexcept = 0;
};

// CLOCK_REALTIME and CLOCK_BOOTTIME.
[[nodiscard]] std::shared_ptr<const Clock> system_clock();

}  // namespace tokenledger
