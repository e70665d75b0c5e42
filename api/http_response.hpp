// HttpResponse: what a handler answers, and its bytes on the wire.
//
// Content-Length, Date, X-Request-Id and Connection are the server's business; a handler sets the
// rest. Threads: a plain value.
#pragma once

#include <cstddef>
#include <cstdint>
#include <ctime>
#include <memory>
#include <string>
#include <string_view>

#include "api/denial.hpp"

namespace tokenledger {

inline constexpr std::string_view kContentTypeJson = "application/json";
inline constexpr std::string_view kContentTypeProblem = "application/problem+json";  // RFC 9457
inline constexpr std::string_view kContentTypeText = "text/plain; charset=utf-8";
inline constexpr std::string_view kContentTypeHtml = "text/html; charset=utf-8";

// Larger answers are a programming error: the caller gets 500. Pages and exports are cut before;
// the one route whose answers can't be cut raises the bound for them.
inline constexpr std::size_t kHttpResponseBytesMax = 8 * 1024 * 1024;

class HttpStream;

struct HttpResponse {
  int status = 200;                    // 200..599
  std::string_view content_type = {};  // must live forever (a constant); empty: no Content-Type
  std::string body = {};               // must be empty for 204 and 304
  std::string header_lines = {};       // "Name: value\r\n" each; use add_header

  // A value with a control character other than TAB would end the line and let a caller write
  // headers of its own: the whole answer then becomes a 500 (fail closed).
  void add_header(std::string_view name, std::string_view value);

  std::size_t body_bytes_max = kHttpResponseBytesMax;

  // Turns into a bare 500 if add_header refused something, the status is impossible or the body
  // beyond the bound. The session calls it on every answer.
  void fail_closed_if_broken();

  bool is_broken = false;  // set by add_header

  // The body comes from here instead (see reader_of); `body` must be empty. Only on a route with
  // HttpRouteOptions::streams.
  std::shared_ptr<HttpStream> stream = {};

  // Let go once the whole answer is written or its connection is gone: what bounds how much of such
  // answers is in memory, wherever they are on their way.
  std::shared_ptr<const void> held = {};

  // Whose request this was, for the access log only.
  std::string client_id = {};
  // Why it was refused, or the one token it asked about is not good: for the log and the counters.
  DenialReason denial = DenialReason::none;
};

// The standard phrase ("Not Found"); empty for a status this program never sends.
[[nodiscard]] std::string_view reason_phrase(int status) noexcept;

// The line "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n" (RFC 9110 §6.6.1), formatted once per second.
// Threads: one per I/O thread.
class HttpDateLine {
 public:
  [[nodiscard]] std::string_view line() noexcept;

 private:
  std::time_t second_ = -1;
  std::size_t size_ = 0;
  char text_[48];
};

struct HttpFraming {
  std::string_view date_line;
  std::string_view request_id;  // already checked: 1-64 of [A-Za-z0-9._-], or empty
  bool close = false;           // this is the last answer of the connection
  bool keep_alive_10 = false;   // tell an HTTP/1.0 client that the connection stays
  bool omit_body = false;       // the answer to HEAD
  bool chunked = false;         // a streamed body follows in chunks (RFC 9112 §7.1)
};

// Appends the whole answer. Cost: no allocation once `out` has grown.
void append_response(std::string& out, const HttpResponse& response, const HttpFraming& framing);

}  // namespace tokenledger
