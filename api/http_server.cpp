#include "api/http_server.hpp"

#include <spdlog/spdlog.h>
#include <sys/socket.h>

#include <boost/asio/ip/tcp.hpp>
#include <future>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "api/http_connection.hpp"
#include "api/http_io_thread.hpp"
#include "api/http_tls_connection.hpp"

namespace tokenledger {
namespace {

namespace asio = boost::asio;
using Tcp = asio::ip::tcp;

constexpr int kListenBacklog = 1024;

// Enough for a client to see why; no request was read, so there is nothing to be polite about.
constexpr std::string_view kTooManyConnections =
    "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\n"
    "Connection: close\r\n\r\n";

// Set as long as it lives. An accept holds one, because Asio may give its handler up without a
// call: when the new socket finds no memory for its registration.
class Mark {
 public:
  explicit Mark(bool& flag) noexcept : flag_{&flag} { flag = true; }
  Mark(Mark&& other) noexcept : flag_{std::exchange(other.flag_, nullptr)} {}
  Mark& operator=(Mark&&) = delete;
  ~Mark() { clear(); }
  void clear() noexcept {
    if (flag_ != nullptr) *std::exchange(flag_, nullptr) = false;
  }

 private:
  bool* flag_;
};

Errc to_listen_errc(const boost::system::error_code& error) {
  return error == asio::error::address_in_use ? Errc::address_in_use : Errc::io_error;
}

}  // namespace

class HttpServer::Impl {
 public:
  Impl(HttpRouter router, HttpServerOptions options)
      : router_{std::move(router)}, options_{std::move(options)} {
    const unsigned wanted = options_.io_thread_count != 0 ? options_.io_thread_count
                                                          : std::thread::hardware_concurrency();
    for (unsigned index = 0; index < std::max(1u, wanted); ++index)
      loops_.push_back(std::make_unique<HttpIoThread>(router_, options_));
  }
  ~Impl() { stop(std::chrono::milliseconds{0}); }

  Result<void> listen();
  void run();
  bool stop(std::chrono::milliseconds deadline);
  Result<void> load_tls();
  Result<void> reload_tls();

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  [[nodiscard]] HttpCounters counters() const noexcept {
    HttpCounters sum;
    for (const auto& loop : loops_) loop->counters().add_to(&sum);
    return sum;
  }

 private:
  void accept();
  void on_accepted(const boost::system::error_code& error, PlainHttpConnection::Socket socket,
                   HttpIoThread& loop);
  void hand_over(PlainHttpConnection::Socket socket, HttpIoThread& loop);
  [[nodiscard]] std::shared_ptr<HttpConnection> make_connection(HttpIoThread& loop,
                                                                PlainHttpConnection::Socket socket,
                                                                std::string_view peer) const;
  // Runs the task on every loop and waits for all.
  template <class Task>
  void on_every_loop(Task task);

