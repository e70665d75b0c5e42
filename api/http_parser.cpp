#include "api/http_parser.hpp"

#include <algorithm>
#include <cstring>

#include "api/http_head_reader.hpp"
#include "core/invariant.hpp"

namespace tokenledger {
namespace {

// RFC 9110 §5.6.2 tchar: a request can only begin with a method. Refuses a TLS hello at once.
bool is_token_byte(char byte) noexcept {
  constexpr std::string_view kOther = "!#$%&'*+-.^_`|~";
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
         (byte >= '0' && byte <= '9') || kOther.find(byte) != std::string_view::npos;
}

}  // namespace

int refusal_status(HttpRefusal refusal) noexcept {
  switch (refusal) {
    case HttpRefusal::none: return 500;
    case HttpRefusal::malformed: return 400;
    case HttpRefusal::head_too_large: return 431;
    case HttpRefusal::body_too_large: return 413;
    case HttpRefusal::expectation: return 417;
    case HttpRefusal::method: return 501;
    case HttpRefusal::transfer_coding: return 501;
    case HttpRefusal::version: return 505;
    case HttpRefusal::head_timeout: return 408;
    case HttpRefusal::body_timeout: return 408;
    case HttpRefusal::truncated: return 400;
    case HttpRefusal::connection_count: return 503;
  }
  return 500;
}

const char* refusal_name(HttpRefusal refusal) noexcept {
  switch (refusal) {
    case HttpRefusal::none: return "none";
    case HttpRefusal::malformed: return "malformed";
    case HttpRefusal::head_too_large: return "head_too_large";
    case HttpRefusal::body_too_large: return "body_too_large";
    case HttpRefusal::expectation: return "expectation";
    case HttpRefusal::method: return "method";
    case HttpRefusal::transfer_coding: return "transfer_coding";
    case HttpRefusal::version: return "version";
    case HttpRefusal::head_timeout: return "head_timeout";
    case HttpRefusal::body_timeout: return "body_timeout";
    case HttpRefusal::truncated: return "truncated";
    case HttpRefusal::connection_count: return "connection_count";
  }
  return "none";
}

HttpParser::HttpParser(const HttpLimits& limits) : limits_{limits} {
  LEDGER_INVARIANT(limits.head_bytes_max <= kHttpHeadBytesMax);
  LEDGER_INVARIANT(limits.header_count_max <= kHttpHeaderCountMax);
}

void HttpParser::reset() noexcept {
  scanned_bytes_ = 0;
  line_start_ = 0;
  head_bytes_ = 0;
  body_bytes_ = 0;
  is_chunked_ = false;
  chunks_.reset();
  refusal_ = HttpRefusal::none;
}

HttpParser::Step HttpParser::refuse(HttpRefusal refusal) noexcept {
  refusal_ = refusal;
  return Step::refused;
}

// Line by line up to the empty one. Faults are judged in order of their position and nothing beyond
// head_bytes_max is looked at, so the verdict does not depend on how the bytes were cut.
HttpParser::Step HttpParser::advance_head(std::string_view bytes, HttpRequest& request) {
  if (bytes.empty()) return Step::need_more;
  if (!is_token_byte(bytes.front())) return refuse(HttpRefusal::malformed);
  const std::size_t end = std::min(bytes.size(), limits_.head_bytes_max);
  while (scanned_bytes_ < end) {
    const char* from = bytes.data() + scanned_bytes_;
    const auto* found = static_cast<const char*>(std::memchr(from, '\n', end - scanned_bytes_));
    if (found == nullptr) {
      scanned_bytes_ = end;
      break;
    }
    const auto line_feed = static_cast<std::size_t>(found - bytes.data());
    if (line_feed == 0 || bytes[line_feed - 1] != '\r') return refuse(HttpRefusal::malformed);
    const char first = bytes[line_start_];
    if (first == ' ' || first == '\t') return refuse(HttpRefusal::malformed);  // obs-fold
    scanned_bytes_ = line_feed + 1;
    if (line_start_ + 1 == line_feed) return read_head(bytes.substr(0, scanned_bytes_), request);
    line_start_ = scanned_bytes_;
  }
  return end == limits_.head_bytes_max ? refuse(HttpRefusal::head_too_large) : Step::need_more;
}

HttpParser::Step HttpParser::read_head(std::string_view head, HttpRequest& request) {
  HttpHeadReader reader{head, limits_.header_count_max, request};
  const HttpRefusal refusal = reader.read();
  if (refusal != HttpRefusal::none) return refuse(refusal);
  head_bytes_ = head.size();
  is_chunked_ = reader.has_chunks();
  body_bytes_ = is_chunked_ ? 0 : reader.announced_bytes();
  return Step::done;
}

HttpParser::Step HttpParser::advance_body(char* data, std::size_t* size, std::size_t body_bytes_max,
                                          HttpRequest& request) {
  LEDGER_INVARIANT(head_bytes_ > 0);
  LEDGER_INVARIANT(body_bytes_max <= kHttpBodyBytesMax);
  if (is_chunked_) {
    if (!chunks_) chunks_.emplace(body_bytes_max);
    const Step step = decode_chunks(data, size);
    if (step != Step::done) return step;
  } else {
    if (body_bytes_ > body_bytes_max) return refuse(HttpRefusal::body_too_large);
    if (*size < request_bytes()) return Step::need_more;
  }
  request.block_ = data;
  request.body_bytes_ = static_cast<std::uint32_t>(body_bytes_);
  return Step::done;
}

// The buffer holds head, decoded body, coded bytes; the last two never overlap wrongly because
// decoding only shortens.
HttpParser::Step HttpParser::decode_chunks(char* data, std::size_t* size) {
  char* decoded_end = data + request_bytes();
  const std::string_view coded{decoded_end, *size - request_bytes()};
  const auto progress = chunks_->decode(coded, decoded_end);
  if (progress.status == ChunkedDecoder::Status::malformed) return refuse(HttpRefusal::malformed);
  if (progress.status == ChunkedDecoder::Status::too_large)
    return refuse(HttpRefusal::body_too_large);
  body_bytes_ += progress.produced;
  const std::size_t left = coded.size() - progress.consumed;
  std::memmove(data + request_bytes(), coded.data() + progress.consumed, left);
  *size = request_bytes() + left;
  return progress.status == ChunkedDecoder::Status::complete ? Step::done : Step::need_more;
}

std::size_t HttpParser::bytes_wanted() const noexcept {
  constexpr std::size_t kChunkReadBytes = 4096;
  if (head_bytes_ == 0) return limits_.head_bytes_max;
  return is_chunked_ ? request_bytes() + kChunkReadBytes : request_bytes();
}

}  // namespace tokenledger
