#include "api/service.hpp"

#include <utility>

#include "api/access_log.hpp"
#include "api/assertion_memory.hpp"
#include "api/backup_desk.hpp"
#include "api/browser_desk.hpp"
#include "api/cors.hpp"
#include "api/endpoint.hpp"
#include "api/endpoints.hpp"
#include "api/event_streamer.hpp"
#include "api/http_server.hpp"
#include "api/problem.hpp"
#include "api/receipt_desk.hpp"
#include "api/witness_board.hpp"
#include "storage/audit.hpp"
#include "storage/grace_answers.hpp"

namespace tokenledger {
namespace {

// 404 and 405 in the dialect of the path.
HttpResponse no_route(const HttpRequest& request, int status) {
  if (auto preflight = answer_preflight(request)) return std::move(*preflight);
  const bool is_missing = status == 404;
  if (request.path().starts_with("/oauth/")) {
    return oauth_error(status, "invalid_request",
                       is_missing ? "there is no such endpoint" : "the method is not allowed");
  }
  return is_missing ? problem(404, "not_found", "there is no such resource")
                    : problem(405, "method_not_allowed", "the method is not allowed here");
}

}  // namespace

class ApiService::Impl {
 public:
  Impl(Ledger& ledger, const ApiOptions& options)
      : streamer{ledger,
                 {.count_max = options.event_streams_max, .heartbeat = options.event_heartbeat}},
        limits{options.token_request_rates},
        assertions{to_seconds(ledger.now()).next()},
        backups{options.backup_directory},
        context{
            .ledger = ledger,
            .workers = std::make_shared<WorkerPool>(options.worker_count, options.worker_jobs_max),
            .http_counters_mutex = {},
            .http_counters = {},
            .streamer = streamer,
            .limits = limits,
            .assertions = assertions,
            .receipts = std::make_shared<ReceiptDesk>(
                [&ledger](Sequence seq, ReceiptDesk::Ready ready) {
                  Audit{ledger}.when_covered(seq, std::move(ready));
                },
                options.receipt_patience),
            .backups = backups,
            .browser = std::make_shared<BrowserDesk>(ledger.issuer(), options.sign_in_rates),
            .grace_answers = std::make_shared<GraceAnswers>(),
            .witnesses = options.witnesses},
        witnesses{options.witnesses} {
    if (witnesses == nullptr) return;
    // Weakly: the thread that asks may be in the middle of a call when the service goes.
    witnesses->set_on_witnessed([waiting = std::weak_ptr{context.receipts}](std::uint64_t size) {
      if (const auto desk = waiting.lock()) desk->witnessed_up_to(size);
    });
    context.receipts->witnessed_up_to(witnesses->report().witnessed_size);
  }
  // Jobs refer to the context.
  ~Impl() {
    if (witnesses != nullptr) witnesses->set_on_witnessed({});
    backups.stop();
    context.browser->passwords.stop();  // its answers post to the workers
    context.workers->stop();
    context.receipts->stop();
  }

  EventStreamer streamer;
  TokenRequestLimits limits;
  AssertionMemory assertions;
  BackupDesk backups;
  ApiContext context;
  const std::shared_ptr<WitnessBoard> witnesses;  // null: none are asked
};

ApiService::ApiService(Ledger& ledger, ApiOptions options)
    : impl_{std::make_unique<Impl>(ledger, options)} {}
ApiService::~ApiService() = default;

void ApiService::add_routes(HttpRouter& router) {
  auto& context = impl_->context;
  add_oauth_token_endpoint(router, context);
  add_oauth_introspection_endpoint(router, context);
  add_oauth_revocation_endpoint(router, context);
  add_authorize_endpoint(router, context);
  add_sign_in_endpoint(router, context);
  add_consent_endpoint(router, context);
  add_account_endpoints(router, context);
  add_password_endpoint(router, context);
  add_userinfo_endpoint(router, context);
  add_discovery_endpoints(router, context);
  add_client_endpoints(router, context);
  add_key_endpoints(router, context);
  add_api_endpoints(router, context);
  add_client_grant_endpoints(router, context);
  add_token_endpoints(router, context);
  add_token_list_endpoint(router, context);
  add_bulk_revocation_endpoint(router, context);
  add_check_endpoints(router, context);
  add_event_endpoints(router, context);
  add_audit_endpoints(router, context);
  add_note_endpoint(router, context);
  add_owner_endpoint(router, context);
  add_user_endpoints(router, context);
  add_group_endpoints(router, context);
  add_consent_endpoints(router, context);
  add_operations_endpoints(router, context);
  add_backup_endpoint(router, context);
  add_status_list_endpoints(router, context);
  add_openapi_endpoint(router);
  router.set_fallback(no_route);
}

void ApiService::set_http_counters(std::function<HttpCounters()> counters) {
  const std::scoped_lock lock{impl_->context.http_counters_mutex};
  impl_->context.http_counters = std::move(counters);
}

void ApiService::end_lengthy_work() { impl_->backups.ask_to_stop(); }

void ApiService::set_access_log(const AccessLog& log) { impl_->context.access_log = &log; }

// The service outlives the server, whose routes refer to it.
struct ApiServer::Parts {
  Parts(Ledger& ledger, const ApiOptions& options) : service{ledger, options} {}
  ~Parts() { service.set_http_counters({}); }
  std::unique_ptr<AccessLog> access_log;  // outlives what writes to it; null: none
  ApiService service;
  std::unique_ptr<HttpServer> server;
};

ApiServer::ApiServer(std::unique_ptr<Parts> parts) : parts_{std::move(parts)} {}
ApiServer::~ApiServer() = default;

Result<std::unique_ptr<ApiServer>> ApiServer::start(Ledger& ledger, ApiServerOptions options) {
  auto parts = std::make_unique<Parts>(ledger, options.api);
  if (!options.access_log.empty()) {
    auto log = AccessLog::open(options.access_log);
    if (!log) return log.error();
    parts->access_log = std::move(*log);
    parts->service.set_access_log(*parts->access_log);
    options.http.observer = parts->access_log.get();
  }
  HttpRouter router;
  parts->service.add_routes(router);
  auto server = HttpServer::start(std::move(router), std::move(options.http));
  if (!server) return server.error();
  parts->server = std::move(*server);
  parts->service.set_http_counters([&counted = *parts->server] { return counted.counters(); });
  return std::unique_ptr<ApiServer>{new ApiServer{std::move(parts)}};
}

std::uint16_t ApiServer::port() const noexcept { return parts_->server->port(); }
bool ApiServer::stop(std::chrono::milliseconds deadline) {
  parts_->service.end_lengthy_work();
  return parts_->server->stop(deadline);
}
Result<void> ApiServer::reload() {
  if (parts_->access_log) parts_->access_log->reopen();
  return parts_->server->reload_tls();
}
HttpCounters ApiServer::counters() const noexcept { return parts_->server->counters(); }

}  // namespace tokenledger
