// P8: what the endpoints that answer "is this token good?" cost the server per request: /v1/authz,
// /v1/check and /oauth/introspect, with their routing, authentication and whole answers, over a
// real ledger and real tokens, each request with another one.
//
// The server runs in this process with one I/O thread. Introspection is a gateway's: it
// authenticates by its secret and sees the tokens because their API lists it. A JWT's claims come
// from the token that was sent; an opaque token's from its event, which here lies in the cache of
// the log; that is reported apart.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "api/service.hpp"
#include "bench/http_comparison.hpp"
#include "bench/ledger_fixture.hpp"
#include "core/base64url.hpp"

namespace tokenledger::bench {
namespace {

constexpr std::string_view kOpaqueAudience = "https://api.example.com/opaque/v1/";
constexpr std::string_view kGateway = "gateway";
constexpr std::uint64_t kTokensUnderWay = 256;
constexpr std::uint64_t kQuickTokens = 2'048;

std::string form_encoded(std::string_view text) {
  std::string encoded;
  for (const char byte : text) {
    if (byte == ':') {
      encoded += "%3A";
    } else if (byte == '/') {
      encoded += "%2F";
    } else {
      encoded += byte;
    }
  }
  return encoded;
}

class ServedLedger {
 public:
  ServedLedger() : fixture_{TokenKind::jwt, SignatureAlgorithm::es256} {
    const auto gateway = fixture_.ledger().make_client_secret();
    RegisterClient client{.client_id = std::string{kGateway},
                          .built_in = false,
                          .settings = {},
                          .secret_hash = gateway.hash};
    client.settings.name = kGateway;
    fixture_.submit(std::move(client));
    gateway_secret_ = gateway.secret;
    add_apis();
    const auto count = is_quick() ? kQuickTokens : token_count(50'000);
    signed_tokens_ = issue(kAudience, count);
    opaque_tokens_ = issue(kOpaqueAudience, count);
    checker_ = must(fixture_.ledger().make_admin_token(), "admin token").token;
    ApiServerOptions serving;
    serving.http.io_thread_count = 1;
    server_ = must(ApiServer::start(fixture_.ledger(), serving), "server");
  }

  [[nodiscard]] std::uint16_t port() const { return server_->port(); }

  [[nodiscard]] std::vector<std::string> authz() const {
    std::vector<std::string> requests;
    for (const auto& token : signed_tokens_)
      requests.push_back("GET /v1/authz?audience=" + form_encoded(kAudience) +
                         "&scope=read HTTP/1.1\r\n" + kCommonFields + "Authorization: Bearer " +
                         token + "\r\n\r\n");
    return requests;
  }
  [[nodiscard]] std::vector<std::string> check() const {
    std::vector<std::string> requests;
    for (const auto& token : signed_tokens_)
      requests.push_back(post("/v1/check", "Bearer " + checker_, "application/json",
                              R"({"token":")" + token + R"(","audience":")" +
                                  std::string{kAudience} + R"(","scope":"read"})"));
    return requests;
  }
  [[nodiscard]] std::vector<std::string> introspect(TokenKind kind) const {
    const auto basic =
        "Basic " + base64_encode(bytes_of(std::string{kGateway} + ":" + gateway_secret_));
    std::vector<std::string> requests;
    for (const auto& token : kind == TokenKind::jwt ? signed_tokens_ : opaque_tokens_)
      requests.push_back(post("/oauth/introspect", basic, "application/x-www-form-urlencoded",
                              "token=" + token + "&token_type_hint=access_token"));
    return requests;
  }

 private:
  static constexpr const char* kCommonFields =
      "Host: localhost:8080\r\nUser-Agent: bench\r\nAccept: */*\r\n";

  static std::string post(const std::string& path, const std::string& authorization,
                          const std::string& type, const std::string& body) {
    return "POST " + path + " HTTP/1.1\r\n" + kCommonFields + "Authorization: " + authorization +
           "\r\nContent-Type: " + type + "\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
  }

