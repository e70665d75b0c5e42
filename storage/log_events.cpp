#include "storage/log_events.hpp"

#include <utility>

#include "core/event_codec.hpp"

namespace tokenledger {

Result<std::unique_ptr<EventLog>> open_log_for_reading(const std::shared_ptr<FileLayer>& files,
                                                       const std::filesystem::path& directory,
                                                       std::string& what) {
  return EventLog::open({.directory = directory,
                         .files = files,
                         .create = false,
                         .read_only = true,
                         .accept_damaged_tail = false,
                         .sync = true,
                         .on_background_error = {}},
                        &what);
}

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
