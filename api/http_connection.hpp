// HttpConnection moves bytes between a stream and its HttpSession, and keeps the deadlines.
// Private to api/.
//
// One read and one write are under way at most. The transport is the derived class's business
// (plain TCP below, TLS in http_tls_connection.hpp), so the rules exist once. After a refusal or
// a Connection: close the connection lingers: it stops sending and reads on for a moment, because
// closing with unread input would reset the connection and destroy the answer (RFC 9112 §9.6).
//
// Threads: its HttpIoThread only. Lifetime: owned by the HttpIoThread and by pending operations.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <memory>
#include <span>
#include <string>

#include "api/http_io_thread.hpp"
#include "api/http_session.hpp"

namespace tokenledger {

class HttpConnection : public std::enable_shared_from_this<HttpConnection> {
 public:
  HttpConnection(HttpIoThread& thread, std::string_view peer);
  virtual ~HttpConnection() = default;
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;

  void start();
  // Fills a Responder's slot; flush() once all answers of a batch are in.
  void complete(std::uint64_t slot, HttpResponse response);
  void flush();
  void drain();
  void close();
  void check_deadlines(HttpIoThread::Clock::time_point now);

  [[nodiscard]] std::uint64_t id() const noexcept { return id_; }

 protected:
  using Error = boost::system::error_code;

  // Calls on_transport once, at once or later, when bytes of HTTP can flow.
  virtual void start_transport() = 0;
  // Calls on_read once, later.
  virtual void start_read(std::span<char> space) = 0;
  // Writes everything, then calls on_written once. `bytes` stay unchanged until then.
  virtual void start_write(std::string_view bytes) = 0;
  virtual void shutdown_send() noexcept = 0;
  virtual void close_stream() noexcept = 0;

  void on_transport(const Error& error);
  void on_read(const Error& error, std::size_t count);
  void on_written(const Error& error);
  [[nodiscard]] HttpIoThread& thread() noexcept { return thread_; }

 private:
  void pump();
  void resume_later();
  void renew_waiting();
  void begin_read();
  void begin_write();
  void begin_linger();
  void renew_read_deadline();
  void read_deadline_passed();

  HttpIoThread& thread_;
  std::uint64_t id_;
  HttpSession session_;
  std::string writing_;
  HeldByAnswers held_by_writing_;
  std::size_t discarded_bytes_ = 0;
  HttpSession::Waiting waiting_;
  HttpIoThread::Clock::time_point read_deadline_;
  HttpIoThread::Clock::time_point write_deadline_;
  bool is_ready_ = false;  // the transport is
  bool is_reading_ = false;
  bool resumes_ = false;  // the next turn is under way
  unsigned turns_ = 0;    // in a row that ended with requests left
  bool is_writing_ = false;
  bool is_lingering_ = false;
  bool is_discarding_ = false;  // the read under way
  bool is_closed_ = false;
};

// A TCP connection without encryption.
class PlainHttpConnection final : public HttpConnection {
 public:
  using Socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp,
                                                  boost::asio::io_context::executor_type>;

  PlainHttpConnection(HttpIoThread& thread, Socket socket, std::string_view peer)
      : HttpConnection{thread, peer}, socket_{std::move(socket)} {}

 private:
  void start_transport() override { on_transport({}); }
  void start_read(std::span<char> space) override;
  void start_write(std::string_view bytes) override;
  void shutdown_send() noexcept override;
  void close_stream() noexcept override;

  Socket socket_;
};

}  // namespace tokenledger
