// What tests of witnesses share: a policy, a witness of ours, one that answers as it is told, and a
// ledger that asks them.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <list>
#include <mutex>
#include <thread>

#include "api/http_server.hpp"
#include "api/witness_asker.hpp"
#include "api/witness_endpoints.hpp"
#include "core/witness_request.hpp"
#include "storage/audit.hpp"
#include "tests/api/api_fixture.hpp"

namespace tokenledger::test {

using namespace std::chrono_literals;
using testing_support::TemporaryDirectory;

inline NoteSigner key_of(const std::string& name) {
  std::array<std::uint8_t, 32> seed{};
  std::ranges::copy(name, seed.begin());
  return NoteSigner::from_seed("w.example/" + name, NoteKeyType::cosignature, seed).value();
}

inline TlogPolicy policy_of(const std::vector<std::string>& names, std::size_t quorum) {
  std::string text;
  std::string members;
  for (const auto& name : names) {
    text += "witness " + name + " " + key_of(name).verifier().vkey() + "\n";
    members += " " + name;
  }
  text += quorum == 0 ? "quorum none\n"
                      : "group g " + std::to_string(quorum) + members + "\nquorum g\n";
  std::string why;
  auto policy = parse_tlog_policy(text, why);
  EXPECT_TRUE(policy) << why;
  return std::move(*policy);
}

template <class Predicate>
[[nodiscard]] bool comes_true(Predicate predicate) {
  for (int i = 0; i < 1'000; ++i) {
    if (predicate()) return true;
    std::this_thread::sleep_for(20ms);
  }
  return false;
}

// A witness of ours on a port that stays its own while it is down.
class WitnessHost {
 public:
  WitnessHost(const std::string& name, const NoteVerifier& log) : name_{name}, log_{log} {
    start();
  }
  ~WitnessHost() { stop(); }
  void start() {
    witness_ = open();
    workers_ = std::make_shared<WorkerPool>(2, kWitnessJobsMax);
    HttpRouter router;
    add_witness_endpoints(router, witness_, workers_);
    HttpServerOptions options;
    options.port = port_;
    options.io_thread_count = 1;
    auto server = HttpServer::start(std::move(router), options);
    ASSERT_TRUE(server);
    server_ = std::move(*server);
    port_ = server_->port();
  }
  void stop() {
    if (server_) server_->stop(1s);
    server_.reset();
    if (workers_) workers_->stop();
    workers_.reset();
    witness_.reset();
  }
  // As if somebody else had asked while nobody could reach it.
  void show_while_down(const std::string& body) {
    EXPECT_EQ(open()->add_checkpoint(body).verdict, WitnessVerdict::cosigned);
  }
  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] Witness& witness() { return *witness_; }

 private:
  std::shared_ptr<Witness> open() {
    std::string why;
    auto opened =
        Witness::open({.directory = directory_ / "state", .logs = {log_}}, key_of(name_), why);
    EXPECT_TRUE(opened) << why;
    return std::move(*opened);
  }
  const std::string name_;
  const NoteVerifier log_;
  TemporaryDirectory directory_;
  std::shared_ptr<Witness> witness_;
  std::shared_ptr<WorkerPool> workers_;
  std::unique_ptr<HttpServer> server_;
  std::uint16_t port_ = 0;
};

// Whatever it is told to answer.
class Liar {
 public:
  using Lie = std::function<std::optional<HttpResponse>(const HttpRequest&)>;
  explicit Liar(Lie lie) {
    HttpRouter router;
    router.add_async(HttpMethod::post, "/add-checkpoint",
                     [this, lie = std::move(lie)](OwnedHttpRequest request, Responder responder) {
                       if (auto answer = lie(*request))
                         return responder.respond(std::move(*answer));
                       const std::scoped_lock lock{mutex_};
                       silent_.push_back(std::move(responder));
                     },
                     {.body_bytes_max = kAddCheckpointBytesMax});
    HttpServerOptions options;
    options.io_thread_count = 1;
    auto server = HttpServer::start(std::move(router), options);
    EXPECT_TRUE(server);
    server_ = std::move(*server);
  }
  ~Liar() {
    {
      const std::scoped_lock lock{mutex_};
      silent_.clear();
    }
    server_->stop(0s);
  }
  [[nodiscard]] std::uint16_t port() const { return server_->port(); }

