#include "storage/audit_follower.hpp"

#include <algorithm>

#include "storage/audit_tree.hpp"
#include "storage/clock.hpp"
#include "storage/commit_signal.hpp"

namespace tokenledger {
namespace {

// How long stop() may wait for a follower that has nothing to do.
constexpr std::chrono::milliseconds kIdleWaitMax{50};

}  // namespace

AuditFollower::AuditFollower(AuditTree& tree, CommitSignal& signal, const Clock& clock,
                             Options options)
    : tree_{tree}, signal_{signal}, clock_{clock}, options_{std::move(options)} {
  thread_ = std::thread{[this] { run(); }};
}

AuditFollower::~AuditFollower() { stop(); }

void AuditFollower::stop() {
  {
    const std::scoped_lock lock{mutex_};
    ends_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void AuditFollower::run() {
  bool goes_on = true;
  while (goes_on) {
    const Sequence signed_upto{tree_.signed_size()};
    if (signal_.committed() <= signed_upto) {
      {
        const std::scoped_lock lock{mutex_};
        if (ends_) break;
      }
      signal_.wait_beyond(signed_upto, kIdleWaitMax);
      continue;
    }
    const bool is_last = wait_until_due();
    const auto stepped = step();
    signed_at_ = std::chrono::steady_clock::now();
    goes_on = stepped && !is_last;
    if (!stepped) fail(to_errc(stepped.error()));
    answer_waiters(false);
  }
  answer_waiters(true);
}

// True: the owner ends this thread, so this is the last step.
bool AuditFollower::wait_until_due() {
  std::unique_lock lock{mutex_};
  changed_.wait_for(lock, options_.every, [&] { return ends_ || !waiters_.empty(); });
  changed_.wait_until(lock, signed_at_ + options_.gap_min, [&] { return ends_; });
  return ends_;
}

// What the log of a poisoned ledger holds beyond HEAD is nobody's knowledge: unknown_outcome.
Result<void> AuditFollower::step() {
  const auto head = options_.head();
  if (!head) return Errc::unknown_outcome;
  if (auto extended = tree_.extend(Sequence{head->size()}); !extended) return extended;
  return tree_.sign(*head, clock_.now());
}

void AuditFollower::fail(Errc error) {
  {
    const std::scoped_lock lock{mutex_};
    has_failed_ = true;
  }
  const bool is_told_already = error == Errc::unknown_outcome;
  if (!is_told_already && options_.on_failure) options_.on_failure(error);
}

// Those whom the newest checkpoint covers; with `is_last` the others too, by a refusal.
void AuditFollower::answer_waiters(bool is_last) {
  std::vector<Waiter> covered;
  std::vector<Waiter> refused;
  {
    const std::scoped_lock lock{mutex_};
    has_ended_ = has_ended_ || is_last;
    const auto rest = std::ranges::partition(
        waiters_, [&](const Waiter& waiter) { return waiter.seq.value() > tree_.signed_size(); });
    covered.assign(std::make_move_iterator(rest.begin()), std::make_move_iterator(rest.end()));
    waiters_.erase(rest.begin(), rest.end());
    if (has_ended_) refused = std::exchange(waiters_, {});
  }
  const auto newest = tree_.newest();
  for (const auto& waiter : covered) waiter.done(newest);
  for (const auto& waiter : refused) waiter.done(Errc::audit_stopped);
}

void AuditFollower::when_covered(Sequence seq, Covered done) {
  auto refusal = Errc::audit_stopped;
  {
    const std::scoped_lock lock{mutex_};
    const bool waits = tree_.signed_size() < seq.value() && !has_ended_;
    if (waits && waiters_.size() < kCheckpointWaitersMax) {
      waiters_.push_back({seq, std::move(done)});
      changed_.notify_all();
      return;
    }
    if (waits) refusal = Errc::queue_full;
  }
  if (tree_.signed_size() >= seq.value()) return done(tree_.newest());
  done(refusal);
}

bool AuditFollower::has_failed() const {
  const std::scoped_lock lock{mutex_};
  return has_failed_;
}

}  // namespace tokenledger
