// The server over real loopback sockets: order, deadlines, bounds, stopping.
#include "api/http_server.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <thread>

#include "tests/api/http_test_client.hpp"

namespace tokenledger {
namespace {

using namespace std::chrono_literals;
using test::HttpTestClient;

// Responders that a test answers by hand, from its own thread.
class Held {
 public:
  void add(Responder responder) {
    const std::lock_guard lock{mutex_};
    responders_.push_back(std::move(responder));
    changed_.notify_all();
  }
  // The first one held; waits for it.
  Responder take() {
    std::unique_lock lock{mutex_};
    EXPECT_TRUE(changed_.wait_for(lock, 10s, [this] { return !responders_.empty(); }));
    Responder first = std::move(responders_.front());
    responders_.pop_front();
    return first;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Responder> responders_;
};

class HttpServerTest : public testing::Test {
 protected:
  void start(HttpServerOptions options = {}) {
    HttpRouter router;
    router.add(HttpMethod::get, "/now", [](const HttpRequest& request) {
      return HttpResponse{.body = std::string{request.query()}};
    });
    router.add(HttpMethod::post, "/now", [](const HttpRequest& request) {
      return HttpResponse{.body = std::string{request.body()}};
    });
    router.add(HttpMethod::get, "/throws",
               [](const HttpRequest&) -> HttpResponse { throw std::runtime_error{"secret"}; });
    router.add(HttpMethod::get, "/large",
               [](const HttpRequest&) { return HttpResponse{.body = std::string(4 << 20, 'x')}; });
    router.add_async(HttpMethod::get, "/held", [this](OwnedHttpRequest, Responder responder) {
      held_.add(std::move(responder));
    });
    router.add_async(HttpMethod::get, "/thread", [](OwnedHttpRequest request, Responder responder) {
      std::thread{[request = std::move(request), responder = std::move(responder)]() mutable {
        responder.respond(HttpResponse{.body = std::string{request->query()}});
      }}.detach();
    });
    router.add_async(HttpMethod::get, "/dropped", [](OwnedHttpRequest, Responder) {});
    if (options.io_thread_count == 0) options.io_thread_count = 2;
    auto started = HttpServer::start(std::move(router), std::move(options));
    ASSERT_TRUE(started) << started.error().message();
    server_ = std::move(*started);
  }
  HttpTestClient connect() { return HttpTestClient{server_->port()}; }
  static std::string get(std::string_view target) {
    return "GET " + std::string{target} + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
  }
  std::uint64_t refused(HttpRefusal refusal) {
    return server_->counters().refused[static_cast<std::size_t>(refusal)];
  }

