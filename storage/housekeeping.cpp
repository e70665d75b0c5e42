// The ledger's background thread: HEAD's fsync, free space, sweeps, snapshots; and the order of
// closing.
#include "storage/audit_follower.hpp"
#include "storage/audit_tree.hpp"
#include "storage/commit_thread.hpp"
#include "storage/forgery_watch.hpp"
#include "storage/ledger_core.hpp"
#include "storage/status_list_follower.hpp"

namespace tokenledger {
namespace {

inline constexpr std::chrono::milliseconds kHeadSyncEvery{1'000};

}  // namespace

void LedgerCore::start_threads() {
  look_at_free_space();
  commit_thread_ = std::make_unique<CommitThread>(*this);
  follower = std::make_unique<ViewsFollower>(*views, *log, signal, [this](Errc error) {
    warn(std::string{"the views stopped ("} + errc_name(error) +
         "): lists answer 503 until the ledger is opened again");
  });
  housekeeping_thread_ = std::thread{[this] { housekeeping(); }};
}

// Followers first, so that nothing waits for a thread that is gone; then the queue is finished,
// then the rest.
void LedgerCore::stop_threads() {
  {
    const std::scoped_lock guard{housekeeping_mutex_};
    housekeeping_stops_ = true;
  }
  housekeeping_wakes_.notify_all();
  if (housekeeping_thread_.joinable()) housekeeping_thread_.join();
  if (forgery_watch != nullptr) forgery_watch->stop();  // it submits commands
  queue.close(Errc::shutting_down);
  commit_thread_.reset();
  signal.stop();
  if (status_lists != nullptr) status_lists->stop();
  if (audit_follower != nullptr) audit_follower->stop();
  follower.reset();
}

void LedgerCore::housekeeping() {
  auto next_sweep = std::chrono::steady_clock::now();
  Sequence snapshot_tried;
  std::unique_lock guard{housekeeping_mutex_};
  while (!housekeeping_stops_) {
    const auto period = options.sweep_every.count() > 0
                            ? std::min(kHeadSyncEvery, options.sweep_every)
                            : kHeadSyncEvery;
    housekeeping_wakes_.wait_for(guard, period, [&] { return housekeeping_stops_; });
    if (housekeeping_stops_) return;
    guard.unlock();
    sync_head();
    compact_key_store();
    look_at_free_space();
    look_at_retired_keys();
    const auto now_steady = std::chrono::steady_clock::now();
    if (options.sweep_every.count() > 0 && now_steady >= next_sweep && !poisoned.load()) {
      sweep_by_itself();
      next_sweep = std::chrono::steady_clock::now() + options.sweep_every;
    }
    // One that failed is tried again when as much was added once more: each try stops the commit
    // thread for a moment.
    const auto since = std::max(last_snapshot_.load(), snapshot_tried);
    const auto committed = signal.committed();  // read last: not before `since`
    const bool is_due =
        options.snapshot_every != 0 && committed.value() - since.value() >= options.snapshot_every;
    if (is_due && !poisoned.load()) {
      snapshot_tried = committed;
      static_cast<void>(snapshot());
    }
    guard.lock();
  }
}

void LedgerCore::look_at_free_space() {
  if (const auto free = files->free_bytes(paths.directory))
    storage_low.store(*free < options.free_bytes_min);
}

void LedgerCore::sync_head() {
  if (poisoned.load()) return;
  // Keys of refused commands wait for no batch: they must not fill the bounded frame.
  if (key_store != nullptr) {
    if (auto synced = key_store->sync(); !synced)
      return poison("could not fsync the key store: " + synced.error().message());
  }
  const std::scoped_lock guard{head_mutex};
  if (poisoned.load()) return;
  if (auto synced = head->sync(); !synced)
    poison("could not fsync HEAD: " + synced.error().message());
}

// A sweep that can't run now (views behind, clock jumped) runs later: expiry is computed, never
// waited for. One that never runs keeps the memory of expired tokens, so it must be seen.
void LedgerCore::sweep_by_itself() {
  const auto swept = sweep();
  const auto error = swept ? Errc{} : to_errc(swept.error());
  const auto before = sweep_error.exchange(error);
  if (error == Errc{}) return;
  counters.sweep_failures.fetch_add(1);
  // Twice in a row is no passing state; said once.
  if (before == Errc{}) {
    sweep_failure_said_ = false;
  } else if (!sweep_failure_said_) {
    sweep_failure_said_ = true;
    warn(std::string{
             "expired tokens keep their memory and count as live, because the sweep fails ("} +
         errc_name(error) + ")");
  }
}

// HEAD may go on naming the old generation: an open accepts a newer one, and the file says itself
// how much of it was durable before it got its name.
void LedgerCore::compact_key_store() {
  if (poisoned.load() || storage_low.load()) return;
  // A write that fails is fatal here as everywhere, so it is not begun where space may run out.
  const auto free = files->free_bytes(paths.directory);
  if (!free || *free < KeyStore::kFileBytesMax) return;
  if (auto compacted = key_store->compact_if_due(); !compacted)
    poison("could not compact the key store: " + compacted.error().message());
}

Result<void> LedgerCore::close() {
  const std::scoped_lock one_at_a_time{close_mutex_};
  if (closed_) return {};
  closed_ = true;
  // Another process may open the directory soon and revoke: from here on nothing is active here.
  closed.store(true);
  Result<void> outcome;
  if (commit_thread_ != nullptr) {
    // A clean stop leaves nothing to replay. Neither step is needed to keep what was acknowledged.
    if (!poisoned.load() && signal.committed() > last_snapshot_.load()) outcome = snapshot();
    stop_threads();
  }
  if (head != nullptr) sync_head();
  if (poisoned.load()) {
    outcome = Errc::unknown_outcome;
  } else {
    if (views != nullptr && !views->stopped()) {
      if (auto flushed = views->flush(); !flushed) outcome = flushed;
    }
    if (log != nullptr) {
      if (auto flushed = log->flush(); !flushed) outcome = flushed;
    }
  }
  // A caller's own snapshot() may still be writing files.
  {
    const std::scoped_lock snapshot_ended{snapshot_mutex_};
  }
  // Poisoned or not: whoever opens the directory again, to see what became of the unknown outcomes,
  // must find it free. Waits for reads that began before `closed` was set; later ones see it and
  // touch nothing. Destroyed outside the lock: a last failure may call on_poisoned.
  std::unique_lock alone{files_mutex};
  auto closing_audit_follower = std::move(audit_follower);
  auto closing_audit = std::move(audit);
  auto closing_views = std::move(views);
  auto closing_log = std::move(log);
  alone.unlock();
  closing_audit_follower.reset();
  closing_audit.reset();
  closing_views.reset();
  closing_log.reset();
  lock.reset();
  return outcome;
}

}  // namespace tokenledger
