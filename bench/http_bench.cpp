// P8: what the HTTP layer alone costs the server per request, behind an endpoint that only looks at
// the length of a token. What the real endpoints cost: bench/endpoint_bench.cpp.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "api/http_server.hpp"
#include "bench/http_comparison.hpp"

namespace tokenledger::bench {
namespace {

constexpr std::size_t kTokenBytes = 480;  // an ES256 access token

std::string make_request() {
  return "GET /v1/authz?audience=https%3A%2F%2Fapi.example.com%2F HTTP/1.1\r\n"
         "Host: localhost:8080\r\nUser-Agent: bench\r\nAccept: */*\r\nAuthorization: Bearer " +
         std::string(kTokenBytes, 'x') + "\r\n\r\n";
}

std::unique_ptr<HttpServer> start_server() {
  HttpRouter router;
  router.add(HttpMethod::get, "/v1/authz", [](const HttpRequest& request) {
    const auto token = request.header(HttpHeader::authorization);
    return HttpResponse{.status = token.size() == kTokenBytes + 7 ? 200 : 401};
  });
  auto server = HttpServer::start(std::move(router), {.io_thread_count = 1});
  if (!server) throw std::runtime_error{"the server does not start"};
  return std::move(*server);
}

void BM_HttpLayer(benchmark::State& state) {
  const auto server = start_server();
  const std::vector<std::string> requests(64, make_request());
  compare_with_bare(state, {.port = server->port(),
                            .requests = requests,
                            .expected = {},
                            .pipelined = static_cast<std::size_t>(state.range(0))});
}

const double kSeconds = std::getenv("TOKENLEDGER_BENCH_QUICK") != nullptr ? 0.05 : 1.0;

BENCHMARK(BM_HttpLayer)
    ->Name("P8/http_layer")
    ->ArgName("pipelined")
    ->Arg(1)
    ->Arg(16)
    ->UseManualTime()
    ->MinTime(kSeconds);

}  // namespace
}  // namespace tokenledger::bench
