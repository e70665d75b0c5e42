// One load generator for every peer, so that a difference between two rows is a difference between
// two servers: the same thread, connections and closed loop (a connection sends its next request
// when the last answer is complete), for HTTP/1.1, Redis (RESP 2) and PostgreSQL (protocol 3).
//
//   peers_driver NAME=VALUE...
//     protocol=http|resp|postgres  port=N  connections=N  seconds=S
//     requests=FILE     requests, each behind its length (4 bytes, little-endian); used in turn
//     opening=FILE      bytes that open each connection, with opening_answers= answers to await
//     answers=N         answers that complete one request (default 1)
//     marker=count:FIRST | random:BELOW   what replaces "@@@@@@@@@@@@" in a request: 12 digits
//     limit=N           stop after so many requests (default: none)
//     once=1            use each request of the file at most once
//     capture=FILE      append each answer's body and a newline (HTTP; holds tokens: mode 0600)
//
// Prints one JSON object: requests, failed, seconds, p50_us, p99_us. A failed request (a status
// that is not 2xx, an error reply) counts apart and not as a request.
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "bench/peers/answer_framing.hpp"

namespace tokenledger::peers {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::string_view kMarker = "@@@@@@@@@@@@";
constexpr std::size_t kConnectionsMax = 1'024;
constexpr std::size_t kAnswerBytesMax = 16 * 1024 * 1024;
constexpr std::chrono::seconds kSilenceMax{20};

using Settings = std::map<std::string, std::string, std::less<>>;

std::string read_file(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  if (!file) throw std::runtime_error{"can't read " + path};
  return {std::istreambuf_iterator<char>{file}, {}};
}

std::uint64_t number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size())
    throw std::runtime_error{"not a number: " + std::string{text}};
  return value;
}

std::string setting(const Settings& settings, std::string_view name, std::string_view absent) {
  const auto found = settings.find(name);
  return found == settings.end() ? std::string{absent} : found->second;
}

std::vector<std::string> read_requests(const std::string& path) {
  const auto bytes = read_file(path);
  std::vector<std::string> requests;
  for (std::size_t at = 0; at + 4 <= bytes.size();) {
    std::uint32_t size = 0;
    std::memcpy(&size, bytes.data() + at, 4);
    if (size > bytes.size() - at - 4) throw std::runtime_error{"the request file is cut"};
    requests.push_back(bytes.substr(at + 4, size));
    at += 4 + size;
  }
  if (requests.empty()) throw std::runtime_error{"no requests"};
  return requests;
}

// Where the next request comes from, shared by all connections.
class Source {
 public:
  explicit Source(const Settings& settings)
      : requests_{read_requests(settings.at("requests"))},
        limit_{number(setting(settings, "limit", "1000000000"))} {
    if (!setting(settings, "once", "").empty()) limit_ = std::min(limit_, requests_.size());
    const auto marker = setting(settings, "marker", "count:0");
    is_random_ = marker.starts_with("random:");
    value_ = number(std::string_view{marker}.substr(marker.find(':') + 1));
  }

  [[nodiscard]] bool has_next() const { return sent_ < limit_; }

  void next(std::string* request) {
    *request = requests_[sent_ % requests_.size()];
    ++sent_;
    const auto value = is_random_ ? random_() % value_ : value_;
    bool is_used = false;
    for (auto at = request->find(kMarker); at != std::string::npos; at = request->find(kMarker)) {
      char digits[kMarker.size() + 1];
      std::snprintf(digits, sizeof digits, "%012llu", static_cast<unsigned long long>(value));
      request->replace(at, kMarker.size(), digits, kMarker.size());
      is_used = true;
    }
    if (is_used && !is_random_) ++value_;
  }

 private:
  std::vector<std::string> requests_;
  std::size_t limit_;
  std::size_t sent_ = 0;
  bool is_random_ = false;
  std::uint64_t value_ = 0;
  std::mt19937_64 random_{1};
};

struct Connection {
  int socket = -1;
  std::string output;
  std::size_t written = 0;
  std::string input;
  Clock::time_point sent_at;
  bool is_opening = false;
  bool is_waiting = false;
};

