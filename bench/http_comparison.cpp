#include "bench/http_comparison.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <charconv>
#include <chrono>
#include <ctime>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

namespace tokenledger::bench {
namespace {

namespace asio = boost::asio;
using Tcp = asio::ip::tcp;
using Socket = asio::basic_stream_socket<Tcp, asio::io_context::executor_type>;

constexpr std::size_t kConnectionCount = 32;
constexpr std::size_t kRequestsPerRound = 512;  // some milliseconds of a server's time
constexpr std::size_t kLearnedAtOnce = 16;
constexpr std::size_t kAnswerBytesMax = 64 * 1024;
constexpr time_t kSilenceSecondsMax = 10;

class BareConnection : public std::enable_shared_from_this<BareConnection> {
 public:
  BareConnection(Socket socket, const std::string& answer)
      : socket_{std::move(socket)}, one_answer_{answer} {}
  void read() {
    socket_.async_read_some(asio::buffer(input_), [self = shared_from_this()](auto error, auto n) {
      if (!error) self->answer(n);
    });
  }

 private:
  // A body behind a head holds no empty line, so that it needs no parsing.
  void answer(std::size_t count) {
    output_.clear();
    for (std::size_t index = 0; index < count; ++index) {
      // "\r\n\r\n" may straddle two reads.
      matched_ = input_[index] == "\r\n\r\n"[matched_] ? matched_ + 1 : input_[index] == '\r';
      if (matched_ < 4) continue;
      matched_ = 0;
      output_ += one_answer_;
    }
    if (output_.empty()) return read();
    asio::async_write(socket_, asio::buffer(output_),
                      [self = shared_from_this()](auto error, auto) {
                        if (!error) self->read();
                      });
  }
  Socket socket_;
  const std::string& one_answer_;
  std::array<char, 16 * 1024> input_;
  std::string output_;
  std::size_t matched_ = 0;
};

// A good answer of so many bytes, or of as few as one can have.
std::string constant_answer(std::size_t bytes) {
  const auto with_body = [](std::size_t size) {
    return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n" +
           std::string(size, 'x');
  };
  const auto head = with_body(0).size();
  auto body = bytes > head ? bytes - head : 0;
  while (body > 0 && with_body(body).size() > bytes) --body;
  return with_body(body);
}

class BareServer {
 public:
  explicit BareServer(std::size_t answer_bytes)
      : answer_{constant_answer(answer_bytes)},
        acceptor_{io_, Tcp::endpoint{asio::ip::address_v4::loopback(), 0}} {
    accept();
    thread_ = std::thread{[this] {
      thread_id_.store(::gettid());
      thread_id_.notify_all();
      io_.run();
    }};
    thread_id_.wait(0);
  }
  ~BareServer() {
    io_.stop();
    thread_.join();
  }
  std::uint16_t port() { return acceptor_.local_endpoint().port(); }
  [[nodiscard]] pid_t thread_id() const { return thread_id_.load(); }

 private:
  void accept() {
    acceptor_.async_accept(io_.get_executor(), [this](auto error, Socket socket) {
      if (error) return;
      socket.set_option(Tcp::no_delay{true});
      std::make_shared<BareConnection>(std::move(socket), answer_)->read();
      accept();
    });
  }
  std::string answer_;
  asio::io_context io_{1};
  Tcp::acceptor acceptor_;
  std::atomic<pid_t> thread_id_{0};
  std::thread thread_;
};

// Reads answers from one socket, one after the other.
class AnswerReader {
 public:
  explicit AnswerReader(int socket) : socket_{socket} {}
  // The whole next answer; a view until the next call.
  std::string_view next() {
    input_.erase(0, answer_bytes_);
    for (;;) {
      const auto head = input_.find("\r\n\r\n");
      if (head != std::string::npos) {
        answer_bytes_ = head + 4 + content_length(std::string_view{input_}.substr(0, head + 2));
        if (answer_bytes_ <= input_.size()) return {input_.data(), answer_bytes_};
      }
      if (input_.size() > kAnswerBytesMax) throw std::runtime_error{"an endless answer"};
      char block[16 * 1024];
      const auto count = ::recv(socket_, block, sizeof block, 0);
      if (count <= 0) throw std::runtime_error{"the server closed a connection"};
      input_.append(block, static_cast<std::size_t>(count));
    }
  }

 private:
  static std::size_t content_length(std::string_view head) {
    constexpr std::string_view kName = "\r\nContent-Length: ";
    const auto at = head.find(kName);
    std::size_t length = 0;
    if (at == std::string_view::npos) throw std::runtime_error{"an answer without its length"};
    std::from_chars(head.data() + at + kName.size(), head.data() + head.size(), length);
    return length;
  }
  int socket_;
  std::string input_;
  std::size_t answer_bytes_ = 0;
};

void send_all(int socket, std::string_view bytes) {
  if (::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(bytes.size()))
    throw std::runtime_error{"the server takes no request"};
}

// Connections that send batches of requests and count the bytes that come back.
class Load {
 public:
  Load(std::uint16_t port, const Comparison& comparison) : pipelined_{comparison.pipelined} {
    for (auto& socket : sockets_) socket = connect_to(port);
    learn(comparison);
  }
  ~Load() {
    for (const int socket : sockets_) ::close(socket);
  }
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  [[nodiscard]] std::size_t answer_bytes() const { return batches_.front().answer_bytes; }
  [[nodiscard]] std::size_t requests_per_round() const { return turns() * per_turn(); }
  void round() {
    for (std::size_t turn = 0; turn < turns(); ++turn) take_turn();
  }

