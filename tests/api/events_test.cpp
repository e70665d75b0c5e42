// GET /v1/events and /v1/events/stream: what they show, to whom, and resuming.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "tests/api/api_fixture.hpp"

namespace tokenledger::test {
namespace {

using namespace std::chrono_literals;

const std::string kAudience = "urn:events";

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const auto end = text.find('\n');
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return lines;
}

struct SseEvent {
  std::string id, event, data;
};

// A stream that should have ended but only sends heartbeats fails its test instead of hanging it.
constexpr int kQuietCommentsMax = 2;

// Reads server-sent events as a browser would, from chunks.
class SseReader {
 public:
  SseReader(const ApiUnderTest& api, std::string_view path, std::string_view token,
            std::string headers = {})
      : client_{api.port()} {
    client_.send(
        ApiUnderTest::request_text("GET", path, {.token = token, .headers = std::move(headers)}));
    head_ = client_.read_head();
  }
  const Answer& head() const { return head_; }
  // nullopt: the body ended, or nothing but comments comes. Comments are counted and skipped.
  std::optional<SseEvent> next() {
    for (;;) {
      const auto end = text_.find("\n\n");
      if (end == std::string::npos) {
        const auto chunk = client_.read_chunk();
        if (!chunk || chunk->empty()) {
          ended_cleanly_ = chunk.has_value();
          return std::nullopt;
        }
        text_ += *chunk;
        continue;
      }
      const auto lines = lines_of(text_.substr(0, end));
      text_.erase(0, end + 2);
      SseEvent found;
      for (const auto& line : lines) {
        if (line.starts_with(":")) ++comments_;
        if (line.starts_with("id: ")) found.id = line.substr(4);
        if (line.starts_with("event: ")) found.event = line.substr(7);
        if (line.starts_with("data: ")) found.data = line.substr(6);
      }
      if (!found.data.empty()) return found;
      if (stop_at_comment_ && comments_ > 0) return std::nullopt;
      if (comments_ >= kQuietCommentsMax) return std::nullopt;
    }
  }
  int wait_for_comment() {
    stop_at_comment_ = true;
    next();
    return comments_;
  }
  bool ended_cleanly() const { return ended_cleanly_; }

