#include "api/worker_pool.hpp"

#include <utility>

#include "api/failure_log.hpp"
#include "core/invariant.hpp"

namespace tokenledger {

WorkerPool::WorkerPool(unsigned thread_count, std::size_t jobs_max) : jobs_max_{jobs_max} {
  LEDGER_INVARIANT(thread_count > 0);
  for (unsigned index = 0; index < thread_count; ++index) threads_.emplace_back([this] { run(); });
}

bool WorkerPool::post(Job job, JobLength length) {
  {
    const std::scoped_lock lock{mutex_};
    const bool is_lengthy = length == JobLength::lengthy;
    const bool is_full = brief_.size() + lengthy_.size() >= jobs_max_ ||
                         (is_lengthy && lengthy_.size() >= kLengthyJobsMax);
    if (stops_ || is_full) {
      ++refused_count_;
      return false;
    }
    (is_lengthy ? lengthy_ : brief_).push_back({++arrivals_, std::move(job)});
  }
  wakes_.notify_one();
  return true;
}

WorkerPool::Counters WorkerPool::counters() const {
  const std::scoped_lock lock{mutex_};
  return {.waiting = brief_.size() + lengthy_.size(), .refused = refused_count_};
}

void WorkerPool::stop() {
  {
    Queue brief, lengthy;  // they go after the lock: what a job holds may take locks of its own
    const std::scoped_lock lock{mutex_};
    stops_ = true;
    brief.swap(brief_);
    lengthy.swap(lengthy_);
  }
  wakes_.notify_all();
  for (auto& thread : threads_)
    if (thread.joinable()) thread.join();
}

WorkerPool::Queue* WorkerPool::next_queue() {
  const bool may_be_lengthy = !lengthy_.empty() && !is_lengthy_running_;
  if (brief_.empty()) return may_be_lengthy ? &lengthy_ : nullptr;
  const bool is_lengthy_first = may_be_lengthy && lengthy_.front().number < brief_.front().number;
  return is_lengthy_first ? &lengthy_ : &brief_;
}

void WorkerPool::run() {
  bool was_lengthy = false;
  for (;;) {
    Job job;
    {
      std::unique_lock lock{mutex_};
      if (was_lengthy) is_lengthy_running_ = false;
      // A post that woke a thread for nothing loses nothing: whoever ends a lengthy job looks here.
      wakes_.wait(lock, [this] { return stops_ || next_queue() != nullptr; });
      auto* queue = next_queue();
      if (queue == nullptr) return;  // stopped, and nothing waits
      was_lengthy = queue == &lengthy_;
      if (was_lengthy) is_lengthy_running_ = true;
      job = std::move(queue->front().job);
      queue->pop_front();
    }
    try {
      job();
    } catch (...) {
      log_current_exception("a worker's job");
    }
  }
}

}  // namespace tokenledger