  void add_apis() {
    UpdateApi known{.identifier = std::string{kAudience}, .settings = {}};
    known.settings.name = "Geocoding";
    known.settings.scopes = {{"read", ""}, {"write", ""}};
    known.settings.signing_alg = SignatureAlgorithm::es256;
    known.settings.introspectors = {std::string{kGateway}};
    CreateApi opaque{.identifier = std::string{kOpaqueAudience},
                     .built_in = false,
                     .settings = known.settings,
                     .hs256_kid = {}};
    opaque.settings.token_format = TokenKind::opaque;
    fixture_.submit(std::move(known));
    fixture_.submit(std::move(opaque));
    fixture_.submit(AddClientGrant{"bench-client", std::string{kOpaqueAudience}, {"read"}});
  }

  // In an order that says nothing about where their entries lie.
  std::vector<std::string> issue(std::string_view audience, std::uint64_t count) {
    std::vector<std::string> tokens(count);
    std::atomic<std::uint64_t> done{0};
    std::atomic<std::uint64_t> failed{0};
    const auto wait_for = [&](std::uint64_t wanted) {
      while (done.load() < wanted) std::this_thread::sleep_for(std::chrono::microseconds{20});
    };
    for (std::uint64_t index = 0; index < count; ++index) {
      if (index >= kTokensUnderWay) wait_for(index - kTokensUnderWay);
      IssueRequest request;
      request.client_id = "bench-client";
      request.audience = audience;
      request.scopes = {"read"};
      fixture_.ledger().issue_async(std::move(request), [&, index](Result<IssuedToken> issued) {
        if (issued)
          tokens[index] = std::move(issued->token);
        else
          failed.fetch_add(1);
        done.fetch_add(1);
      });
    }
    wait_for(count);
    if (failed.load() != 0) throw std::runtime_error{"tokens were refused"};
    std::ranges::shuffle(tokens, random_);
    return tokens;
  }

  LedgerFixture fixture_;
  std::mt19937_64 random_{11};
  std::string gateway_secret_;
  std::string checker_;
  std::vector<std::string> signed_tokens_;
  std::vector<std::string> opaque_tokens_;
  std::unique_ptr<ApiServer> server_;  // ends before the ledger
};

const ServedLedger& served() {
  static const ServedLedger ledger;
  return ledger;
}

struct Subject {
  const char* name;
  std::vector<std::string> (*requests)();
  const char* expected;
};
const Subject kSubjects[] = {
    {"authz", [] { return served().authz(); }, "X-Token-Scope: read\r\n"},
    {"check", [] { return served().check(); }, R"("good":true,"status":"active")"},
    {"introspect_jwt", [] { return served().introspect(TokenKind::jwt); }, R"("active":true)"},
    {"introspect_opaque", [] { return served().introspect(TokenKind::opaque); },
     R"("active":true)"},
};

void measure(benchmark::State& state, const Subject& subject, std::size_t pipelined) {
  const auto requests = subject.requests();
  compare_with_bare(state, {.port = served().port(),
                            .requests = requests,
                            .expected = subject.expected,
                            .pipelined = pipelined});
}

// Apart, because only the second has a rate to reach.
const bool kRegistered = [] {
  for (const auto& subject : kSubjects) {
    const auto add = [&](const std::string& name, std::size_t pipelined) {
      benchmark::RegisterBenchmark(
          name.c_str(),
          [&subject, pipelined](benchmark::State& state) { measure(state, subject, pipelined); })
          ->UseManualTime()
          ->MinTime(is_quick() ? 0.05 : 1.0);
    };
    add(std::string{"P8/"} + subject.name, 1);
    add(std::string{"P8/"} + subject.name + "_pipelined", 16);
  }
  return true;
}();

}  // namespace
}  // namespace tokenledger::bench
