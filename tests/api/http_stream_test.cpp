// Answers whose body is made while it is read: framing, back-pressure, ends.
#include "api/http_stream.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "api/http_server.hpp"
#include "tests/api/http_test_client.hpp"

namespace tokenledger {
namespace {

using namespace std::chrono_literals;
using test::HttpTestClient;

// GET /stream answers with a stream that the test feeds by hand.
class HttpStreamTest : public testing::Test {
 protected:
  void start(HttpServerOptions options = {}) {
    HttpRouter router;
    router.add(HttpMethod::get, "/stream",
               [this](const HttpRequest&) {
                 return HttpResponse{.content_type = kContentTypeText,
                                     .stream = reader_of(stream_)};
               },
               {.streams = true});
    router.add(HttpMethod::get, "/now", [this](const HttpRequest&) {
      ++handled_;
      return HttpResponse{.body = "now"};
    });
    options.io_thread_count = 1;
    auto started = HttpServer::start(std::move(router), options);
    ASSERT_TRUE(started);
    server_ = std::move(*started);
  }
  HttpTestClient ask(std::string_view more = "") {
    HttpTestClient client{server_->port()};
    client.send("GET /stream HTTP/1.1\r\nHost: h\r\n\r\n" + std::string{more});
    return client;
  }
  template <class Condition>
  static bool eventually(Condition condition) {
    for (int wait = 0; wait < 1000; ++wait) {
      if (condition()) return true;
      std::this_thread::sleep_for(10ms);
    }
    return false;
  }

