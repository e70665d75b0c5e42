// The rules of RFC 9112 and our bounds, without a socket.
#include "api/http_session.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <stdexcept>

namespace tokenledger {
namespace {

// One session with an echo route; records what handlers saw.
class Conversation {
 public:
  explicit Conversation(HttpLimits limits = {}) : limits_{limits} {
    const auto echo = [this](const HttpRequest& request) {
      seen_ += std::string{method_name(request.method())} + " " + std::string{request.path()} +
               " ?" + std::string{request.query()} + " [" +
               std::string{request.header(HttpHeader::authorization)} + "] " +
               std::string{request.body()} + "\n";
      return HttpResponse{.body = std::string{request.body()}};
    };
    router_.add(HttpMethod::get, "/{rest...}", echo);
    router_.add(HttpMethod::post, "/{rest...}", echo);
    router_.add(HttpMethod::head, "/{rest...}", echo);
    router_.add(HttpMethod::post, "/large", echo, {.body_bytes_max = kHttpBodyBytesMax});
    // Takes large bodies from those only who say so in the head.
    router_.add(HttpMethod::post, "/guarded", echo,
                {.body_bytes_max = kHttpBodyBytesMax,
                 .before_large_body = [this](const HttpRequest& request) {
                   ++asked_;
                   EXPECT_EQ(request.body(), "");
                   if (request.header(HttpHeader::authorization) == "throw")
                     throw std::runtime_error{"secret"};
                   return request.header(HttpHeader::authorization) == "yes"
                              ? std::nullopt
                              : std::optional{HttpResponse{.status = 401}};
                 }});
    router_.add_async(HttpMethod::get, "/later", [this](OwnedHttpRequest, Responder responder) {
      responders_.push_back(std::move(responder));
    });
    router_.add_attempt(
        HttpMethod::post, "/maybe",
        [](const HttpRequest& request) {
          return request.body() == "now" ? std::optional{HttpResponse{.body = "at once"}}
                                         : std::nullopt;
        },
        [this](OwnedHttpRequest request, Responder responder) {
          seen_ += "declined " + std::string{request->body()} + "\n";
          responders_.push_back(std::move(responder));
        });
    session_.emplace(HttpSessionContext{router_, limits_, counters_, date_, ids_, mailbox_}, 1,
                     "127.0.0.1");
  }

  // What the session would not read stays unsent, as with a socket.
  void send(std::string_view bytes) {
    while (!bytes.empty() && session_->wants_input()) {
      const auto space = session_->read_space();
      const auto count = bytes.copy(space.data(), space.size());
      session_->received(count);
      bytes.remove_prefix(count);
      while (session_->is_paused()) {
        EXPECT_FALSE(session_->wants_input());
        ++pauses_;
        session_->advance();
      }
    }
  }
  // As much as fits into one read, and one turn.
  void send_once(std::string_view bytes) {
    const auto space = session_->read_space();
    session_->received(bytes.copy(space.data(), space.size()));
  }
  void answer_later(std::size_t index, std::string body) {
    responders_.at(index).respond(HttpResponse{.body = std::move(body)});
    std::vector<ResponseMailbox::Completion> completions;
    std::vector<std::uint64_t> readable;
    mailbox_->take(&completions, &readable);
    for (auto& completion : completions)
      session_->complete(completion.slot, std::move(completion.response));
    do {
      session_->advance();
    } while (session_->is_paused());
  }
  // The status codes of all answers so far.
  [[nodiscard]] std::vector<int> statuses() {
    std::vector<int> all;
    const std::string& output = session_->output();
    for (auto at = output.find("HTTP/1.1 "); at != std::string::npos;
         at = output.find("HTTP/1.1 ", at + 1))
      all.push_back(std::atoi(output.c_str() + at + 9));
    return all;
  }

  HttpSession& session() { return *session_; }
  const std::string& seen() const { return seen_; }
  int asked() const { return asked_; }
  int pauses() const { return pauses_; }
  std::uint64_t refused(HttpRefusal refusal) const {
    return counters_.refused[static_cast<std::size_t>(refusal)].value();
  }

