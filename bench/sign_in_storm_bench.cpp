// What two hundred people who sign in at once cost those who check tokens and ask for them
// (design §5: not more than twice the time).
//
// One client asks one by one over loopback, in turn alone and during a storm, window by window in
// one run. The storm: 200 connections, each of which sends a wrong password for a name of its own
// and, once it was answered, sends the next after a pause. So 34 passwords are always being looked
// at or waiting, and the rest is told to come back later. The limit per address is out of the way,
// as if all came from different ones: it would end the storm at once.
#include <benchmark/benchmark.h>
#include <poll.h>

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "api/service.hpp"
#include "bench/ledger_fixture.hpp"
#include "bench/loopback_connection.hpp"
#include "bench/process_meters.hpp"

namespace tokenledger::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kAttackers = 200;
constexpr std::chrono::milliseconds kPauseBetweenAttempts{250};
constexpr int kPollMilliseconds = 5;

std::string post(std::string_view path, const std::string& body, const std::string& headers) {
  return "POST " + std::string{path} +
         " HTTP/1.1\r\nHost: localhost:8080\r\nUser-Agent: bench\r\n"
         "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n" + headers + "\r\n" + body;
}

std::string between(std::string_view text, std::string_view before, std::string_view after) {
  const auto at = text.find(before);
  if (at == std::string_view::npos) throw std::runtime_error{"the page is another one"};
  const auto begin = at + before.size();
  return std::string{text.substr(begin, text.find(after, begin) - begin)};
}

class ServedLedger {
 public:
  ServedLedger() : fixture_{TokenKind::jwt, SignatureAlgorithm::es256} {
    const auto drawn = fixture_.ledger().make_client_secret();
    RegisterClient client{
        .client_id = "asking", .built_in = false, .settings = {}, .secret_hash = drawn.hash};
    client.settings.name = "asking";
    fixture_.submit(std::move(client));
    fixture_.submit(AddClientGrant{"asking", std::string{kAudience}, {"read"}});
    IssueRequest wanted;
    wanted.client_id = "bench-client";
    wanted.audience = kAudience;
    const auto token = must(fixture_.ledger().issue(std::move(wanted)), "token").token;
    ApiServerOptions serving;
    serving.api.token_request_rates = {
        .per_client = {}, .per_address = {}, .failed_per_address = {}};
    serving.api.sign_in_rates.per_address = {};
    server_ = must(ApiServer::start(fixture_.ledger(), serving), "server");
    check =
        "GET /v1/authz?audience=https%3A%2F%2Fapi.example.com%2Fgeocoding%2Fv1%2F HTTP/1.1\r\n"
        "Host: localhost:8080\r\nUser-Agent: bench\r\nAuthorization: Bearer " +
        token + "\r\n\r\n";
    ask = post("/oauth/token",
               "grant_type=client_credentials&client_id=asking&client_secret=" + drawn.secret +
                   "&audience=https%3A%2F%2Fapi.example.com%2Fgeocoding%2Fv1%2F",
               "");
    LoopbackConnection browser{port()};
    const std::string page{
        browser.exchange("GET /oauth/account HTTP/1.1\r\nHost: localhost:8080\r\n\r\n")};
    cookie_ = between(page, "\r\nSet-Cookie: ", ";");
    form_token_ = between(page, R"(name="token" value=")", "\"");
  }
  [[nodiscard]] std::uint16_t port() const { return server_->port(); }
  // Nobody has this name: as much work as a wrong password, and no two share a limit.
  [[nodiscard]] std::string attempt(std::uint64_t number) const {
    return post("/oauth/sign-in",
                "token=" + form_token_ + "&login=nobody" + std::to_string(number) +
                    "&password=not+the+password",
                "Cookie: " + cookie_ + "\r\n");
  }

  std::string check;
  std::string ask;

 private:
  LedgerFixture fixture_;
  std::unique_ptr<ApiServer> server_;  // ends before the ledger
  std::string cookie_;
  std::string form_token_;
};

const ServedLedger& served() {
  static const ServedLedger ledger;
  return ledger;
}

