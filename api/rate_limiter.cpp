#include "api/rate_limiter.hpp"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <random>

#include "core/invariant.hpp"

namespace tokenledger {
namespace {

// After a full shard was searched in vain it is not searched again at once.
constexpr auto kPurgeInterval = std::chrono::milliseconds{100};
// No sender has such a prefix: ff00::/8 is multicast (RFC 4291 §2.7).
constexpr std::uint64_t kVersion4Prefix = 0xffff'0000'0000'0000;

std::uint64_t mix(std::uint64_t value) noexcept {
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

}  // namespace

RatePace pace_of(RateLimit limit) noexcept {
  constexpr std::chrono::nanoseconds kSecond{1'000'000'000};
  return {.interval = limit.per_second == 0 ? kSecond * 0 : kSecond / limit.per_second,
          .burst = limit.burst};
}

std::size_t RateLimiter::Hash::operator()(std::uint64_t key) const noexcept {
  return mix(mix(key ^ seed) + seed);
}

RateLimiter::RateLimiter(RateLimit limit) : RateLimiter{pace_of(limit)} {}

RateLimiter::RateLimiter(RatePace pace) : pace_{pace} {
  LEDGER_INVARIANT(pace.burst > 0);
  std::random_device random;
  hash_.seed = (std::uint64_t{random()} << 32) | random();
  for (auto& shard : shards_) shard.arrivals = decltype(shard.arrivals){0, hash_};
}

// A request is early by as much as the key's arrival time lies ahead of now; the burst is how early
// it may be.
RateLimiter::Clock::duration RateLimiter::take(std::uint64_t key, Clock::time_point now) {
  if (pace_.interval.count() == 0) return {};
  auto& shard = shards_[hash_(key) >> 60];
  const std::lock_guard lock{shard.mutex};
  const auto found = shard.arrivals.find(key);
  const bool is_known = found != shard.arrivals.end();
  const auto arrival = is_known ? std::max(found->second, now) : now;
  const auto earliest = arrival - pace_.interval * (pace_.burst - 1);
  if (earliest > now) return earliest - now;
  if (!is_known && shard.arrivals.size() >= kShardKeysMax && !make_room(shard, now))
    return std::max<Clock::duration>(pace_.interval, kPurgeInterval);
  shard.arrivals[key] = arrival + pace_.interval;
  return {};
}

void RateLimiter::give_back(std::uint64_t key) {
  if (pace_.interval.count() == 0) return;
  auto& shard = shards_[hash_(key) >> 60];
  const std::lock_guard lock{shard.mutex};
  // An arrival time in the past is worth no more than now: see take().
  if (const auto found = shard.arrivals.find(key); found != shard.arrivals.end())
    found->second -= pace_.interval;
}

bool RateLimiter::make_room(Shard& shard, Clock::time_point now) {
  if (now < shard.next_purge) return false;
  boost::unordered::erase_if(shard.arrivals,
                             [now](const auto& each) { return each.second <= now; });
  if (shard.arrivals.size() < kShardKeysMax) return true;
  shard.next_purge = now + kPurgeInterval;
  return false;
}

std::size_t RateLimiter::size() const {
  std::size_t sum = 0;
  for (const auto& shard : shards_) {
    const std::lock_guard lock{shard.mutex};
    sum += shard.arrivals.size();
  }
  return sum;
}

std::uint64_t rate_key(std::string_view address) noexcept {
  boost::system::error_code error;
  char text[64];
  if (address.size() >= sizeof text) return 0;
  text[address.copy(text, sizeof text - 1)] = '\0';
  const auto parsed = boost::asio::ip::make_address(text, error);
  if (error) return 0;
  if (parsed.is_v4()) return kVersion4Prefix | parsed.to_v4().to_uint();
  const auto bytes = parsed.to_v6().to_bytes();
  if (parsed.to_v6().is_v4_mapped()) {
    return kVersion4Prefix |
           boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, parsed.to_v6()).to_uint();
  }
  std::uint64_t prefix = 0;
  for (std::size_t index = 0; index < 8; ++index) prefix = prefix << 8 | bytes[index];
  return prefix;
}

}  // namespace tokenledger
