#include "storage/views_feed.hpp"

#include "core/event_codec.hpp"
#include "storage/event_log.hpp"

namespace tokenledger::views {

EventFeed::EventFeed(const EventLog& log, Sequence from, bool scan)
    : reader_{log.read(from, scan)}, next_{from} {}

EventFeed::~EventFeed() = default;

Result<std::span<const Event>> EventFeed::next(Sequence upto) {
  std::size_t count = 0;
  std::size_t bytes_read = 0;
  while (count < kFeedEventsMax && bytes_read < kFeedBytesMax && next_ <= upto) {
    const auto bytes = reader_->next();
    if (!bytes) return bytes.error();
    if (bytes->empty()) break;
    if (count == events_.size()) events_.emplace_back();
    auto& event = events_[count];
    if (const auto decoded = decode_event_into(*bytes, event); !decoded) return decoded.error();
    if (event.seq != next_) return Errc::log_corrupt;
    next_ = next_.next();
    bytes_read += bytes->size();
    ++count;
  }
  return std::span<const Event>{events_.data(), count};
}

}  // namespace tokenledger::views
