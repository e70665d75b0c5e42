// FullClients: who had a token refused as too_many_live_tokens a moment ago.
//
// Only decide knows how many live tokens a client has, and by then the request has used up a token
// index and a signature. A client that goes on asking would walk through its lane's places and pin
// chunks that other tokens share; so for kFullClientFor after a refusal its requests end earlier.
// Threads: any.
#pragma once

#include <atomic>
#include <boost/unordered/unordered_flat_map.hpp>
#include <chrono>
#include <mutex>

#include "core/ids.hpp"

namespace tokenledger {

inline constexpr std::chrono::milliseconds kFullClientFor{1'000};

class FullClients {
 public:
  using Clock = std::chrono::steady_clock;

  void add(ClientNumber client, Clock::time_point now) {
    const std::scoped_lock lock{mutex_};
    // At most the clients refused within the last moment.
    if (until_.size() >= kPruneFrom)
      boost::unordered::erase_if(until_, [&](const auto& entry) { return entry.second <= now; });
    until_[client.value()] = now + kFullClientFor;
    is_empty_.store(false, std::memory_order_relaxed);
  }

  [[nodiscard]] bool contains(ClientNumber client, Clock::time_point now) {
    if (is_empty_.load(std::memory_order_relaxed)) return false;
    const std::scoped_lock lock{mutex_};
    const auto found = until_.find(client.value());
    if (found == until_.end()) return false;
    if (found->second > now) return true;
    until_.erase(found);
    is_empty_.store(until_.empty(), std::memory_order_relaxed);
    return false;
  }

 private:
  static constexpr std::size_t kPruneFrom = 1'024;
  std::mutex mutex_;
  boost::unordered_flat_map<std::uint32_t, Clock::time_point> until_;  // guarded by mutex_
  std::atomic<bool> is_empty_{true};
};

}  // namespace tokenledger
