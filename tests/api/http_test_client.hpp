// A blocking loopback client for tests: sends exact bytes, reads whole answers.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tokenledger::test {

struct Answer {
  int status = 0;  // 0: the connection ended instead
  std::string head;
  std::string body;
};

class HttpTestClient {
 public:
  explicit HttpTestClient(std::uint16_t port) : socket_{::socket(AF_INET, SOCK_STREAM, 0)} {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const timeval patience{.tv_sec = 20, .tv_usec = 0};  // a hang fails instead of blocking
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    const int on = 1;
    ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    is_connected_ =
        ::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }
  HttpTestClient(HttpTestClient&& other) noexcept
      : socket_{std::exchange(other.socket_, -1)},
        is_connected_{other.is_connected_},
        buffer_{std::move(other.buffer_)} {}
  ~HttpTestClient() {
    if (socket_ >= 0) ::close(socket_);
  }

  [[nodiscard]] bool is_connected() const { return is_connected_; }

  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }
  void finish_sending() { ::shutdown(socket_, SHUT_WR); }

  // The next answer, interim ones included.
  Answer read() { return read_body(read_head()); }
  // Behind a head.
  Answer read_body(Answer answer) {
    if (answer.status == 0) return answer;
    const int status = std::exchange(answer.status, 0);
    const auto length_at = answer.head.find("Content-Length: ");
    const std::size_t length =
        length_at == std::string::npos
            ? 0
            : std::strtoul(answer.head.c_str() + length_at + 16, nullptr, 10);
    while (buffer_.size() < length)
      if (!receive()) return answer;
    answer.status = status;
    answer.body = buffer_.substr(0, length);
    buffer_.erase(0, length);
    return answer;
  }

  // The head of a streamed answer; its chunks follow.
  Answer read_head() {
    Answer answer;
    std::size_t head_end;
    while ((head_end = buffer_.find("\r\n\r\n")) == std::string::npos)
      if (!receive()) return answer;
    answer.head = buffer_.substr(0, head_end + 2);
    buffer_.erase(0, head_end + 4);
    answer.status = std::atoi(answer.head.c_str() + 9);
    return answer;
  }
  // The next chunk's data; empty: the last one. nullopt: the connection ended, or no chunk came.
  std::optional<std::string> read_chunk() {
    std::size_t line_end;
    while ((line_end = buffer_.find("\r\n")) == std::string::npos)
      if (!receive()) return std::nullopt;
    const std::size_t size = std::strtoul(buffer_.c_str(), nullptr, 16);
    while (buffer_.size() < line_end + 2 + size + 2)
      if (!receive()) return std::nullopt;
    auto data = buffer_.substr(line_end + 2, size);
    buffer_.erase(0, line_end + 2 + size + 2);
    return data;
  }

  // True: the other end closed (or reset) without another byte.
  bool is_closed_by_peer() { return buffer_.empty() && !receive(); }

 private:
  bool receive() {
    char bytes[16384];
    const auto count = ::recv(socket_, bytes, sizeof bytes, 0);
    if (count <= 0) return false;
    buffer_.append(bytes, static_cast<std::size_t>(count));
    return true;
  }

  int socket_;
  bool is_connected_ = false;
  std::string buffer_;
};

}  // namespace tokenledger::test
