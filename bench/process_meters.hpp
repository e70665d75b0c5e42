// What this process uses: memory and processor time.
#pragma once

#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <ctime>
#include <fstream>
#include <vector>

namespace tokenledger::bench {

inline std::uint64_t resident_bytes() {
  std::ifstream statm{"/proc/self/statm"};
  std::uint64_t total = 0;
  std::uint64_t resident = 0;
  statm >> total >> resident;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

inline double seconds_of(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}
// Of all threads, ended ones too.
inline double process_seconds() { return seconds_of(CLOCK_PROCESS_CPUTIME_ID); }
// Of the calling thread.
inline double own_seconds() { return seconds_of(CLOCK_THREAD_CPUTIME_ID); }

inline double median(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  return *middle;
}
// The value that 99 of 100 do not exceed.
inline double percentile_99(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto place = values.begin() + static_cast<std::ptrdiff_t>(values.size() * 99 / 100);
  std::ranges::nth_element(values, place);
  return *place;
}

}  // namespace tokenledger::bench
