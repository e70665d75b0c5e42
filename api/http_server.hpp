// HttpServer: listens, spreads connections over I/O threads, and stops gracefully.
//
// One thread accepts and deals the connections out in turn, so few long-lived connections still use
// every thread; a port taken by another process is an error (no SO_REUSEPORT). The library installs
// no signal handler and never exits: that is tools/'s business.
//
// Threads: any thread may call any method; stop() not from a handler.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>

#include "api/http_counters.hpp"
#include "api/http_options.hpp"
#include "api/http_router.hpp"
#include "core/errc.hpp"

namespace tokenledger {

class HttpServer {
 public:
  // Listens at once; answers after it returned. Errors, with the reason and the address in the log:
  //   invalid_argument  the address is not a numeric one
  //   address_in_use    somebody listens there already
  //   invalid_argument  the certificate or its key can't be used, likewise
  //   io_error          anything else the system refused (a port below 1024, no such address)
  [[nodiscard]] static Result<std::unique_ptr<HttpServer>> start(HttpRouter router,
                                                                 HttpServerOptions options);
  // Stops without waiting if stop() was not called.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // The port listened at; the one picked when the options say 0.
  [[nodiscard]] std::uint16_t port() const noexcept;

  // Stops accepting, lets every accepted request finish (its answer says Connection: close), then
  // closes. After `deadline` what is left is cut off. True: nothing was. Idempotent. Responders may
  // outlive it; their answers are dropped.
  bool stop(std::chrono::milliseconds deadline);

  // Reads certificate and key again for connections to come; open ones keep theirs. After an error
  // the former ones stay, and the log says why. Without TLS: nothing.
  Result<void> reload_tls();

  [[nodiscard]] HttpCounters counters() const noexcept;

 private:
  class Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tokenledger
