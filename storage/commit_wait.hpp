// Latch: hands one value from the thread that completes a request to the one that waits for it.
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>

namespace tokenledger {

template <class T>
class Latch {
 public:
  void set(T value) {
    // Notified under the lock: the waiter destroys this object as soon as it sees the value.
    const std::scoped_lock lock{mutex_};
    value_.emplace(std::move(value));
    filled_.notify_one();
  }
  [[nodiscard]] T wait() {
    std::unique_lock lock{mutex_};
    filled_.wait(lock, [&] { return value_.has_value(); });
    return std::move(*value_);
  }

 private:
  std::mutex mutex_;
  std::condition_variable filled_;
  std::optional<T> value_;
};

}  // namespace tokenledger