  Held held_;
  std::unique_ptr<HttpServer> server_;
};

// The read is under way when the answers come; what it brings afterwards is the next request.
TEST_F(HttpServerTest, KeepsWhatArrivesWhileAnswersFillTheOutput) {
  start();
  auto client = connect();
  client.send(get("/held") + get("/held"));
  auto first = held_.take();
  auto second = held_.take();
  first.respond(HttpResponse{.body = std::string(8'000'000, 'a')});  // more than a socket buffers
  std::this_thread::sleep_for(100ms);  // its write has begun and can't end
  second.respond(HttpResponse{.body = std::string(1'000'000, 'b')});
  std::this_thread::sleep_for(100ms);  // and this one fills the output behind it
  client.send("POST /now HTTP/1.1\r\nHost: h\r\nContent-Length: ");
  std::this_thread::sleep_for(100ms);
  EXPECT_EQ(client.read().body.size(), 8'000'000);
  EXPECT_EQ(client.read().body.size(), 1'000'000);
  client.send("4\r\n\r\nbody");
  EXPECT_EQ(client.read().body, "body");
}

TEST_F(HttpServerTest, KeepsAConnectionForManyRequests) {
  start();
  auto client = connect();
  for (int index = 0; index < 10; ++index) {
    client.send(get("/now?" + std::to_string(index)));
    EXPECT_EQ(client.read().body, std::to_string(index));
  }
  EXPECT_EQ(server_->counters().requests, 10u);
  EXPECT_EQ(server_->counters().connections_open, 1u);
}

TEST_F(HttpServerTest, PipelinedAnswersKeepTheOrderOfMixedHandlers) {
  start();
  auto client = connect();
  std::string requests;
  for (int index = 0; index < 300; ++index)
    requests += get((index % 3 == 0 ? "/thread?" : "/now?") + std::to_string(index));
  std::thread sender{[&] { client.send(requests); }};
  for (int index = 0; index < 300; ++index) EXPECT_EQ(client.read().body, std::to_string(index));
  sender.join();
}

TEST_F(HttpServerTest, ReadsRequestsThatArriveByteByByte) {
  start();
  auto client = connect();
  const std::string request = "POST /now HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello";
  for (const char byte : request) ASSERT_TRUE(client.send({&byte, 1}));
  EXPECT_EQ(client.read().body, "hello");
}

TEST_F(HttpServerTest, AnswersARefusalAndCloses) {
  const std::pair<std::string, int> rows[] = {
      {"GET /now HTTP/1.1\r\nHost\xe2\x80\x8b: h\r\n\r\n", 400},  // A17
      {"GET /now HTTP/1.1\r\nHost: h\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n", 431},
      {"POST /now HTTP/1.1\r\nHost: h\r\nContent-Length: 200000\r\n\r\n" +
           std::string(200'000, 'x'),
       413},
      {"POST /now HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400},
      {std::string(1000, '\xff'), 400},
  };
  start();
  for (const auto& [request, status] : rows) {
    auto client = connect();
    client.send(request);
    EXPECT_EQ(client.read().status, status);
    // It lingers: a reset could have destroyed the answer. The second send would see the reset.
    EXPECT_TRUE(client.send("more"));
    EXPECT_TRUE(client.send("more"));
    client.finish_sending();
    EXPECT_TRUE(client.is_closed_by_peer());
  }
}

TEST_F(HttpServerTest, ASlowHeadIsAnswered408) {
  start({.deadlines = {.head = 60ms}});
  auto client = connect();
  client.send("GET /now HTTP/1.1\r\nHos");
  EXPECT_EQ(client.read().status, 408);
  EXPECT_EQ(refused(HttpRefusal::head_timeout), 1u);
}

TEST_F(HttpServerTest, AHeadThatKeepsTricklingIsAnswered408) {
  start({.deadlines = {.head = 80ms}});
  auto client = connect();
  std::atomic<bool> is_done = false;
  std::thread sender{[&] {
    client.send("GET /now HTTP/1.1\r\nX: ");
    for (int index = 0; index < 1000 && !is_done && client.send("x"); ++index)
      std::this_thread::sleep_for(10ms);
  }};
  EXPECT_EQ(client.read().status, 408);
  is_done = true;
  sender.join();
}

TEST_F(HttpServerTest, ASlowBodyIsAnswered408) {
  start({.deadlines = {.body = 60ms}});
  auto client = connect();
  client.send("POST /now HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhe");
  EXPECT_EQ(client.read().status, 408);
  EXPECT_EQ(refused(HttpRefusal::body_timeout), 1u);
}

TEST_F(HttpServerTest, AnIdleConnectionIsClosedSilently) {
  start({.deadlines = {.idle = 60ms}});
  auto client = connect();
  client.send(get("/now"));
  EXPECT_EQ(client.read().status, 200);
  EXPECT_TRUE(client.is_closed_by_peer());
  EXPECT_EQ(server_->counters().timeouts_idle, 1u);
}

TEST_F(HttpServerTest, AClientThatDoesNotReadIsCutOff) {
  start({.deadlines = {.write = 100ms}});
  auto client = connect();
  for (int index = 0; index < 8; ++index) client.send(get("/large"));
  for (int wait = 0; wait < 500 && server_->counters().timeouts_write == 0; ++wait)
    std::this_thread::sleep_for(10ms);
  EXPECT_EQ(server_->counters().timeouts_write, 1u);
  EXPECT_EQ(server_->counters().connections_open, 0u);
}

TEST_F(HttpServerTest, AnswersAfterTheClientFinishedSending) {
  start();
  auto client = connect();
  client.send(get("/held") + get("/now?b"));
  client.finish_sending();
  held_.take().respond(HttpResponse{.body = "a"});
  EXPECT_EQ(client.read().body, "a");
  EXPECT_EQ(client.read().body, "b");
  EXPECT_TRUE(client.is_closed_by_peer());
}

TEST_F(HttpServerTest, ADroppedResponderAndAThrowingHandlerAre500) {
  start();
  auto client = connect();
  client.send(get("/dropped") + get("/throws") + get("/now?still"));
  EXPECT_EQ(client.read().status, 500);
  const auto thrown = client.read();
  EXPECT_EQ(thrown.status, 500);
  EXPECT_EQ(thrown.body.find("secret"), std::string::npos);
  EXPECT_EQ(client.read().body, "still");
  EXPECT_EQ(server_->counters().handler_failures, 1u);
}

TEST_F(HttpServerTest, AHandlerThatNeverAnswersClosesTheConnection) {
  start({.deadlines = {.answer = 60ms}});
  auto client = connect();
  client.send(get("/held"));
  EXPECT_TRUE(client.is_closed_by_peer());
  held_.take().respond(HttpResponse{});  // too late, and harmless
}

TEST_F(HttpServerTest, ConnectionsBeyondTheBoundGet503) {
  start({.limits = {.connection_count_max = 2}});
  auto first = connect();
  first.send(get("/now"));
  EXPECT_EQ(first.read().status, 200);
  {
    auto second = connect();
    second.send(get("/now"));
    EXPECT_EQ(second.read().status, 200);
    auto third = connect();
    EXPECT_EQ(third.read().status, 503);
    EXPECT_TRUE(third.is_closed_by_peer());
  }
  EXPECT_EQ(refused(HttpRefusal::connection_count), 1u);
  for (int wait = 0; wait < 500 && server_->counters().connections_open == 2; ++wait)
    std::this_thread::sleep_for(10ms);
  auto fourth = connect();
  fourth.send(get("/now"));
  EXPECT_EQ(fourth.read().status, 200);
}

TEST_F(HttpServerTest, StopFinishesAcceptedRequestsAndClosesIdleOnes) {
  start();
  auto idle = connect();
  idle.send(get("/now"));
  EXPECT_EQ(idle.read().status, 200);
  auto busy = connect();
  busy.send(get("/held"));
  Responder responder = held_.take();
  std::optional<bool> is_clean;
  std::thread stopper{[&] { is_clean = server_->stop(10s); }};
  EXPECT_TRUE(idle.is_closed_by_peer());
  EXPECT_FALSE(HttpTestClient{server_->port()}.is_connected());
  responder.respond(HttpResponse{.body = "done"});
  const auto answer = busy.read();
  EXPECT_EQ(answer.body, "done");
  EXPECT_NE(answer.head.find("Connection: close"), std::string::npos);
  busy.finish_sending();
  stopper.join();
  EXPECT_EQ(is_clean, true);
}

TEST_F(HttpServerTest, StopCutsOffWhatExceedsTheDeadline) {
  start();
  auto client = connect();
  client.send(get("/held"));
  Responder responder = held_.take();
  EXPECT_FALSE(server_->stop(50ms));
  EXPECT_TRUE(client.is_closed_by_peer());
  server_.reset();
  responder.respond(HttpResponse{});  // outlives the server, and is harmless
}

TEST_F(HttpServerTest, APortInUseIsAnErrorAndNotShared) {
  start();
  const auto second = HttpServer::start(HttpRouter{}, {.port = server_->port()});
  ASSERT_FALSE(second);
  EXPECT_EQ(to_errc(second.error()), Errc::address_in_use);
  EXPECT_EQ(to_errc(HttpServer::start(HttpRouter{}, {.address = "localhost"}).error()),
            Errc::invalid_argument);
}

TEST_F(HttpServerTest, ManyClientsAndThreadsGetTheirOwnAnswers) {
  start();
  std::vector<std::thread> clients;
  std::atomic<int> wrong = 0;
  for (int number = 0; number < 8; ++number)
    clients.emplace_back([&, number] {
      auto client = connect();
      for (int index = 0; index < 200; ++index) {
        const std::string text = std::to_string(number) + "-" + std::to_string(index);
        client.send(get((index % 2 == 0 ? "/thread?" : "/now?") + text));
        if (client.read().body != text) ++wrong;
      }
    });
  for (auto& client : clients) client.join();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace tokenledger
