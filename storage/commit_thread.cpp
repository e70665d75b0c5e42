#include "storage/commit_thread.hpp"

#include <algorithm>
#include <chrono>

#include "core/decide.hpp"
#include "core/fold.hpp"
#include "core/invariant.hpp"
#include "core/status.hpp"

namespace tokenledger {
namespace {

inline constexpr std::uint64_t kClockJumpNsMax = 60 * kNanosecondsPerSecond;

bool changes_registries(const Event& event) {
  return !std::holds_alternative<TokenIssued>(event.payload) &&
         !std::holds_alternative<TokenRevoked>(event.payload) &&
         !std::holds_alternative<TokensExpired>(event.payload) &&
         !std::holds_alternative<NoteAppended>(event.payload) &&
         !std::holds_alternative<OwnerErased>(event.payload);
}

// Which events may touch State::people. More than do is a lock too many; one less is a race.
bool changes_people(const Event& event) {
  if (const auto* issued = std::get_if<TokenIssued>(&event.payload))
    return issued->user.has_value();
  return event.payload.index() >= kEventKindsOfFormat1 ||
         std::holds_alternative<TokensExpired>(event.payload) ||
         std::holds_alternative<OwnerErased>(event.payload);
}

}  // namespace

CommitThread::CommitThread(LedgerCore& core)
    : core_{core},
      boot_offset_ns_{core.clock->now().value() - core.clock->since_boot_ns()},
      thread_{[this] { run(); }} {}

CommitThread::~CommitThread() { thread_.join(); }

void CommitThread::run() {
  std::vector<CommitRequest*> requests;
  while (core_.queue.drain(requests, kBatchCommandsMax)) commit(requests);
}

// A forward step of the wall clock would expire tokens that are good; the boot clock tells it from
// time that passed.
bool CommitThread::clock_jumped() const {
  const auto offset = core_.clock->now().value() - core_.clock->since_boot_ns();
  return offset > boot_offset_ns_ && offset - boot_offset_ns_ > kClockJumpNsMax;
}

void CommitThread::commit(std::vector<CommitRequest*>& requests) {
  events_.clear();
  if (!core_.poisoned.load(std::memory_order_relaxed)) {
    const bool jumped = clock_jumped();
    if (core_.clock_jumped.exchange(jumped, std::memory_order_relaxed) != jumped) {
      core_.warn(jumped ? "the clock jumped forward: no command is taken until it is set right"
                        : "the clock is right again");
    }
    if (jumped) {
      for (auto* request : requests) request->outcome = Errc::clock_jumped;
    } else {
      // Taken after the drain, so that no signer's `iat` is ahead of it.
      const auto wall = core_.clock->now();
      for (auto* request : requests) decide_one(*request, wall);
      if (!events_.empty()) {
        const bool is_durable = encode_batch() && make_durable();
        if (is_durable) {
          publish_batch();
        } else {
          for (auto* request : requests) request->outcome = Errc::unknown_outcome;
        }
      }
    }
  }
  // Nobody is answered earlier, rejections neither: what they saw of this batch must be durable
  // too.
  for (auto* request : requests) request->complete();
}

void CommitThread::decide_one(CommitRequest& request, LedgerTime wall) {
  auto& state = core_.state;
  const auto now = LedgerTime{std::max(wall.value(), state.last_recorded_at.value() + 1)};
  const auto first = events_.size();
  const auto decision = decide(state, core_.index, request.command, now, events_);
  if (!decision) {
    request.outcome = decision.error();
    return;
  }
  if (decision->earlier) {
    request.outcome = Committed{*decision->earlier, now, true};
    return;
  }
  for (std::size_t i = first; i < events_.size(); ++i) {
    fold_one(events_[i]);
  }
  if (decision->refusal) {
    request.outcome = *decision->refusal;
    return;
  }
  request.outcome = Committed{events_[first].seq, events_[first].recorded_at, false};
}

void CommitThread::fold_one(const Event& event) {
  std::unique_lock people{core_.people_mutex, std::defer_lock};
  if (changes_people(event)) {
    people.lock();
    core_.people_changed_seq = event.seq;
  }
  const auto folded = fold(core_.state, core_.index, event);
  LEDGER_INVARIANT(folded.has_value());  // decide only makes what fold accepts
}

bool CommitThread::encode_batch() {
  bytes_.clear();
  ends_.clear();
  spans_.clear();
  for (const auto& event : events_) {
    const auto encoded = encode_event(event, encoder_);
    if (!encoded) {
      poison("encode an event", encoded.error());
      return false;
    }
    core_.range.append(leaf_hash(*encoded));
    bytes_.append(reinterpret_cast<const char*>(encoded->data()), encoded->size());
    ends_.push_back(bytes_.size());
  }
  const auto* data = reinterpret_cast<const std::uint8_t*>(bytes_.data());
  std::size_t begin = 0;
  for (const auto end : ends_) {
    spans_.emplace_back(data + begin, end - begin);
    begin = end;
  }
  return true;
}

bool CommitThread::make_durable() {
  const auto began = std::chrono::steady_clock::now();
  // A crash here loses the batch and maybe leaves keys that no event names: harmless. Nobody was
  // answered.
  if (auto synced = core_.key_store->sync(); !synced) {
    poison("fsync the key store", synced.error());
    return false;
  }
  // A crash inside loses all or nothing of the batch; its callers never heard.
  if (auto appended = core_.log->append(events_.front().seq, spans_); !appended) {
    poison("append to the log", appended.error());
    return false;
  }
  // A crash here keeps the batch: the events are in the log, HEAD merely names an earlier seq.
  const std::scoped_lock lock{core_.head_mutex};
  const auto written = core_.head->write({.seq = events_.back().seq,
                                          .range = core_.range,
                                          .ledger_id = core_.state.ledger_id,
                                          .key_store = core_.key_store->mark()});
  if (!written) {
    poison("write HEAD", written.error());
    return false;
  }
  if (core_.options.durability == Durability::paranoid) {
    if (auto synced = core_.head->sync(); !synced) {
      poison("fsync HEAD", synced.error());
      return false;
    }
  }
  const auto took = std::chrono::steady_clock::now() - began;
  auto& counters = core_.counters;
  counters.batches.fetch_add(1, std::memory_order_relaxed);
  counters.commit_ns_total.fetch_add(
      static_cast<std::uint64_t>(std::chrono::nanoseconds{took}.count()),
      std::memory_order_relaxed);
  if (events_.size() > counters.batch_events_max.load(std::memory_order_relaxed)) {
    counters.batch_events_max.store(events_.size(), std::memory_order_relaxed);
  }
  return true;
}

// INV-2: everybody sees it before anybody is told.
void CommitThread::publish_batch() {
  publish(core_.state, core_.index);
  core_.last_recorded_at.store(core_.state.last_recorded_at.value(), std::memory_order_release);
  core_.expired_upto.store(core_.state.expired_upto.value(), std::memory_order_relaxed);
  core_.counters.tokens_issued.store(core_.state.tokens_issued, std::memory_order_relaxed);
  core_.counters.tokens_swept.store(core_.state.tokens_swept, std::memory_order_relaxed);
  const bool has_cascade = std::ranges::any_of(events_, [](const Event& event) {
    return changes_registries(event) && cascade_of(event).has_value();
  });
  if (has_cascade) core_.cascaded_seq.store(events_.back().seq.value(), std::memory_order_release);
  if (std::ranges::any_of(events_, changes_registries)) {
    const std::unique_lock lock{core_.registries_mutex};
    for (const auto& event : events_) {
      const auto applied = core_.registries.apply(event);
      LEDGER_INVARIANT(applied.has_value());
    }
  }
  core_.signal.announce(events_.back().seq);
}

void CommitThread::poison(const char* step, const boost::system::error_code& error) {
  core_.poison(std::string{"could not "} + step + ": " + error.message());
}

}  // namespace tokenledger
