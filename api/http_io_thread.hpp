// HttpIoThread: one event loop, its connections and what they share. Private to api/.
//
// A connection lives on one loop for its whole life, so nothing here is locked except the mailbox.
// Threads: methods run on the loop's thread, except post() and the counters.
#pragma once

#include <array>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "api/http_options.hpp"
#include "api/http_session.hpp"

namespace tokenledger {

class HttpConnection;

// How many connections are open over all threads; lets stop() wait for the last.
class HttpConnectionCount {
 public:
  // False: count_max are open already.
  [[nodiscard]] bool try_add(std::size_t count_max) noexcept;
  void remove() noexcept;
  // True: none is open.
  [[nodiscard]] bool wait_until_none(std::chrono::milliseconds deadline);

 private:
  std::mutex mutex_;
  std::condition_variable none_;
  std::size_t count_ = 0;
};

// One of the open connections, from its acceptance until its end or whatever prevented it.
class HttpConnectionPlace {
 public:
  // Nullopt: count_max are open already. The count outlives the place.
  [[nodiscard]] static std::optional<HttpConnectionPlace> take(HttpConnectionCount& count,
                                                               std::size_t count_max) noexcept {
    if (!count.try_add(count_max)) return std::nullopt;
    return HttpConnectionPlace{count};
  }
  HttpConnectionPlace(HttpConnectionPlace&& other) noexcept
      : count_{std::exchange(other.count_, nullptr)} {}
  HttpConnectionPlace& operator=(HttpConnectionPlace&&) = delete;
  ~HttpConnectionPlace() {
    if (count_ != nullptr) count_->remove();
  }

 private:
  explicit HttpConnectionPlace(HttpConnectionCount& count) noexcept : count_{&count} {}
  HttpConnectionCount* count_;  // null: moved from
};

class HttpIoThread {
 public:
  using Clock = std::chrono::steady_clock;

  HttpIoThread(const HttpRouter& router, const HttpServerOptions& options);
  // The loop must not run any more.
  ~HttpIoThread();
  HttpIoThread(const HttpIoThread&) = delete;
  HttpIoThread& operator=(const HttpIoThread&) = delete;

  // Runs the loop until stop(). An exception that escapes a handler is logged and the loop goes on;
  // the deadlines close the connection it belonged to.
  void run();
  void stop() { io_.stop(); }
  // Called on the loop's thread, first and with every tick, at least each quarter of a second. Set
  // before run().
  void set_on_tick(std::function<void()> on_tick) { on_tick_ = std::move(on_tick); }

  // Any thread.
  template <class Task>
  void post(Task task) {
    boost::asio::post(io_, std::move(task));
  }

  void add(std::shared_ptr<HttpConnection> connection, HttpConnectionPlace place);
  void remove(std::uint64_t connection) noexcept;
  // Ends every connection after its last accepted request; later ones at once.
  void drain();
  void close_all();

  // A few milliseconds behind at most: deadlines are coarse.
  [[nodiscard]] static Clock::time_point now() noexcept;

  [[nodiscard]] boost::asio::io_context& io() noexcept { return io_; }
  [[nodiscard]] const HttpServerOptions& options() const noexcept { return options_; }
  [[nodiscard]] HttpThreadCounters& counters() noexcept { return counters_; }
  [[nodiscard]] HttpSessionContext session_context() noexcept;
  // Where connections read what nobody looks at; all at once.
  [[nodiscard]] std::span<char> discarded() noexcept { return discarded_; }
  [[nodiscard]] std::uint64_t next_connection_id() noexcept { return ++connection_ids_; }

 private:
  void deliver_completions();
  void tick();
  [[nodiscard]] std::vector<std::shared_ptr<HttpConnection>> all_connections() const;

  const HttpRouter& router_;
  const HttpServerOptions& options_;
  HttpThreadCounters counters_;
  HttpDateLine date_line_;
  HttpRequestIds request_ids_;
  boost::asio::io_context io_{1};  // one thread runs it
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  boost::asio::steady_timer ticker_;
  std::chrono::milliseconds tick_interval_;
  bool is_ticking_ = false;  // the next tick is under way
  std::function<void()> on_tick_;
  std::shared_ptr<ResponseMailbox> mailbox_;
  std::vector<ResponseMailbox::Completion> completions_;
  std::vector<std::uint64_t> readable_;
  std::array<char, 16 * 1024> discarded_;
  std::uint64_t connection_ids_ = 0;
  bool is_draining_ = false;
  struct Open {
    std::shared_ptr<HttpConnection> connection;
    HttpConnectionPlace place;
  };
  std::unordered_map<std::uint64_t, Open> connections_;
};

}  // namespace tokenledger
