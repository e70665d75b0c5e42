#include "api/event_streamer.hpp"

#include <spdlog/spdlog.h>

#include "api/guard.hpp"
#include "storage/ledger_core.hpp"

namespace tokenledger {
namespace {

using namespace std::chrono_literals;

constexpr EventBatchMax kTurnMax{.events = 128, .bytes = 128 * 1024};
// A stream that has caught up is looked at this often even if nothing happens: its bearer may have
// expired, its reader may be gone.
constexpr auto kIdleLook = 500ms;
constexpr auto kBlockedLook = 20ms;
// EventSource waits this long before it reconnects.
constexpr std::string_view kPreamble = "retry: 1000\n\n";
constexpr std::string_view kHeartbeat = ": heartbeat\n\n";

}  // namespace

void EventStreamer::Wake::set() {
  {
    const std::lock_guard lock{mutex};
    is_set = true;
  }
  changed.notify_one();
}

EventStreamer::EventStreamer(const Ledger& ledger, Options options)
    : ledger_{ledger}, options_{options}, thread_{[this] { run(); }} {}

EventStreamer::~EventStreamer() {
  stops_.store(true);
  wake_->set();
  thread_.join();
}

std::shared_ptr<HttpStream> EventStreamer::add(OwnedHttpRequest request, Sequence from,
                                               EventVisibility visibility) {
  const auto pipe = std::make_shared<HttpStream>([wake = wake_] { wake->set(); });
  {
    const std::lock_guard lock{mutex_};
    if (open_count_ >= options_.count_max) {
      refused_.fetch_add(1, std::memory_order_relaxed);
      return nullptr;
    }
    ++open_count_;
    open_.store(open_count_, std::memory_order_relaxed);
    opened_.fetch_add(1, std::memory_order_relaxed);
    added_.push_back({std::move(request), pipe, from, visibility, Clock::now()});
  }
  (void)pipe->write(kPreamble);  // an empty pipe takes it
  wake_->set();
  return reader_of(pipe);
}

EventStreamCounters EventStreamer::counters() const noexcept {
  return {.open = open_.load(std::memory_order_relaxed),
          .opened = opened_.load(std::memory_order_relaxed),
          .refused = refused_.load(std::memory_order_relaxed),
          .events = events_.load(std::memory_order_relaxed),
          .ended_by_token = ended_by_token_.load(std::memory_order_relaxed)};
}

void EventStreamer::run() {
  while (!stops_.load()) {
    {
      const std::lock_guard lock{mutex_};
      streams_.splice(streams_.end(), added_);
    }
    bool is_anyone_busy = false;
    bool is_anyone_blocked = false;
    for (auto each = streams_.begin(); each != streams_.end();) {
      const auto turn = serve(*each);
      is_anyone_busy |= turn == Turn::has_more;
      is_anyone_blocked |= turn == Turn::blocked;
      if (turn != Turn::over) {
        ++each;
        continue;
      }
      each = streams_.erase(each);
      const std::lock_guard lock{mutex_};
      open_.store(--open_count_, std::memory_order_relaxed);
    }
    wait(is_anyone_busy, is_anyone_blocked);
  }
  const std::lock_guard lock{mutex_};
  streams_.splice(streams_.end(), added_);
  for (auto& stream : streams_) stream.pipe->end();
}

// New streams and room in a pipe set the wake, commits announce themselves by the signal; one
// thread can wait for one of them, so the other is looked at a little later.
void EventStreamer::wait(bool is_anyone_busy, bool is_anyone_blocked) {
  if (is_anyone_busy) return;
  if (!streams_.empty() && !is_anyone_blocked) {
    auto head = ledger_.committed();
    for (const auto& stream : streams_) head = std::min(head, Sequence{stream.next.value() - 1});
    const auto before = Clock::now();
    while (!stops_.load() && Clock::now() - before < kIdleLook) {
      // const_cast: waiting changes nothing that a reader of the ledger sees.
      auto& signal = const_cast<CommitSignal&>(ledger_.core().signal);
      if (signal.wait_beyond(head, kBlockedLook) > head || signal.stopped()) break;
      const std::lock_guard lock{wake_->mutex};
      if (std::exchange(wake_->is_set, false)) return;
    }
    return;
  }
  std::unique_lock lock{wake_->mutex};
  const auto is_set = [this] { return std::exchange(wake_->is_set, false); };
  if (streams_.empty())
    wake_->changed.wait(lock, is_set);
  else
    wake_->changed.wait_for(lock, kBlockedLook, is_set);
}

EventStreamer::Turn EventStreamer::serve(Stream& stream) {
  if (stream.pipe->is_closed()) return Turn::over;
  const auto turn = send_batch(stream);
  if (turn == Turn::over || Clock::now() - stream.last_write < options_.heartbeat) return turn;
  if (stream.pipe->write(kHeartbeat)) stream.last_write = Clock::now();
  return turn;
}

EventStreamer::Turn EventStreamer::send_batch(Stream& stream) {
  const auto read = read_events(ledger_, stream.next, kTurnMax, batch_);
  // After the read: a revocation among or before these events is visible to this check.
  if (!may_go_on(stream)) return Turn::over;
  if (!read) {
    if (read.error() == Errc::view_behind && !ledger_.stats().views_stopped) return Turn::blocked;
    end(stream, "unavailable");
    return Turn::over;
  }
  for (const auto& each : batch_) {
    message_.clear();
    message_.append("id: ").append(std::to_string(each.event.seq.value()));
    message_.append("\nevent: ").append(event_kind_name(each.event.payload.index()));
    message_ += "\ndata: ";
    JsonWriter json{&message_};
    write_event(json, ledger_, each, stream.visibility);
    message_ += "\n\n";
    if (!stream.pipe->write(message_)) return Turn::blocked;
    stream.next = each.event.seq.next();
    stream.last_write = Clock::now();
    events_.fetch_add(1, std::memory_order_relaxed);
  }
  return stream.next <= ledger_.committed() ? Turn::has_more : Turn::caught_up;
}

bool EventStreamer::may_go_on(Stream& stream) {
  const auto access = verify_management(ledger_, *stream.request, ManagementScope::events_read);
  if (!access.denied) return true;
  if (access.denied->status == 503) {
    end(stream, "unavailable");
    return false;
  }
  ended_by_token_.fetch_add(1, std::memory_order_relaxed);
  end(stream, "invalid_token");
  return false;
}

// Without an id, so that a reader that comes back resumes behind the last event it saw.
void EventStreamer::end(Stream& stream, std::string_view reason) {
  message_ = "event: end\ndata: {\"reason\":\"";
  message_.append(reason).append("\"}\n\n");
  (void)stream.pipe->write(message_);  // where there is no room the end of the body must do
  stream.pipe->end();
}

}  // namespace tokenledger
