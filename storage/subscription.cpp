// Ledger::subscribe: a follower of the log for the host program.
#include <thread>

#include "storage/ledger_core.hpp"

namespace tokenledger {
namespace {

inline constexpr std::chrono::milliseconds kPollMax{
    200};  // how long a destroyed subscription may linger

class LogSubscription final : public Ledger::Subscription {
 public:
  LogSubscription(const LedgerCore& core, Sequence from, std::function<bool(const Event&)> each)
      : core_{core},
        next_{std::max(from, Sequence{1})},
        each_{std::move(each)},
        thread_{[this] { run(); }} {}
  ~LogSubscription() override {
    stops_.store(true);
    thread_.join();
  }

 private:
  void run() {
    Event event;
    while (!stops_.load() && !core_.closed.load()) {
      if (core_.signal.committed() < next_) {
        // const_cast: waiting changes nothing that a reader of the ledger sees.
        const_cast<CommitSignal&>(core_.signal).wait_beyond(Sequence{next_.value() - 1}, kPollMax);
        continue;
      }
      const auto reader = open_reader();
      if (reader == nullptr) return;
      while (!stops_.load() && !core_.closed.load()) {
        const auto bytes = reader->next();
        if (!bytes) return;
        if (bytes->empty()) break;
        if (!decode_event_into(*bytes, event)) return;
        if (!each_(event)) return;
        next_ = next_.next();
      }
    }
  }

  // nullptr: the ledger is closed.
  std::unique_ptr<LogReader> open_reader() const {
    const std::shared_lock files{core_.files_mutex};
    return core_.log == nullptr ? nullptr : core_.log->read(next_, false);
  }

  const LedgerCore& core_;
  Sequence next_;
  std::function<bool(const Event&)> each_;
  std::atomic<bool> stops_{false};
  std::thread thread_;
};

}  // namespace

std::unique_ptr<Ledger::Subscription> Ledger::subscribe(
    Sequence from, std::function<bool(const Event&)> each) const {
  return std::make_unique<LogSubscription>(*core_, from, std::move(each));
}

}  // namespace tokenledger
