// /livez, /readyz, /metrics.
//
// Live: the process answers. Ready: it can decide, show what it decided, and store new tokens.
// Both are open and say nothing secret; the metrics need metrics:read.
#include <algorithm>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>

#include "api/access_log.hpp"
#include "api/endpoint.hpp"
#include "api/endpoints.hpp"
#include "api/event_streamer.hpp"
#include "api/http_parser.hpp"
#include "api/metrics_text.hpp"
#include "api/problem.hpp"
#include "api/receipt_desk.hpp"
#include "api/rfc3339.hpp"
#include "api/token_request_limits.hpp"
#include "api/witness_board.hpp"
#include "storage/audit.hpp"
#include "storage/forgery_watch.hpp"
#include "storage/ledger_core.hpp"
#include "storage/status_lists.hpp"

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

std::string witness_detail(const WitnessBoard& board) {
  const auto report = board.report();
  auto text = "witnesses: quorum " + std::to_string(report.quorum) + " of " +
              std::to_string(report.quorum_of) + ", reached at " +
              std::to_string(report.witnessed_size) + " events\n";
  for (const auto& witness : report.witnesses) {
    text += "witness " + witness.name + ": cosigned " + std::to_string(witness.size) +
            " events, last success " +
            (witness.last_success ? format_rfc3339(*witness.last_success) : "never") + ", error " +
            std::string{trouble_name(witness.trouble)} + "\n";
  }
  for (const auto& name : report.unread)
    text += "witness " + name + ": never asked, its key is of a type that can't be verified here\n";
  return text;
}

std::string_view rollback_detail(const Audit& audit, const WitnessBoard* witnesses) {
  if (audit.has_anchor())
    return "rollback: an older copy of the directory is refused, the anchor tells\n";
  if (witnesses != nullptr && !witnesses->tells_older_copies())
    return "rollback: an older copy of the directory can not be told: all witnesses are asked over "
           "plain http\n";
  if (witnesses != nullptr)
    return "rollback: an older copy of the directory is refused when a witness that saw more "
           "answers at the start\n";
  return "rollback: an older copy of the directory can not be told without --anchor or witnesses\n";
}

// Not a condition of being ready: tokens are decided and checked without checkpoints and witnesses,
// but whoever runs the server must see that they are missing, and what they can't tell.
std::string audit_detail(const Audit& audit, const WitnessBoard* witnesses) {
  const auto sizes = audit.sizes();
  auto text = "checkpoints: signed " + std::to_string(sizes.signed_size) + " of " +
              std::to_string(sizes.durable) + " events";
  if (!audit.is_running()) text += "; no more are signed, see the server's log";
  text += "\n";
  text += rollback_detail(audit, witnesses);
  if (witnesses != nullptr) text += witness_detail(*witnesses);
  return text;
}

HttpResponse readyz(const Ledger& ledger, const WitnessBoard* witnesses) {
  const auto stats = ledger.stats();
  if (stats.poisoned)
    return not_ready("poisoned", "a write failed: restart after looking at the log");
  if (stats.views_stopped) return not_ready("views_stopped", "lists can not be answered");
  if (stats.views_damaged)
    return not_ready("views_damaged", "some lists fail: start again to rebuild the views");
  if (stats.clock_jumped) return not_ready("clock_jumped", "the clock jumped: set it right");
  if (stats.storage_low) return not_ready("storage_low", "no space for new tokens");
  if (stats.view_cursor.value() + kViewLagEventsMax < stats.committed.value())
    return not_ready("views_behind", "lists are catching up");
  HttpResponse response{.status = 200, .content_type = kContentTypeText, .body = "ready\n"};
  // No reason to take nobody's questions: expiry is computed, and only live tokens at their bound
  // wait.
  if (stats.sweep_error)
    response.body += std::string{"the expiry sweep fails: "} + errc_name(*stats.sweep_error) + "\n";
  response.body += audit_detail(Audit{ledger}, witnesses);
  return response;
}

