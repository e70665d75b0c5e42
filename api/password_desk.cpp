#include "api/password_desk.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <memory>
#include <utility>

#include "api/failure_log.hpp"

namespace tokenledger {
namespace {

// On Linux the niceness is a thread's own. A system that refuses is no reason not to serve.
void lower_priority_once() {
  thread_local const bool is_lowered =
      setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kPasswordNiceness) == 0;
  static_cast<void>(is_lowered);
}

// An answer that somebody waits for, given exactly once, whatever becomes of its job.
template <class Outcome>
class Promise {
 public:
  explicit Promise(std::function<void(const Outcome&)> answer) : answer_{std::move(answer)} {}
  Promise(const Promise&) = delete;
  Promise& operator=(const Promise&) = delete;
  // A job that the pool dropped.
  ~Promise() { give(Errc::shutting_down); }
  void give(const Outcome& outcome) noexcept {
    const auto answer = std::exchange(answer_, nullptr);
    if (!answer) return;
    try {
      answer(outcome);
    } catch (...) {
      log_current_exception("an answer about a password");
    }
  }

 private:
  std::function<void(const Outcome&)> answer_;
};

template <class Outcome>
struct PasswordJob {
  SecretBytes password;
  Promise<Outcome> promise;
};

}  // namespace

PasswordDesk::PasswordDesk() : threads_{kPasswordThreads, kPasswordsWaitingMax} {}

template <class Outcome, class Work>
void PasswordDesk::post(SecretBytes password, std::function<void(const Outcome&)> answer,
                        Work work) {
  const std::shared_ptr<PasswordJob<Outcome>> job{
      new PasswordJob<Outcome>{std::move(password), Promise<Outcome>{std::move(answer)}}};
  const bool is_taken = threads_.post([this, job, work = std::move(work)] {
    lower_priority_once();
    const Outcome outcome = work(text_of(job->password.view()));
    done_.fetch_add(1, std::memory_order_relaxed);
    job->password = SecretBytes{};
    job->promise.give(outcome);
  });
  if (!is_taken) job->promise.give(refusal());
}

void PasswordDesk::check(std::string hash, SecretBytes password, Checked answer) {
  post<Result<PasswordVerdict>>(
      std::move(password), std::move(answer),
      [hash = std::move(hash)](std::string_view text) { return check_password(hash, text); });
}

void PasswordDesk::hash(SecretBytes password, Hashed answer) {
  post<Result<std::string>>(std::move(password), std::move(answer),
                            [](std::string_view text) { return hash_password(text); });
}

Errc PasswordDesk::refusal() const noexcept {
  return is_stopping_.load() ? Errc::shutting_down : Errc::queue_full;
}

PasswordDesk::Counters PasswordDesk::counters() const {
  const auto pool = threads_.counters();
  return {.waiting = pool.waiting,
          .done = done_.load(std::memory_order_relaxed),
          .refused = pool.refused};
}

void PasswordDesk::stop() {
  is_stopping_.store(true);
  threads_.stop();
}

}  // namespace tokenledger
