// P8: what the HTTP layer costs the server per request, against the least that Asio can do.
//
// The yardstick is a bare Asio server in this process that looks for the end of a head and answers
// a constant. Both get the same requests over loopback from the same client, on one I/O thread
// each. Time is the server's CPU: the process's minus the client thread's own (the other server
// idles). ratio_to_bare runs both in turn, round by round, so that a busy machine disturbs both
// alike.
#include <arpa/inet.h>
#include <benchmark/benchmark.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "api/http_server.hpp"

namespace {

namespace asio = boost::asio;
using Tcp = asio::ip::tcp;
using Socket = asio::basic_stream_socket<Tcp, asio::io_context::executor_type>;

constexpr std::size_t kConnectionCount = 32;
constexpr std::size_t kTokenBytes = 480;  // an ES256 access token

std::string make_request() {
  return "GET /v1/authz?audience=https%3A%2F%2Fapi.example.com%2F HTTP/1.1\r\n"
         "Host: localhost:8080\r\nUser-Agent: bench\r\nAccept: */*\r\nAuthorization: Bearer " +
         std::string(kTokenBytes, 'x') + "\r\n\r\n";
}

class BareConnection : public std::enable_shared_from_this<BareConnection> {
 public:
  explicit BareConnection(Socket socket) : socket_{std::move(socket)} {}
  void read() {
    socket_.async_read_some(asio::buffer(input_), [self = shared_from_this()](auto error, auto n) {
      if (!error) self->answer(n);
    });
  }

 private:
  void answer(std::size_t count) {
    output_.clear();
    for (std::size_t index = 0; index < count; ++index) {
      // "\r\n\r\n" may straddle two reads.
      matched_ = input_[index] == "\r\n\r\n"[matched_] ? matched_ + 1 : input_[index] == '\r';
      if (matched_ < 4) continue;
      matched_ = 0;
      output_ += "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    }
    asio::async_write(socket_, asio::buffer(output_),
                      [self = shared_from_this()](auto error, auto) {
                        if (!error) self->read();
                      });
  }
  Socket socket_;
  std::array<char, 16 * 1024> input_;
  std::string output_;
  std::size_t matched_ = 0;
};

class BareServer {
 public:
  BareServer() : acceptor_{io_, Tcp::endpoint{asio::ip::address_v4::loopback(), 0}} {
    accept();
    thread_ = std::thread{[this] { io_.run(); }};
  }
  ~BareServer() {
    io_.stop();
    thread_.join();
  }
  std::uint16_t port() { return acceptor_.local_endpoint().port(); }

 private:
  void accept() {
    acceptor_.async_accept(io_.get_executor(), [this](auto error, Socket socket) {
      if (error) return;
      socket.set_option(Tcp::no_delay{true});
      std::make_shared<BareConnection>(std::move(socket))->read();
      accept();
    });
  }
  asio::io_context io_{1};
  Tcp::acceptor acceptor_;
  std::thread thread_;
};

std::unique_ptr<tokenledger::HttpServer> start_server() {
  tokenledger::HttpRouter router;
  router.add(
      tokenledger::HttpMethod::get, "/v1/authz", [](const tokenledger::HttpRequest& request) {
        const auto token = request.header(tokenledger::HttpHeader::authorization);
        return tokenledger::HttpResponse{.status = token.size() == kTokenBytes + 7 ? 200 : 401};
      });
  auto server = tokenledger::HttpServer::start(std::move(router), {.io_thread_count = 1});
  if (!server) std::abort();
  return std::move(*server);
}

// Connections that send the same batch and read as many bytes as the first answer had.
class Client {
 public:
  Client(std::uint16_t port, std::size_t batch) {
    for (std::size_t index = 0; index < batch; ++index) requests_ += make_request();
    for (auto& socket : sockets_) socket = connect_to(port);
    const std::string one = make_request();
    if (::send(sockets_[0], one.data(), one.size(), 0) < 0) std::abort();
    char answer[4096];
    const auto bytes = ::recv(sockets_[0], answer, sizeof answer, 0);
    if (bytes < 12 || std::string_view{answer + 9, 3} != "200") std::abort();
    batch_answer_bytes_ = static_cast<std::size_t>(bytes) * batch;
  }
  ~Client() {
    for (const int socket : sockets_) ::close(socket);
  }
  void round() {
    for (const int socket : sockets_)
      if (::send(socket, requests_.data(), requests_.size(), 0) < 0) std::abort();
    char answer[16 * 1024];
    for (const int socket : sockets_)
      for (std::size_t left = batch_answer_bytes_; left > 0;) {
        const auto bytes = ::recv(socket, answer, std::min(left, sizeof answer), 0);
        if (bytes <= 0) std::abort();
        left -= static_cast<std::size_t>(bytes);
      }
  }

