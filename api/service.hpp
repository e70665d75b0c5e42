// ApiService: the endpoints of one ledger over HTTP; ApiServer: the same with its listener.
//
// Every endpoint group is a file of its own (api/*_endpoints.cpp); rules are plain functions and
// the ledger decides. The ledger outlives both. Threads: construct, add routes, serve; handlers
// then run on the server's I/O threads, on the ledger's commit thread and on the service's workers.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>

#include "api/http_counters.hpp"
#include "api/http_options.hpp"
#include "api/sign_in_limits.hpp"
#include "api/token_request_limits.hpp"
#include "core/errc.hpp"

namespace tokenledger {

class AccessLog;
class HttpRouter;
class Ledger;
class WitnessBoard;

struct ApiOptions {
  unsigned worker_count = 2;             // threads for reads that may wait for the views
  std::uint32_t worker_jobs_max = 256;   // waiting for a worker; beyond: 503 with Retry-After
  std::uint32_t event_streams_max = 64;  // open /v1/events/stream; beyond: 503 with Retry-After
  std::chrono::milliseconds event_heartbeat = std::chrono::seconds{15};
  // How long a request for a receipt or a proof waits for the checkpoint.
  std::chrono::milliseconds receipt_patience = std::chrono::seconds{5};
  TokenRequestRates token_request_rates;
  SignInRates sign_in_rates;
  std::filesystem::path backup_directory = {};  // where POST /v1/backups writes; empty: refused
  // What the witnesses said so far; null: none are asked. It tells the service of each quorum.
  std::shared_ptr<WitnessBoard> witnesses;
};

class ApiService {
 public:
  ApiService(Ledger& ledger, ApiOptions options);
  // Finishes the reads that began. The server with its routes must be gone.
  ~ApiService();
  ApiService(const ApiService&) = delete;
  ApiService& operator=(const ApiService&) = delete;

  // The routes refer to this object. Call once.
  void add_routes(HttpRouter& router);

  // Where /metrics gets the HTTP counters from; without it they are left out. Set once, before
  // requests come or while they do.
  void set_http_counters(std::function<HttpCounters()> counters);
  // Whose counters /metrics shows. Before requests come; it outlives the service.
  void set_access_log(const AccessLog& log);
  // A backup that is being made ends early and is answered with 503; none begins any more. Does not
  // wait. Idempotent, any thread.
  void end_lengthy_work();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

struct ApiServerOptions {
  HttpServerOptions http;
  ApiOptions api;
  std::filesystem::path access_log;  // "-" is stdout; empty: none
};

class ApiServer {
 public:
  // Listens at once. Errors: HttpServer::start, AccessLog::open.
  [[nodiscard]] static Result<std::unique_ptr<ApiServer>> start(Ledger& ledger,
                                                                ApiServerOptions options);
  // Stops without waiting if stop() was not called. The ledger must still be there.
  ~ApiServer();
  ApiServer(const ApiServer&) = delete;
  ApiServer& operator=(const ApiServer&) = delete;

  // The port listened at; the one picked when the options say 0.
  [[nodiscard]] std::uint16_t port() const noexcept;
  // Stops accepting and lets accepted requests finish, but for a backup, which may take hours: it
  // ends where it looks for that next, at most some files later, and is answered with 503. True:
  // nothing was cut off. Idempotent.
  bool stop(std::chrono::milliseconds deadline);
  // For SIGHUP: reads the certificate again (see HttpServer::reload_tls) and opens the access log
  // anew.
  Result<void> reload();
  [[nodiscard]] HttpCounters counters() const noexcept;

 private:
  struct Parts;
  explicit ApiServer(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace tokenledger
