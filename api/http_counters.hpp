// Counters of the HTTP layer, for /metrics.
//
// Each I/O thread writes its own set without locked instructions; a reader adds the sets up, so a
// sum may be a moment old but never torn. All values only grow.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "api/denial.hpp"
#include "api/http_parser.hpp"

namespace tokenledger {

// Values summed over the I/O threads.
struct HttpCounters {
  std::uint64_t requests = 0;                                 // reached a handler, or 404 or 405
  std::array<std::uint64_t, 6> responses_by_class = {};       // [2] counts 2xx; refusals too
  std::array<std::uint64_t, kHttpRefusalCount> refused = {};  // by HttpRefusal
  DenialCounts denied = {};                                   // by DenialReason
  std::uint64_t connections_accepted = 0;                     // beyond connection_count_max too
  std::uint64_t connections_open = 0;
  std::uint64_t timeouts_idle = 0;
  std::uint64_t timeouts_write = 0;
  std::uint64_t timeouts_answer = 0;         // an asynchronous handler was too late
  std::uint64_t handler_failures = 0;        // exceptions
  std::uint64_t tls_handshake_failures = 0;  // refused, cut off or too slow
  std::uint64_t bytes_received = 0;
  std::uint64_t bytes_sent = 0;
};

// One writer, any number of readers.
class HttpCounter {
 public:
  void add(std::uint64_t count) noexcept {
    value_.store(value_.load(std::memory_order_relaxed) + count, std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint64_t value() const noexcept {
    return value_.load(std::memory_order_relaxed);
  }

 private:
  std::atomic<std::uint64_t> value_{0};
};

// Written by one I/O thread. Aligned so that two threads never share a cache line.
struct alignas(128) HttpThreadCounters {
  HttpCounter requests;
  std::array<HttpCounter, 6> responses_by_class;
  std::array<HttpCounter, kHttpRefusalCount> refused;
  std::array<HttpCounter, kDenialReasonCount> denied;
  HttpCounter connections_opened;
  HttpCounter connections_closed;
  HttpCounter timeouts_idle;
  HttpCounter timeouts_write;
  HttpCounter timeouts_answer;
  HttpCounter handler_failures;
  HttpCounter tls_handshake_failures;
  HttpCounter bytes_received;
  HttpCounter bytes_sent;

  void add_to(HttpCounters* sum) const noexcept;
};

}  // namespace tokenledger