 private:
  static int connect_to(std::uint16_t port) {
    const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
    const int on = 1;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) std::abort();
    return socket;
  }
  std::string requests_;
  std::array<int, kConnectionCount> sockets_;
  std::size_t batch_answer_bytes_ = 0;
};

double clock_seconds(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

// CPU of every thread but this one, over one round.
double server_seconds(Client& client) {
  const double process = clock_seconds(CLOCK_PROCESS_CPUTIME_ID);
  const double own = clock_seconds(CLOCK_THREAD_CPUTIME_ID);
  client.round();
  return clock_seconds(CLOCK_PROCESS_CPUTIME_ID) - process -
         (clock_seconds(CLOCK_THREAD_CPUTIME_ID) - own);
}

void measure(benchmark::State& state, std::uint16_t port) {
  const auto batch = static_cast<std::size_t>(state.range(0));
  Client client{port, batch};
  client.round();
  const double begin = clock_seconds(CLOCK_MONOTONIC);
  for (auto _ : state) state.SetIterationTime(server_seconds(client));
  const double wall = clock_seconds(CLOCK_MONOTONIC) - begin;
  const auto requests =
      static_cast<double>(state.iterations()) * static_cast<double>(batch * kConnectionCount);
  state.SetItemsProcessed(static_cast<std::int64_t>(requests));  // per second of server CPU
  state.counters["requests_per_wall_second"] = requests / wall;
}

void BM_Http(benchmark::State& state) {
  const auto server = start_server();
  measure(state, server->port());
}

void BM_BareAsio(benchmark::State& state) {
  BareServer server;
  measure(state, server.port());
}

void BM_RatioToBare(benchmark::State& state) {
  const auto batch = static_cast<std::size_t>(state.range(0));
  const auto server = start_server();
  BareServer bare;
  Client ours{server->port(), batch};
  Client theirs{bare.port(), batch};
  ours.round();
  theirs.round();
  double our_seconds = 0;
  double bare_seconds = 0;
  for (auto _ : state) {
    const double seconds = server_seconds(ours);
    our_seconds += seconds;
    bare_seconds += server_seconds(theirs);
    state.SetIterationTime(seconds);
  }
  const auto requests =
      static_cast<double>(state.iterations()) * static_cast<double>(batch * kConnectionCount);
  state.counters["server_us_per_request"] = our_seconds / requests * 1e6;
  state.counters["bare_us_per_request"] = bare_seconds / requests * 1e6;
  state.counters["ratio"] = our_seconds / bare_seconds;
}

const bool kIsQuick = std::getenv("TOKENLEDGER_BENCH_QUICK") != nullptr;
const double kSeconds = kIsQuick ? 0.05 : 1.0;

BENCHMARK(BM_Http)
    ->Name("P8/http")
    ->ArgName("pipelined")
    ->Arg(1)
    ->Arg(16)
    ->UseManualTime()
    ->MinTime(kSeconds);
BENCHMARK(BM_BareAsio)
    ->Name("P8/yardstick_http")
    ->ArgName("pipelined")
    ->Arg(1)
    ->Arg(16)
    ->UseManualTime()
    ->MinTime(kSeconds);
BENCHMARK(BM_RatioToBare)
    ->Name("P8/http_ratio_to_bare")
    ->ArgName("pipelined")
    ->Arg(1)
    ->Arg(16)
    ->UseManualTime()
    ->MinTime(kSeconds);

}  // namespace
