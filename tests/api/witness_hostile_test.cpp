// Witnesses that speak bad HTTP on a raw socket, beside an honest one: each question ends in
// bounded time and memory, no good cosignature is lost for it, and the server goes on.
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>

#include "core/base64url.hpp"
#include "tests/api/witness_fixture.hpp"

namespace tokenledger::test {
namespace {

// What one question may make a witness send before we hang up: the limits of an answer, and what
// two kernels buffer on the way.
constexpr std::uint64_t kSentBytesMax = 8 * 1024 * 1024;

// A connection whose request was read.
class RawConnection {
 public:
  RawConnection(int socket, const std::atomic<bool>& stops) : socket_{socket}, stops_{stops} {
    const int send_buffer = 64 * 1024;
    const timeval patience{.tv_sec = 0, .tv_usec = 100'000};
    ::setsockopt(socket_, SOL_SOCKET, SO_SNDBUF, &send_buffer, sizeof send_buffer);
    ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  ~RawConnection() { ::close(socket_); }
  RawConnection(const RawConnection&) = delete;
  RawConnection& operator=(const RawConnection&) = delete;

  // The body; nullopt: it never came.
  std::optional<std::string> read_request() {
    constexpr std::string_view kLength = "Content-Length: ";
    std::string text;
    char piece[4096];
    while (!stops_ && !is_gone()) {
      const auto count = ::recv(socket_, piece, sizeof piece, 0);
      if (count == 0) return std::nullopt;
      if (count > 0) text.append(piece, static_cast<std::size_t>(count));
      const auto head_end = text.find("\r\n\r\n");
      const auto length_at = text.find(kLength);
      if (head_end == std::string::npos || length_at > head_end) continue;
      const auto length = std::stoull(text.substr(length_at + kLength.size()));
      if (text.size() >= head_end + 4 + length) return text.substr(head_end + 4, length);
    }
    return std::nullopt;
  }
  // False: the other side hung up, or the test is over.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      if (stops_) return false;
      const auto count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count < 0 && errno != EAGAIN) return false;
      if (count <= 0) continue;
      sent_ += static_cast<std::uint64_t>(count);
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }
  bool drip(std::string_view bytes, std::chrono::milliseconds gap) {
    for (const char byte : bytes) {
      if (is_gone() || !send({&byte, 1})) return false;
      std::this_thread::sleep_for(gap);
    }
    return true;
  }
  void send_for_ever(std::string_view bytes) {
    while (send(bytes)) continue;
  }
  void wait_until_gone() {
    while (!stops_ && !is_gone()) std::this_thread::sleep_for(5ms);
  }
  void half_close() { ::shutdown(socket_, SHUT_WR); }
  void reset_when_closed() {
    const linger now{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  }
  [[nodiscard]] std::uint64_t sent() const { return sent_; }

 private:
  [[nodiscard]] bool is_gone() const {
    pollfd polled{.fd = socket_, .events = POLLRDHUP, .revents = 0};
    return ::poll(&polled, 1, 0) > 0 && (polled.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
  }
  const int socket_;
  const std::atomic<bool>& stops_;
  std::uint64_t sent_ = 0;
};

// One connection after the other, each answered by `answer` and then closed.
class RawWitness {
 public:
  using Answer = std::function<void(RawConnection&, const std::string& body)>;
  explicit RawWitness(Answer answer) : answer_{std::move(answer)} {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(listener_, any, length), 0);
    EXPECT_EQ(::listen(listener_, 8), 0);
    EXPECT_EQ(::getsockname(listener_, any, &length), 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread{[this] { run(); }};
  }
  ~RawWitness() {
    stops_ = true;
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }
  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::uint64_t sent_max() const { return sent_max_; }
  [[nodiscard]] int answered() const { return answered_; }

 private:
  void run() {
    while (!stops_) {
      const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (socket < 0) continue;
      RawConnection connection{socket, stops_};
      const auto body = connection.read_request();
      if (!body) continue;
      answer_(connection, *body);
      sent_max_ = std::max(sent_max_.load(), connection.sent());
      ++answered_;
    }
  }
  const Answer answer_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<bool> stops_{false};
  std::atomic<std::uint64_t> sent_max_{0};
  std::atomic<int> answered_{0};
  std::thread thread_;
};

// The line that it should answer with.
std::string good_line(const std::string& name, const std::string& body) {
  const auto request = parse_add_checkpoint(body).value();
  const auto note = parse_note(request.checkpoint).value();
  return format_signature_line(key_of(name).cosign(note.text, UnixSeconds{1'763'784'000}).value());
}
// A line as long as an ML-DSA-44 cosignature (C2SP tlog-cosignature), of whatever key.
std::string unknown_line(const std::string& key_name) {
  return format_signature_line({.key_name = key_name,
                                .key_id = 0x0badcafe,
                                .bytes = std::vector<std::uint8_t>(8 + 2'420, 6)});
}
std::string head(const std::string& fields) {
  return "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n" + fields + "\r\n";
}
std::string with_length(const std::string& body, std::size_t length) {
  return head("Content-Length: " + std::to_string(length) + "\r\n") + body;
}
std::string in_chunks_of_one(const std::string& body) {
  std::string text = head("Transfer-Encoding: chunked\r\n");
  for (const char byte : body) text += std::string{"1\r\n"} + byte + "\r\n";
  return text + "0\r\n\r\n";
}

struct Row {
  const char* name;
  WitnessTrouble want;  // none: it is cosigned
  RawWitness::Answer answer;
};

std::vector<Row> rows(const std::string& elsewhere) {
  using enum WitnessTrouble;
  const auto line = [](const char* name, const std::string& body) { return good_line(name, body); };
  return {
      {"drips", timed_out,
       [](RawConnection& to, const std::string&) {
         to.drip(head("X: " + std::string(100'000, 'x')), 2ms);
       }},
      {"silent", timed_out, [](RawConnection& to, const std::string&) { to.wait_until_gone(); }},
      {"stops-in-the-body", timed_out,
       [=](RawConnection& to, const std::string& body) {
         to.send(with_length("x", line("stops-in-the-body", body).size()));
         to.wait_until_gone();
       }},
      {"endless-chunks", bad_answer,
       [](RawConnection& to, const std::string&) {
         to.send(head("Transfer-Encoding: chunked\r\n"));
         to.send_for_ever("1000\r\n" + std::string(4096, 'x') + "\r\n");
       }},
      {"endless-chunk-extension", bad_answer,
       [](RawConnection& to, const std::string&) {
         to.send(head("Transfer-Encoding: chunked\r\n") + "1;a=");
         to.send_for_ever(std::string(4096, 'x'));
       }},
      {"endless-trailers", bad_answer,
       [](RawConnection& to, const std::string&) {
         to.send(head("Transfer-Encoding: chunked\r\n") + "0\r\n");
         to.send_for_ever("A: " + std::string(1000, 'x') + "\r\n");
       }},
      {"endless-head", bad_answer,
       [](RawConnection& to, const std::string&) {
         to.send("HTTP/1.1 200 OK\r\n");
         to.send_for_ever("A: " + std::string(1000, 'x') + "\r\n");
       }},
      {"endless-first-line", bad_answer,
       [](RawConnection& to, const std::string&) {
         to.send("HTTP/1.1 200 ");
         to.send_for_ever(std::string(4096, 'x'));
       }},
      {"endless-body", bad_answer,
       [](RawConnection& to, const std::string&) {
         to.send(head(""));
         to.send_for_ever(std::string(4096, 'x'));
       }},
      {"huge-length", bad_answer,
       [](RawConnection& to, const std::string&) {
         to.send(head("Content-Length: 9999999999999\r\n"));
         to.send_for_ever(std::string(4096, 'x'));
       }},
      {"length-above", bad_answer,
       [=](RawConnection& to, const std::string& body) {
         const auto text = line("length-above", body);
         to.send(with_length(text, text.size() + 1));
       }},
      {"length-below", bad_cosignature,
       [=](RawConnection& to, const std::string& body) {
         const auto text = line("length-below", body);
         to.send(with_length(text, text.size() - 1));
       }},
      {"two-lengths", bad_answer,
       [=](RawConnection& to, const std::string& body) {
         const auto text = line("two-lengths", body);
         to.send(
             head("Content-Length: " + std::to_string(text.size()) + "\r\nContent-Length: 3\r\n") +
             text);
       }},
      {"redirects", refused,
       [=](RawConnection& to, const std::string&) {
         to.send("HTTP/1.1 302 Found\r\nLocation: " + elsewhere + "\r\nContent-Length: 0\r\n\r\n");
       }},
      {"half-closes-at-once", bad_answer,
       [](RawConnection& to, const std::string&) {
         to.half_close();
         to.wait_until_gone();
       }},
      {"half-closes-in-the-head", bad_answer,
       [](RawConnection& to, const std::string&) {
         to.send("HTTP/1.1 200 OK\r\nContent-");
         to.half_close();
         to.wait_until_gone();
       }},
      {"resets", bad_answer,
       [](RawConnection& to, const std::string&) {
         to.send("HTTP/1.1 200 OK\r\n");
         to.reset_when_closed();
       }},
      {"no-http", bad_answer,
       [](RawConnection& to, const std::string&) { to.send("220 mail.example ESMTP\r\n"); }},
      {"endless-interim", refused,
       [](RawConnection& to, const std::string&) {
         to.send_for_ever("HTTP/1.1 100 Continue\r\n\r\n");
       }},
      {"unknown-line-alone", bad_cosignature,
       [](RawConnection& to, const std::string&) {
         const auto text = unknown_line("w.example/unknown-line-alone");
         to.send(with_length(text, text.size()));
       }},
      // Odd, and good all the same.
      {"slow-in-time", none,
       [=](RawConnection& to, const std::string& body) {
         const auto text = line("slow-in-time", body);
         to.send(with_length("", text.size()));
         to.drip(text, 1ms);
       }},
      {"chunks-of-one", none,
       [=](RawConnection& to, const std::string& body) {
         to.send(in_chunks_of_one(line("chunks-of-one", body)));
       }},
      {"half-closes-at-the-end", none,
       [=](RawConnection& to, const std::string& body) {
         to.send(head("") + line("half-closes-at-the-end", body));
         to.half_close();
         to.wait_until_gone();
       }},
      {"more-behind-the-body", none,
       [=](RawConnection& to, const std::string& body) {
         const auto text = line("more-behind-the-body", body);
         to.send(with_length(text, text.size()));
         to.send_for_ever(std::string(4096, 'x'));
       }},
      {"unknown-lines-beside", none,
       [=](RawConnection& to, const std::string& body) {
         const auto text = unknown_line("w.example/unknown-lines-beside") +
                           unknown_line("stranger") + line("unknown-lines-beside", body) +
                           unknown_line("w.example/unknown-lines-beside");
         to.send(with_length(text, text.size()));
       }},
  };
}

TEST(HostileWitnesses, EachQuestionEndsInBoundedTimeAndMemoryAndNoGoodCosignatureIsLost) {
  std::atomic<int> redirected{0};
  Liar elsewhere{[&](const HttpRequest&) {
    ++redirected;
    return says(200, "");
  }};
  const auto table =
      rows("http://127.0.0.1:" + std::to_string(elsewhere.port()) + "/add-checkpoint");
  std::vector<std::string> names{"honest"};
  for (const auto& row : table) names.emplace_back(row.name);
  WitnessedLedger ledger{names, 1};
  WitnessHost honest{"honest", ledger.log()};
  std::vector<std::uint16_t> ports{honest.port()};
  std::vector<std::unique_ptr<RawWitness>> hostile;
  for (const auto& row : table) {
    hostile.push_back(std::make_unique<RawWitness>(row.answer));
    ports.push_back(hostile.back()->port());
  }
  ledger.options().on_older_copy = [](const std::string& what) { ADD_FAILURE() << what; };
  ledger.ask(ports);
  const auto first = ledger.append();
  ASSERT_TRUE(comes_true([&] { return ledger.state(0).size >= first; }));
  for (std::size_t at = 0; at < table.size(); ++at) {
    const auto is_as_wanted = [&] {
      const auto state = ledger.state(at + 1);
      return state.trouble == table[at].want &&
             (table[at].want != WitnessTrouble::none) == (state.cosignatures == 0);
    };
    EXPECT_TRUE(comes_true(is_as_wanted))
        << table[at].name << ": " << trouble_name(ledger.state(at + 1).trouble);
  }
  // Everything goes on beside them: the honest one, the good ones, the server itself.
  const auto size = ledger.append();
  EXPECT_TRUE(comes_true([&] { return ledger.state(0).size >= size; }));
  EXPECT_EQ(ledger.get("/readyz").status, 200);
  for (std::size_t at = 0; at < table.size(); ++at) {
    const bool is_good = table[at].want == WitnessTrouble::none;
    EXPECT_TRUE(comes_true([&] {
      return is_good ? ledger.state(at + 1).size >= size : hostile[at]->answered() >= 2;
    })) << table[at].name
        << " is asked again and again";
    EXPECT_LT(hostile[at]->sent_max(), kSentBytesMax) << table[at].name;
    std::printf("%s: %d answers, at most %llu bytes sent in one\n", table[at].name,
                hostile[at]->answered(), static_cast<unsigned long long>(hostile[at]->sent_max()));
  }
  EXPECT_EQ(redirected.load(), 0) << "no redirection is followed";
  ledger.stop_asking();
}

}  // namespace
}  // namespace tokenledger::test
