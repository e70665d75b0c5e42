// A client's connection over loopback that sends requests and reads whole answers of any size.
// Blocking; one thread at a time. Throws std::runtime_error when the server does not keep to HTTP.
#pragma once

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <charconv>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace tokenledger::bench {

class LoopbackConnection {
 public:
  explicit LoopbackConnection(std::uint16_t port)
      : socket_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
    const int on = 1;
    const timeval silence{.tv_sec = kSilenceSecondsMax, .tv_usec = 0};
    ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &silence, sizeof silence);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
      throw std::runtime_error{"can't connect"};
  }
  LoopbackConnection(LoopbackConnection&& other) noexcept
      : socket_{std::exchange(other.socket_, -1)},
        input_{std::move(other.input_)},
        answer_bytes_{other.answer_bytes_} {}
  LoopbackConnection& operator=(LoopbackConnection&&) = delete;
  ~LoopbackConnection() {
    if (socket_ >= 0) ::close(socket_);
  }

  [[nodiscard]] int socket() const { return socket_; }
  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count <= 0) throw std::runtime_error{"the server takes no request"};
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
  }
  // The next answer, head and body; a view until the next call.
  std::string_view receive() {
    input_.erase(0, std::exchange(answer_bytes_, 0));
    for (;;) {
      const auto head = input_.find("\r\n\r\n");
      if (head != std::string::npos) {
        const auto whole = head + 4 + body_bytes(std::string_view{input_}.substr(0, head + 2));
        if (whole <= input_.size()) {
          answer_bytes_ = whole;
          return {input_.data(), whole};
        }
      }
      if (input_.size() > kAnswerBytesMax) throw std::runtime_error{"an endless answer"};
      char block[16 * 1024];
      const auto count = ::recv(socket_, block, sizeof block, 0);
      if (count <= 0) throw std::runtime_error{"the server closed a connection"};
      input_.append(block, static_cast<std::size_t>(count));
    }
  }
  std::string_view exchange(std::string_view request) {
    send(request);
    return receive();
  }

 private:
  static constexpr time_t kSilenceSecondsMax = 120;
  static constexpr std::size_t kAnswerBytesMax = 256 * 1024;

  static std::size_t body_bytes(std::string_view head) {
    constexpr std::string_view kName = "\r\nContent-Length: ";
    const auto at = head.find(kName);
    std::size_t length = 0;
    if (at != std::string_view::npos)
      std::from_chars(head.data() + at + kName.size(), head.data() + head.size(), length);
    return length;
  }

  int socket_;
  std::string input_;
  std::size_t answer_bytes_ = 0;
};

inline bool is_status(std::string_view answer, std::string_view status) {
  return answer.starts_with("HTTP/1.1 ") && answer.substr(9).starts_with(status);
}

}  // namespace tokenledger::bench
