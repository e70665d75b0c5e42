#include "api/event_reader.hpp"

#include <shared_mutex>

#include "storage/ledger_core.hpp"

namespace tokenledger {
namespace {

Result<void> read_log(const EventLog& log, Sequence from, Sequence committed, EventBatchMax max,
                      std::vector<ReadEvent>& out) {
  const auto reader = log.read(from, false);
  std::size_t bytes_read = 0;
  for (auto seq = from; seq <= committed && out.size() < max.events && bytes_read < max.bytes;
       seq = seq.next()) {
    const auto bytes = reader->next();
    if (!bytes) return bytes.error();
    if (bytes->empty()) break;  // a reader sees what was durable when it was made
    auto event = decode_event(*bytes);
    if (!event) return event.error();
    bytes_read += bytes->size();
    out.push_back({std::move(*event), {}});
  }
  return {};
}

// An issue event names its class by a number that later events may give to another one, so the
// class comes from the token's row.
Result<void> find_classes(const Views& views, std::vector<ReadEvent>& events) {
  for (auto& [event, token_class] : events) {
    const auto* issued = std::get_if<TokenIssued>(&event.payload);
    if (issued == nullptr) continue;
    token_class = issued->new_class;
    if (token_class) continue;
    const auto row = views.token(issued->index);
    if (!row) return row.error();
    if (!*row) return Errc::view_corrupt;
    token_class = (*row)->token_class;
  }
  return {};
}

}  // namespace

Result<void> read_events(const Ledger& ledger, Sequence from, EventBatchMax max,
                         std::vector<ReadEvent>& out) {
  out.clear();
  const auto& core = ledger.core();
  const std::shared_lock files{core.files_mutex};
  if (auto readable = core.check_readable(); !readable) return readable.error();
  const auto committed = core.signal.committed();
  if (from > committed) return {};
  if (auto read = read_log(*core.log, from, committed, max, out); !read) return read.error();
  if (out.empty()) return {};
  if (auto waited = core.views->wait_for(out.back().event.seq, kViewWaitMax); !waited)
    return waited.error();
  return find_classes(*core.views, out);
}

}  // namespace tokenledger