  std::atomic<int> handled_ = 0;
  std::atomic<int> room_count_ = 0;
  std::shared_ptr<HttpStream> stream_ = std::make_shared<HttpStream>([this] { ++room_count_; });
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpStreamTest, ChunksArriveAsTheyAreWrittenAndTheEndIsSaid) {
  start();
  auto client = ask();
  const auto answer = client.read_head();
  EXPECT_EQ(answer.status, 200);
  EXPECT_NE(answer.head.find("Transfer-Encoding: chunked\r\n"), std::string::npos);
  EXPECT_NE(answer.head.find("Connection: close\r\n"), std::string::npos);
  EXPECT_EQ(answer.head.find("Content-Length"), std::string::npos) << "RFC 9112 section 6.2";
  ASSERT_TRUE(stream_->write("one"));
  EXPECT_EQ(client.read_chunk(), "one");
  ASSERT_TRUE(stream_->write("twotwotwotwotwotwo"));
  EXPECT_EQ(client.read_chunk(), "twotwotwotwotwotwo");
  stream_->end();
  EXPECT_FALSE(stream_->write("late"));
  EXPECT_EQ(client.read_chunk(), "");
  EXPECT_TRUE(client.is_closed_by_peer());
}

TEST_F(HttpStreamTest, WhatWasWrittenBeforeTheHeadIsNotLost) {
  ASSERT_TRUE(stream_->write("early"));
  stream_->end();
  start();
  auto client = ask();
  EXPECT_EQ(client.read_head().status, 200);
  EXPECT_EQ(client.read_chunk(), "early");
  EXPECT_EQ(client.read_chunk(), "");
}

TEST_F(HttpStreamTest, ARequestPipelinedBehindAStreamIsNotBegun) {
  start();
  auto client = ask("GET /now HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(client.read_head().status, 200);
  stream_->end();
  EXPECT_EQ(client.read_chunk(), "");
  EXPECT_TRUE(client.is_closed_by_peer());
  EXPECT_EQ(handled_, 0);
}

TEST_F(HttpStreamTest, AnswersPipelinedBeforeAStreamLeaveFirst) {
  start();
  HttpTestClient client{server_->port()};
  const std::string now = "GET /now HTTP/1.1\r\nHost: h\r\n\r\n";
  client.send(now + now + "GET /stream HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(client.read().body, "now");
  EXPECT_EQ(client.read().body, "now");
  EXPECT_EQ(client.read_head().status, 200);
  ASSERT_TRUE(stream_->write("x"));
  EXPECT_EQ(client.read_chunk(), "x");
}

TEST_F(HttpStreamTest, AnHttp10ReaderGetsTheBareBytes) {
  start();
  HttpTestClient client{server_->port()};
  client.send("GET /stream HTTP/1.0\r\n\r\n");
  EXPECT_EQ(client.read_head().head.find("Transfer-Encoding"), std::string::npos);
  ASSERT_TRUE(stream_->write("5\r\nbytes\r\n"));
  EXPECT_EQ(client.read_chunk(), "bytes");
  stream_->end();
  EXPECT_TRUE(client.is_closed_by_peer());
}

TEST_F(HttpStreamTest, INV7AMessageWithoutRoomIsRefusedUntilTheReaderTookSome) {
  const std::string message(100'000, 'x');
  ASSERT_TRUE(stream_->write(message));
  ASSERT_TRUE(stream_->write(message));
  EXPECT_FALSE(stream_->write(message)) << "the pipe holds 256 KiB";
  EXPECT_EQ(room_count_, 0);
  std::string taken;
  while (stream_->take(taken, 1000) != 0) continue;
  EXPECT_EQ(taken.size(), 2 * message.size());
  EXPECT_EQ(room_count_, 1);
  EXPECT_TRUE(stream_->write(std::string(1 << 20, 'y'))) << "alone, even a larger one";
}

TEST_F(HttpStreamTest, INV7AReaderThatDoesNotReadIsDroppedAndTheProducerHearsOfIt) {
  start({.deadlines = {.write = 200ms}});
  auto client = ask();
  EXPECT_EQ(client.read_head().status, 200);
  const std::string message(64 * 1024, 'x');
  std::size_t taken = 0;
  EXPECT_TRUE(eventually([&] {
    while (stream_->write(message)) ++taken;
    return stream_->is_closed();
  }));
  EXPECT_EQ(server_->counters().timeouts_write, 1u);
  // Pipe, output, socket buffers; the kernel's default is at most 4 MiB on each side.
  EXPECT_LT(taken * message.size(), 32u << 20);
  EXPECT_TRUE(eventually([&] { return server_->counters().connections_open == 0; }));
}

TEST_F(HttpStreamTest, AReaderThatGoesAwayClosesTheStreamBeforeAnythingIsWritten) {
  start();
  {
    auto client = ask();
    EXPECT_EQ(client.read_head().status, 200);
  }
  EXPECT_TRUE(eventually([&] { return stream_->is_closed(); }));
}

TEST_F(HttpStreamTest, WhatAReaderSendsMeanwhileIsThrownAwayWithinABound) {
  start();
  auto client = ask();
  EXPECT_EQ(client.read_head().status, 200);
  const std::string garbage(1 << 20, 'g');
  client.send(garbage);
  ASSERT_TRUE(stream_->write("still here"));
  EXPECT_EQ(client.read_chunk(), "still here");
  for (int count = 0; count < 16 && client.send(garbage); ++count) continue;
  EXPECT_TRUE(eventually([&] { return stream_->is_closed(); })) << "a flood ends it";
}

TEST_F(HttpStreamTest, StopEndsStreamsCleanlyBehindWhatWasWritten) {
  start();
  auto client = ask();
  EXPECT_EQ(client.read_head().status, 200);
  ASSERT_TRUE(stream_->write("last"));
  std::thread stopper{[&] { EXPECT_TRUE(server_->stop(5s)); }};
  std::string all;
  for (;;) {
    const auto chunk = client.read_chunk();
    ASSERT_TRUE(chunk.has_value()) << "the body must end with the last chunk";
    if (chunk->empty()) break;
    all += *chunk;
  }
  EXPECT_EQ(all, "last");
  client.finish_sending();
  stopper.join();
  EXPECT_TRUE(stream_->is_closed());
}

TEST_F(HttpStreamTest, AStreamWhoseAnswerWasNeverSentIsClosed) {
  {
    const HttpResponse response{.stream = reader_of(stream_)};
  }
  EXPECT_TRUE(stream_->is_closed());
  EXPECT_FALSE(stream_->write("x"));
}

TEST_F(HttpStreamTest, ABodyBesideAStreamIsAProgrammingErrorAndBecomes500) {
  HttpResponse response{.body = "x", .stream = reader_of(stream_)};
  response.fail_closed_if_broken();
  EXPECT_EQ(response.status, 500);
  EXPECT_TRUE(stream_->is_closed());
}

}  // namespace
}  // namespace tokenledger
