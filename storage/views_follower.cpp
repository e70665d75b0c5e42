#include <rocksdb/perf_level.h>

#include <atomic>
#include <optional>
#include <thread>

#include "storage/commit_signal.hpp"
#include "storage/event_log.hpp"
#include "storage/views.hpp"
#include "storage/views_feed.hpp"

namespace tokenledger {
namespace {

// How long the destructor may wait for a follower that has nothing to do.
constexpr std::chrono::milliseconds kIdleWaitMax{50};

}  // namespace

struct ViewsFollower::Impl {
  Views& views;
  const EventLog& log;
  CommitSignal& signal;
  std::function<void(Errc)> on_failure;
  std::atomic<bool> stop{false};
  std::thread thread;

  void run();
  [[nodiscard]] Result<void> catch_up(Sequence upto);
};

// Only what is announced: a durable event that is not published yet must not show in a list.
Result<void> ViewsFollower::Impl::catch_up(Sequence upto) {
  views::EventFeed feed{log, views.cursor().next(), false};
  while (!stop.load(std::memory_order_relaxed) && views.cursor() < upto) {
    const auto events = feed.next(upto);
    if (!events) return events.error();
    if (events->empty()) return Errc::log_corrupt;  // announced, and not there
    if (auto applied = views.apply(*events); !applied) return applied;
  }
  return {};
}

void ViewsFollower::Impl::run() {
  rocksdb::SetPerfLevel(rocksdb::PerfLevel::kDisable);
  while (!stop.load(std::memory_order_relaxed)) {
    const auto committed = signal.committed();
    if (views.cursor() >= committed) {
      if (signal.stopped() && signal.committed() == committed) return;
      signal.wait_beyond(committed, kIdleWaitMax);
      continue;
    }
    if (const auto done = catch_up(committed); !done) {
      views.mark_stopped();
      if (on_failure) on_failure(to_errc(done.error()));
      return;
    }
  }
}

ViewsFollower::ViewsFollower(Views& views, const EventLog& log, CommitSignal& signal,
                             std::function<void(Errc)> on_failure)
    : impl_{new Impl{views, log, signal, std::move(on_failure), {}, {}}} {
  impl_->thread = std::thread{[impl = impl_.get()] { impl->run(); }};
}

ViewsFollower::~ViewsFollower() {
  impl_->stop.store(true, std::memory_order_relaxed);
  impl_->thread.join();
}

}  // namespace tokenledger
