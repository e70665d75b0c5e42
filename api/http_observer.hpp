// HttpObserver: told of every answer, for an access log. Called on I/O threads: must not block.
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

namespace tokenledger {

// One answered request. Nothing of the caller's but ids: no path, no query, no header (INV-5).
struct HttpExchange {
  std::string_view method;  // empty: refused before it was known
  std::string_view route;   // the pattern ("/v1/tokens/{jti}"); empty: there was none
  int status = 0;
  std::uint64_t bytes = 0;              // of the whole answer
  std::chrono::nanoseconds duration{};  // from the last byte of the request to the answer's end
  std::string_view client_id;           // empty: not known
  std::string_view request_id;
  std::string_view denied;  // denial_name(); empty: it was not
};

class HttpObserver {
 public:
  virtual ~HttpObserver() = default;
  virtual void on_answer(const HttpExchange& exchange) noexcept = 0;
};

}  // namespace tokenledger