 private:
  HttpTestClient client_;
  Answer head_;
  std::string text_;
  int comments_ = 0;
  bool stop_at_comment_ = false;
  bool ended_cleanly_ = false;
};

class EventsTest : public ApiTest {};

TEST_F(EventsTest, EveryCommittedEventIsOneLineInOrderAndPagesMeetWithoutGapOrRepeat) {
  const auto audience = fresh("urn:events:");
  api().make_api(audience);
  const auto client = api().make_client(fresh("c"));
  api().grant(client, audience);
  for (int index = 0; index < 5; ++index) api().new_token(client, audience);
  const auto committed = api().ledger().committed().value();
  std::uint64_t expected = 1;
  std::string next = "1";
  while (expected <= committed) {
    const auto reply = api().as_admin("GET", "/v1/events?limit=7&from=" + next);
    ASSERT_EQ(reply.status, 200) << reply.body;
    EXPECT_TRUE(reply.has("Content-Type: application/jsonl\r\n"));
    const auto lines = lines_of(reply.body);
    ASSERT_FALSE(lines.empty());
    for (const auto& line : lines) {
      const auto object = parse_json_object(line);
      ASSERT_TRUE(object) << line;
      EXPECT_EQ(*object->find("seq")->get_if<std::int64_t>(), static_cast<std::int64_t>(expected));
      ++expected;
    }
    next = std::to_string(expected);
    EXPECT_TRUE(reply.has("X-Next-Seq: " + next + "\r\n")) << reply.head;
  }
  const auto end = api().as_admin("GET", "/v1/events?from=" + std::to_string(committed + 1));
  EXPECT_EQ(end.status, 200);
  EXPECT_EQ(end.body, "");
  EXPECT_TRUE(end.has("X-Next-Seq: " + std::to_string(committed + 1) + "\r\n"));
}

TEST_F(EventsTest, ABadStartOrLimitIs400AndAMissingScope403) {
  const auto committed = api().ledger().committed().value();
  for (const std::string query : {"from=0", "from=x", "from=-1", "from=99999999999999999999",
                                  "limit=0", "limit=1001", "from=1&from=2", "form=1"}) {
    EXPECT_EQ(api().as_admin("GET", "/v1/events?" + query).status, 400) << query;
    if (query.find("limit") == std::string::npos) {
      EXPECT_EQ(api().as_admin("GET", "/v1/events/stream?" + query).status, 400) << query;
    }
  }
  EXPECT_EQ(api().as_admin("GET", "/v1/events?from=" + std::to_string(committed + 2)).text("code"),
            "sequence_in_future");
  EXPECT_EQ(api()
                .call("GET", "/v1/events/stream",
                      {.token = api().admin(), .headers = "Last-Event-ID: -5\r\n"})
                .status,
            400);
  const auto other = api().manager(R"(["tokens:read"])");
  EXPECT_EQ(api().get("/v1/events", other).status, 403);
  EXPECT_EQ(api().get("/v1/events/stream", other).status, 403);
  EXPECT_EQ(api().get("/v1/events", "").status, 401);
  EXPECT_EQ(api().get("/v1/events/stream", "nonsense").status, 401);
}

TEST_F(EventsTest, INV8SealedFieldsAreShownOnlyToWhoMaySeeThemElsewhere) {
  const auto first = std::to_string(api().ledger().committed().value() + 1);
  const auto made = api().as_admin(
      "POST", "/v1/tokens",
      R"({"name":"n","audience":"urn:tokenledger:management","scopes":["check"],)"
      R"("expires_in_days":1,"owner":"Olga Owner","extra_fields":{"team":"Teamname"}})");
  ASSERT_EQ(made.status, 201) << made.body;
  ASSERT_EQ(api()
                .as_admin("POST", "/v1/tokens/" + made.text("jti") + "/revoke",
                          R"({"reason":"Reason given"})")
                .status,
            200);
  ASSERT_TRUE(api().ledger().append_note("topic", "Note body"));
  const std::vector<std::string> of_token = {"Olga Owner", "Teamname", "Reason given"};
  const auto path = "/v1/events?from=" + first;
  const auto everything = api().as_admin("GET", path).body;
  for (const auto& text : of_token) EXPECT_NE(everything.find(text), std::string::npos) << text;
  EXPECT_NE(everything.find("Note body"), std::string::npos);
  EXPECT_EQ(everything.find(made.text("token")), std::string::npos) << "INV-5";
  const auto reader = api().manager(R"(["events:read"])");
  const auto little = api().get(path, reader).body;
  for (const auto& text : of_token) EXPECT_EQ(little.find(text), std::string::npos) << text;
  EXPECT_EQ(little.find("Note body"), std::string::npos);
  EXPECT_NE(little.find(R"("owner":null)"), std::string::npos) << little;
  EXPECT_NE(little.find(made.text("jti")), std::string::npos);
  const auto token_reader = api().manager(R"(["events:read","tokens:read"])");
  const auto some = api().get(path, token_reader).body;
  for (const auto& text : of_token) EXPECT_NE(some.find(text), std::string::npos) << text;
  EXPECT_EQ(some.find("Note body"), std::string::npos);
}

TEST_F(EventsTest, EveryKindNamesWhatItIsAbout) {
  const auto from = api().ledger().committed().value() + 1;
  const auto audience = fresh("urn:kinds:");
  api().make_api(audience);
  const auto client = api().make_client("Kinds");
  api().grant(client, audience);
  const auto token = api().new_token(client, audience);
  const auto base = "/v1/clients/" + client.id;
  ASSERT_EQ(api().as_admin("POST", base + "/rotate-secret").status, 200);
  ASSERT_EQ(api().as_admin("POST", base + "/disable").status, 200);
  ASSERT_EQ(api().as_admin("POST", base + "/enable").status, 200);
  ASSERT_LT(api().as_admin("DELETE", base).status, 300);
  const auto lines =
      lines_of(api().as_admin("GET", "/v1/events?from=" + std::to_string(from)).body);
  const std::pair<const char*, std::string> rows[] = {
      {"api_created", R"("identifier":")" + audience},
      {"client_registered", R"("client_id":")" + client.id},
      {"client_grant_added", R"("scopes":["read","write"])"},
      {"token_issued", R"("scope":"read write")"},
      {"client_secret_rotated", R"("client_id":")" + client.id},
      {"client_disabled", R"("client_id":")" + client.id},
      {"client_enabled", R"("client_id":")" + client.id},
      {"client_deleted", R"("client_id":")" + client.id}};
  ASSERT_GE(lines.size(), std::size(rows));
  std::size_t at = 0;
  for (const auto& [kind, text] : rows) {
    while (at < lines.size() &&
           lines[at].find(R"("kind":")" + std::string{kind} + '"') == std::string::npos)
      ++at;
    ASSERT_LT(at, lines.size()) << kind;
    EXPECT_NE(lines[at].find(text), std::string::npos) << lines[at];
  }
  for (const auto& line : lines) {
    EXPECT_EQ(line.find("hash"), std::string::npos) << line;
    EXPECT_EQ(line.find(client.secret), std::string::npos) << "INV-5";
    EXPECT_EQ(line.find(token), std::string::npos) << "INV-5";
  }
}

TEST_F(EventsTest, TheRequestIdOfTheCallerReachesTheEvent) {
  const auto from = api().ledger().committed().value() + 1;
  const auto reply = api().call("POST", "/v1/clients",
                                {.token = api().admin(),
                                 .body = R"({"name":"traced"})",
                                 .headers = "X-Request-Id: trace-4711\r\n"});
  EXPECT_TRUE(reply.has("X-Request-Id: trace-4711\r\n"));
  EXPECT_TRUE(api()
                  .as_admin("GET", "/v1/events?from=" + std::to_string(from))
                  .has(R"("request_id":"trace-4711")"));
}

TEST_F(EventsTest, AStreamBeginsWithTheHeadAndFollows) {
  SseReader reader{api(), "/v1/events/stream", api().admin()};
  EXPECT_EQ(reader.head().status, 200);
  EXPECT_NE(reader.head().head.find("Content-Type: text/event-stream\r\n"), std::string::npos);
  const auto client = api().make_client("streamed");
  const auto event = reader.next();
  ASSERT_TRUE(event);
  EXPECT_EQ(event->event, "client_registered");
  EXPECT_NE(event->data.find(client.id), std::string::npos);
  EXPECT_EQ(event->id, std::to_string(api().ledger().committed().value()));
}

// INV-4: readers that are cut off at random and come back with Last-Event-ID, while events are
// written without pause, see each seq exactly once.
TEST_F(EventsTest, INV4ResumingByLastEventIdHasNoGapAndNoRepeatWhileEventsKeepComing) {
  const auto first = api().ledger().committed().value() + 1;
  constexpr std::uint64_t kEvents = 3'000;
  std::atomic<bool> is_done = false;
  std::thread writer{[&] {
    for (std::uint64_t index = 0; index < kEvents; ++index)
      ASSERT_TRUE(api().ledger().append_note("n", "b"));
    is_done = true;
  }};
  std::uint64_t expected = first;
  int reconnects = 0;
  std::uint64_t seen_before_end = 0;
  while (expected < first + kEvents) {
    const bool is_first = expected == first;
    SseReader reader{api(), "/v1/events/stream?from=" + std::to_string(first), api().admin(),
                     is_first ? "" : "Last-Event-ID: " + std::to_string(expected - 1) + "\r\n"};
    ASSERT_EQ(reader.head().status, 200);
    ++reconnects;
    for (int count = 0; count < 37 * reconnects && expected < first + kEvents; ++count) {
      const auto event = reader.next();
      ASSERT_TRUE(event);
      ASSERT_EQ(event->id, std::to_string(expected));
      ASSERT_NE(event->data.find("\"seq\":" + event->id + ","), std::string::npos);
      ++expected;
      if (!is_done) ++seen_before_end;
    }
  }
  writer.join();
  std::cout << "reconnects " << reconnects << ", events " << kEvents << ", seen while writing "
            << seen_before_end << "\n";
  EXPECT_GT(reconnects, 5);
}

TEST_F(EventsTest, INV2ARevokedBearerEndsItsStreamAndSeesNothingCommittedLater) {
  const auto bearer = api().manager(R"(["events:read"])");
  SseReader reader{api(), "/v1/events/stream", bearer};
  ASSERT_EQ(reader.head().status, 200);
  const auto jti = api().jti_of(bearer);
  ASSERT_EQ(api().as_admin("POST", "/v1/tokens/" + jti + "/revoke").status, 200);
  const auto after = api().make_client("unseen");
  std::string last;
  std::string all;
  while (const auto event = reader.next()) {
    last = event->event + event->data;
    all += event->data;
  }
  EXPECT_TRUE(reader.ended_cleanly());
  EXPECT_EQ(last, R"(end{"reason":"invalid_token"})");
  EXPECT_EQ(all.find(after.id), std::string::npos);
}

TEST(EventStreams, AnExpiredBearerEndsItsStream) {
  ApiUnderTest api;
  const auto bearer = api.manager(R"(["events:read"])");
  SseReader reader{api, "/v1/events/stream", bearer};
  ASSERT_EQ(reader.head().status, 200);
  api.clock().advance_s(86'400);
  std::string last;
  while (const auto event = reader.next()) last = event->event;
  EXPECT_EQ(last, "end");
  EXPECT_TRUE(reader.ended_cleanly());
}

TEST(EventStreams, INV7BeyondTheBoundTheAnswerIs503AndAFreedPlaceIsUsedAgain) {
  ApiUnderTest api{{.event_streams_max = 2}};
  {
    SseReader first{api, "/v1/events/stream", api.admin()};
    SseReader second{api, "/v1/events/stream", api.admin()};
    ASSERT_EQ(second.head().status, 200);
    const auto third = api.as_admin("GET", "/v1/events/stream");
    EXPECT_EQ(third.status, 503);
    EXPECT_TRUE(third.has("Retry-After: "));
  }
  int status = 503;
  for (int wait = 0; wait < 500 && status == 503; ++wait) {
    std::this_thread::sleep_for(10ms);
    status = SseReader{api, "/v1/events/stream", api.admin()}.head().status;
  }
  EXPECT_EQ(status, 200);
}

TEST(EventStreams, AQuietStreamIsKeptAliveByComments) {
  ApiUnderTest api{{.event_heartbeat = 50ms}};
  SseReader reader{api, "/v1/events/stream", api.admin()};
  ASSERT_EQ(reader.head().status, 200);
  EXPECT_GE(reader.wait_for_comment(), 1);
}

TEST(EventStreams, AGracefulStopEndsStreamsWithWholeEvents) {
  ApiUnderTest api;
  SseReader reader{api, "/v1/events/stream?from=1", api.admin()};
  ASSERT_EQ(reader.head().status, 200);
  ASSERT_TRUE(reader.next());
  std::thread stopper{[&] { api.close(); }};
  while (const auto event = reader.next()) EXPECT_TRUE(parse_json_object(event->data));
  EXPECT_TRUE(reader.ended_cleanly());
  stopper.join();
}

}  // namespace
}  // namespace tokenledger::test