// Seconds since the newest checkpoint; absent: none was signed yet.
std::optional<std::uint64_t> checkpoint_age_s(const Ledger& ledger, const AuditSizes& sizes) {
  if (!sizes.signed_at) return std::nullopt;
  const auto now = std::max(ledger.now(), *sizes.signed_at);
  return (now.value() - sizes.signed_at->value()) / kNanosecondsPerSecond;
}

void write_audit(MetricsText& text, const ApiContext& context) {
  const Audit audit{context.ledger};
  const auto sizes = audit.sizes();
  text.gauge("tokenledger_audit_durable_size", "Events in the log", sizes.durable);
  text.gauge("tokenledger_audit_integrated_size", "Events read again and hashed into the tree",
             sizes.integrated);
  text.gauge("tokenledger_audit_signed_size", "Events that the newest checkpoint covers",
             sizes.signed_size);
  if (const auto age = checkpoint_age_s(context.ledger, sizes))
    text.gauge("tokenledger_audit_checkpoint_age_seconds", "Since the newest checkpoint", *age);
  text.gauge("tokenledger_audit_stopped", "1: no checkpoints are signed any more",
             !audit.is_running());
  const auto receipts = context.receipts->counters();
  text.gauge("tokenledger_receipts_waiting", "Requests that wait for a checkpoint",
             receipts.waiting);
  text.family("tokenledger_receipts_missed_total", "counter",
              "Requests that got no checkpoint to wait for");
  text.sample("tokenledger_receipts_missed_total", "reason", "late", receipts.late);
  text.sample("tokenledger_receipts_missed_total", "reason", "too_many", receipts.refused);
}

void write_status_lists(MetricsText& text, const Ledger& ledger) {
  const StatusLists lists{ledger};
  if (!lists.is_running()) return;
  const auto stats = lists.stats();
  text.gauge("tokenledger_status_lists", "Status lists with a revoked token", stats.lists);
  text.gauge("tokenledger_status_list_invalid_tokens", "Tokens that they call revoked",
             stats.invalid_tokens);
  text.gauge("tokenledger_status_lists_signed", "Status lists signed and kept", stats.signed_lists);
  text.counter("tokenledger_status_list_signatures_total", "Status lists signed", stats.signatures);
  text.gauge(
      "tokenledger_status_list_lag_seconds",
      "How long what was committed may be missing from the status lists",
      static_cast<std::uint64_t>(std::chrono::ceil<std::chrono::seconds>(stats.lag).count()));
  text.gauge("tokenledger_status_lists_ready", "0: they are being made after the start",
             stats.is_ready);
}

void write_forgeries(MetricsText& text, const Ledger& ledger) {
  const auto counts = forgery_counts(ledger);
  text.counter("tokenledger_forgeries_total",
               "Tokens with a good signature of ours that were never issued", counts.forged);
  text.counter("tokenledger_forgery_events_total",
               "Events about them: one for each key and minute, few a day", counts.reported);
  text.counter("tokenledger_forgery_signatures_total",
               "Signatures of unknown tokens that were verified", counts.verified);
  text.counter("tokenledger_forgery_skipped_total",
               "Unknown tokens that were not looked at: too many at once", counts.skipped);
}

