#include "api/endpoint.hpp"

#include <algorithm>
#include <charconv>
#include <shared_mutex>

#include "api/error_mapping.hpp"
#include "api/guard.hpp"
#include "api/problem.hpp"
#include "storage/ledger_core.hpp"
#include "storage/log_events.hpp"

namespace tokenledger {
namespace {

bool is_idempotency_key(std::string_view text) noexcept {
  return text.size() <= kIdempotencyKeyBytesMax &&
         std::ranges::all_of(text, [](char byte) { return byte >= 0x21 && byte <= 0x7e; });
}

// What the key stands for: the same body at another path is another request.
std::string whole_request(const HttpRequest& request) {
  std::string whole{method_name(request.method())};
  whole += ' ';
  whole += request.path();
  whole += '?';
  whole += request.query();
  whole += '\n';
  whole += request.body();
  return whole;
}

std::optional<HttpResponse> refuse_what_is_not_read(const HttpRequest& request, bool takes_query,
                                                    bool takes_body) {
  if (!takes_query && !request.query().empty())
    return problem(400, "invalid_query", "this request takes no parameters in its query");
  if (!takes_body && !request.body().empty() && request.body() != "{}")
    return problem(400, "invalid_body", "this request takes no body");
  return std::nullopt;
}

// The asynchronous half of reads: guarded, then on a worker.
AsyncHttpHandler on_worker(ApiContext& context, const Endpoint& endpoint, CallHandler handler) {
  // Shared: a job may begin when the routes are gone already.
  return [&context, scope = endpoint.scope, length = endpoint.job,
          shared = std::make_shared<const CallHandler>(std::move(handler))](
             OwnedHttpRequest request, Responder responder) {
    auto access = verify_management(context.ledger, *request, scope);
    if (access.denied) return responder.respond(std::move(*access.denied));
    responder.set_client_id(std::move(access.client_id));
    const auto call = take_call(std::move(request), std::move(responder));
    const bool is_posted = context.workers->post([call, shared] { (*shared)(call); }, length);
    if (!is_posted) call->responder.respond(busy());
  };
}

CallHandler answering_at_once(ReadHandler handler) {
  return [handler = std::move(handler)](const Call& call) {
    call->responder.respond(handler(*call->request));
  };
}

// Where the body may be large the bearer is asked for before it is read, and again behind it.
HttpRouteOptions options_of(const ApiContext& context, const Endpoint& endpoint) {
  auto options = endpoint.options;
  if (options.body_bytes_max == 0) return options;
  options.before_large_body = [&context, scope = endpoint.scope](const HttpRequest& request) {
    return verify_management(context.ledger, request, scope).denied;
  };
  return options;
}

}  // namespace

Call take_call(OwnedHttpRequest request, Responder responder) {
  return std::make_shared<AsyncCall>(AsyncCall{std::move(request), std::move(responder)});
}

void route_read(HttpRouter& router, ApiContext& context, const Endpoint& endpoint,
                ReadHandler handler) {
  router.add(
      endpoint.method, endpoint.pattern,
      [&context, scope = endpoint.scope, handler = std::move(handler)](const HttpRequest& request) {
        auto access = verify_management(context.ledger, request, scope);
        if (access.denied) return std::move(*access.denied);
        auto response = handler(request);
        response.client_id = std::move(access.client_id);
        return response;
      },
      options_of(context, endpoint));
}

void route_view(HttpRouter& router, ApiContext& context, const Endpoint& endpoint,
                ReadHandler handler) {
  router.add_async(endpoint.method, endpoint.pattern,
                   on_worker(context, endpoint, answering_at_once(std::move(handler))),
                   options_of(context, endpoint));
}

void route_call(HttpRouter& router, ApiContext& context, const Endpoint& endpoint,
                CallHandler handler) {
  router.add_async(endpoint.method, endpoint.pattern,
                   on_worker(context, endpoint, std::move(handler)), options_of(context, endpoint));
}

void route_attempt(HttpRouter& router, ApiContext& context, const Endpoint& endpoint,
                   ReadAttempt attempt, ReadHandler otherwise) {
  router.add_attempt(
      endpoint.method, endpoint.pattern,
      [&context, scope = endpoint.scope,
       attempt = std::move(attempt)](const HttpRequest& request) -> std::optional<HttpResponse> {
        auto access = verify_management(context.ledger, request, scope);
        if (access.denied) return std::move(access.denied);
        auto response = attempt(request);
        if (response) response->client_id = std::move(access.client_id);
        return response;
      },
      on_worker(context, endpoint, answering_at_once(std::move(otherwise))),
      options_of(context, endpoint));
}

void route_write(HttpRouter& router, ApiContext& context, const Endpoint& endpoint,
                 WriteHandler handler) {
  router.add_async(
      endpoint.method, endpoint.pattern,
      [&context, scope = endpoint.scope, takes_query = endpoint.takes_query,
       takes_body = endpoint.takes_body,
       handler = std::move(handler)](OwnedHttpRequest request, Responder responder) {
        auto access = verify_management(context.ledger, *request, scope);
        if (access.denied) return responder.respond(std::move(*access.denied));
        responder.set_client_id(std::move(access.client_id));
        if (auto refused = refuse_what_is_not_read(*request, takes_query, takes_body))
          return responder.respond(std::move(*refused));
        Write write{.actor = access.actor,
                    .request_id = std::string{request->request_id()},
                    .idempotency = {}};
        if (const auto key = request->header(HttpHeader::idempotency_key); !key.empty()) {
          if (!is_idempotency_key(key)) {
            return responder.respond(
                problem(400, "invalid_idempotency_key",
                        "an Idempotency-Key is 1 to 255 visible ASCII characters"));
          }
          write.idempotency =
              context.ledger.make_idempotency(access.actor, key, whole_request(*request));
        }
        handler(take_call(std::move(request), std::move(responder)), std::move(write));
      },
      options_of(context, endpoint));
}

Ledger::Completion answering(const ApiContext& context, const Call& call, CommittedAnswer answer,
                             EarlierAnswer earlier) {
  return [call, workers = context.workers, answer = std::move(answer),
          earlier = std::move(earlier)](const Result<Committed>& committed) {
    if (!committed) return call->responder.respond(problem_of(committed.error()));
    if (committed->repeated && earlier) {
      return answer_from_worker(*workers, call, [earlier, seq = committed->seq] {
        auto response = earlier(seq);
        add_ledger_seq(&response, seq);
        return response;
      });
    }
    auto response = answer(*committed);
    add_ledger_seq(&response, committed->seq);
    call->responder.respond(std::move(response));
  };
}

EarlierAnswer with_its_own_time(const Ledger& ledger, CommittedAnswer answer) {
  return [&ledger, answer = std::move(answer)](Sequence seq) {
    const auto event = event_at(ledger, seq);
    if (!event) return problem_of(Errc::unknown_outcome);
    return answer({.seq = seq, .at = event->recorded_at, .repeated = true});
  };
}

void commit(ApiContext& context, const Call& call, Write write, CommandPayload payload,
            CommittedAnswer answer, EarlierAnswer earlier) {
  context.ledger.submit_async(
      {write.actor, std::move(write.request_id), write.idempotency, std::move(payload)},
      answering(context, call, std::move(answer), std::move(earlier)));
}

void commit_change(ApiContext& context, const Call& call, Write write, ReadChange read,
                   CommittedAnswer answer, int attempts_left) {
  CommandPayload change;
  if (auto refused = read(change)) return call->responder.respond(std::move(*refused));
  auto done = [&context, workers = context.workers, call, write, read, answer, attempts_left,
               done = answering(context, call, answer)](const Result<Committed>& committed) {
    const bool is_stale = committed.has_error() && committed.error() == Errc::stale_policy;
    if (!is_stale || attempts_left <= 1) return done(committed);
    // Not here: the commit thread has better things to do than to read a body again. The job is
    // dropped with the workers, before the context goes.
    const bool is_posted = workers->post([&context, call, write, read, answer, attempts_left] {
      commit_change(context, call, write, read, answer, attempts_left - 1);
    });
    if (!is_posted) call->responder.respond(busy());
  };
  context.ledger.submit_async({write.actor, write.request_id, write.idempotency, std::move(change)},
                              std::move(done));
}

void answer_from_worker(WorkerPool& workers, const Call& call, std::function<HttpResponse()> answer,
                        JobLength length) {
  const bool is_posted = workers.post(
      [call, answer = std::move(answer)] { call->responder.respond(answer()); }, length);
  if (!is_posted) call->responder.respond(busy());
}

HttpResponse json_response(int status) {
  HttpResponse response{.status = status, .content_type = kContentTypeJson};
  response.add_header("Cache-Control", "no-store");
  return response;
}

void add_ledger_seq(HttpResponse* response, Sequence seq) {
  response->add_header("X-Ledger-Seq", std::to_string(seq.value()));
}

std::optional<HttpResponse> read_query(const Ledger& ledger, const HttpRequest& request,
                                       std::span<const std::string_view> known,
                                       FormFields* fields) {
  if (!fields->parse(request.query()))
    return problem(400, "invalid_query", "the query is malformed");
  if (fields->first_repeated())
    return problem(400, "repeated_parameter", "a query parameter occurs twice");
  for (std::size_t index = 0; index < fields->size(); ++index) {
    const auto name = fields->name(index);
    const bool is_known = name == "min_seq" || std::ranges::find(known, name) != known.end();
    if (!is_known) return problem(400, "unknown_parameter", "a query parameter is not known here");
  }
  if (const auto text = fields->get("min_seq")) {
    const auto seq = parse_number(*text);
    if (!seq) return problem(400, "invalid_parameter", "min_seq must be a sequence number");
    if (Sequence{*seq} > ledger.committed()) return problem_of(Errc::sequence_in_future);
  }
  return std::nullopt;
}

std::optional<std::uint64_t> parse_number(std::string_view text) noexcept {
  constexpr std::size_t kDigitsMax = 19;  // always fits in 64 bits
  std::uint64_t number = 0;
  const bool is_digits =
      !text.empty() && text.size() <= kDigitsMax &&
      std::ranges::all_of(text, [](char byte) { return byte >= '0' && byte <= '9'; });
  if (!is_digits) return std::nullopt;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

std::optional<Event> event_at(const Ledger& ledger, Sequence seq) {
  const auto& core = ledger.core();
  const std::shared_lock files{core.files_mutex};
  if (!core.check_readable()) return std::nullopt;
  auto event = read_event(*core.log, seq);
  return event ? std::optional{std::move(*event)} : std::nullopt;
}

}  // namespace tokenledger
