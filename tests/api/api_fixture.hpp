// A ledger served over HTTP on the loopback, and the verbs to talk to it.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/http_json.hpp"
#include "api/service.hpp"
#include "core/management_scopes.hpp"
#include "storage/clock.hpp"
#include "storage/ledger.hpp"
#include "tests/api/http_test_client.hpp"
#include "tests/storage/temporary_directory.hpp"

namespace tokenledger::test {

// The system's clock, moved forward at will.
class MovableClock final : public Clock {
 public:
  [[nodiscard]] LedgerTime now() const noexcept override {
    return LedgerTime{system_clock()->now().value() + offset_ns_.load()};
  }
  [[nodiscard]] std::uint64_t since_boot_ns() const noexcept override {
    return system_clock()->since_boot_ns() + offset_ns_.load();
  }
  void advance_s(std::uint64_t seconds) { offset_ns_ += seconds * kNanosecondsPerSecond; }

 private:
  std::atomic<std::uint64_t> offset_ns_{0};
};

struct Reply {
  int status = 0;
  std::string head;
  std::string body;

  [[nodiscard]] std::optional<JsonValue> json() const {
    auto parsed = parse_json_object(body);
    return parsed ? std::optional{std::move(*parsed)} : std::nullopt;
  }
  // A string member; "-" when it is absent, null or of another kind.
  [[nodiscard]] std::string text(std::string_view name) const {
    const auto object = json();
    const auto* value = object ? object->find(name) : nullptr;
    const auto* text = value != nullptr ? value->get_if<std::string>() : nullptr;
    return text != nullptr ? *text : "-";
  }
  [[nodiscard]] std::int64_t number(std::string_view name) const {
    const auto object = json();
    const auto* value = object ? object->find(name) : nullptr;
    const auto* number = value != nullptr ? value->get_if<std::int64_t>() : nullptr;
    return number != nullptr ? *number : -1;
  }
  [[nodiscard]] std::size_t item_count() const {
    const auto object = json();
    const auto* value = object ? object->find("items") : nullptr;
    const auto* items = value != nullptr ? value->get_if<JsonValue::Array>() : nullptr;
    return items != nullptr ? items->size() : 999'999;
  }
  [[nodiscard]] bool has(std::string_view text) const {
    return head.find(text) != std::string::npos || body.find(text) != std::string::npos;
  }
};

class ApiUnderTest {
 public:
  struct Ask {
    std::string_view token = {};  // bearer
    std::string_view body = {};
    std::string_view type = "application/json";
    std::string headers = {};  // "Name: value\r\n" each
  };

  explicit ApiUnderTest(ApiOptions api = {}, std::filesystem::path access_log = {},
                        std::function<void(LedgerOptions&)> adjust = {})
      : api_{api}, access_log_{std::move(access_log)}, adjust_{std::move(adjust)} {
    open();
  }
  ~ApiUnderTest() { close(); }

  void open() {
    LedgerOptions options;
    options.directory = directory_.path() / "ledger";
    options.clock = clock_;
    options.free_bytes_min = 0;
    if (adjust_) adjust_(options);
    std::string why;
    auto opened = Ledger::open(options, &why);
    ASSERT_TRUE(opened.has_value()) << why;
    ledger_ = std::move(*opened);
    ApiServerOptions server;
    server.http.io_thread_count = 2;
    server.api = api_;
    server.access_log = access_log_;
    auto started = ApiServer::start(*ledger_, server);
    ASSERT_TRUE(started.has_value());
    server_ = std::move(*started);
    if (admin_.empty()) admin_ = ledger_->make_admin_token()->token;
  }
  void close() {
    if (server_) server_->stop(std::chrono::seconds{5});
    server_.reset();
    ledger_.reset();
  }

  Ledger& ledger() { return *ledger_; }
  MovableClock& clock() { return *clock_; }
  const std::string& admin() const { return admin_; }
  const std::filesystem::path& directory() const { return directory_.path(); }
  std::uint16_t port() const { return server_->port(); }
  HttpCounters counters() const { return server_->counters(); }

