#include "storage/log_events.hpp"

#include <utility>

#include "core/event_codec.hpp"

namespace tokenledger {

Result<Event> read_event(const EventLog& log, Sequence seq) {
  const auto bytes = log.get(seq);
  if (!bytes) return bytes.error();
  return decode_event(*bytes);
}

Result<std::string> issuer_of(const EventLog& log) {
  auto event = read_event(log, Sequence{1});
  if (!event) return event.error();
  auto* const created = std::get_if<LedgerCreated>(&event->payload);
  if (created == nullptr) return Errc::log_corrupt;
  return std::move(created->issuer);
}

}  // namespace tokenledger
