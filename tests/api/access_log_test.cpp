// The access log: what a line says, what it never says, and that it never holds anybody up.
#include "api/access_log.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <thread>

#include "tests/api/api_fixture.hpp"

namespace tokenledger::test {
namespace {

using namespace std::chrono_literals;

std::string contents(const std::filesystem::path& path) {
  std::ifstream file{path};
  return {std::istreambuf_iterator<char>{file}, {}};
}

std::vector<JsonValue> parsed_lines(const std::string& text) {
  std::vector<JsonValue> all;
  std::size_t begin = 0;
  for (auto end = text.find('\n'); end != std::string::npos; end = text.find('\n', begin)) {
    auto object = parse_json_object(std::string_view{text}.substr(begin, end - begin));
    EXPECT_TRUE(object) << text.substr(begin, end - begin);
    if (object) all.push_back(std::move(*object));
    begin = end + 1;
  }
  EXPECT_EQ(begin, text.size()) << "the last line is whole";
  return all;
}

std::string text_of(const JsonValue& line, std::string_view name) {
  const auto* value = line.find(name);
  if (value == nullptr) return "absent";
  const auto* text = value->get_if<std::string>();
  return text != nullptr ? *text : value->is_null() ? "null" : "other";
}

class AccessLogTest : public testing::Test {
 protected:
  std::filesystem::path path() const { return directory_.path() / "access.log"; }
  testing_support::TemporaryDirectory directory_;
};

TEST_F(AccessLogTest, INV5ALineNamesTheRouteAndTheClientAndNoSecretOfTheRequest) {
  std::string text;
  std::vector<std::string> secrets;
  {
    ApiUnderTest api{{}, path()};
    api.make_api("urn:logged");
    const auto client = api.make_client("shop");
    api.grant(client, "urn:logged");
    const auto token = api.new_token(client, "urn:logged");
    secrets = {api.admin(), client.secret, token, "canary"};
    EXPECT_EQ(api.authz(token, "urn:logged"), 200);
    const auto traced = api.call("GET", "/v1/tokens?client_id=canary",
                                 {.token = api.admin(), .headers = "X-Request-Id: trace-1\r\n"});
    EXPECT_NE(traced.status, 0);
    api.get("/nowhere/canary?access_token=canary", "");
    api.get("/v1/clients", "canary");
    HttpTestClient broken{api.port()};
    broken.send("canary\r\n\r\n");
    EXPECT_EQ(broken.read().status, 400);
    api.as_admin("GET", "/v1/clients/" + client.id);
  }
  text = contents(path());
  for (const auto& secret : secrets) EXPECT_EQ(text.find(secret), std::string::npos);
  bool has_token_request = false, has_traced = false, has_missing = false, has_broken = false,
       has_pattern = false, has_authz = false;
  for (const auto& line : parsed_lines(text)) {
    const auto route = text_of(line, "route");
    const auto status = *line.find("status")->get_if<std::int64_t>();
    EXPECT_GT(*line.find("bytes")->get_if<std::int64_t>(), 0);
    EXPECT_GE(*line.find("duration_us")->get_if<std::int64_t>(), 0);
    EXPECT_TRUE(text_of(line, "time").ends_with("Z"));
    has_token_request |= route == "/oauth/token" && status == 200 &&
                         text_of(line, "method") == "POST" && text_of(line, "client_id") != "null";
    has_traced |= text_of(line, "request_id") == "trace-1" && route == "/v1/tokens" &&
                  text_of(line, "client_id") == "tokenledger-named";
    has_missing |= route == "null" && status == 404;
    has_broken |= route == "null" && status == 400 && text_of(line, "method") == "null";
    has_pattern |= route == "/v1/clients/{client_id}" && status == 200;
    has_authz |= route == "/v1/authz" && text_of(line, "client_id") != "null";
  }
  EXPECT_TRUE(has_token_request) << text;
  EXPECT_TRUE(has_traced) << text;
  EXPECT_TRUE(has_missing) << text;
  EXPECT_TRUE(has_broken) << text;
  EXPECT_TRUE(has_pattern) << text;
  EXPECT_TRUE(has_authz) << text;
}

TEST_F(AccessLogTest, AFileThatWasMovedAwayIsOpenedAnewAndNoLineIsLost) {
  auto log = AccessLog::open(path());
  ASSERT_TRUE(log);
  (*log)->on_answer({.method = "GET", .route = "/before", .status = 200});
  while (contents(path()).empty()) std::this_thread::sleep_for(1ms);
  const auto moved = directory_.path() / "moved.log";
  std::filesystem::rename(path(), moved);
  (*log)->reopen();
  while (!std::filesystem::exists(path())) std::this_thread::sleep_for(1ms);
  (*log)->on_answer({.method = "GET", .route = "/after", .status = 200});
  log->reset();
  EXPECT_NE(contents(moved).find("/before"), std::string::npos);
  EXPECT_NE(contents(path()).find("/after"), std::string::npos);
  struct stat status{};
  ASSERT_EQ(::stat(path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0137, 0u) << "not for others";
}

TEST_F(AccessLogTest, INV7BehindAFileThatNobodyReadsLinesAreDroppedAndCountedAndNobodyWaits) {
  ASSERT_EQ(::mkfifo(path().c_str(), 0600), 0);
  const int reader = ::open(path().c_str(), O_RDONLY | O_NONBLOCK);
  ASSERT_GE(reader, 0);
  auto log = AccessLog::open(path());
  ASSERT_TRUE(log);
  constexpr std::uint64_t kLines = 40'000;
  const std::string route(200, 'r');
  for (std::uint64_t index = 0; index < kLines; ++index)
    (*log)->on_answer({.method = "GET", .route = route, .status = 200});
  const auto counters = (*log)->counters();
  EXPECT_EQ(counters.lines + counters.dropped, kLines);
  EXPECT_GT(counters.dropped, 0u);
  // At most one buffer waits, one is being written, and the pipe holds some.
  EXPECT_LT(counters.lines * route.size(), 2 * AccessLog::kBufferBytesMax + (1 << 20));
  ::signal(SIGPIPE, SIG_IGN);
  ::close(reader);  // the write under way fails, so that the destructor can join
}

TEST_F(AccessLogTest, AFileThatCanNotBeOpenedIsAnError) {
  EXPECT_EQ(AccessLog::open(directory_.path() / "no" / "such").error(), Errc::io_error);
}

}  // namespace
}  // namespace tokenledger::test
