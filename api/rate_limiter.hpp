// RateLimiter: at most so many requests per second and key, with a burst (GCRA: one number per key,
// the "theoretical arrival time"; ATM Forum TM 4.0 §4.4.3).
//
// The table is bounded (INV-7). A key that is at rest costs nothing: its number lies in the past
// and is dropped when room is needed. When all kKeysMax keys are busy at once, a new key is refused
// (fail closed). Threads: any; short locks, one per shard.
#pragma once

#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string_view>

namespace tokenledger {

struct RateLimit {
  std::uint32_t per_second = 0;  // 0: no limit
  std::uint32_t burst = 1;       // that may come at once, > 0
};

// The same for what may come less often than once a second.
struct RatePace {
  std::chrono::nanoseconds interval{};  // between two at rest; zero: no limit
  std::uint32_t burst = 1;              // that may come at once, > 0
};

[[nodiscard]] RatePace pace_of(RateLimit limit) noexcept;

class RateLimiter {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::size_t kKeysMax = 65'536;

  explicit RateLimiter(RateLimit limit);
  explicit RateLimiter(RatePace pace);

  // Zero: allowed, and counted. Else how long to wait until the next one is allowed.
  [[nodiscard]] Clock::duration take(std::uint64_t key, Clock::time_point now);
  // Undoes one take() that was allowed: what it was counted for turned out not to count. Never
  // leaves a key with more than its burst.
  void give_back(std::uint64_t key);

  // Keys in the table, busy or not yet dropped; at most kKeysMax.
  [[nodiscard]] std::size_t size() const;

 private:
  static constexpr std::size_t kShardCount = 16;
  static constexpr std::size_t kShardKeysMax = kKeysMax / kShardCount;
  // Seeded, because a peer's address is the caller's choice.
  struct Hash {
    std::uint64_t seed = 0;
    std::size_t operator()(std::uint64_t key) const noexcept;
  };
  struct Shard {
    mutable std::mutex mutex;
    boost::unordered_flat_map<std::uint64_t, Clock::time_point, Hash> arrivals;
    Clock::time_point next_purge;
  };

  [[nodiscard]] static bool make_room(Shard& shard, Clock::time_point now);

  const RatePace pace_;
  Hash hash_;
  std::array<Shard, kShardCount> shards_;
};

// The key of a peer's numeric address: an IPv4 address, or an IPv6 /64, which is what one customer
// gets. A text that is no address has a key of its own.
[[nodiscard]] std::uint64_t rate_key(std::string_view address) noexcept;

}  // namespace tokenledger