int connect_to(std::uint16_t port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (socket < 0 || ::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    throw std::runtime_error{"can't connect"};
  const int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::fcntl(socket, F_SETFL, O_NONBLOCK);
  return socket;
}

class Driver {
 public:
  explicit Driver(const Settings& settings)
      : source_{settings},
        framing_{framing_of(setting(settings, "protocol", "http"))},
        answers_{number(setting(settings, "answers", "1"))},
        opening_answers_{number(setting(settings, "opening_answers", "0"))},
        duration_{static_cast<std::int64_t>(1000 * std::stod(setting(settings, "seconds", "1")))} {
    const auto opening = setting(settings, "opening", "");
    if (!opening.empty()) opening_ = read_file(opening);
    open_capture(setting(settings, "capture", ""));
    const auto count = number(setting(settings, "connections", "32"));
    if (count == 0 || count > kConnectionsMax) throw std::runtime_error{"connections: 1 to 1024"};
    connections_.resize(count);
    const auto port = static_cast<std::uint16_t>(number(setting(settings, "port", "")));
    for (auto& connection : connections_) connection.socket = connect_to(port);
  }

  void run() {
    epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
    for (auto& connection : connections_) {
      epoll_event event{EPOLLIN | EPOLLOUT | EPOLLET, {.ptr = &connection}};
      ::epoll_ctl(epoll_, EPOLL_CTL_ADD, connection.socket, &event);
    }
    if (opening_answers_ > 0) {
      for (auto& connection : connections_) open(connection);
      wait_for_all();
    }
    started_ = Clock::now();
    deadline_ = started_ + duration_;
    for (auto& connection : connections_) send_next(connection);
    wait_for_all();
    finished_ = Clock::now();
  }

  void report() {
    std::ranges::sort(latencies_us_);
    const auto at = [&](double share) {
      return latencies_us_.empty() ? 0u
                                   : latencies_us_[static_cast<std::size_t>(
                                         share * static_cast<double>(latencies_us_.size() - 1))];
    };
    const std::chrono::duration<double> seconds = finished_ - started_;
    std::printf(R"({"requests":%zu,"failed":%zu,"seconds":%.6f,"p50_us":%u,"p99_us":%u})"
                "\n",
                latencies_us_.size(), failed_, seconds.count(), at(0.5), at(0.99));
  }

 private:
  void open_capture(const std::string& path) {
    if (path.empty()) return;
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    capture_ = file < 0 ? nullptr : ::fdopen(file, "a");
    if (capture_ == nullptr) throw std::runtime_error{"can't write " + path};
  }

  void open(Connection& connection) {
    connection.is_opening = true;
    connection.output = opening_;
    begin(connection);
  }

  void send_next(Connection& connection) {
    if (!source_.has_next() || Clock::now() >= deadline_) return;
    source_.next(&connection.output);
    begin(connection);
  }

  void begin(Connection& connection) {
    connection.written = 0;
    connection.is_waiting = true;
    connection.sent_at = Clock::now();
    ++waiting_;
    write(connection);
  }

  static void write(Connection& connection) {
    while (connection.written < connection.output.size()) {
      const auto count = ::send(connection.socket, connection.output.data() + connection.written,
                                connection.output.size() - connection.written, MSG_NOSIGNAL);
      if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
      if (count <= 0) throw std::runtime_error{"the server closed a connection"};
      connection.written += static_cast<std::size_t>(count);
    }
  }

  void read(Connection& connection) {
    for (;;) {
      const auto count = ::recv(connection.socket, block_.data(), block_.size(), 0);
      if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
      if (count <= 0) throw std::runtime_error{"the server closed a connection"};
      connection.input.append(block_.data(), static_cast<std::size_t>(count));
      if (connection.input.size() > kAnswerBytesMax) throw std::runtime_error{"endless answer"};
      const auto wanted = connection.is_opening ? opening_answers_ : answers_;
      const auto framed = framing_(connection.input, wanted);
      if (framed.size == 0) continue;
      if (framed.size != connection.input.size() || !connection.is_waiting)
        throw std::runtime_error{"more answers than requests"};
      finish(connection, framed);
    }
  }

  void finish(Connection& connection, const FramedAnswer& framed) {
    --waiting_;
    connection.is_waiting = false;
    if (connection.is_opening) {
      if (framed.is_failure) throw std::runtime_error{"opening failed: " + connection.input};
      connection.is_opening = false;
      connection.input.clear();
      return;
    }
    if (framed.is_failure) {
      // The first one says what is wrong; an answer that is an error holds no token.
      if (++failed_ == 1) std::fprintf(stderr, "first failure: %s\n", connection.input.c_str());
    } else {
      const auto waited = Clock::now() - connection.sent_at;
      latencies_us_.push_back(static_cast<std::uint32_t>(
          std::chrono::duration_cast<std::chrono::microseconds>(waited).count()));
      if (capture_ != nullptr) {
        std::fwrite(connection.input.data() + framed.body_at, 1, framed.size - framed.body_at,
                    capture_);
        std::fputc('\n', capture_);
      }
    }
    connection.input.clear();
    send_next(connection);
  }

  void wait_for_all() {
    epoll_event events[64];
    while (waiting_ > 0) {
      const auto silence = std::chrono::duration_cast<std::chrono::milliseconds>(kSilenceMax);
      const int count =
          ::epoll_wait(epoll_, events, std::size(events), static_cast<int>(silence.count()));
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) throw std::runtime_error{"no answer for 20 seconds"};
      for (int index = 0; index < count; ++index) {
        auto& connection = *static_cast<Connection*>(events[index].data.ptr);
        write(connection);
        read(connection);
      }
    }
    if (capture_ != nullptr) std::fflush(capture_);
  }

  Source source_;
  Framing framing_;
  std::size_t answers_;
  std::size_t opening_answers_;
  std::chrono::milliseconds duration_;
  std::string opening_;
  std::FILE* capture_ = nullptr;
  std::vector<Connection> connections_;
  std::string block_ = std::string(256 * 1024, '\0');
  int epoll_ = -1;
  std::size_t waiting_ = 0;
  std::size_t failed_ = 0;
  std::vector<std::uint32_t> latencies_us_;
  Clock::time_point started_;
  Clock::time_point deadline_;
  Clock::time_point finished_;
};

Settings parse(int count, char** arguments) {
  Settings settings;
  for (int index = 1; index < count; ++index) {
    const std::string_view argument = arguments[index];
    const auto equals = argument.find('=');
    if (equals == std::string_view::npos) throw std::runtime_error{"arguments are NAME=VALUE"};
    settings.emplace(argument.substr(0, equals), argument.substr(equals + 1));
  }
  if (!settings.contains("requests")) throw std::runtime_error{"requests=FILE is missing"};
  return settings;
}

}  // namespace
}  // namespace tokenledger::peers

int main(int count, char** arguments) {
  using namespace tokenledger::peers;
  try {
    Driver driver{parse(count, arguments)};
    driver.run();
    driver.report();
    return 0;
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "peers_driver: %s\n", failure.what());
    return 1;
  }
}
