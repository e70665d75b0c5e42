#include "storage/commit_queue.hpp"

#include <algorithm>

namespace tokenledger {

Result<void> CommitQueue::push(CommitRequest& request) {
  bool wake = false;
  {
    const std::scoped_lock lock{mutex_};
    if (closed_) return reason_;
    if (waiting_.size() >= commands_max_) return Errc::queue_full;
    waiting_.push_back(&request);
    wake = consumer_waits_;
    consumer_waits_ = false;
  }
  if (wake) filled_.notify_one();
  return {};
}

bool CommitQueue::drain(std::vector<CommitRequest*>& out, std::size_t count_max) {
  out.clear();
  std::unique_lock lock{mutex_};
  while (waiting_.empty()) {
    if (closed_) return false;
    consumer_waits_ = true;
    filled_.wait(lock);
    consumer_waits_ = false;
  }
  if (waiting_.size() <= count_max) {
    out.swap(waiting_);
    return true;
  }
  const auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(count_max);
  out.assign(waiting_.begin(), end);
  waiting_.erase(waiting_.begin(), end);
  return true;
}

void CommitQueue::close(Errc reason) {
  {
    const std::scoped_lock lock{mutex_};
    if (!closed_) reason_ = reason;
    closed_ = true;
  }
  filled_.notify_all();
}

std::size_t CommitQueue::depth() const {
  const std::scoped_lock lock{mutex_};
  return waiting_.size();
}

}  // namespace tokenledger
