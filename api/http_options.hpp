// The bounds and deadlines of the HTTP layer (INV-7). Defaults are the product's; tests shrink
// them.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "api/http_tls.hpp"

namespace tokenledger {

// Fields kept of one request head; a hard bound, because they live in a fixed array.
inline constexpr std::size_t kHttpHeaderCountMax = 64;
// Positions inside a request head are kept in 16 bits.
inline constexpr std::size_t kHttpHeadBytesMax = 16 * 1024;
// No route may ask for a larger body.
inline constexpr std::size_t kHttpBodyBytesMax = 1024 * 1024;

struct HttpLimits {
  std::size_t head_bytes_max = kHttpHeadBytesMax;  // request line and fields together; above: 431
  std::size_t header_count_max = kHttpHeaderCountMax;  // above: 431
  std::size_t body_bytes_max = 16 * 1024;              // a route may raise it; above: 413
  std::size_t pipeline_count_max = 64;        // requests of one connection not yet answered
  std::size_t output_bytes_max = 256 * 1024;  // not yet written; above: no further request
  // How long one connection's pipelined requests are answered before others get their turn; a first
  // request always is. 0: as long as there are any.
  std::chrono::microseconds turn_time_max{20};
  std::size_t connection_count_max = 8192;  // above: accepted, answered 503, closed
};

struct HttpDeadlines {
  std::chrono::milliseconds handshake = std::chrono::seconds{10};  // of TLS
  std::chrono::milliseconds head = std::chrono::seconds{10};       // first byte to end of head
  std::chrono::milliseconds body = std::chrono::seconds{30};       // end of head to end of body
  std::chrono::milliseconds idle = std::chrono::seconds{75};       // between two requests
  std::chrono::milliseconds write = std::chrono::seconds{30};      // one coalesced write
  std::chrono::milliseconds answer = std::chrono::seconds{120};    // an asynchronous handler
  std::chrono::milliseconds linger = std::chrono::seconds{2};      // reading on after a refusal
};

class HttpObserver;

struct HttpServerOptions {
  std::string address = "127.0.0.1";     // an IPv4 or IPv6 address, not a name
  std::uint16_t port = 0;                // 0: the system picks a free one, see HttpServer::port
  unsigned io_thread_count = 0;          // 0: one per processor
  std::optional<HttpTlsFiles> tls = {};  // absent: plain HTTP
  HttpLimits limits;
  HttpDeadlines deadlines;
  HttpObserver* observer = nullptr;  // outlives the server; null: nobody is told
};

}  // namespace tokenledger
