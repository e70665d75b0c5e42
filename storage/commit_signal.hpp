// CommitSignal: tells followers how far the log is durable.
//
// One writer (the commit thread), any number of waiters. A seq is announced only after it is
// durable and published.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>

#include "core/ids.hpp"

namespace tokenledger {

class CommitSignal {
 public:
  [[nodiscard]] Sequence committed() const noexcept {
    return Sequence{committed_.load(std::memory_order_acquire)};
  }

  void announce(Sequence seq) {
    {
      const std::scoped_lock lock{mutex_};
      committed_.store(seq.value(), std::memory_order_release);
    }
    moved_.notify_all();
  }

  // Waits until committed() > seq, stop() was called or the timeout passed; returns committed().
  Sequence wait_beyond(Sequence seq, std::chrono::milliseconds timeout) {
    std::unique_lock lock{mutex_};
    moved_.wait_for(lock, timeout, [&] { return stopped_ || committed() > seq; });
    return committed();
  }

  void stop() {
    {
      const std::scoped_lock lock{mutex_};
      stopped_ = true;
    }
    moved_.notify_all();
  }
  [[nodiscard]] bool stopped() const {
    const std::scoped_lock lock{mutex_};
    return stopped_;
  }

 private:
  std::atomic<std::uint64_t> committed_{0};
  mutable std::mutex mutex_;
  std::condition_variable moved_;
  bool stopped_ = false;
};

}  // namespace tokenledger
