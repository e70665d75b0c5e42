// PasswordDesk: where passwords are hashed and checked, on two threads of its own at a low
// priority.
//
// One takes some 100 ms and 64 MiB (core/password.hpp): a storm of sign-ins must cost neither the
// checks of tokens their time nor the machine its memory, so the queue is short (INV-7) and whoever
// comes when it is full is told so at once. Passwords are wiped as soon as they were used. Threads:
// any.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>

#include "api/worker_pool.hpp"
#include "core/errc.hpp"
#include "core/password.hpp"
#include "core/secret_bytes.hpp"

namespace tokenledger {

inline constexpr unsigned kPasswordThreads = 2;
inline constexpr std::size_t kPasswordsWaitingMax = 32;
// Of setpriority(2): a tenth of a processor that somebody else wants too. At 19 it would be a
// seventieth, and nobody could sign in on a machine that is merely busy.
inline constexpr int kPasswordNiceness = 10;

class PasswordDesk {
 public:
  // Each is called exactly once: on a thread of the desk, where it must be quick, for others wait
  // behind it; or on this call with queue_full (429 to the caller; nothing was looked at) or
  // shutting_down; or on stop() with shutting_down. An exception in it ends nothing but itself.
  using Checked = std::function<void(const Result<PasswordVerdict>&)>;
  using Hashed = std::function<void(const Result<std::string>&)>;

  PasswordDesk();
  ~PasswordDesk() { stop(); }
  PasswordDesk(const PasswordDesk&) = delete;
  PasswordDesk& operator=(const PasswordDesk&) = delete;

  // As check_password, whose Errc it passes on: with an empty `hash` (no such account) it costs the
  // same and is `wrong`.
  void check(std::string hash, SecretBytes password, Checked answer);
  // As hash_password.
  void hash(SecretBytes password, Hashed answer);

  struct Counters {
    std::size_t waiting = 0;
    std::uint64_t done = 0;
    std::uint64_t refused = 0;  // the queue was full
  };
  [[nodiscard]] Counters counters() const;

  // Finishes the at most kPasswordThreads that began and answers those who wait with shutting_down.
  // Idempotent; not from an answer.
  void stop();

 private:
  [[nodiscard]] Errc refusal() const noexcept;
  // `work` makes the outcome of the password, on a thread of the desk.
  template <class Outcome, class Work>
  void post(SecretBytes password, std::function<void(const Outcome&)> answer, Work work);

  std::atomic<std::uint64_t> done_{0};
  std::atomic<bool> is_stopping_{false};
  WorkerPool threads_;  // last: its threads use the others
};

}  // namespace tokenledger