 private:
  struct Batch {
    std::string requests;
    std::size_t answer_bytes = 0;
  };

  static int connect_to(std::uint16_t port) {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    const timeval silence{.tv_sec = kSilenceSecondsMax, .tv_usec = 0};
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &silence, sizeof silence);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
      throw std::runtime_error{"can't connect"};
    return socket;
  }

  void learn(const Comparison& comparison) {
    AnswerReader answers{sockets_[0]};
    const auto& requests = comparison.requests;
    for (std::size_t begin = 0; begin < requests.size(); begin += kLearnedAtOnce) {
      const auto some = requests.subspan(begin, std::min(kLearnedAtOnce, requests.size() - begin));
      std::string bytes;
      for (const auto& request : some) bytes += request;
      send_all(sockets_[0], bytes);
      for (const auto& request : some) {
        const auto answer = answers.next();
        const bool is_good = answer.starts_with("HTTP/1.1 200 ") &&
                             answer.find(comparison.expected) != std::string_view::npos;
        if (!is_good) throw std::runtime_error{"not the expected answer"};
        add(request, answer.size());
      }
    }
    if (is_open_) batches_.pop_back();  // one that is not full
    if (batches_.empty()) throw std::runtime_error{"too few requests"};
  }

  void add(const std::string& request, std::size_t answer_bytes) {
    if (!is_open_) batches_.emplace_back();
    auto& batch = batches_.back();
    batch.requests += request;
    batch.answer_bytes += answer_bytes;
    in_batch_ = is_open_ ? in_batch_ + 1 : 1;
    is_open_ = in_batch_ < pipelined_;
  }

  [[nodiscard]] std::size_t per_turn() const { return kConnectionCount * pipelined_; }
  [[nodiscard]] std::size_t turns() const {
    return std::max<std::size_t>(1, kRequestsPerRound / per_turn());
  }
  void take_turn() {
    std::array<std::size_t, kConnectionCount> awaited{};
    for (std::size_t index = 0; index < kConnectionCount; ++index) {
      const auto& batch = batches_[next_];
      next_ = (next_ + 1) % batches_.size();
      awaited[index] = batch.answer_bytes;
      send_all(sockets_[index], batch.requests);
    }
    char block[16 * 1024];
    for (std::size_t index = 0; index < kConnectionCount; ++index)
      for (auto left = awaited[index]; left > 0;) {
        const auto count = ::recv(sockets_[index], block, std::min(left, sizeof block), 0);
        if (count <= 0) throw std::runtime_error{"the server closed a connection"};
        left -= static_cast<std::size_t>(count);
      }
  }

  std::size_t pipelined_;
  std::array<int, kConnectionCount> sockets_{};
  std::vector<Batch> batches_;
  std::size_t in_batch_ = 0;
  bool is_open_ = false;  // the last batch wants more requests
  std::size_t next_ = 0;
};

// A thread's own clock, exact also while the thread runs: the process's is not. Linux's encoding of
// clock_getcpuclockid() for a thread: its number inverted, "per thread", "scheduler's time".
double thread_seconds(pid_t thread) {
  constexpr unsigned kPerThread = 4;
  constexpr unsigned kSchedulerTime = 2;
  const auto clock =
      static_cast<clockid_t>((~static_cast<unsigned>(thread) << 3) | kPerThread | kSchedulerTime);
  timespec time{};
  ::clock_gettime(clock, &time);  // 0 for a thread that ended
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

// The CPU time of some threads since it was asked last. What a server does after its last answer
// was read falls into its next round, never into the other server's.
class CpuMeter {
 public:
  explicit CpuMeter(std::vector<pid_t> threads) : threads_{std::move(threads)} { lap(); }
  double lap() {
    double total = 0;
    for (const auto thread : threads_) total += thread_seconds(thread);
    const auto passed = total - total_;
    total_ = total;
    return passed;
  }

 private:
  std::vector<pid_t> threads_;
  double total_ = 0;
};

// All but the caller and `other`.
std::vector<pid_t> threads_but(pid_t other) {
  std::vector<pid_t> threads;
  for (const auto& entry : std::filesystem::directory_iterator{"/proc/self/task"}) {
    const auto thread = static_cast<pid_t>(std::stol(entry.path().filename().string()));
    if (thread != other && thread != ::gettid()) threads.push_back(thread);
  }
  return threads;
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  return *middle;
}

}  // namespace

void compare_with_bare(benchmark::State& state, const Comparison& comparison) {
  Load ours{comparison.port, comparison};
  BareServer bare{ours.answer_bytes() / comparison.pipelined};
  auto constant = comparison;
  constant.expected = {};
  Load theirs{bare.port(), constant};
  const auto requests = static_cast<double>(ours.requests_per_round());
  CpuMeter bare_cpu{{bare.thread_id()}};
  CpuMeter our_cpu{threads_but(bare.thread_id())};
  std::vector<double> our_us;
  std::vector<double> bare_us;
  std::vector<double> ratios;
  for (auto _ : state) {
    const auto begin = std::chrono::steady_clock::now();
    ours.round();
    const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - begin;
    theirs.round();
    our_us.push_back(our_cpu.lap() / requests * 1e6);
    bare_us.push_back(bare_cpu.lap() / requests * 1e6);
    ratios.push_back(our_us.back() / bare_us.back());
    state.SetIterationTime(wall.count());
  }
  state.SetItemsProcessed(state.iterations() *
                          static_cast<std::int64_t>(ours.requests_per_round()));
  state.counters["server_us"] = median(our_us);
  state.counters["bare_us"] = median(bare_us);
  state.counters["ratio"] = median(ratios);
}

}  // namespace tokenledger::bench
