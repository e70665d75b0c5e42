#include "api/worker_pool.hpp"

#include <spdlog/spdlog.h>

#include <typeinfo>
#include <utility>

#include "core/invariant.hpp"

namespace tokenledger {

WorkerPool::WorkerPool(unsigned thread_count, std::size_t jobs_max) : jobs_max_{jobs_max} {
  LEDGER_INVARIANT(thread_count > 0);
  for (unsigned index = 0; index < thread_count; ++index) threads_.emplace_back([this] { run(); });
}

bool WorkerPool::post(Job job) {
  {
    const std::scoped_lock lock{mutex_};
    if (stops_ || jobs_.size() >= jobs_max_) {
      ++refused_count_;
      return false;
    }
    jobs_.push_back(std::move(job));
  }
  wakes_.notify_one();
  return true;
}

WorkerPool::Counters WorkerPool::counters() const {
  const std::scoped_lock lock{mutex_};
  return {.waiting = jobs_.size(), .refused = refused_count_};
}

void WorkerPool::stop() {
  {
    const std::scoped_lock lock{mutex_};
    stops_ = true;
  }
  wakes_.notify_all();
  for (auto& thread : threads_)
    if (thread.joinable()) thread.join();
}

void WorkerPool::run() {
  for (;;) {
    Job job;
    {
      std::unique_lock lock{mutex_};
      wakes_.wait(lock, [this] { return stops_ || !jobs_.empty(); });
      if (jobs_.empty()) return;
      job = std::move(jobs_.front());
      jobs_.pop_front();
    }
    try {
      job();
    } catch (const std::exception& failure) {
      spdlog::error("a worker's job threw {}", typeid(failure).name());
    } catch (...) {
      spdlog::error("a worker's job threw");
    }
  }
}

}  // namespace tokenledger
