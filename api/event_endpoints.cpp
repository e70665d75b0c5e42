// GET /v1/events: the log as JSON lines, page by page. GET /v1/events/stream: server-sent events
// from a seq on (WHATWG HTML §9.2).
#include <array>
#include <memory>

#include "api/endpoint.hpp"
#include "api/endpoints.hpp"
#include "api/error_mapping.hpp"
#include "api/event_streamer.hpp"
#include "api/event_wire.hpp"
#include "api/guard.hpp"
#include "api/list_cursor.hpp"
#include "api/problem.hpp"

namespace tokenledger {
namespace {

constexpr std::uint64_t kLimitDefault = 100;
constexpr std::uint64_t kLimitMax = 1'000;
// Of canonical bytes; a page ends early rather than grow beyond. Written out, names and escapes can
// take many times as much: see kPageTextBytesMax.
constexpr std::size_t kPageBytesMax = 512 * 1024;
constexpr std::string_view kContentTypeJsonLines = "application/jsonl";
constexpr std::string_view kContentTypeEventStream = "text/event-stream";

EventVisibility visibility_of(const Ledger& ledger, const HttpRequest& request) {
  const auto holds = [&](ManagementScope scope) {
    return !verify_management(ledger, request, scope).denied;
  };
  return {.token_fields = holds(ManagementScope::tokens_read),
          .notes = holds(ManagementScope::audit_read),
          .people = holds(ManagementScope::users_read)};
}

// A seq that exists or is the very next one.
struct StartingPoint {
  Sequence from;
  std::optional<HttpResponse> refused;
};
StartingPoint read_start(const Ledger& ledger, std::string_view text, std::uint64_t offset) {
  const auto number = parse_number(text);
  if (!number || *number + offset == 0)
    return {{}, problem(400, "invalid_parameter", "from must be a sequence number from 1")};
  const Sequence from{*number + offset};
  if (from > ledger.committed().next()) return {{}, problem_of(Errc::sequence_in_future)};
  return {from, {}};
}

HttpResponse page(const Ledger& ledger, const HttpRequest& request) {
  FormFields query;
  if (auto refused = read_query(ledger, request, {"from", "limit"}, &query))
    return std::move(*refused);
  auto start = read_start(ledger, query.get("from").value_or("1"), 0);
  if (start.refused) return std::move(*start.refused);
  const auto limit = read_limit(query, kLimitDefault, kLimitMax);
  if (!limit) return problem(400, "invalid_parameter", "limit must be 1 to 1000");
  std::vector<ReadEvent> events;
  const auto read =
      read_events(ledger, start.from, {static_cast<std::size_t>(*limit), kPageBytesMax}, events);
  if (!read) return problem_of(to_errc(read.error()));
  auto response = json_response(200);
  response.content_type = kContentTypeJsonLines;
  const auto visibility = visibility_of(ledger, request);
  auto next = start.from;
  for (const auto& each : events) {
    if (response.body.size() >= kPageTextBytesMax) break;
    JsonWriter json{&response.body};
    write_event(json, ledger, each, visibility);
    response.body += '\n';
    next = each.event.seq.next();
  }
  response.add_header("X-Next-Seq", std::to_string(next.value()));
  return response;
}

// Last-Event-ID wins: an EventSource that reconnects repeats the URL it was made with.
StartingPoint stream_start(const Ledger& ledger, const HttpRequest& request) {
  FormFields query;
  if (auto refused = read_query(ledger, request, {"from"}, &query)) return {{}, std::move(refused)};
  if (const auto last = request.header("Last-Event-ID"); !last.empty())
    return read_start(ledger, last, 1);
  if (const auto from = query.get("from")) return read_start(ledger, *from, 0);
  return {ledger.committed().next(), {}};
}

void stream(ApiContext& context, OwnedHttpRequest request, Responder responder) {
  const auto& ledger = context.ledger;
  auto access = verify_management(ledger, *request, ManagementScope::events_read);
  if (access.denied) return responder.respond(std::move(*access.denied));
  responder.set_client_id(std::move(access.client_id));
  auto start = stream_start(ledger, *request);
  if (start.refused) return responder.respond(std::move(*start.refused));
  const auto visibility = visibility_of(ledger, *request);
  auto body = context.streamer.add(std::move(request), start.from, visibility);
  if (!body) return responder.respond(busy());
  HttpResponse response{.status = 200, .content_type = kContentTypeEventStream};
  response.add_header("Cache-Control", "no-store");
  response.add_header("X-Next-Seq", std::to_string(start.from.value()));
  response.add_header("X-Accel-Buffering", "no");  // nginx would hold events back
  response.stream = std::move(body);
  responder.respond(std::move(response));
}

}  // namespace

void add_event_endpoints(HttpRouter& router, ApiContext& context) {
  route_view(
      router, context, {HttpMethod::get, "/v1/events", ManagementScope::events_read},
      [&ledger = context.ledger](const HttpRequest& request) { return page(ledger, request); });
  router.add_async(HttpMethod::get, "/v1/events/stream",
                   [&context](OwnedHttpRequest request, Responder responder) {
                     stream(context, std::move(request), std::move(responder));
                   },
                   {.streams = true});
}

}  // namespace tokenledger