  static std::string request_text(std::string_view method, std::string_view path, const Ask& ask) {
    std::string text;
    text.append(method).append(" ").append(path).append(" HTTP/1.1\r\nHost: test\r\n");
    if (!ask.token.empty()) text.append("Authorization: Bearer ").append(ask.token).append("\r\n");
    text += ask.headers;
    if (!ask.body.empty()) {
      text.append("Content-Type: ").append(ask.type).append("\r\n");
      text.append("Content-Length: ").append(std::to_string(ask.body.size())).append("\r\n");
    } else if (method != "GET") {
      text += "Content-Length: 0\r\n";
    }
    return text + "\r\n" + std::string{ask.body};
  }
  static Reply on(HttpTestClient& connection, std::string_view method, std::string_view path,
                  const Ask& ask) {
    connection.send(request_text(method, path, ask));
    auto answer = connection.read();
    return {answer.status, std::move(answer.head), std::move(answer.body)};
  }
  // On a connection of its own.
  Reply call(std::string_view method, std::string_view path, const Ask& ask) const {
    HttpTestClient connection{port()};
    return on(connection, method, path, ask);
  }
  Reply get(std::string_view path, std::string_view token) const {
    return call("GET", path, {.token = token});
  }
  Reply post(std::string_view path, std::string_view body, std::string_view token) const {
    return call("POST", path, {.token = token, .body = body});
  }
  Reply as_admin(std::string_view method, std::string_view path, std::string_view body = {}) const {
    return call(method, path, {.token = admin_, .body = body});
  }

  struct Client {
    std::string id;
    std::string secret;
  };
  Client make_client(std::string_view name = "client") const {
    const auto reply =
        as_admin("POST", "/v1/clients", R"({"name":")" + std::string{name} + R"("})");
    EXPECT_EQ(reply.status, 201) << reply.body;
    return {reply.text("client_id"), reply.text("client_secret")};
  }
  // `more` are further members, with a comma before them.
  void make_api(const std::string& identifier, const std::string& more = "") const {
    const auto reply = as_admin("POST", "/v1/apis",
                                R"({"identifier":")" + identifier +
                                    R"(","name":"api","scopes":["read","write"])" + more + "}");
    ASSERT_EQ(reply.status, 201) << reply.body;
  }
  void grant(const Client& client, const std::string& audience,
             const std::string& scopes = R"(["read","write"])") const {
    const auto reply = as_admin("POST", "/v1/client-grants",
                                R"({"client_id":")" + client.id + R"(","audience":")" + audience +
                                    R"(","scopes":)" + scopes + "}");
    ASSERT_EQ(reply.status, 201) << reply.body;
  }
  Reply ask_token(const Client& client, const std::string& audience,
                  const std::string& more = "") const {
    return call("POST", "/oauth/token",
                {.body = R"({"grant_type":"client_credentials","client_id":")" + client.id +
                         R"(","client_secret":")" + client.secret + R"(","audience":")" + audience +
                         "\"" + more + "}"});
  }
  std::string new_token(const Client& client, const std::string& audience) const {
    const auto reply = ask_token(client, audience);
    EXPECT_EQ(reply.status, 200) << reply.body;
    return reply.text("access_token");
  }
  // A management token with these scopes only.
  std::string manager(const std::string& scopes) const {
    const auto reply =
        as_admin("POST", "/v1/tokens",
                 R"({"name":"m","audience":"urn:tokenledger:management","expires_in_days":1,)"
                 R"("scopes":)" +
                     scopes + "}");
    EXPECT_EQ(reply.status, 201) << reply.body;
    return reply.text("token");
  }
  int authz(std::string_view token, std::string_view audience, std::string_view scope = "") const {
    std::string path = "/v1/authz?audience=" + std::string{audience};
    if (!scope.empty()) path += "&scope=" + std::string{scope};
    return get(path, token).status;
  }
  Reply check(std::string_view token) const {
    return as_admin("POST", "/v1/check", R"({"token":")" + std::string{token} + R"("})");
  }
  std::string jti_of(std::string_view token) const { return check(token).text("jti"); }

 private:
  ApiOptions api_;
  std::filesystem::path access_log_;
  std::function<void(LedgerOptions&)> adjust_;
  testing_support::TemporaryDirectory directory_;
  std::shared_ptr<MovableClock> clock_ = std::make_shared<MovableClock>();
  std::unique_ptr<Ledger> ledger_;
  std::unique_ptr<ApiServer> server_;
  std::string admin_;
};

// One server per program: opening a ledger draws an RSA key.
class ApiTest : public testing::Test {
 public:
  static void SetUpTestSuite() {
    if (!shared_) shared_ = std::make_unique<ApiUnderTest>();
  }
  static void TearDownTestSuite() { shared_.reset(); }

 protected:
  static ApiUnderTest& api() { return *shared_; }
  // Different for every call, so that tests do not meet.
  static std::string fresh(std::string_view prefix) {
    static int count = 0;
    return std::string{prefix} + std::to_string(++count);
  }

 private:
  static inline std::unique_ptr<ApiUnderTest> shared_;
};

}  // namespace tokenledger::test