void write_witnesses(MetricsText& text, const ApiContext& context) {
  if (context.witnesses == nullptr) return;
  const auto report = context.witnesses->report();
  text.gauge("tokenledger_audit_witnessed_size",
             "Events that the newest checkpoint with a quorum of cosignatures covers",
             report.witnessed_size);
  text.gauge("tokenledger_witness_quorum", "Witnesses that it takes", report.quorum);
  const auto each = [&](std::string_view name, std::string_view type, std::string_view help,
                        auto value_of) {
    text.family(name, type, help);
    for (const auto& witness : report.witnesses) {
      const std::optional<std::uint64_t> value = value_of(witness);
      if (value) text.sample(name, "witness", witness.name, *value);
    }
  };
  using State = WitnessState;
  each("tokenledger_witness_size", "gauge", "Events that it cosigned last, since the start",
       [](const State& witness) { return witness.size; });
  each("tokenledger_witness_cosignatures_total", "counter", "Checkpoints that it cosigned",
       [](const State& witness) { return witness.cosignatures; });
  each("tokenledger_witness_failures_total", "counter", "Questions that brought no cosignature",
       [](const State& witness) { return witness.failures; });
  each("tokenledger_witness_last_success_age_seconds", "gauge",
       "Since it cosigned; absent: not since the start",
       [&](const State& witness) -> std::optional<std::uint64_t> {
         if (!witness.last_success) return std::nullopt;
         const auto now = std::max(context.ledger.now(), *witness.last_success);
         return (now.value() - witness.last_success->value()) / kNanosecondsPerSecond;
       });
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
  text.gauge("tokenledger_view_lag_events", "Committed events that the views have not seen",
             stats.committed.value() - std::min(stats.view_cursor, stats.committed).value());
  text.gauge("tokenledger_poisoned", "1: a write failed, checks fail closed", stats.poisoned);
  text.gauge("tokenledger_views_stopped", "1: the views' follower stopped", stats.views_stopped);
  text.gauge("tokenledger_views_damaged", "1: a damaged block was met, the next start rebuilds",
             stats.views_damaged);
  text.gauge("tokenledger_view_classes", "Kinds of tokens that lists keep in memory",
             stats.view_classes);
  text.gauge("tokenledger_sweep_failing", "1: the last expiry sweep failed",
             stats.sweep_error.has_value());
  text.counter("tokenledger_sweep_failures_total", "Expiry sweeps that failed",
               stats.sweep_failures);
  text.gauge("tokenledger_storage_low", "1: new tokens are refused", stats.storage_low);
}

void write_index_chunks(MetricsText& text, const ValidityIndex& index) {
  constexpr std::pair<Lane, std::string_view> kLanes[] = {
      {Lane::hour, "hour"}, {Lane::day, "day"}, {Lane::month, "month"}, {Lane::longer, "longer"}};
  text.family("tokenledger_validity_index_chunks", "gauge", "Chunks of 65536 tokens in use");
  for (const auto& [lane, name] : kLanes) {
    const auto chunks = index.chunks(lane);
    text.sample("tokenledger_validity_index_chunks", "lane", name, chunks.end - chunks.first);
  }
}

// Counting takes time in proportion to the tokens, so a count serves for a while.
class StatusCounts {
 public:
  void write(MetricsText& text, const Ledger& ledger) {
    const std::scoped_lock lock{mutex_};
    const auto now = std::chrono::steady_clock::now();
    if (!totals_ || now - counted_at_ >= kServesFor) {
      const auto counted = ledger.totals();
      if (counted)
        totals_ = *counted;
      else
        totals_.reset();  // rather no figure than an old one
      counted_at_ = now;
    }
    if (!totals_) return;
    text.family("tokenledger_tokens", "gauge", "Tokens by status, counted once a minute");
    text.sample("tokenledger_tokens", "status", "active", totals_->active);
    text.sample("tokenledger_tokens", "status", "revoked", totals_->revoked);
    text.sample("tokenledger_tokens", "status", "expired", totals_->expired);
  }

 private:
  static constexpr auto kServesFor = std::chrono::minutes{1};
  std::mutex mutex_;
  std::optional<StatusTotals> totals_;
  std::chrono::steady_clock::time_point counted_at_;
};