 private:
  HttpLimits limits_;
  HttpRouter router_;
  HttpThreadCounters counters_;
  HttpDateLine date_;
  HttpRequestIds ids_;
  std::shared_ptr<ResponseMailbox> mailbox_ = std::make_shared<ResponseMailbox>([] {});
  std::vector<Responder> responders_;
  std::string seen_;
  int asked_ = 0;
  int pauses_ = 0;
  std::optional<HttpSession> session_;
};

struct Case {
  const char* name;
  std::string request;
  int status;  // 0: no answer yet
};

std::string get(std::string_view fields) {
  return "GET /a HTTP/1.1\r\nHost: h\r\n" + std::string{fields} + "\r\n";
}
std::string post(std::string_view fields, std::string_view body = "") {
  return "POST /a HTTP/1.1\r\nHost: h\r\n" + std::string{fields} + "\r\n" + std::string{body};
}
using namespace std::string_literals;

const Case kCases[] = {
    {"Plain", get(""), 200},
    {"Version10NeedsNoHost", "GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 200},
    {"OneEmptyLineBefore", "\r\n" + get(""), 200},
    {"AbsoluteForm", "GET http://h:1/a?b HTTP/1.1\r\nHost: h\r\n\r\n", 200},
    {"ContentLength", post("Content-Length: 3\r\n", "abc"), 200},
    {"Chunked", post("Transfer-Encoding: chunked\r\n", "3;x=1\r\nabc\r\n0\r\n\r\n"), 200},
    {"MethodUnknown", "BREW / HTTP/1.1\r\nHost: h\r\n\r\n", 501},
    {"MethodNotHere", "PUT /a HTTP/1.1\r\nHost: h\r\n\r\n", 405},
    // A17: the source document's example has a zero-width space before the colon.
    {"A17ZeroWidthSpaceInHostName", "GET / HTTP/1.1\r\nHost\xe2\x80\x8b: h\r\n\r\n", 400},
    {"NoHost", "GET / HTTP/1.1\r\n\r\n", 400},
    {"TwoHosts", get("Host: h\r\n"), 400},
    {"HostWithSpace", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400},
    {"BothFramings", post("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"), 400},
    {"BothFramingsReversed", post("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n"), 400},
    {"LengthsDiffer", post("Content-Length: 3\r\nContent-Length: 4\r\n"), 400},
    {"LengthTwiceEqual", post("Content-Length: 3\r\nContent-Length: 3\r\n", "abc"), 400},
    {"LengthList", post("Content-Length: 3, 3\r\n", "abc"), 400},
    {"LengthSigned", post("Content-Length: +3\r\n", "abc"), 400},
    {"LengthNegative", post("Content-Length: -1\r\n"), 400},
    {"LengthHuge", post("Content-Length: 99999999999999999999\r\n"), 400},
    {"LengthEmpty", post("Content-Length: \r\n"), 400},
    {"CodingGzip", post("Transfer-Encoding: gzip, chunked\r\n"), 501},
    {"CodingTwice", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), 400},
    {"CodingInVersion10", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
    {"ChunkNotHex", post("Transfer-Encoding: chunked\r\n", "x\r\n"), 400},
    {"ChunkNegative", post("Transfer-Encoding: chunked\r\n", "-1\r\n"), 400},
    {"ChunkTooLong", post("Transfer-Encoding: chunked\r\n", "3\r\nabcd\r\n"), 400},
    {"ChunkBareLineFeed", post("Transfer-Encoding: chunked\r\n", "3\nabc\n0\n\n"), 400},
    {"ChunkSizeOverflows", post("Transfer-Encoding: chunked\r\n", "fffffffffffffffff\r\n"), 413},
    {"ChunkTrailer", post("Transfer-Encoding: chunked\r\n", "0\r\nHost: evil\r\n\r\n"), 400},
    {"FoldedLine", get("X-A: b\r\n c\r\n"), 400},
    {"FoldedFirstLine", "GET / HTTP/1.1\r\n Host: h\r\n\r\n", 400},
    {"BareLineFeed", "GET / HTTP/1.1\nHost: h\n\n", 400},
    {"BareReturnInValue", get("X-A: b\rc\r\n"), 400},
    {"NulInValue", get("X-A: b\0c\r\n"s), 400},
    {"ControlInValue", get("X-A: b\x01\r\n"), 400},
    {"NulInTarget", "GET /a\0 HTTP/1.1\r\nHost: h\r\n\r\n"s, 400},
    {"SpaceBeforeColon", get("X-A : b\r\n"), 400},
    {"EmptyName", get(": b\r\n"), 400},
    {"NoColon", get("garbage\r\n"), 400},
    {"TargetNotAscii", "GET /\xc3\xa9 HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"TargetFragment", "GET /a#b HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"TargetAsterisk", "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"TargetWithoutSlash", "GET a HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"TwoSpaces", "GET  / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"SpaceInTarget", "GET /a?b=c d HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"VersionWithoutItsName", "GET / HTTPS/1.1\r\nHost: h\r\n\r\n", 400},
    {"VersionOfTwoDigits", "GET / HTTP/11\r\nHost: h\r\n\r\n", 400},
    {"Version20", "PRI * HTTP/2.0\r\n\r\n", 505},
    {"Version12", "GET / HTTP/1.2\r\nHost: h\r\n\r\n", 505},
    {"TlsHello", "\x16\x03\x01"s, 400},
    {"TwoEmptyLinesBefore", "\r\n\r\n" + get(""), 400},
    {"TwoAuthorizations", get("Authorization: a\r\nAuthorization: b\r\n"), 400},
    {"TwoIdempotencyKeys", get("Idempotency-Key: a\r\nIdempotency-Key: b\r\n"), 400},
    {"ExpectationUnknown", post("Expect: magic\r\nContent-Length: 1\r\n"), 417},
    {"BodyTooLarge", post("Content-Length: 16385\r\n"), 413},
    {"ChunksTooLarge", post("Transfer-Encoding: chunked\r\n", "4001\r\n"), 413},
    {"HeadTooLarge", get("X-A: " + std::string(17000, 'a') + "\r\n"), 431},
    {"HeadNeverEnds", "GET /" + std::string(17000, 'a'), 431},
    {"TooManyFields",
     [] {
       std::string fields;
       for (int index = 0; index < 64; ++index) fields += "X-A: b\r\n";
       return get(fields);
     }(),
     431},
    {"Incomplete", "GET / HTTP/1.1\r\nHost: h\r\n", 0},
    {"BodyIncomplete", post("Content-Length: 3\r\n", "ab"), 0},
};

class HttpRules : public testing::TestWithParam<Case> {};

TEST_P(HttpRules, AnswersWithStatus) {
  Conversation conversation;
  conversation.send(GetParam().request);
  const auto statuses = conversation.statuses();
  if (GetParam().status == 0) {
    EXPECT_TRUE(statuses.empty());
    EXPECT_TRUE(conversation.session().wants_input());
    return;
  }
  ASSERT_EQ(statuses.size(), 1u) << conversation.session().output();
  EXPECT_EQ(statuses[0], GetParam().status);
  const bool refused = statuses[0] != 200 && statuses[0] != 405;
  EXPECT_EQ(conversation.session().is_finished(), refused) << "a refusal ends the conversation";
}

TEST_P(HttpRules, DoNotDependOnHowBytesAreCut) {
  Conversation whole;
  whole.send(GetParam().request);
  Conversation cut;
  for (const char byte : GetParam().request) cut.send({&byte, 1});
  EXPECT_EQ(cut.seen(), whole.seen());
  EXPECT_EQ(cut.statuses(), whole.statuses());
}

INSTANTIATE_TEST_SUITE_P(Rfc9112, HttpRules, testing::ValuesIn(kCases),
                         [](const auto& info) { return std::string{info.param.name}; });

TEST(HttpSession, ShowsTheHandlerPathQueryFieldsAndBody) {
  Conversation conversation;
  conversation.send(post("authorization: Bearer x \r\nContent-Length: 2\r\n", "hi"));
  conversation.send("GET /p%20q?a=%20&b HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(conversation.seen(), "POST /a ? [Bearer x] hi\nGET /p%20q ?a=%20&b [] \n");
}

TEST(HttpSession, AnswersPipelinedRequestsIntoOneOutput) {
  Conversation conversation;
  std::string requests;
  for (int index = 0; index < 16; ++index)
    requests += post("Transfer-Encoding: chunked\r\n", "1\r\na\r\n0\r\n\r\n") + get("");
  conversation.send(requests);
  EXPECT_EQ(conversation.statuses(), std::vector<int>(32, 200));
}

TEST(HttpSession, KeepsTheOrderBehindAnAsynchronousAnswer) {
  Conversation conversation;
  const std::string later = "GET /later HTTP/1.1\r\nHost: h\r\n\r\n";
  conversation.send(later + post("Content-Length: 6\r\n", "second") + later);
  EXPECT_TRUE(conversation.session().output().empty());
  conversation.answer_later(1, "third");
  EXPECT_TRUE(conversation.session().output().empty());
  conversation.answer_later(0, "first");
  const std::string& output = conversation.session().output();
  EXPECT_LT(output.find("first"), output.find("second"));
  EXPECT_LT(output.find("second"), output.find("third"));
  EXPECT_NE(output.find("third"), std::string::npos);
}

TEST(HttpSession, AnAttemptThatDeclinesIsAnsweredLaterAndInOrder) {
  Conversation conversation;
  const auto maybe = [](std::string_view body) {
    return "POST /maybe HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + std::string{body};
  };
  conversation.send(maybe("now"));
  EXPECT_EQ(conversation.statuses(), std::vector{200});
  EXPECT_EQ(conversation.seen(), "");
  conversation.send(maybe("wait") + maybe("now"));
  EXPECT_EQ(conversation.statuses(), std::vector{200}) << "the third answer overtook the second";
  EXPECT_EQ(conversation.seen(), "declined wait\n");
  conversation.answer_later(0, "in the end");
  EXPECT_EQ(conversation.statuses(), (std::vector{200, 200, 200}));
  const std::string& output = conversation.session().output();
  EXPECT_LT(output.find("in the end"), output.rfind("at once"));
}

TEST(HttpSession, BeginsNoRequestBeyondThePipelineBound) {
  Conversation conversation{{.pipeline_count_max = 2}};
  const std::string later = "GET /later HTTP/1.1\r\nHost: h\r\n\r\n";
  conversation.send(later + later + get(""));
  EXPECT_FALSE(conversation.session().wants_input());
  EXPECT_EQ(conversation.seen(), "");
  conversation.answer_later(0, "");
  EXPECT_NE(conversation.seen(), "");
}

TEST(HttpSession, BeginsNoRequestBeyondTheOutputBound) {
  Conversation conversation{{.output_bytes_max = 100}};
  conversation.send(get("") + get(""));
  EXPECT_EQ(conversation.statuses().size(), 1u);
  EXPECT_FALSE(conversation.session().wants_input());
  conversation.session().output().clear();
  conversation.session().advance();
  EXPECT_EQ(conversation.statuses().size(), 1u);
}

// Whoever pipelines must not keep the others of its thread waiting; a single request never pauses.
TEST(HttpSession, ATurnEndsAfterItsTimeAndEveryAnswerComesAllTheSame) {
  // The clock's tick is a nanosecond and two requests take longer than its bound's smallest value.
  Conversation impatient{{.turn_time_max = std::chrono::microseconds{1}}};
  std::string many;
  for (int index = 0; index < 1'000; ++index) many += get("");
  impatient.send(many);
  EXPECT_EQ(impatient.statuses(), std::vector<int>(1'000, 200));
  EXPECT_GT(impatient.pauses(), 0);
  // A stop in the middle of a turn answers what was received.
  Conversation stopped{{.turn_time_max = std::chrono::microseconds{1}}};
  stopped.send_once(many.substr(0, 2'000));
  EXPECT_TRUE(stopped.session().is_paused());
  stopped.session().drain();
  EXPECT_EQ(stopped.statuses().size(), 2'000 / get("").size());
  EXPECT_TRUE(stopped.session().is_finished());
  Conversation patient{{.turn_time_max = std::chrono::microseconds{0}}};
  patient.send(many);
  patient.send(get(""));
  EXPECT_EQ(patient.statuses().size(), 1'001u);
  EXPECT_EQ(patient.pauses(), 0);
  Conversation single{{.turn_time_max = std::chrono::microseconds{1}}};
  for (int index = 0; index < 100; ++index) single.send(get(""));
  EXPECT_EQ(single.pauses(), 0);
}

TEST(HttpSession, ExpectContinueIsAnsweredOnceBeforeTheBody) {
  Conversation conversation;
  conversation.send(post("Expect: 100-continue\r\nContent-Length: 3\r\n"));
  EXPECT_EQ(conversation.statuses(), std::vector<int>{100});
  conversation.send("a");
  conversation.send("bc");
  EXPECT_EQ(conversation.statuses(), (std::vector<int>{100, 200}));
}

TEST(HttpSession, ExpectContinueDoesNotInviteATooLargeBody) {
  Conversation conversation;
  conversation.send(post("Expect: 100-continue\r\nContent-Length: 99999\r\n"));
  EXPECT_EQ(conversation.statuses(), std::vector<int>{413});
}

TEST(HttpSession, ARouteMayRaiseTheBodyBound) {
  const std::string body(kHttpBodyBytesMax, 'x');
  Conversation conversation;
  conversation.send("POST /large HTTP/1.1\r\nHost: h\r\nContent-Length: " +
                    std::to_string(body.size()) + "\r\n\r\n" + body);
  EXPECT_EQ(conversation.seen(), "POST /large ? [] " + body + "\n");
}

std::string guarded(std::string_view fields) {
  return "POST /guarded HTTP/1.1\r\nHost: h\r\n" + std::string{fields} + "\r\n";
}

TEST(HttpSession, ALargeBodyIsNotReadFromWhomTheRouteTurnsAway) {
  for (const auto* fields :
       {"Content-Length: 16385\r\n", "Transfer-Encoding: chunked\r\n",
        "Content-Length: 1000000\r\nExpect: 100-continue\r\nAuthorization: no\r\n"}) {
    Conversation conversation;
    conversation.send(guarded(fields));
    EXPECT_EQ(conversation.statuses(), std::vector<int>{401}) << fields;
    EXPECT_NE(conversation.session().output().find("Connection: close\r\n"), std::string::npos);
    EXPECT_NE(conversation.session().output().find("X-Request-Id: "), std::string::npos);
    EXPECT_FALSE(conversation.session().wants_input());
    EXPECT_TRUE(conversation.session().is_finished());
    EXPECT_TRUE(conversation.session().must_linger()) << "the body may be on its way";
    EXPECT_EQ(conversation.seen(), "");
  }
  Conversation thrown;
  thrown.send(guarded("Content-Length: 16385\r\nAuthorization: throw\r\n"));
  EXPECT_EQ(thrown.statuses(), std::vector<int>{500});
}

TEST(HttpSession, ALargeBodyIsReadFromWhomTheRouteLetsInAndASmallOneUnasked) {
  const std::string body(20'000, 'x');
  Conversation conversation;
  conversation.send(guarded("Content-Length: 3\r\n") + "abc");
  EXPECT_EQ(conversation.asked(), 0);
  conversation.send(guarded("Authorization: yes\r\nContent-Length: 20000\r\n") + body);
  EXPECT_EQ(conversation.asked(), 1);
  EXPECT_EQ(conversation.statuses(), (std::vector<int>{200, 200}));
  EXPECT_TRUE(conversation.seen().ends_with("[yes] " + body + "\n"));
  conversation.send(post("Content-Length: 1\r\n", "z"));
  EXPECT_EQ(conversation.statuses().size(), 3u) << "the connection goes on";
}

TEST(HttpSession, WhoIsTurnedAwayHearsOfItBehindEarlierAnswers) {
  Conversation conversation;
  conversation.send("GET /later HTTP/1.1\r\nHost: h\r\n\r\n" +
                    guarded("Content-Length: 99999\r\n"));
  EXPECT_EQ(conversation.statuses(), std::vector<int>{});
  conversation.answer_later(0, "first");
  EXPECT_EQ(conversation.statuses(), (std::vector<int>{200, 401}));
}

TEST(HttpSession, TinyChunksAreBoundedInOverhead) {
  Conversation conversation;
  std::string chunk = "1;" + std::string(250, 'x') + "\r\na\r\n";
  std::string body;
  for (int index = 0; index < 100; ++index) body += chunk;
  conversation.send(post("Transfer-Encoding: chunked\r\n", body));
  EXPECT_EQ(conversation.statuses(), std::vector<int>{413});
}

TEST(HttpSession, HeadHasNoBodyButItsLength) {
  Conversation conversation;
  conversation.send("HEAD /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc");
  const std::string& output = conversation.session().output();
  EXPECT_NE(output.find("Content-Length: 3\r\n"), std::string::npos);
  EXPECT_TRUE(output.ends_with("\r\n\r\n"));
}

TEST(HttpSession, InputEndingInsideARequestIsCountedAndNotAnswered) {
  Conversation conversation;
  conversation.send(get("") + post("Content-Length: 9\r\n", "abc"));
  conversation.session().end_of_input();
  EXPECT_EQ(conversation.statuses(), std::vector<int>{200});
  EXPECT_TRUE(conversation.session().is_finished());
  EXPECT_EQ(conversation.refused(HttpRefusal::truncated), 1u);
}

TEST(HttpSession, KeepAliveFollowsVersionAndConnection) {
  struct Row {
    const char* request;
    bool ends;
    const char* says;
  };
  const Row rows[] = {
      {"GET / HTTP/1.1\r\nHost: h\r\n\r\n", false, "\r\n\r\n"},
      {"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", true, "Connection: close\r\n"},
      {"GET / HTTP/1.0\r\n\r\n", true, "Connection: close\r\n"},
      {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", false, "Connection: keep-alive\r\n"},
  };
  for (const auto& row : rows) {
    Conversation conversation;
    conversation.send(row.request);
    EXPECT_EQ(conversation.session().is_finished(), row.ends) << row.request;
    EXPECT_NE(conversation.session().output().find(row.says), std::string::npos) << row.request;
  }
}

TEST(HttpSession, RequestIdIsTheCallersWhenItIsHarmless) {
  const std::pair<std::string, bool> rows[] = {{"abc.DEF_1-2", true},
                                               {"a b", false},
                                               {"a\"b", false},
                                               {std::string(64, 'a'), true},
                                               {std::string(65, 'a'), false}};
  for (const auto& [id, is_kept] : rows) {
    Conversation conversation;
    conversation.send(get("X-Request-Id: " + id + "\r\n"));
    const auto& output = conversation.session().output();
    EXPECT_NE(output.find("X-Request-Id: "), std::string::npos);
    EXPECT_EQ(output.find("X-Request-Id: " + id + "\r\n") != std::string::npos, is_kept) << id;
  }
}

TEST(HttpSession, DrainingAnswersWhatWasAcceptedAndNothingElse) {
  Conversation conversation;
  conversation.send("GET /later HTTP/1.1\r\nHost: h\r\n\r\nGET /partial");
  conversation.session().drain();
  EXPECT_FALSE(conversation.session().is_finished());
  conversation.answer_later(0, "done");
  EXPECT_TRUE(conversation.session().is_finished());
  EXPECT_NE(conversation.session().output().find("Connection: close"), std::string::npos);
}

TEST(HttpResponse, AHeaderThatWouldSplitTheAnswerBecomes500) {
  HttpResponse response;
  response.add_header("Location", "/a\r\nSet-Cookie: x");
  response.fail_closed_if_broken();
  EXPECT_EQ(response.status, 500);
  EXPECT_EQ(response.header_lines, "");
}

}  // namespace
}  // namespace tokenledger
