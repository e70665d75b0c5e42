// /livez, /readyz, /metrics.
//
// Live: the process answers. Ready: it can decide, show what it decided, and store new tokens.
// Both are open and say nothing secret; the metrics need metrics:read.
#include "api/endpoint.hpp"
#include "api/endpoints.hpp"
#include "api/http_parser.hpp"
#include "api/metrics_text.hpp"
#include "api/problem.hpp"

namespace tokenledger {
namespace {

// The views catch up within milliseconds; further behind they are rebuilding or stuck, and lists
// would answer 503.
constexpr std::uint64_t kViewLagEventsMax = 1'000'000;
constexpr std::string_view kContentTypeMetrics = "text/plain; version=0.0.4; charset=utf-8";

HttpResponse livez(const HttpRequest&) {
  return {.status = 200, .content_type = kContentTypeText, .body = "ok\n"};
}

HttpResponse not_ready(std::string_view code, std::string_view detail) {
  auto response = problem(503, code, detail);
  response.add_header("Retry-After", "5");
  return response;
}

HttpResponse readyz(const Ledger& ledger) {
  const auto stats = ledger.stats();
  if (stats.poisoned)
    return not_ready("poisoned", "a write failed: restart after looking at the log");
  if (stats.views_stopped) return not_ready("views_stopped", "lists can not be answered");
  if (stats.storage_low) return not_ready("storage_low", "no space for new tokens");
  if (stats.view_cursor.value() + kViewLagEventsMax < stats.committed.value())
    return not_ready("views_behind", "lists are catching up");
  return {.status = 200, .content_type = kContentTypeText, .body = "ready\n"};
}

void write_ledger(MetricsText& text, const LedgerStats& stats) {
  text.gauge("tokenledger_committed_seq", "Last durable event", stats.committed.value());
  text.gauge("tokenledger_view_cursor_seq", "Last event in the views", stats.view_cursor.value());
  text.counter("tokenledger_tokens_issued_total", "Tokens ever issued", stats.tokens_issued);
  text.counter("tokenledger_tokens_swept_total", "Expired tokens named in the log",
               stats.tokens_swept);
  text.gauge("tokenledger_commit_queue_commands", "Commands waiting", stats.queue_depth);
  text.counter("tokenledger_commit_batches_total", "Batches written", stats.batches);
  text.gauge("tokenledger_commit_batch_events_max", "Largest batch", stats.batch_events_max);
  text.seconds_counter("tokenledger_commit_seconds_total", "Time in append and fsync",
                       stats.commit_ns_total);
  text.gauge("tokenledger_validity_index_bytes", "Memory of the validity index", stats.index_bytes);
  text.family("tokenledger_commands_rejected_total", "counter", "Commands refused before deciding");
  text.sample("tokenledger_commands_rejected_total", "reason", "queue_full",
              stats.rejected_queue_full);
  text.sample("tokenledger_commands_rejected_total", "reason", "storage_low",
              stats.rejected_storage_low);
  text.gauge("tokenledger_poisoned", "1: a write failed, checks fail closed", stats.poisoned);
  text.gauge("tokenledger_views_stopped", "1: the views' follower stopped", stats.views_stopped);
  text.gauge("tokenledger_storage_low", "1: new tokens are refused", stats.storage_low);
}

void write_http(MetricsText& text, const HttpCounters& counters) {
  text.counter("tokenledger_http_requests_total", "Requests parsed", counters.requests);
  text.family("tokenledger_http_responses_total", "counter", "Answers by class");
  constexpr std::string_view kClasses[] = {"", "1xx", "2xx", "3xx", "4xx", "5xx"};
  for (std::size_t index = 1; index < counters.responses_by_class.size(); ++index)
    text.sample("tokenledger_http_responses_total", "class", kClasses[index],
                counters.responses_by_class[index]);
  text.family("tokenledger_http_refused_total", "counter", "Requests that could not be parsed");
  for (std::size_t index = 0; index < counters.refused.size(); ++index)
    text.sample("tokenledger_http_refused_total", "reason",
                refusal_name(static_cast<HttpRefusal>(index)), counters.refused[index]);
  text.gauge("tokenledger_http_connections", "Open connections", counters.connections_open);
  text.counter("tokenledger_http_connections_total", "Connections accepted",
               counters.connections_accepted);
  text.family("tokenledger_http_timeouts_total", "counter", "Deadlines that passed");
  text.sample("tokenledger_http_timeouts_total", "what", "idle", counters.timeouts_idle);
  text.sample("tokenledger_http_timeouts_total", "what", "write", counters.timeouts_write);
  text.sample("tokenledger_http_timeouts_total", "what", "answer", counters.timeouts_answer);
  text.counter("tokenledger_http_handler_failures_total", "Handlers that failed",
               counters.handler_failures);
  text.counter("tokenledger_http_tls_handshake_failures_total",
               "TLS handshakes refused, cut off or too slow", counters.tls_handshake_failures);
  text.counter("tokenledger_http_received_bytes_total", "Bytes read", counters.bytes_received);
  text.counter("tokenledger_http_sent_bytes_total", "Bytes written", counters.bytes_sent);
}

HttpResponse metrics(ApiContext& context) {
  HttpResponse response{.status = 200, .content_type = kContentTypeMetrics};
  MetricsText text{response.body};
  write_ledger(text, context.ledger.stats());
  const std::scoped_lock lock{context.http_counters_mutex};
  if (context.http_counters) write_http(text, context.http_counters());
  return response;
}

}  // namespace

void add_operations_endpoints(HttpRouter& router, ApiContext& context) {
  router.add(HttpMethod::get, "/livez", livez);
  router.add(HttpMethod::get, "/readyz",
             [&ledger = context.ledger](const HttpRequest&) { return readyz(ledger); });
  route_read(router, context, {HttpMethod::get, "/metrics", ManagementScope::metrics_read},
             [&context](const HttpRequest&) { return metrics(context); });
}

}  // namespace tokenledger
