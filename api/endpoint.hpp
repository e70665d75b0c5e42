// What every endpoint shares: its context, and the ways a route under /v1 runs.
//
//   route_read    sync, for registries and other reads that never wait
//   route_view    on a worker, for reads that may wait for the views
//   route_call    the same, for handlers that answer later than they return
//   route_attempt first sync, and on a worker what declined, for reads that seldom wait
//   route_write   async, the answer comes from the commit thread
//
// Each runs the guard first and hands the handler a request whose bearer holds the scope. Threads:
// routes are added before the server starts; handlers run on any I/O thread.
#pragma once

#include <functional>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string_view>

#include "api/denial.hpp"
#include "api/http_counters.hpp"
#include "api/http_form.hpp"
#include "api/http_router.hpp"
#include "api/worker_pool.hpp"
#include "core/command.hpp"
#include "core/management_scopes.hpp"
#include "storage/ledger.hpp"

namespace tokenledger {

inline constexpr std::size_t kIdempotencyKeyBytesMax = 255;
// A page ends once it has this much: reasons, names, extra fields and escapes could outgrow every
// answer (INV-7). One row more always fits.
inline constexpr std::size_t kPageTextBytesMax = 4 * 1024 * 1024;
// A change of settings that somebody else's change overtook each time; beyond: 503.
inline constexpr int kChangeAttemptsMax = 4;

class AccessLog;
class AssertionMemory;
class BackupDesk;
struct BrowserDesk;
class EventStreamer;
class GraceAnswers;
class ReceiptDesk;
class TokenRequestLimits;
class WitnessBoard;

// Outlives the server's routes.
struct ApiContext {
  Ledger& ledger;
  // Shared, because a command's completion may still post after the service went.
  std::shared_ptr<WorkerPool> workers;
  std::mutex http_counters_mutex;
  std::function<HttpCounters()> http_counters;  // guarded by http_counters_mutex; may be empty
  EventStreamer& streamer;
  TokenRequestLimits& limits;
  AssertionMemory& assertions;
  std::shared_ptr<ReceiptDesk> receipts;  // shared as the workers are
  BackupDesk& backups;
  std::shared_ptr<BrowserDesk> browser;                // of the pages; shared as the workers are
  std::shared_ptr<GraceAnswers> grace_answers;         // shared as the workers are
  std::shared_ptr<const WitnessBoard> witnesses = {};  // null: none are asked
  const AccessLog* access_log = nullptr;               // set before the server starts; null: none
  DenialCounters batch_denials = {};                   // of tokens checked many at once
};

// A request and the promise to answer it, shared by the steps of its handling.
struct AsyncCall {
  OwnedHttpRequest request;
  Responder responder;
};
using Call = std::shared_ptr<AsyncCall>;

// A request whose bearer may write.
struct Write {
  Actor actor;
  std::string request_id;
  std::optional<Idempotency> idempotency;
};

using ReadHandler = std::function<HttpResponse(const HttpRequest&)>;
using ReadAttempt = HttpAttempt;
using WriteHandler = std::function<void(const Call&, Write)>;
using CallHandler = std::function<void(const Call&)>;

// What an asynchronous handler holds until it answers.
[[nodiscard]] Call take_call(OwnedHttpRequest request, Responder responder);

struct Endpoint {
  HttpMethod method;
  std::string_view pattern;
  ManagementScope scope;
  HttpRouteOptions options = {};
  // Of a write. What it does not read is refused when it is sent: ignored, a caller would think it
  // counted (400).
  bool takes_query = false;
  bool takes_body = true;
  JobLength job = JobLength::brief;  // of a view
};
[[nodiscard]] inline Endpoint lengthy(Endpoint endpoint) {
  endpoint.job = JobLength::lengthy;
  return endpoint;
}
[[nodiscard]] inline Endpoint with_query(Endpoint endpoint) {
  endpoint.takes_query = true;
  return endpoint;
}
// An empty object is forgiven: some clients send one with every POST.
[[nodiscard]] inline Endpoint without_body(Endpoint endpoint) {
  endpoint.takes_body = false;
  return endpoint;
}
void route_read(HttpRouter& router, ApiContext& context, const Endpoint& endpoint,
                ReadHandler handler);
void route_view(HttpRouter& router, ApiContext& context, const Endpoint& endpoint,
                ReadHandler handler);
void route_call(HttpRouter& router, ApiContext& context, const Endpoint& endpoint,
                CallHandler handler);
void route_attempt(HttpRouter& router, ApiContext& context, const Endpoint& endpoint,
                   ReadAttempt attempt, ReadHandler otherwise);
void route_write(HttpRouter& router, ApiContext& context, const Endpoint& endpoint,
                 WriteHandler handler);

// A completion that answers the call: `answer` runs on the commit thread once the event is durable
// and visible, so it must not wait; X-Ledger-Seq is added. A refusal is answered by problem_of().
// `earlier`, where given, answers a repeated Idempotency-Key instead, on a worker: the event that
// did it stands at the seq.
using CommittedAnswer = std::function<HttpResponse(const Committed&)>;
using EarlierAnswer = std::function<HttpResponse(Sequence)>;
[[nodiscard]] Ledger::Completion answering(const ApiContext& context, const Call& call,
                                           CommittedAnswer answer, EarlierAnswer earlier = {});
// For answers that hold the time: a repeat gives the same one, with the time in the first event.
[[nodiscard]] EarlierAnswer with_its_own_time(const Ledger& ledger, CommittedAnswer answer);
// Submits the command and answers so.
void commit(ApiContext& context, const Call& call, Write write, CommandPayload payload,
            CommittedAnswer answer, EarlierAnswer earlier = {});

// Read-modify-write of a record's settings. `read` lays the request over the record and names in
// based_on what it read; it runs again, on a worker, when the record changed before the command was
// decided (stale_policy), at most kChangeAttemptsMax times. What it answers refuses the request.
using ReadChange = std::function<std::optional<HttpResponse>(CommandPayload&)>;
void commit_change(ApiContext& context, const Call& call, Write write, ReadChange read,
                   CommittedAnswer answer, int attempts_left = kChangeAttemptsMax);

// Answers from a worker; busy() when there is no room. Safe on the commit thread.
void answer_from_worker(WorkerPool& workers, const Call& call, std::function<HttpResponse()> answer,
                        JobLength length = JobLength::brief);

[[nodiscard]] HttpResponse json_response(int status);
void add_ledger_seq(HttpResponse* response, Sequence seq);

// Parses the query; `known` plus min_seq may occur, once each. min_seq beyond what is committed is
// refused. Empty optional: all is well.
[[nodiscard]] std::optional<HttpResponse> read_query(const Ledger& ledger,
                                                     const HttpRequest& request,
                                                     std::span<const std::string_view> known,
                                                     FormFields* fields);
[[nodiscard]] inline std::optional<HttpResponse> read_query(
    const Ledger& ledger, const HttpRequest& request, std::initializer_list<std::string_view> known,
    FormFields* fields) {
  return read_query(ledger, request, std::span{known.begin(), known.size()}, fields);
}

// A decimal number of at most 19 digits; nullopt for anything else.
[[nodiscard]] std::optional<std::uint64_t> parse_number(std::string_view text) noexcept;

// The event at `seq`, from the log. Blocks for a disk read: workers only.
[[nodiscard]] std::optional<Event> event_at(const Ledger& ledger, Sequence seq);

}  // namespace tokenledger