 private:
  std::mutex mutex_;
  std::list<Responder> silent_;
  std::unique_ptr<HttpServer> server_;
};

inline HttpResponse says(int status, std::string body, std::string_view type = kContentTypeText) {
  return {.status = status, .content_type = type, .body = std::move(body)};
}
inline HttpResponse conflict(std::uint64_t size) {
  return says(409, std::to_string(size) + "\n", "text/x.tlog.size");
}

inline WitnessPeer peer_at(std::uint16_t port) {
  return {.is_loopback = true,
          .host = "127.0.0.1",
          .port = port,
          .authority = "127.0.0.1:" + std::to_string(port),
          .path = "/add-checkpoint"};
}

// A ledger, its board, and an asker once the witnesses listen.
class WitnessedLedger {
 public:
  // `patience` is that of whoever waits for a receipt.
  WitnessedLedger(const std::vector<std::string>& names, std::size_t quorum,
                  std::chrono::milliseconds patience = 20s)
      : board_{std::make_shared<WitnessBoard>(policy_of(names, quorum), true)},
        api_{{.receipt_patience = patience, .witnesses = board_}} {}
  // The asker looks at the ledger until its end.
  ~WitnessedLedger() { asker_.reset(); }

  void ask(std::vector<std::uint16_t> ports) {
    for (const auto port : ports) options_.peers.push_back(peer_at(port));
    auto asker = WitnessAsker::start(api_.ledger(), board_, options_);
    ASSERT_TRUE(asker);
    asker_ = std::move(*asker);
  }
  // The size of a checkpoint that covers it.
  std::uint64_t append() {
    EXPECT_TRUE(api_.ledger().append_note("note", ""));
    const auto note = audit().wait_for_checkpoint(api_.ledger().committed(), 20s);
    EXPECT_TRUE(note);
    return open_checkpoint(*note, log())->checkpoint.size;
  }
  [[nodiscard]] Audit audit() { return Audit{api_.ledger()}; }
  // What an opening would ask the witnesses about.
  [[nodiscard]] NewestCheckpoint newest() {
    return {.note = *audit().checkpoint(),
            .vkey = *audit().vkey(),
            .was_signed = [this](std::uint64_t size) { return audit().was_signed(size); },
            .checkpoint_of = [this](std::uint64_t size) { return audit().checkpoint_of(size); }};
  }
  [[nodiscard]] NoteVerifier log() { return *NoteVerifier::from_vkey(*audit().vkey()); }
  [[nodiscard]] WitnessState state(std::size_t at) const {
    return board_->report().witnesses.at(at);
  }
  [[nodiscard]] bool is_witnessed(std::uint64_t size) const {
    return comes_true([&] { return board_->report().witnessed_size >= size; });
  }
  [[nodiscard]] Reply get(const std::string& path) const { return api_.get(path, ""); }
  [[nodiscard]] ApiUnderTest& api() { return api_; }
  [[nodiscard]] const WitnessBoard& board() const { return *board_; }
  WitnessAsker::Options& options() { return options_; }
  void stop_asking() { asker_.reset(); }

 private:
  std::shared_ptr<WitnessBoard> board_;
  ApiUnderTest api_;
  WitnessAsker::Options options_{.answer_time = 700ms,
                                 .pause_min = 20ms,
                                 .pause_max = 200ms,
                                 .look_every = 20ms,
                                 .gap_min = 20ms};
  std::unique_ptr<WitnessAsker> asker_;
};

// Cosignatures on the text, as an outsider counts them.
inline std::size_t count_cosignatures(const std::string& note,
                                      const std::vector<std::string>& names) {
  const auto parsed = parse_note(note);
  const auto found = parsed ? find_cosignatures(*policy_of(names, 1).quorum, *parsed)
                            : Result<std::vector<VerifiedSignature>>{parsed.error()};
  EXPECT_TRUE(found) << note;
  return found ? found->size() : 0;
}

}  // namespace tokenledger::test