  HttpRouter router_;
  HttpServerOptions options_;
  std::unique_ptr<HttpTls> tls_;  // null: plain HTTP
  HttpConnectionCount connection_count_;
  bool is_accepting_ = false;  // an accept is under way; the first loop's thread only
  std::vector<std::unique_ptr<HttpIoThread>> loops_;
  std::vector<std::thread> threads_;
  std::mutex stop_mutex_;
  bool is_stopped_ = false;
  bool stopped_cleanly_ = true;
  std::uint16_t port_ = 0;
  // Used by the first loop's thread only.
  std::optional<Tcp::acceptor> acceptor_;
  std::size_t next_loop_ = 0;
};

Result<void> HttpServer::Impl::listen() {
  boost::system::error_code error;
  const auto address = asio::ip::make_address(options_.address, error);
  if (error) {
    spdlog::error("cannot listen: '{}' is not a numeric address", options_.address);
    return Errc::invalid_argument;
  }
  const Tcp::endpoint endpoint{address, options_.port};
  auto& acceptor = acceptor_.emplace(loops_.front()->io());
  const auto ok = [&error] { return !error; };
  if (acceptor.open(endpoint.protocol(), error); ok())
    if (acceptor.set_option(asio::socket_base::reuse_address{true}, error); ok())
      if (acceptor.bind(endpoint, error); ok()) acceptor.listen(kListenBacklog, error);
  if (error) {
    spdlog::error("cannot listen on {} port {}: {}", options_.address, options_.port,
                  error.message());
    return to_listen_errc(error);
  }
  port_ = acceptor.local_endpoint(error).port();
  return error ? Result<void>{Errc::io_error} : Result<void>{};
}

// Whatever ended accepting (no descriptors, no memory, at any point), the next tick begins it
// again: a moment's rest for the system, and nothing that could fail stands in between.
void HttpServer::Impl::run() {
  loops_.front()->set_on_tick([this] { accept(); });
  for (const auto& loop : loops_) threads_.emplace_back([&loop = *loop] { loop.run(); });
}

void HttpServer::Impl::accept() {
  if (is_accepting_ || !acceptor_->is_open()) return;
  HttpIoThread& loop = *loops_[next_loop_++ % loops_.size()];
  acceptor_->async_accept(
      loop.io().get_executor(),
      [this, &loop, mark = Mark{is_accepting_}](const boost::system::error_code& error,
                                                PlainHttpConnection::Socket socket) mutable {
        mark.clear();
        on_accepted(error, std::move(socket), loop);
      });
}

void HttpServer::Impl::on_accepted(const boost::system::error_code& error,
                                   PlainHttpConnection::Socket socket, HttpIoThread& loop) {
  if (!acceptor_->is_open()) return;
  if (error && error != asio::error::connection_aborted) return;  // until the next tick
  // First: what fails below must not hold up the next one.
  accept();
  if (!error) hand_over(std::move(socket), loop);
}

void HttpServer::Impl::hand_over(PlainHttpConnection::Socket socket, HttpIoThread& loop) {
  auto place = HttpConnectionPlace::take(connection_count_, options_.limits.connection_count_max);
  if (!place) {
    // Never blocks: a fresh socket has room. Whether it arrives is not our concern.
    (void)::send(socket.native_handle(), kTooManyConnections.data(), kTooManyConnections.size(),
                 MSG_DONTWAIT | MSG_NOSIGNAL);
    loops_.front()->counters().refused[static_cast<std::size_t>(HttpRefusal::connection_count)].add(
        1);
    return;
  }
  boost::system::error_code ignored;  // the other end may be gone; the first read will tell
  socket.set_option(Tcp::no_delay{true}, ignored);
  const auto remote = socket.remote_endpoint(ignored);
  std::string peer = ignored ? std::string{} : remote.address().to_string();
  auto begin = [this, &loop, peer = std::move(peer), place = std::move(*place),
                socket = std::move(socket)]() mutable {
    loop.add(make_connection(loop, std::move(socket), peer), std::move(place));
  };
  loop.post(std::move(begin));
}

std::shared_ptr<HttpConnection> HttpServer::Impl::make_connection(
    HttpIoThread& loop, PlainHttpConnection::Socket socket, std::string_view peer) const {
  if (!tls_) return std::make_shared<PlainHttpConnection>(loop, std::move(socket), peer);
  return std::make_shared<TlsHttpConnection>(loop, std::move(socket), peer, tls_->context());
}

Result<void> HttpServer::Impl::load_tls() {
  if (!options_.tls) return {};
  std::string why;
  auto loaded = HttpTls::load(*options_.tls, why);
  if (!loaded) {
    spdlog::error("cannot serve TLS: {}", why);
    return loaded.error();
  }
  tls_ = std::move(*loaded);
  return {};
}

Result<void> HttpServer::Impl::reload_tls() {
  if (!tls_) return {};
  std::string why;
  auto reloaded = tls_->reload(why);
  if (reloaded)
    spdlog::info("the TLS certificate was read again");
  else
    spdlog::error("the former TLS certificate stays: {}", why);
  return reloaded;
}

template <class Task>
void HttpServer::Impl::on_every_loop(Task task) {
  std::vector<std::future<void>> done;
  for (const auto& loop : loops_) {
    auto promise = std::make_shared<std::promise<void>>();
    done.push_back(promise->get_future());
    loop->post([task, promise, &loop = *loop] {
      task(loop);
      promise->set_value();
    });
  }
  for (auto& each : done) each.wait();
}

bool HttpServer::Impl::stop(std::chrono::milliseconds deadline) {
  const std::lock_guard lock{stop_mutex_};
  if (is_stopped_) return stopped_cleanly_;
  is_stopped_ = true;
  if (!threads_.empty()) {
    on_every_loop([this](HttpIoThread& loop) {
      if (&loop != loops_.front().get()) return;
      boost::system::error_code ignored;
      acceptor_->close(ignored);
    });
    // Connections accepted just before were posted before this.
    on_every_loop([](HttpIoThread& loop) { loop.drain(); });
    stopped_cleanly_ = connection_count_.wait_until_none(deadline);
    on_every_loop([](HttpIoThread& loop) { loop.close_all(); });
  }
  for (const auto& loop : loops_) loop->stop();
  for (auto& thread : threads_) thread.join();
  return stopped_cleanly_;
}

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}
HttpServer::~HttpServer() = default;

Result<std::unique_ptr<HttpServer>> HttpServer::start(HttpRouter router,
                                                      HttpServerOptions options) {
  auto impl = std::make_unique<Impl>(std::move(router), std::move(options));
  if (auto loaded = impl->load_tls(); !loaded) return loaded.error();
  if (auto listening = impl->listen(); !listening) return listening.error();
  impl->run();
  return std::unique_ptr<HttpServer>{new HttpServer{std::move(impl)}};
}

std::uint16_t HttpServer::port() const noexcept { return impl_->port(); }
bool HttpServer::stop(std::chrono::milliseconds deadline) { return impl_->stop(deadline); }
Result<void> HttpServer::reload_tls() { return impl_->reload_tls(); }
HttpCounters HttpServer::counters() const noexcept { return impl_->counters(); }

}  // namespace tokenledger
