// WorkMeter: what answering a list has cost so far, in rows of a sequential scan.
//
// A count of rows alone says little about time: a row read at a random place costs as much as some
// dozens of rows in order. Counted, not timed, so that the same list over the same views always
// ends at the same row. One query, one thread.
#pragma once

#include <algorithm>
#include <cstdint>

namespace tokenledger::views {

// A row in order takes about 0.25 us, one at a random place 3 us when its block is cached and some
// 20 us when the block must be unpacked.
inline constexpr std::uint64_t kRandomReadRows = 50;

class WorkMeter {
 public:
  void rows(std::uint64_t count) noexcept { spent_ += count; }
  void random_read() noexcept { spent_ += kRandomReadRows; }
  [[nodiscard]] std::uint64_t spent() const noexcept { return spent_; }
  // Takes back what was spent beyond `count`.
  void forgive_beyond(std::uint64_t count) noexcept { spent_ = std::min(spent_, count); }

 private:
  std::uint64_t spent_ = 0;
};

}  // namespace tokenledger::views
