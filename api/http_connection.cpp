#include "api/http_connection.hpp"

#include <spdlog/spdlog.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/write.hpp>

#include "core/invariant.hpp"

namespace tokenledger {
namespace {

// Of input thrown away after the last answer; a client that sends more is cut off.
constexpr std::size_t kDiscardedBytesMax = 4 * 1024 * 1024;
// The reader of a stream may wait for ever; its producer's heartbeats show whether it is there.
constexpr auto kNoDeadline = std::chrono::hours{24 * 365};
constexpr unsigned kTurnsPerWrite = 4;
// Larger output buffers are given back after the write.
constexpr std::size_t kOutputBytesKept = 256 * 1024;

}  // namespace

HttpConnection::HttpConnection(HttpIoThread& thread, std::string_view peer)
    : thread_{thread},
      id_{thread.next_connection_id()},
      session_{thread.session_context(), id_, peer} {}

void HttpConnection::start() {
  read_deadline_ = HttpIoThread::now() + thread_.options().deadlines.handshake;
  start_transport();
}

void HttpConnection::on_transport(const Error& error) {
  if (is_closed_) return;
  if (error) {
    thread_.counters().tls_handshake_failures.add(1);
    return close();
  }
  is_ready_ = true;
  waiting_ = session_.waiting();
  renew_read_deadline();
  pump();
}

void HttpConnection::complete(std::uint64_t slot, HttpResponse response) {
  if (!is_closed_) session_.complete(slot, std::move(response));
}

void HttpConnection::flush() {
  if (is_closed_) return;
  session_.advance();
  pump();
}

void HttpConnection::drain() {
  if (is_closed_) return;
  if (!is_ready_) return close();  // nothing was accepted yet
  session_.drain();
  pump();
}

// Brings the socket in line with the session: write what there is, read if it wants to, or end.
void HttpConnection::pump() {
  if (is_closed_) return;
  if (session_.is_paused()) {
    renew_waiting();
    return resume_later();
  }
  turns_ = 0;
  if (!is_writing_ && !session_.output().empty()) begin_write();
  if (is_closed_) return;
  if (!is_reading_ && !is_lingering_ && (session_.wants_input() || session_.is_streaming()))
    begin_read();
  if (is_closed_) return;
  renew_waiting();
  if (!session_.is_finished() || is_writing_ || is_lingering_) return;
  if (session_.must_linger())
    begin_linger();
  else
    close();
}

// Behind whatever the loop has to do for others. Answers gather for a few turns, so that one write
// takes many.
void HttpConnection::resume_later() {
  if (++turns_ % kTurnsPerWrite == 0 && !is_writing_ && !session_.output().empty()) begin_write();
  if (is_closed_ || resumes_) return;
  thread_.post([this, self = shared_from_this()] {
    resumes_ = false;
    flush();
  });
  resumes_ = true;  // not before: post() may find no memory, and the next event tries again
}

void HttpConnection::renew_waiting() {
  const auto waiting = session_.waiting();
  if (waiting == waiting_ || is_lingering_) return;
  waiting_ = waiting;
  renew_read_deadline();
}

void HttpConnection::begin_read() {
  is_reading_ = true;
  is_discarding_ = is_lingering_ || !session_.wants_input();
  start_read(is_discarding_ ? thread_.discarded() : session_.read_space());
}

void HttpConnection::on_read(const Error& error, std::size_t count) {
  is_reading_ = false;
  if (is_closed_) return;
  // While an answer streams this is how its reader's end is noticed.
  if (is_lingering_ || is_discarding_) {
    discarded_bytes_ += count;
    if (error || discarded_bytes_ > kDiscardedBytesMax) return close();
    return is_lingering_ ? begin_read() : pump();
  }
  if (error == boost::asio::error::eof) {
    session_.end_of_input();
  } else if (error) {
    return close();
  } else {
    // Also when the session stopped wanting input while the read was on its way: an answer filled
    // the output, and these bytes are the next request.
    session_.received(count);
  }
  pump();
}

void HttpConnection::begin_write() {
  is_writing_ = true;
  writing_.clear();
  writing_.swap(session_.output());
  held_by_writing_.swap(session_.held_by_output());
  write_deadline_ = HttpIoThread::now() + thread_.options().deadlines.write;
  start_write(writing_);
}

void HttpConnection::on_written(const Error& error) {
  is_writing_ = false;
  if (is_closed_) return;
  if (error) return close();
  thread_.counters().bytes_sent.add(writing_.size());
  if (writing_.capacity() > kOutputBytesKept) std::string{}.swap(writing_);
  held_by_writing_.clear();
  session_.advance();
  pump();
}

void HttpConnection::begin_linger() {
  is_lingering_ = true;
  shutdown_send();
  read_deadline_ = HttpIoThread::now() + thread_.options().deadlines.linger;
  if (!is_reading_) begin_read();
}

void HttpConnection::close() {
  if (is_closed_) return;
  is_closed_ = true;
  const auto self = shared_from_this();  // remove() may drop the last owner
  close_stream();
  thread_.remove(id_);
}

void HttpConnection::renew_read_deadline() {
  using For = HttpSession::Waiting::For;
  const auto& deadlines = thread_.options().deadlines;
  auto limit = deadlines.idle;
  switch (waiting_.what) {
    case For::next_request: limit = deadlines.idle; break;
    case For::head: limit = deadlines.head; break;
    case For::body: limit = deadlines.body; break;
    case For::answer: limit = deadlines.answer; break;
    case For::stream: limit = kNoDeadline; break;
  }
  read_deadline_ = HttpIoThread::now() + limit;
}

void HttpConnection::check_deadlines(HttpIoThread::Clock::time_point now) {
  if (is_closed_) return;
  if (is_writing_ && now >= write_deadline_) {
    thread_.counters().timeouts_write.add(1);
    return close();
  }
  // While a write is under way the client is the slow one, and the write has its own deadline.
  if (now >= read_deadline_ && !is_writing_) read_deadline_passed();
}

void HttpConnection::read_deadline_passed() {
  using For = HttpSession::Waiting::For;
  if (!is_ready_) {
    thread_.counters().tls_handshake_failures.add(1);
    return close();
  }
  if (is_lingering_) return close();
  switch (waiting_.what) {
    case For::next_request: thread_.counters().timeouts_idle.add(1); return close();
    case For::answer:
      thread_.counters().timeouts_answer.add(1);
      spdlog::warn("connection {}: no answer within the deadline, closed", id_);
      return close();
    case For::stream: return;
    case For::head: session_.time_out(HttpRefusal::head_timeout); break;
    case For::body: session_.time_out(HttpRefusal::body_timeout); break;
  }
  pump();
}

void PlainHttpConnection::start_read(std::span<char> space) {
  const auto self = std::static_pointer_cast<PlainHttpConnection>(shared_from_this());
  socket_.async_read_some(
      boost::asio::buffer(space.data(), space.size()),
      [this, self](const Error& error, std::size_t count) { on_read(error, count); });
}

void PlainHttpConnection::start_write(std::string_view bytes) {
  const auto self = std::static_pointer_cast<PlainHttpConnection>(shared_from_this());
  boost::asio::async_write(socket_, boost::asio::buffer(bytes.data(), bytes.size()),
                           [this, self](const Error& error, std::size_t) { on_written(error); });
}

void PlainHttpConnection::shutdown_send() noexcept {
  Error ignored;  // the other end may be gone already
  socket_.shutdown(boost::asio::socket_base::shutdown_send, ignored);
}

void PlainHttpConnection::close_stream() noexcept {
  Error ignored;
  socket_.close(ignored);
}

}  // namespace tokenledger
