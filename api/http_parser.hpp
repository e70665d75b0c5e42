// HttpParser turns buffered bytes into HttpRequests (RFC 9112), strictly.
//
// It owns no bytes and does no I/O: the session shows it what has arrived of the current request
// and how much that is. The outcome depends only on the bytes, never on how they were cut: a head
// is looked at when it is complete, except for faults that a prefix already proves. Beast's
// basic_parser reads the head; framing is ours.
//
// Refused beyond the RFC's own rules: both Transfer-Encoding and Content-Length, repeated
// Content-Length even when equal, folded lines, bare line feeds, non-ASCII targets, fragments,
// authority-form and asterisk-form targets, trailers, repeats of any field in HttpHeader.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "api/http_chunked.hpp"
#include "api/http_options.hpp"
#include "api/http_request.hpp"

namespace tokenledger {

// Why a request was refused before any handler saw it. Counted in HttpCounters.
enum class HttpRefusal : std::uint8_t {
  none,
  malformed,         // 400
  head_too_large,    // 431
  body_too_large,    // 413
  expectation,       // 417: an Expect other than 100-continue
  method,            // 501: not in HttpMethod
  transfer_coding,   // 501: a coding other than chunked
  version,           // 505
  head_timeout,      // 408
  body_timeout,      // 408
  truncated,         // the input ended inside a request: no answer
  connection_count,  // 503
};
inline constexpr std::size_t kHttpRefusalCount = 12;
[[nodiscard]] int refusal_status(HttpRefusal refusal) noexcept;
[[nodiscard]] const char* refusal_name(HttpRefusal refusal) noexcept;

class HttpParser {
 public:
  enum class Step : std::uint8_t { need_more, done, refused };

  explicit HttpParser(const HttpLimits& limits);

  // Forgets the current request.
  void reset() noexcept;

  // `bytes` begins at the request's first byte and grows from call to call. done: `request` is
  // filled except for its block, body, id and peer, and head_bytes() is known.
  [[nodiscard]] Step advance_head(std::string_view bytes, HttpRequest& request);

  // After the head. data[0, *size) begins at the request's first byte; body_bytes_max <=
  // kHttpBodyBytesMax, the same at every call. A chunked body is decoded in place: *size may
  // shrink, and what follows the request moves down. done: request.block is data, its body is set,
  // and the next request begins at data + request_bytes().
  [[nodiscard]] Step advance_body(char* data, std::size_t* size, std::size_t body_bytes_max,
                                  HttpRequest& request);

  // After the head: whether the body is, or in chunks may become, larger than this.
  [[nodiscard]] bool body_may_exceed(std::size_t bytes) const noexcept {
    return is_chunked_ || body_bytes_ > bytes;
  }

  // After `refused`.
  [[nodiscard]] HttpRefusal refusal() const noexcept { return refusal_; }
  [[nodiscard]] std::size_t head_bytes() const noexcept { return head_bytes_; }
  [[nodiscard]] std::size_t request_bytes() const noexcept { return head_bytes_ + body_bytes_; }
  // Bytes the buffer must be able to hold for the current request to make progress.
  [[nodiscard]] std::size_t bytes_wanted() const noexcept;

 private:
  [[nodiscard]] Step refuse(HttpRefusal refusal) noexcept;
  [[nodiscard]] Step read_head(std::string_view head, HttpRequest& request);
  [[nodiscard]] Step decode_chunks(char* data, std::size_t* size);

  HttpLimits limits_;
  std::size_t scanned_bytes_ = 0;
  std::size_t line_start_ = 0;
  std::size_t head_bytes_ = 0;  // 0 until the head is complete
  std::size_t body_bytes_ = 0;  // announced, or decoded so far
  bool is_chunked_ = false;
  std::optional<ChunkedDecoder> chunks_;
  HttpRefusal refusal_ = HttpRefusal::none;
};

}  // namespace tokenledger
