#include "api/http_session.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <random>

#include "api/failure_log.hpp"
#include "api/problem.hpp"
#include "core/invariant.hpp"

namespace tokenledger {
namespace {

constexpr std::size_t kReadBytesMin = 4 * 1024;
constexpr std::size_t kBufferBytesFirst = 8 * 1024;
constexpr std::size_t kBufferBytesKept = 64 * 1024;  // an idle connection gives back more
constexpr std::size_t kStreamChunkBytesMax = 32 * 1024;

bool is_request_id(std::string_view text) noexcept {
  const auto is_good = [](char byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || byte == '.' || byte == '_' || byte == '-';
  };
  return !text.empty() && text.size() <= kRequestIdBytesMax &&
         std::all_of(text.begin(), text.end(), is_good);
}

std::chrono::nanoseconds monotonic_clock() noexcept {
  return std::chrono::steady_clock::now().time_since_epoch();
}

void append_chunk(std::string& out, std::string_view data) {
  char size[16];
  const auto end = std::to_chars(size, size + sizeof size, data.size(), 16).ptr;
  out.append(size, static_cast<std::size_t>(end - size)).append("\r\n");
  out.append(data).append("\r\n");
}

void put_hex(char* out, std::uint64_t value, std::size_t digits) noexcept {
  for (std::size_t index = digits; index-- > 0; value >>= 4)
    out[index] = "0123456789abcdef"[value & 15];
}

}  // namespace

HttpRequestIds::HttpRequestIds() {
  put_hex(prefix_, std::random_device{}(), 8);
  prefix_[8] = '-';
}

void HttpRequestIds::assign_next(BoundedText<kRequestIdBytesMax>* id) noexcept {
  constexpr std::size_t kCountDigits = 12;
  std::memcpy(id->bytes.data(), prefix_, sizeof prefix_);
  put_hex(id->bytes.data() + sizeof prefix_, ++count_, kCountDigits);
  id->size = sizeof prefix_ + kCountDigits;
}

HttpSession::HttpSession(const HttpSessionContext& context, std::uint64_t connection,
                         std::string_view peer)
    : context_{context}, connection_{connection}, parser_{context.limits} {
  request_.peer_.assign(peer);
}

HttpSession::~HttpSession() {
  if (stream_) end_stream();
}

bool HttpSession::may_begin_request() const noexcept {
  return !is_ending_ && slots_.size() < context_.limits.pipeline_count_max &&
         output_.size() < context_.limits.output_bytes_max;
}

bool HttpSession::wants_input() const noexcept {
  return !input_ended_ && !is_ending_ && !is_paused_ &&
         (stage_ == Stage::body || may_begin_request());
}

std::span<char> HttpSession::read_space() {
  if (begin_ == end_) {
    begin_ = end_ = 0;
    if (capacity_ > kBufferBytesKept) {
      buffer_.reset();
      capacity_ = 0;
    }
  }
  if (capacity_ - end_ < kReadBytesMin) make_room();
  return {buffer_.get() + end_, capacity_ - end_};
}

// Moves the unconsumed bytes to the front and, if that is not enough, doubles: memory follows what
// was received, never what a Content-Length announces.
void HttpSession::make_room() {
  const std::size_t used = end_ - begin_;
  LEDGER_INVARIANT(used <= parser_.bytes_wanted());  // else the parser would have gone on
  if (capacity_ - used >= kReadBytesMin) {
    std::memmove(buffer_.get(), buffer_.get() + begin_, used);
  } else {
    capacity_ = std::max(kBufferBytesFirst,
                         std::min(2 * capacity_, parser_.bytes_wanted()) + kReadBytesMin);
    std::unique_ptr<char[]> larger{new char[capacity_]};
    if (used > 0) std::memcpy(larger.get(), buffer_.get() + begin_, used);
    buffer_ = std::move(larger);
  }
  begin_ = 0;
  end_ = used;
}

void HttpSession::received(std::size_t count) {
  LEDGER_INVARIANT(count <= capacity_ - end_);
  end_ += count;
  context_.counters.bytes_received.add(count);
  advance();
}

void HttpSession::end_of_input() {
  input_ended_ = true;
  advance();
}

void HttpSession::advance() {
  if (stream_) advance_stream();
  // The clock is asked only where requests are pipelined.
  std::chrono::nanoseconds first_answered{};
  is_paused_ = false;
  while (stage_ == Stage::body || may_begin_request()) {
    if (!step()) break;
    const bool has_more = stage_ == Stage::head && begin_ != end_;
    if (!has_more || context_.limits.turn_time_max.count() == 0) continue;
    const auto now = monotonic_clock();
    if (first_answered.count() == 0) first_answered = now;
    is_paused_ = now - first_answered >= context_.limits.turn_time_max;
    if (is_paused_) return;
  }
  if (!input_ended_ || is_ending_ || !may_begin_request()) return;
  // Everything complete was taken; what is left can never be completed.
  is_ending_ = true;
  if (begin_ != end_ || stage_ == Stage::body)
    context_.counters.refused[static_cast<std::size_t>(HttpRefusal::truncated)].add(1);
}

// True: something was consumed, try again.
bool HttpSession::step() { return stage_ == Stage::head ? step_head() : step_body(); }

bool HttpSession::step_head() {
  const std::string_view bytes{buffer_.get() + begin_, end_ - begin_};
  if (bytes.empty()) return false;
  // RFC 9112 §2.2: one empty line before a request is forgiven.
  if (!skipped_empty_line_ && bytes.front() == '\r') {
    if (bytes.size() < 2) return false;
    if (bytes[1] == '\n') {
      skipped_empty_line_ = true;
      begin_ += 2;
      return true;
    }
  }
  const auto step = parser_.advance_head(bytes, request_);
  if (step == HttpParser::Step::refused) refuse(parser_.refusal());
  if (step != HttpParser::Step::done) return false;
  const auto given_id = request_.header(HttpHeader::x_request_id);
  if (is_request_id(given_id))
    request_.request_id_.assign(given_id);
  else
    context_.request_ids.assign_next(&request_.request_id_);
  route_ = context_.router.find(request_);
  const bool raises = route_ != nullptr && route_->options.body_bytes_max != 0;
  body_bytes_max_ = raises ? route_->options.body_bytes_max : context_.limits.body_bytes_max;
  if (raises && parser_.body_may_exceed(context_.limits.body_bytes_max) && is_turned_away())
    return false;
  stage_ = Stage::body;
  return true;
}

// Nobody without the right to it makes the server hold a large body.
bool HttpSession::is_turned_away() {
  if (!route_->options.before_large_body) return false;
  request_.body_bytes_ = 0;
  auto denied = run(route_->options.before_large_body);
  if (!denied) return false;
  is_ending_ = true;
  auto slot = begin_slot();
  slot.response = std::move(*denied);
  answer(std::move(slot));
  return true;
}

bool HttpSession::step_body() {
  std::size_t size = end_ - begin_;
  const auto step = parser_.advance_body(buffer_.get() + begin_, &size, body_bytes_max_, request_);
  end_ = begin_ + size;
  if (step == HttpParser::Step::refused) {
    refuse(parser_.refusal());
    return false;
  }
  if (step == HttpParser::Step::need_more) {
    continue_if_expected();
    return false;
  }
  begin_ += parser_.request_bytes();
  dispatch();
  parser_.reset();
  stage_ = Stage::head;
  skipped_empty_line_ = false;
  sent_continue_ = false;
  return true;
}

// RFC 9110 §10.1.1. Waits its turn: an interim answer must not overtake earlier ones.
void HttpSession::continue_if_expected() {
  if (!request_.expects_continue_ || sent_continue_ || !slots_.empty() || is_ending_) return;
  sent_continue_ = true;
  output_ += "HTTP/1.1 100 Continue\r\n\r\n";
}

HttpSession::Slot HttpSession::begin_slot() {
  ++dispatched_;
  context_.counters.requests.add(1);
  Slot slot;
  slot.request_id = request_.request_id_;
  slot.close = is_ending_;
  slot.keep_alive_10 = !request_.version_11_ && request_.keep_alive_;
  slot.omit_body = request_.method_ == HttpMethod::head;
  slot.may_chunk = request_.version_11_;
  if (context_.observer != nullptr) {
    slot.method = request_.method_;
    slot.route = route_;
    slot.begun = monotonic_clock();
  }
  return slot;
}

void HttpSession::dispatch() {
  if (!request_.keep_alive_ || (route_ != nullptr && route_->options.streams)) is_ending_ = true;
  auto slot = begin_slot();
  std::optional<HttpResponse> response =
      route_ == nullptr ? context_.router.refuse(request_) : call(*route_);
  if (!response) {
    slots_.push_back(std::move(slot));
    call_async(*route_);
    return;
  }
  slot.response = std::move(*response);
  answer(std::move(slot));
}

std::optional<HttpResponse> HttpSession::call(const HttpRoute& route) noexcept {
  if (route.sync) return run(route.sync);
  return route.attempt ? run(route.attempt) : std::nullopt;
}

template <class Handler>
std::optional<HttpResponse> HttpSession::run(const Handler& handler) noexcept {
  try {
    return handler(request_);
  } catch (...) {
    context_.counters.handler_failures.add(1);
    log_current_exception("the handler", request_.request_id());
  }
  return HttpResponse{.status = 500};
}

// A handler that throws drops its Responder, which answers 500.
void HttpSession::call_async(const HttpRoute& route) noexcept {
  try {
    route.async(OwnedHttpRequest{request_},
                Responder{context_.mailbox, connection_, first_slot_ + slots_.size() - 1});
  } catch (...) {
    context_.counters.handler_failures.add(1);
    log_current_exception("the handler", request_.request_id());
  }
}

void HttpSession::refuse(HttpRefusal refusal) {
  context_.counters.refused[static_cast<std::size_t>(refusal)].add(1);
  is_ending_ = true;
  is_paused_ = false;
  stage_ = Stage::head;
  Slot slot;
  slot.close = true;
  slot.response = problem(refusal_status(refusal), refusal_name(refusal), "");
  answer(std::move(slot));
}

void HttpSession::time_out(HttpRefusal refusal) {
  if (!is_ending_) refuse(refusal);
}

void HttpSession::answer(Slot slot) {
  slot.is_ready = true;
  if (slots_.empty())
    append(slot);
  else
    slots_.push_back(std::move(slot));
}

void HttpSession::append(Slot& slot) {
  slot.response.fail_closed_if_broken();
  context_.counters.responses_by_class[static_cast<std::size_t>(slot.response.status / 100)].add(1);
  if (slot.response.denial != DenialReason::none)
    context_.counters.denied[static_cast<std::size_t>(slot.response.denial)].add(1);
  said_close_ = said_close_ || slot.close;
  const auto size_before = output_.size();
  append_response(output_, slot.response,
                  {.date_line = context_.date_line.line(),
                   .request_id = slot.request_id.view(),
                   .close = slot.close,
                   .keep_alive_10 = slot.keep_alive_10,
                   .omit_body = slot.omit_body,
                   .chunked = slot.response.stream != nullptr && slot.may_chunk});
  if (slot.response.held) held_by_output_.push_back(std::move(slot.response.held));
  const auto bytes = output_.size() - size_before;
  if (slot.response.stream && !slot.omit_body) return begin_stream(slot, bytes);
  if (context_.observer != nullptr) observe(slot, bytes);
}

// An HTTP/1.0 client knows no chunks: the end of the connection is the end of the body.
void HttpSession::begin_stream(Slot& slot, std::uint64_t bytes) {
  LEDGER_INVARIANT(slot.close);  // the route said that it streams
  stream_ = std::move(slot.response.stream);
  stream_is_chunked_ = slot.may_chunk;
  stream_bytes_ = bytes;
  stream_slot_ = std::move(slot);
  stream_->attach(context_.mailbox, connection_);
  advance_stream();
}

void HttpSession::advance_stream() {
  // From here on the producer adds nothing, so that what is taken below has an end.
  if (is_draining_) stream_->end();
  const auto size_before = output_.size();
  while (is_draining_ || output_.size() < context_.limits.output_bytes_max) {
    stream_chunk_.clear();
    const auto count = stream_->take(stream_chunk_, kStreamChunkBytesMax);
    if (count == 0) break;
    if (stream_is_chunked_)
      append_chunk(output_, stream_chunk_);
    else
      output_ += stream_chunk_;
  }
  const bool is_over = stream_->is_finished();
  if (is_over && stream_is_chunked_) output_ += "0\r\n\r\n";
  stream_bytes_ += output_.size() - size_before;
  if (is_over) end_stream();
}

void HttpSession::end_stream() {
  stream_.reset();
  if (context_.observer != nullptr) observe(stream_slot_, stream_bytes_);
}

void HttpSession::observe(const Slot& slot, std::uint64_t bytes) noexcept {
  HttpExchange exchange{.method = {},
                        .route = {},
                        .status = slot.response.status,
                        .bytes = bytes,
                        .client_id = slot.response.client_id,
                        .request_id = slot.request_id.view(),
                        .denied = denial_name(slot.response.denial)};
  if (slot.begun.count() != 0) {
    exchange.method = method_name(slot.method);
    exchange.duration = monotonic_clock() - slot.begun;
  }
  if (slot.route != nullptr) exchange.route = slot.route->pattern;
  context_.observer->on_answer(exchange);
}

void HttpSession::append_ready() {
  while (!slots_.empty() && slots_.front().is_ready) {
    append(slots_.front());
    slots_.pop_front();
    ++first_slot_;
  }
}

void HttpSession::complete(std::uint64_t slot, HttpResponse response) {
  if (slot < first_slot_ || slot - first_slot_ >= slots_.size()) return;
  Slot& target = slots_[slot - first_slot_];
  if (target.is_ready) return;
  target.is_ready = true;
  target.response = std::move(response);
  append_ready();
}

void HttpSession::drain() {
  // What was received before is still answered: at most one buffer of requests.
  while (is_paused_) advance();
  is_draining_ = true;
  if (stream_) advance_stream();
  if (is_ending_) return;
  is_ending_ = true;
  stage_ = Stage::head;
  if (!slots_.empty()) slots_.back().close = true;
}

HttpSession::Waiting HttpSession::waiting() const noexcept {
  using For = Waiting::For;
  if (stream_) return {For::stream, dispatched_};
  if (stage_ == Stage::body) return {For::body, dispatched_};
  if (begin_ != end_ && may_begin_request()) return {For::head, dispatched_};
  if (!slots_.empty()) return {For::answer, first_slot_};
  return {dispatched_ == 0 ? For::head : For::next_request, dispatched_ + first_slot_};
}

}  // namespace tokenledger