class Storm {
 public:
  explicit Storm(const ServedLedger& ledger) : ledger_{ledger} {
    for (int count = 0; count < kAttackers; ++count) attackers_.emplace_back(ledger.port());
    thread_ = std::thread{[this] { run(); }};
    while (judged_ + refused_ == 0) std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
  // Waits for the answers that are still due.
  ~Storm() {
    is_over_ = true;
    thread_.join();
  }
  [[nodiscard]] std::uint64_t judged() const { return judged_; }
  [[nodiscard]] std::uint64_t refused() const { return refused_; }

 private:
  struct Attacker {
    explicit Attacker(std::uint16_t port) : connection{port} {}
    LoopbackConnection connection;
    bool is_waiting = false;
    Clock::time_point next{};  // attempt
  };

  void run() {
    std::vector<pollfd> polled(attackers_.size());
    for (bool is_any_waiting = true; !is_over_ || is_any_waiting;) {
      is_any_waiting = false;
      const auto now = Clock::now();
      for (std::size_t at = 0; at < attackers_.size(); ++at) {
        auto& attacker = attackers_[at];
        if (!attacker.is_waiting && !is_over_ && now >= attacker.next) {
          attacker.connection.send(ledger_.attempt(++attempts_));
          attacker.is_waiting = true;
        }
        is_any_waiting = is_any_waiting || attacker.is_waiting;
        polled[at] = {.fd = attacker.is_waiting ? attacker.connection.socket() : -1,
                      .events = POLLIN,
                      .revents = 0};
      }
      ::poll(polled.data(), polled.size(), kPollMilliseconds);
      for (std::size_t at = 0; at < attackers_.size(); ++at)
        if (polled[at].revents != 0) hear(attackers_[at]);
    }
  }
  void hear(Attacker& attacker) {
    const auto answer = attacker.connection.receive();
    const bool is_judged = is_status(answer, "200");
    if (!is_judged && !is_status(answer, "429")) throw std::runtime_error{"another answer"};
    ++(is_judged ? judged_ : refused_);
    attacker.is_waiting = false;
    attacker.next = Clock::now() + kPauseBetweenAttempts;
  }

  const ServedLedger& ledger_;
  std::vector<Attacker> attackers_;
  std::uint64_t attempts_ = 0;
  std::atomic<bool> is_over_{false};
  std::atomic<std::uint64_t> judged_{0};
  std::atomic<std::uint64_t> refused_{0};
  std::thread thread_;
};

// One after the other, for so long: the microseconds of each.
std::vector<double> ask_for(LoopbackConnection& connection, const std::string& request,
                            std::chrono::milliseconds window) {
  std::vector<double> took;
  const auto end = Clock::now() + window;
  for (auto begin = Clock::now(); begin < end;) {
    if (!is_status(connection.exchange(request), "200")) throw std::runtime_error{"not a 200"};
    const auto now = Clock::now();
    took.push_back(std::chrono::duration<double, std::micro>(now - begin).count());
    begin = now;
  }
  return took;
}

void storm(benchmark::State& state, const std::string& (*request_of)(const ServedLedger&)) {
  const auto& ledger = served();
  const auto& request = request_of(ledger);
  const std::chrono::milliseconds window{is_quick() ? 200 : 2'000};
  LoopbackConnection connection{ledger.port()};
  (void)ask_for(connection, request, window);  // warms up
  std::array<std::vector<double>, 2> rates;    // per second: alone, in the storm
  std::array<std::vector<double>, 2> medians;  // microseconds
  std::array<std::vector<double>, 2> slowest;  // of a hundred
  std::vector<double> slowdowns;
  double judged = 0;
  double refused = 0;
  for (auto _ : state) {
    for (const bool in_storm : {false, true}) {
      std::unique_ptr<Storm> blowing;
      if (in_storm) blowing = std::make_unique<Storm>(ledger);
      const auto took = ask_for(connection, request, window);
      const auto side = static_cast<std::size_t>(in_storm);
      rates[side].push_back(static_cast<double>(took.size()) /
                            std::chrono::duration<double>(window).count());
      medians[side].push_back(median(took));
      slowest[side].push_back(percentile_99(took));
      if (in_storm) {
        judged += static_cast<double>(blowing->judged());
        refused += static_cast<double>(blowing->refused());
      }
    }
    slowdowns.push_back(rates[0].back() / rates[1].back());
    state.SetIterationTime(median(medians[1]) * 1e-6);
  }
  state.counters["alone_per_s"] = median(rates[0]);
  state.counters["storm_per_s"] = median(rates[1]);
  state.counters["slowdown"] = median(slowdowns);
  state.counters["alone_median_us"] = median(medians[0]);
  state.counters["storm_median_us"] = median(medians[1]);
  state.counters["alone_p99_us"] = median(slowest[0]);
  state.counters["storm_p99_us"] = median(slowest[1]);
  const auto rounds = static_cast<double>(state.iterations());
  state.counters["passwords_judged"] = judged / rounds;
  state.counters["passwords_refused"] = refused / rounds;
}

void storm_checks(benchmark::State& state) {
  storm(state, [](const ServedLedger& ledger) -> const std::string& { return ledger.check; });
}
void storm_tokens(benchmark::State& state) {
  storm(state, [](const ServedLedger& ledger) -> const std::string& { return ledger.ask; });
}
BENCHMARK(storm_checks)
    ->Name("P8/storm_checks")
    ->UseManualTime()
    ->Iterations(is_quick() ? 2 : 10)
    ->Repetitions(1);
BENCHMARK(storm_tokens)
    ->Name("P8/storm_tokens")
    ->UseManualTime()
    ->Iterations(is_quick() ? 2 : 10)
    ->Repetitions(1);

}  // namespace
}  // namespace tokenledger::bench
