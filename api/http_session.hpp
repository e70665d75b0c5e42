// HttpSession: one connection's conversation without the socket. Bytes in, bytes out, no I/O, and
// no clock but for turns; so the rules are tested and fuzzed without a network.
//
// Every request that has arrived is parsed and, where its handler is synchronous, answered at once;
// the answers gather in one output buffer, so pipelined requests leave in a single write. Answers
// keep the order of the requests: behind an asynchronous one they wait in slots. A turn ends after
// turn_time_max, so that a connection with many requests does not keep the others of its thread
// waiting. Bounds (back-pressure, INV-7): no new request is begun while pipeline_count_max are
// unanswered or output_bytes_max are unwritten.
//
// A streamed answer (HttpStream) is the connection's last. Its bytes move to the output as the
// output is drained, in chunks of at most kStreamChunkBytesMax; drain() ends it after what its
// producer has already written.
//
// Threads: one at a time (the connection's I/O thread).
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "api/http_counters.hpp"
#include "api/http_observer.hpp"
#include "api/http_parser.hpp"
#include "api/http_responder.hpp"
#include "api/http_response.hpp"
#include "api/http_router.hpp"
#include "api/http_stream.hpp"

namespace tokenledger {

// Makes ids such as "9f86d081-00000000002a": unique within one thread of one run.
class HttpRequestIds {
 public:
  HttpRequestIds();
  void assign_next(BoundedText<kRequestIdBytesMax>* id) noexcept;

 private:
  char prefix_[9];
  std::uint64_t count_ = 0;
};

// What the sessions of one I/O thread share; all of it outlives them.
struct HttpSessionContext {
  const HttpRouter& router;
  const HttpLimits& limits;
  HttpThreadCounters& counters;
  HttpDateLine& date_line;
  HttpRequestIds& request_ids;
  const std::shared_ptr<ResponseMailbox>& mailbox;
  HttpObserver* observer = nullptr;
};

// HttpResponse::held of several answers.
using HeldByAnswers = std::vector<std::shared_ptr<const void>>;

class HttpSession {
 public:
  // What the conversation waits for; a deadline starts anew whenever this value changes.
  struct Waiting {
    enum class For : std::uint8_t { next_request, head, body, answer, stream };
    For what = For::head;
    std::uint64_t progress = 0;
    friend bool operator==(const Waiting&, const Waiting&) = default;
  };

  // connection: what Responders name this session by.
  HttpSession(const HttpSessionContext& context, std::uint64_t connection, std::string_view peer);
  ~HttpSession();
  HttpSession(const HttpSession&) = delete;
  HttpSession& operator=(const HttpSession&) = delete;

  // Room for the next read, never empty; valid until the next call. Requires wants_input().
  [[nodiscard]] std::span<char> read_space();
  // `count` bytes were put there: parses and answers what is complete.
  void received(std::size_t count);
  // The other end sends no more; what is complete is still answered.
  void end_of_input();
  // The answer for a Responder's slot. Unknown or answered slots are ignored.
  void complete(std::uint64_t slot, HttpResponse response);
  // The deadline for a head or a body passed: 408.
  void time_out(HttpRefusal refusal);
  // Begin no further request; the last answer says Connection: close.
  void drain();
  // Output was taken, a slot became free or the next turn came: goes on with what is buffered.
  void advance();
  // This turn is over and whole requests may be buffered: advance() when others had theirs. Until
  // then it wants no input, and its output may wait for more.
  [[nodiscard]] bool is_paused() const noexcept { return is_paused_; }

  [[nodiscard]] bool wants_input() const noexcept;
  // Bytes to write now; the writer swaps them out, and takes what their answers hold until it wrote
  // them.
  [[nodiscard]] std::string& output() noexcept { return output_; }
  [[nodiscard]] HeldByAnswers& held_by_output() noexcept { return held_by_output_; }
  // Nothing will be added to the output any more.
  [[nodiscard]] bool is_finished() const noexcept {
    return is_ending_ && slots_.empty() && !stream_;
  }
  // The body of the last answer is under way: what the other end sends now is of no interest.
  [[nodiscard]] bool is_streaming() const noexcept { return stream_ != nullptr; }
  // The other end may still be sending what we will not read.
  [[nodiscard]] bool must_linger() const noexcept { return said_close_ && !input_ended_; }
  [[nodiscard]] Waiting waiting() const noexcept;

 private:
  enum class Stage : std::uint8_t { head, body };
  struct Slot {
    HttpResponse response;
    BoundedText<kRequestIdBytesMax> request_id;
    bool is_ready = false;
    bool close = false;
    bool keep_alive_10 = false;
    bool omit_body = false;
    bool may_chunk = false;
    HttpMethod method = HttpMethod::get;
    const HttpRoute* route = nullptr;  // null: none was found, or the request was refused
    std::chrono::nanoseconds begun{};  // 0: nobody observes, or the request was refused
  };

  [[nodiscard]] bool may_begin_request() const noexcept;
  [[nodiscard]] bool step();
  [[nodiscard]] bool step_head();
  [[nodiscard]] bool step_body();
  [[nodiscard]] bool is_turned_away();
  void dispatch();
  // For the current request, which counts as begun.
  [[nodiscard]] Slot begin_slot();
  // nullopt: the route is asynchronous and its attempt, if any, declined.
  [[nodiscard]] std::optional<HttpResponse> call(const HttpRoute& route) noexcept;
  template <class Handler>
  [[nodiscard]] std::optional<HttpResponse> run(const Handler& handler) noexcept;
  void call_async(const HttpRoute& route) noexcept;
  void refuse(HttpRefusal refusal);
  void answer(Slot slot);
  void append(Slot& slot);
  void append_ready();
  void begin_stream(Slot& slot, std::uint64_t bytes);
  void end_stream();
  void observe(const Slot& slot, std::uint64_t bytes) noexcept;
  void advance_stream();
  void continue_if_expected();
  void make_room();

  HttpSessionContext context_;
  std::uint64_t connection_;

  // Input: buffer_[begin_, end_) is not yet consumed and begins with the current request.
  std::unique_ptr<char[]> buffer_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  bool input_ended_ = false;

  HttpParser parser_;
  HttpRequest request_;
  Stage stage_ = Stage::head;
  bool skipped_empty_line_ = false;
  bool sent_continue_ = false;
  const HttpRoute* route_ = nullptr;
  std::size_t body_bytes_max_ = 0;

  // Output.
  std::deque<Slot> slots_;  // answers that may not leave yet, oldest first
  std::uint64_t first_slot_ = 0;
  std::uint64_t dispatched_ = 0;
  std::string output_;
  HeldByAnswers held_by_output_;
  std::shared_ptr<HttpStream> stream_;  // of the last answer, whose head is in the output
  Slot stream_slot_;                    // whose it is, for the observer
  std::uint64_t stream_bytes_ = 0;
  bool stream_is_chunked_ = false;
  std::string stream_chunk_;
  bool is_paused_ = false;
  bool is_draining_ = false;
  bool is_ending_ = false;   // no further request
  bool said_close_ = false;  // an answer with Connection: close is in the output
};

}  // namespace tokenledger