void write_service(MetricsText& text, const ApiContext& context) {
  const auto workers = context.workers->counters();
  text.gauge("tokenledger_worker_queue_jobs", "Reads waiting for a worker", workers.waiting);
  text.counter("tokenledger_worker_jobs_refused_total", "Reads refused because too many wait",
               workers.refused);
  const auto streams = context.streamer.counters();
  text.gauge("tokenledger_event_streams", "Open event streams", streams.open);
  text.counter("tokenledger_event_streams_total", "Event streams opened", streams.opened);
  text.counter("tokenledger_event_streams_refused_total", "Event streams beyond the bound",
               streams.refused);
  text.counter("tokenledger_event_streams_ended_by_token_total",
               "Event streams whose bearer was revoked or expired", streams.ended_by_token);
  text.counter("tokenledger_event_stream_events_total", "Events sent to streams", streams.events);
  const auto limits = context.limits.counters();
  text.family("tokenledger_token_requests_limited_total", "counter", "OAuth requests answered 429");
  constexpr std::string_view kLimited = "tokenledger_token_requests_limited_total";
  text.sample(kLimited, "by", "client", limits.by_client);
  text.sample(kLimited, "by", "address", limits.by_address);
  text.sample(kLimited, "by", "failed_authentication", limits.by_failed_authentication);
  text.sample(kLimited, "by", "grant", limits.by_family);
  text.gauge("tokenledger_rate_limit_keys", "Clients, addresses and grants in the limits' tables",
             limits.keys);
  if (context.access_log == nullptr) return;
  const auto log = context.access_log->counters();
  text.counter("tokenledger_access_log_lines_total", "Lines of the access log", log.lines);
  text.counter("tokenledger_access_log_dropped_lines_total", "Lines for which there was no room",
               log.dropped);
}

void write_http(MetricsText& text, const HttpCounters& counters) {
  text.counter("tokenledger_http_requests_total", "Requests parsed", counters.requests);
  text.family("tokenledger_http_responses_total", "counter", "Answers by class");
  constexpr std::string_view kClasses[] = {"", "1xx", "2xx", "3xx", "4xx", "5xx"};
  for (std::size_t index = 1; index < counters.responses_by_class.size(); ++index)
    text.sample("tokenledger_http_responses_total", "class", kClasses[index],
                counters.responses_by_class[index]);
  text.family("tokenledger_http_refused_total", "counter", "Requests that could not be parsed");
  for (std::size_t index = 1; index < counters.refused.size(); ++index)
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

// By bearers, by clients, and among the tokens that somebody asked about (A24).
void write_denials(MetricsText& text, const ApiContext& context, const DenialCounts& denied) {
  constexpr std::string_view kName = "tokenledger_denials_total";
  text.family(kName, "counter", "Credentials refused and tokens found not good");
  for (std::size_t reason = 1; reason < kDenialReasonCount; ++reason)
    text.sample(kName, "reason", denial_name(static_cast<DenialReason>(reason)),
                denied[reason] + context.batch_denials.value(reason));
}

HttpResponse metrics(ApiContext& context, StatusCounts& counts) {
  HttpResponse response{.status = 200, .content_type = kContentTypeMetrics};
  MetricsText text{response.body};
  write_ledger(text, context.ledger.stats());
  write_audit(text, context);
  write_witnesses(text, context);
  write_status_lists(text, context.ledger);
  write_forgeries(text, context.ledger);
  write_index_chunks(text, context.ledger.core().index);
  counts.write(text, context.ledger);
  write_service(text, context);
  const std::scoped_lock lock{context.http_counters_mutex};
  const auto http = context.http_counters ? std::optional{context.http_counters()} : std::nullopt;
  write_denials(text, context, http ? http->denied : DenialCounts{});
  if (http) write_http(text, *http);
  return response;
}

}  // namespace

void add_operations_endpoints(HttpRouter& router, ApiContext& context) {
  router.add(HttpMethod::get, "/livez", livez);
  router.add(HttpMethod::get, "/readyz",
             [&ledger = context.ledger, witnesses = context.witnesses](const HttpRequest&) {
               return readyz(ledger, witnesses.get());
             });
  // On a worker, because counting tokens reads the views, for as long as there are tokens.
  route_view(router, context, lengthy({HttpMethod::get, "/metrics", ManagementScope::metrics_read}),
             [&context, counts = std::make_shared<StatusCounts>()](const HttpRequest&) {
               return metrics(context, *counts);
             });
}

}  // namespace tokenledger
