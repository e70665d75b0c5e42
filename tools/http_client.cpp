#include "tools/http_client.hpp"

#include <netdb.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

#include "tools/failure.hpp"

namespace tokenledger {
namespace {

constexpr timeval kDeadline{.tv_sec = 30, .tv_usec = 0};  // of one read or write
constexpr std::size_t kAnswerBytesMax = 64u << 20;

class Connection {
 public:
  Connection(const std::string& host, const std::string& port) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (::getaddrinfo(host.c_str(), port.c_str(), &hints, &found) != 0) return;
    for (auto* at = found; at != nullptr && socket_ < 0; at = at->ai_next) connect_to(*at);
    ::freeaddrinfo(found);
  }
  ~Connection() {
    if (socket_ >= 0) ::close(socket_);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  [[nodiscard]] bool is_open() const { return socket_ >= 0; }

  bool write(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }

  // Everything up to the end of the connection.
  bool read(std::string& out) {
    char block[16 * 1024];
    for (;;) {
      const auto count = ::recv(socket_, block, sizeof block, 0);
      if (count == 0) return true;
      if (count < 0 || out.size() > kAnswerBytesMax) return false;
      out.append(block, static_cast<std::size_t>(count));
    }
  }

 private:
  void connect_to(const addrinfo& address) {
    const int made =
        ::socket(address.ai_family, address.ai_socktype | SOCK_CLOEXEC, address.ai_protocol);
    if (made < 0) return;
    ::setsockopt(made, SOL_SOCKET, SO_RCVTIMEO, &kDeadline, sizeof kDeadline);
    ::setsockopt(made, SOL_SOCKET, SO_SNDTIMEO, &kDeadline, sizeof kDeadline);
    if (::connect(made, address.ai_addr, address.ai_addrlen) == 0) {
      socket_ = made;
    } else {
      ::close(made);
    }
  }

  int socket_ = -1;
};

bool is_header_text(std::string_view text) {
  return std::ranges::all_of(text, [](char byte) { return byte > 0x20 && byte < 0x7F; });
}

// The value of Content-Length; nullopt-like -1 when there is none.
long content_length(std::string_view head) {
  constexpr std::string_view kName = "content-length:";
  for (std::size_t at = head.find("\r\n"); at != std::string_view::npos;
       at = head.find("\r\n", at + 2)) {
    auto line = head.substr(at + 2, head.find("\r\n", at + 2) - at - 2);
    const bool is_named =
        line.size() > kName.size() &&
        std::equal(kName.begin(), kName.end(), line.begin(), [](char want, char got) {
          return want == (got >= 'A' && got <= 'Z' ? static_cast<char>(got + 32) : got);
        });
    if (!is_named) continue;
    line.remove_prefix(line.find_first_not_of(' ', kName.size()));
    long length = -1;
    std::from_chars(line.data(), line.data() + line.size(), length);
    return length;
  }
  return -1;
}

bool parse(const std::string& bytes, HttpAnswer& answer) {
  const auto end = bytes.find("\r\n\r\n");
  if (end == std::string::npos || !bytes.starts_with("HTTP/1.1 ")) return false;
  std::from_chars(bytes.data() + 9, bytes.data() + 12, answer.status);
  answer.body = bytes.substr(end + 4);
  return answer.status >= 100 && content_length(std::string_view{bytes}.substr(0, end)) ==
                                     static_cast<long>(answer.body.size());
}

}  // namespace

HttpClient::HttpClient(const std::string& url, std::string bearer) : bearer_{std::move(bearer)} {
  constexpr std::string_view kScheme = "http://";
  auto rest = std::string_view{url};
  const bool is_http = rest.starts_with(kScheme) && is_header_text(rest);
  if (is_http) rest.remove_prefix(kScheme.size());
  if (rest.ends_with('/')) rest.remove_suffix(1);
  const auto bracket = rest.rfind(']');
  const auto colon = rest.rfind(':');
  const bool has_port =
      colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket);
  host_ = rest.substr(0, has_port ? colon : rest.size());
  port_ = has_port ? std::string{rest.substr(colon + 1)} : "80";
  if (!is_http || host_.empty() || rest.find('/') != std::string_view::npos)
    throw Failure{ExitCode::usage, "--url wants http://HOST:PORT, like http://127.0.0.1:8080"};
  if (!is_header_text(bearer_))
    throw Failure{ExitCode::usage, "the file named by --token-file does not hold a token"};
}

HttpAnswer HttpClient::send(const std::string& method, const std::string& target,
                            const std::string& body) const {
  auto name = host_;
  if (name.starts_with('[')) name = name.substr(1, name.size() - 2);
  Connection connection{name, port_};
  if (!connection.is_open()) {
    throw Failure{ExitCode::cannot_open,
                  "nobody answers at http://" + host_ + ":" + port_ + ": is the server running?"};
  }
  auto request = method + " " + target + " HTTP/1.1\r\nHost: " + host_ + ":" + port_ +
                 "\r\nConnection: close\r\nAccept: application/json\r\n";
  request += "Authorization: Bearer " + bearer_ + "\r\n";
  if (method != "GET") {
    request +=
        "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
  }
  std::string bytes;
  HttpAnswer answer;
  const bool is_whole =
      connection.write(request + "\r\n" + body) && connection.read(bytes) && parse(bytes, answer);
  if (is_whole) return answer;
  if (method == "GET") throw Failure{ExitCode::cannot_open, "the server's answer broke off"};
  throw Failure{ExitCode::unknown_outcome,
                "the server's answer broke off: it may or may not have done it; look before you "
                "repeat it"};
}

std::string percent_encoded(const std::string& text) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out;
  for (const char character : text) {
    const auto byte = static_cast<unsigned char>(character);
    const bool is_plain = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                          (byte >= '0' && byte <= '9') || byte == '-' || byte == '.' ||
                          byte == '_' || byte == '~';
    if (is_plain) {
      out += character;
    } else {
      out += '%';
      out += kDigits[byte >> 4];
      out += kDigits[byte & 15];
    }
  }
  return out;
}

}  // namespace tokenledger
