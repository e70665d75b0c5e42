// WorkerPool: a few threads for work that may wait (views, the keyring), so that no I/O thread
// does.
//
// The queue is bounded (INV-7): beyond it post() refuses and the caller answers 503. Threads: any
// may post. A job that throws is dropped with what it holds; a Responder in it then answers 500.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace tokenledger {

class WorkerPool {
 public:
  using Job = std::function<void()>;

  // thread_count > 0.
  WorkerPool(unsigned thread_count, std::size_t jobs_max);
  ~WorkerPool() { stop(); }
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // False, with nothing done: the queue is full or stop() was called.
  [[nodiscard]] bool post(Job job);
  struct Counters {
    std::size_t waiting = 0;
    std::uint64_t refused = 0;
  };
  [[nodiscard]] Counters counters() const;
  // Runs what was accepted, then joins. Idempotent; not from a job.
  void stop();

 private:
  void run();

  const std::size_t jobs_max_;
  mutable std::mutex mutex_;
  std::condition_variable wakes_;
  std::deque<Job> jobs_;             // guarded by mutex_
  bool stops_ = false;               // guarded by mutex_
  std::uint64_t refused_count_ = 0;  // guarded by mutex_
  std::vector<std::thread> threads_;
};

}  // namespace tokenledger
