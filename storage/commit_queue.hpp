// CommitQueue: the bounded queue in front of the commit thread. Many producers, one consumer.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <vector>

#include "core/command.hpp"
#include "core/errc.hpp"
#include "storage/ledger.hpp"

namespace tokenledger {

// One waiting command. The queue does not own it: complete() is its last word, and may destroy it.
class CommitRequest {
 public:
  explicit CommitRequest(Command what) : command{std::move(what)} {}
  virtual ~CommitRequest() = default;
  CommitRequest(const CommitRequest&) = delete;
  CommitRequest& operator=(const CommitRequest&) = delete;
  // Called exactly once, with `outcome` set.
  virtual void complete() noexcept = 0;

  Command command;
  Result<Committed> outcome = Errc::unknown_outcome;
};

class CommitQueue {
 public:
  explicit CommitQueue(std::uint32_t commands_max) : commands_max_{commands_max} {}

  // queue_full; or the reason given to close(). The request was not taken then.
  [[nodiscard]] Result<void> push(CommitRequest& request);
  // Moves at most `count_max` requests into `out` (emptied first), in order. Waits until there is
  // one; false when the queue is closed and empty.
  [[nodiscard]] bool drain(std::vector<CommitRequest*>& out, std::size_t count_max);
  // Later pushes are refused with `reason`; what waits is still drained. The first reason stays.
  void close(Errc reason);
  [[nodiscard]] std::size_t depth() const;

 private:
  const std::uint32_t commands_max_;
  mutable std::mutex mutex_;
  std::condition_variable filled_;
  std::vector<CommitRequest*> waiting_;
  bool consumer_waits_ = false;
  bool closed_ = false;
  Errc reason_ = Errc::shutting_down;
};

}  // namespace tokenledger
