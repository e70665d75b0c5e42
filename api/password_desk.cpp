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

// `work` makes the outcome of a password. False: the pool took nothing.
template <class Outcome, class Work>
bool post_job(WorkerPool& threads, const std::shared_ptr<PasswordJob<Outcome>>& job, Work work) {
  return threads.post([job, work = std::move(work)] {
    lower_priority_once();
    const Outcome outcome = work(text_of(job->password.view()));
    job->password = SecretBytes{};
    job->promise.give(outcome);
  });
}

}  // namespace

PasswordDesk::PasswordDesk() : threads_{kPasswordThreads, kPasswordsWaitingMax} {}

void PasswordDesk::check(std::string hash, SecretBytes password, Checked answer) {
  using Outcome = Result<PasswordVerdict>;
  const std::shared_ptr<PasswordJob<Outcome>> job{
      new PasswordJob<Outcome>{std::move(password), Promise<Outcome>{std::move(answer)}}};
  const auto work = [this, hash = std::move(hash)](std::string_view text) {
    const auto verdict = check_password(hash, text);
    done_.fetch_add(1, std::memory_order_relaxed);
    return verdict;
  };
  if (!post_job(threads_, job, work)) job->promise.give(refusal());
}

void PasswordDesk::hash(SecretBytes password, Hashed answer) {
  using Outcome = Result<std::string>;
  const std::shared_ptr<PasswordJob<Outcome>> job{
      new PasswordJob<Outcome>{std::move(password), Promise<Outcome>{std::move(answer)}}};
  const auto work = [this](std::string_view text) {
    auto hashed = hash_password(text);
    done_.fetch_add(1, std::memory_order_relaxed);
    return hashed;
  };
  if (!post_job(threads_, job, work)) job->promise.give(refusal());
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
