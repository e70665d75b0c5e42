// EventFeed: cuts the log into batches of decoded events.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "core/errc.hpp"
#include "core/event.hpp"

namespace tokenledger {
class EventLog;
class LogReader;
}  // namespace tokenledger

namespace tokenledger::views {

inline constexpr std::size_t kFeedEventsMax = 4'096;
inline constexpr std::size_t kFeedBytesMax = std::size_t{1}
                                             << 20;  // encoded; one event may exceed it

// One thread.
class EventFeed {
 public:
  // Reads what is durable now, from `from` on; `scan`: a long read that should not fill caches.
  EventFeed(const EventLog& log, Sequence from, bool scan);
  ~EventFeed();

  // The next events up to and including `upto`; empty at the end. Good until the next call.
  // log_corrupt, unsupported_format: an event that does not decode or is not the next one.
  [[nodiscard]] Result<std::span<const Event>> next(Sequence upto);

 private:
  std::unique_ptr<LogReader> reader_;
  Sequence next_;
  std::vector<Event> events_;  // its elements keep their memory
};

}  // namespace tokenledger::views
