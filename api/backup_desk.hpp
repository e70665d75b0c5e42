// BackupDesk: where POST /v1/backups writes, one backup at a time, on a thread of its own.
//
// A backup takes as long as the ledger is large. On the workers it would hold up /metrics and
// whatever else is lengthy. Threads: any.
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <utility>

#include "api/worker_pool.hpp"

namespace tokenledger {

class BackupDesk {
 public:
  // An empty directory: none are made.
  explicit BackupDesk(std::filesystem::path directory)
      : directory_{std::move(directory)},
        thread_{directory_.empty() ? nullptr : std::make_unique<WorkerPool>(1, kWaitingMax)} {}
  ~BackupDesk() { stop(); }
  BackupDesk(const BackupDesk&) = delete;
  BackupDesk& operator=(const BackupDesk&) = delete;

  [[nodiscard]] bool is_configured() const noexcept { return thread_ != nullptr; }
  [[nodiscard]] const std::filesystem::path& directory() const noexcept { return directory_; }

  // Runs `work` and then `answer`, before which the next one may begin: who hears of one backup
  // may ask for another at once. False, with nothing done: another one is not finished, or stop()
  // was called, or ask_to_stop().
  [[nodiscard]] bool begin(std::function<void()> work, std::function<void()> answer) {
    if (is_stopping_.load() || is_busy_.exchange(true)) return false;
    const bool is_posted =
        thread_->post([this, work = std::move(work), answer = std::move(answer)] {
          {
            const Free free{is_busy_};
            work();
          }
          answer();
        });
    if (!is_posted) is_busy_.store(false);
    return is_posted;
  }
  // The work under way ends early and is answered; none begins any more. Does not wait.
  void ask_to_stop() noexcept { is_stopping_.store(true); }
  // The work asks now and then and ends early.
  [[nodiscard]] bool is_stopping() const noexcept { return is_stopping_.load(); }
  // Waits for the work. Idempotent.
  void stop() {
    ask_to_stop();
    if (thread_ != nullptr) thread_->stop();
  }

 private:
  static constexpr std::size_t kWaitingMax = 1;
  struct Free {
    std::atomic<bool>& is_busy;
    ~Free() { is_busy.store(false); }
  };

  const std::filesystem::path directory_;
  std::atomic<bool> is_busy_{false};
  std::atomic<bool> is_stopping_{false};
  std::unique_ptr<WorkerPool> thread_;  // null: not configured
};

}  // namespace tokenledger
