// WorkerPool: a few threads for work that may wait (views, the keyring), so that no I/O thread
// does.
//
// The queue is bounded (INV-7): beyond it post() refuses and the caller answers 503. Jobs begin in
// the order of their arrival, but of the lengthy ones (they may take seconds) one runs at a time:
// with two threads or more, what is brief passes those that wait. Threads: any may post. A job that
// throws is dropped with what it holds; a Responder in it then answers 500.
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

enum class JobLength : std::uint8_t { brief, lengthy };

// Lengthy jobs that wait; beyond: refused.
inline constexpr std::size_t kLengthyJobsMax = 16;

class WorkerPool {
 public:
  using Job = std::function<void()>;

  // thread_count > 0.
  WorkerPool(unsigned thread_count, std::size_t jobs_max);
  ~WorkerPool() { stop(); }
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // False, with nothing done: the queue is full or stop() was called.
  [[nodiscard]] bool post(Job job, JobLength length = JobLength::brief);
  struct Counters {
    std::size_t waiting = 0;
    std::uint64_t refused = 0;
  };
  [[nodiscard]] Counters counters() const;
  // Finishes what began, drops what waits and joins: whoever waited for it is gone. Idempotent; not
  // from a job.
  void stop();

 private:
  struct Waiting {
    std::uint64_t number = 0;  // of its arrival
    Job job;
  };
  using Queue = std::deque<Waiting>;

  void run();
  // Under the lock. Null: nothing may begin now.
  [[nodiscard]] Queue* next_queue();

  const std::size_t jobs_max_;
  mutable std::mutex mutex_;
  std::condition_variable wakes_;
  Queue brief_;                      // guarded by mutex_
  Queue lengthy_;                    // guarded by mutex_
  bool is_lengthy_running_ = false;  // guarded by mutex_
  std::uint64_t arrivals_ = 0;       // guarded by mutex_
  bool stops_ = false;               // guarded by mutex_
  std::uint64_t refused_count_ = 0;  // guarded by mutex_
  std::vector<std::thread> threads_;
};

}  // namespace tokenledger
