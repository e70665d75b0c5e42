// A server whose threads get no memory for a while: afterwards it accepts as before, and no place
// for a connection is lost.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <deque>
#include <new>
#include <thread>

#include "api/http_server.hpp"
#include "tests/api/http_test_client.hpp"
#include "tests/core/owns_allocator.hpp"

namespace {
// One of so many allocations of the other threads fails; 0: none does.
std::atomic<unsigned> fails_each{0};
std::atomic<std::uint64_t> asked_count{0};
std::atomic<std::uint64_t> failed_count{0};
thread_local bool is_tests_own = false;

[[maybe_unused]] bool must_fail() {
  const auto each = fails_each.load();
  if (each == 0 || is_tests_own || asked_count.fetch_add(1) % each != 0) return false;
  ++failed_count;
  return true;
}
}  // namespace

#if TOKENLEDGER_OWNS_ALLOCATOR
// Not inlined: GCC would then see free() for what operator new gave.
[[gnu::noinline]] void* operator new(std::size_t bytes) {
  if (!must_fail())
    if (void* const memory = std::malloc(bytes == 0 ? 1 : bytes)) return memory;
  throw std::bad_alloc{};
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
#endif

namespace tokenledger {
namespace {

using namespace std::chrono_literals;
using test::HttpTestClient;

constexpr std::size_t kPlaces = 4;

std::unique_ptr<HttpServer> start() {
  HttpRouter router;
  router.add(HttpMethod::get, "/now", [](const HttpRequest&) { return HttpResponse{}; });
  HttpServerOptions options;
  options.io_thread_count = 2;
  options.limits.connection_count_max = kPlaces;
  options.deadlines.head = 300ms;  // a connection that was hurt ends soon
  options.deadlines.idle = 300ms;
  auto started = HttpServer::start(std::move(router), std::move(options));
  EXPECT_TRUE(started);
  return started ? std::move(*started) : nullptr;
}

int ask(HttpTestClient& client) {
  client.send("GET /now HTTP/1.1\r\nHost: h\r\n\r\n");
  return client.read().status;
}

class HttpMemory : public testing::TestWithParam<unsigned> {
 protected:
  void SetUp() override { is_tests_own = true; }
  void TearDown() override { fails_each = 0; }
};

TEST_P(HttpMemory, AServerThatHadNoneForAWhileAcceptsAgainAndLosesNoPlace) {
  if (!TOKENLEDGER_OWNS_ALLOCATOR) GTEST_SKIP() << "SKIP: the sanitizer owns the allocator";
  const auto server = start();
  ASSERT_NE(server, nullptr);
  failed_count = 0;
  fails_each = GetParam();
  for (int round = 0; round < 40; ++round) {
    HttpTestClient client{server->port()};
    client.send("GET /now HTTP/1.1\r\nHost: h\r\n\r\n");
    std::this_thread::sleep_for(5ms);
  }
  fails_each = 0;
  EXPECT_GT(failed_count, 0u);
  std::printf("%llu allocations failed\n", static_cast<unsigned long long>(failed_count.load()));
  // All places at once, each with an answer; those of the clients above are given back by then.
  const auto patience = std::chrono::steady_clock::now() + 10s;
  std::size_t answered = 0;
  while (answered < kPlaces && std::chrono::steady_clock::now() < patience) {
    std::deque<HttpTestClient> clients;
    answered = 0;
    for (std::size_t index = 0; index < kPlaces; ++index)
      if (ask(clients.emplace_back(server->port())) == 200) ++answered;
  }
  EXPECT_EQ(answered, kPlaces);
  EXPECT_TRUE(server->stop(5s));
  EXPECT_EQ(server->counters().connections_open, 0u);
}

INSTANTIATE_TEST_SUITE_P(Allocations, HttpMemory, testing::Values(1u, 2u, 3u, 7u),
                         [](const auto& info) { return "OneOf" + std::to_string(info.param); });

}  // namespace
}  // namespace tokenledger
