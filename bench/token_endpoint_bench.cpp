// P5, the line on JWTs: what a token costs the server at POST /oauth/token, from the request's
// first byte to the durable event and the views, as a share of the signature alone.
//
// In turn, round by round in one run: so many bare signatures, then so many token requests. The
// server's cost is the processor time of all its threads: the one that reads, authenticates, signs
// and answers, the commit thread, and those that follow the log. The client's thread, which makes
// the bare signatures too, is not among them. `share` is bare time over the server's; `wall_share`
// the rate of answers over the rate at which one thread signs.
#include <benchmark/benchmark.h>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "api/service.hpp"
#include "bench/ledger_fixture.hpp"
#include "bench/loopback_connection.hpp"
#include "bench/process_meters.hpp"
#include "core/signing_key.hpp"

namespace tokenledger::bench {
namespace {

constexpr std::size_t kConnectionCount = 32;
constexpr std::size_t kPipelined = 8;  // so that a group commit has its few hundred tokens
constexpr std::size_t kTurns = 16;
constexpr std::size_t kRequestsPerRound = kConnectionCount * kPipelined * kTurns;
constexpr int kSignaturesPerRound = 1'000;
constexpr std::size_t kSignedBytes = 480;  // header and claims of such a token

class TokenEndpoint {
 public:
  explicit TokenEndpoint(SignatureAlgorithm algorithm) : fixture_{TokenKind::jwt, algorithm} {
    const auto drawn = fixture_.ledger().make_client_secret();
    RegisterClient client{
        .client_id = "asking", .built_in = false, .settings = {}, .secret_hash = drawn.hash};
    client.settings.name = "asking";
    fixture_.submit(std::move(client));
    fixture_.submit(AddClientGrant{"asking", std::string{kAudience}, {"read", "write"}});
    const auto body =
        R"({"grant_type":"client_credentials","client_id":"asking","client_secret":")" +
        drawn.secret + R"(","audience":")" + std::string{kAudience} + R"("})";
    request_ =
        "POST /oauth/token HTTP/1.1\r\nHost: localhost:8080\r\nUser-Agent: bench\r\n"
        "Accept: */*\r\nContent-Type: application/json\r\nContent-Length: " +
        std::to_string(body.size()) + "\r\n\r\n" + body;
    for (std::size_t count = 0; count < kPipelined; ++count) batch_ += request_;
    ApiServerOptions serving;
    serving.http.io_thread_count = 1;
    serving.api.token_request_rates = {
        .per_client = {}, .per_address = {}, .failed_per_address = {}};
    server_ = must(ApiServer::start(fixture_.ledger(), serving), "server");
    for (std::size_t count = 0; count < kConnectionCount; ++count)
      connections_.emplace_back(server_->port());
  }

  void round() {
    for (std::size_t turn = 0; turn < kTurns; ++turn) {
      for (auto& connection : connections_) connection.send(batch_);
      for (auto& connection : connections_) {
        for (std::size_t count = 0; count < kPipelined; ++count) {
          if (!is_status(connection.receive(), "200"))
            throw std::runtime_error{"a token was refused"};
        }
      }
    }
    // Views count as kept up only when they have reached the last token.
    auto& ledger = fixture_.ledger();
    must(ledger.core().views->wait_for(ledger.committed(), std::chrono::minutes{10}), "views");
  }

 private:
  LedgerFixture fixture_;
  std::string request_;
  std::string batch_;
  std::unique_ptr<ApiServer> server_;  // ends before the ledger
  std::vector<LoopbackConnection> connections_;
};

void token_endpoint(benchmark::State& state, SignatureAlgorithm algorithm) {
  const auto key = must(SigningKey::generate(algorithm), "key");
  const std::string message(kSignedBytes, 'm');
  TokenEndpoint endpoint{algorithm};
  endpoint.round();  // grows what grows
  std::vector<double> bare_us;
  std::vector<double> server_us;
  std::vector<double> shares;
  std::vector<double> wall_shares;
  for (auto _ : state) {
    const auto before_signing = own_seconds();
    for (int count = 0; count < kSignaturesPerRound; ++count)
      benchmark::DoNotOptimize(must(key.sign(bytes_of(message)), "sign"));
    bare_us.push_back((own_seconds() - before_signing) / kSignaturesPerRound * 1e6);

    const auto others_before = process_seconds() - own_seconds();
    const auto began = std::chrono::steady_clock::now();
    endpoint.round();
    const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - began;
    const auto used = process_seconds() - own_seconds() - others_before;
    server_us.push_back(used / kRequestsPerRound * 1e6);
    shares.push_back(bare_us.back() / server_us.back());
    wall_shares.push_back(bare_us.back() / (wall.count() / kRequestsPerRound * 1e6));
    state.SetIterationTime(wall.count());
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kRequestsPerRound));
  state.counters["server_us"] = median(server_us);
  state.counters["bare_us"] = median(bare_us);
  state.counters["share"] = median(shares);
  state.counters["wall_share"] = median(wall_shares);
}

BENCHMARK_CAPTURE(token_endpoint, es256, SignatureAlgorithm::es256)
    ->Name("P5/token_endpoint_es256")
    ->UseManualTime()
    ->Iterations(is_quick() ? 2 : 12)
    ->Repetitions(1);
BENCHMARK_CAPTURE(token_endpoint, eddsa, SignatureAlgorithm::eddsa)
    ->Name("P5/token_endpoint_eddsa")
    ->UseManualTime()
    ->Iterations(is_quick() ? 2 : 12)
    ->Repetitions(1);
BENCHMARK_CAPTURE(token_endpoint, rs256, SignatureAlgorithm::rs256)
    ->Name("P5/token_endpoint_rs256")
    ->UseManualTime()
    ->Iterations(is_quick() ? 2 : 12)
    ->Repetitions(1);

}  // namespace
}  // namespace tokenledger::bench
