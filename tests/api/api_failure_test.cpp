// What the endpoints say when something is wrong with the server, and under races.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "storage/ledger_core.hpp"
#include "tests/api/api_fixture.hpp"

namespace tokenledger::test {
namespace {

const std::string kAudience = "urn:api";

TEST(ApiFailure, INV6APoisonedLedgerFailsClosedEverywhere) {
  ApiUnderTest api;
  api.make_api(kAudience);
  const auto client = api.make_client();
  api.grant(client, kAudience);
  const auto token = api.new_token(client, kAudience);
  ASSERT_EQ(api.authz(token, kAudience), 200);
  ASSERT_EQ(api.get("/readyz", "").status, 200);
  api.ledger().core().poison("a test");
  EXPECT_EQ(api.authz(token, kAudience), 503);
  EXPECT_EQ(api.as_admin("GET", "/v1/clients").status, 503) << "nobody can be authenticated";
  const auto issued = api.ask_token(client, kAudience);
  EXPECT_EQ(issued.status, 503);
  EXPECT_EQ(issued.text("error"), "server_error");
  EXPECT_TRUE(issued.has("Retry-After: ")) << issued.head;
  const auto ready = api.get("/readyz", "");
  EXPECT_EQ(ready.status, 503);
  EXPECT_EQ(ready.text("code"), "poisoned");
  EXPECT_EQ(api.get("/livez", "").status, 200);
}

TEST(ApiFailure, LowStorageRefusesNewTokensAndStillRevokes) {
  ApiUnderTest api;
  api.make_api(kAudience);
  const auto client = api.make_client();
  api.grant(client, kAudience);
  const auto token = api.new_token(client, kAudience);
  const auto jti = api.jti_of(token);
  auto& storage_low = api.ledger().core().storage_low;
  // Housekeeping, which knows better, may clear the flag between our two steps.
  Reply issued;
  for (int attempt = 0; attempt < 50 && issued.status != 503; ++attempt) {
    storage_low = true;
    issued = api.ask_token(client, kAudience);
  }
  EXPECT_EQ(issued.status, 503);
  EXPECT_EQ(issued.text("error"), "temporarily_unavailable");
  EXPECT_TRUE(issued.has("Retry-After: ")) << issued.head;
  storage_low = true;
  EXPECT_EQ(api.as_admin("POST", "/v1/tokens/" + jti + "/revoke").status, 200);
}

TEST(ApiFailure, INV7WithoutRoomForReadsTheAnswerIs503WithRetryAfter) {
  ApiUnderTest api{{.worker_count = 1, .worker_jobs_max = 0}};
  const auto reply = api.as_admin("GET", "/v1/tokens");
  EXPECT_EQ(reply.status, 503);
  EXPECT_EQ(reply.text("code"), "busy");
  EXPECT_TRUE(reply.has("Retry-After: ")) << reply.head;
  EXPECT_EQ(api.as_admin("GET", "/v1/clients").status, 200) << "registries need no worker";
}

// An assertion costs a signature to check, on the thread that reads; a worker is for callers who
// are known and whose answer lies on the disk.
TEST(ApiFailure, INV7IntrospectionTakesAWorkerForNobodyWhoHasNotSaidWhoItIs) {
  ApiUnderTest api{{.worker_count = 1, .worker_jobs_max = 0}};
  constexpr std::string_view kUnknown =
      "token=any&client_assertion=e30.e30.AA&client_assertion_type="
      "urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer";
  const auto reply = api.call("POST", "/oauth/introspect",
                              {.body = kUnknown, .type = "application/x-www-form-urlencoded"});
  EXPECT_EQ(reply.status, 401) << reply.body;
  EXPECT_EQ(reply.text("error"), "invalid_client");
}

// Once the answer of the revocation left the server, no request that begins later says good.
TEST(ApiFailure, Z06INV2NoConnectionSeesATokenGoodAfterItsRevocationWasAcknowledged) {
  ApiUnderTest api;
  api.make_api(kAudience);
  const auto client = api.make_client();
  api.grant(client, kAudience);
  constexpr int kRounds = 30;
  std::uint64_t checks = 0;
  for (int round = 0; round < kRounds; ++round) {
    const auto token = api.new_token(client, kAudience);
    const auto jti = api.jti_of(token);
    std::atomic<bool> is_revoked{false};
    std::atomic<bool> stop{false};
    std::atomic<std::uint64_t> stale{0};
    std::atomic<std::uint64_t> count{0};
    std::vector<std::thread> readers;
    for (int reader = 0; reader < 3; ++reader) {
      readers.emplace_back([&] {
        HttpTestClient connection{api.port()};
        while (!stop) {
          const bool must_fail = is_revoked;
          const auto reply = ApiUnderTest::on(connection, "GET", "/v1/authz?audience=" + kAudience,
                                              {.token = token});
          if (must_fail && reply.status != 401) ++stale;
          ++count;
        }
      });
    }
    EXPECT_EQ(api.as_admin("POST", "/v1/tokens/" + jti + "/revoke").status, 200);
    is_revoked = true;
    const auto seen = count.load();
    while (count < seen + 20) std::this_thread::yield();
    stop = true;
    for (auto& reader : readers) reader.join();
    EXPECT_EQ(stale, 0u);
    checks += count;
  }
  std::printf("%llu checks around %d revocations\n", static_cast<unsigned long long>(checks),
              kRounds);
}

TEST(ApiFailure, PipelinedTokenRequestsAreAllAnswered) {
  ApiUnderTest api;
  api.make_api(kAudience);
  const auto client = api.make_client();
  api.grant(client, kAudience);
  const auto before = api.ledger().stats().tokens_issued;
  HttpTestClient connection{api.port()};
  const std::string body = R"({"grant_type":"client_credentials","client_id":")" + client.id +
                           R"(","client_secret":")" + client.secret + R"(","audience":"urn:api"})";
  for (int count = 0; count < 10; ++count)
    connection.send(ApiUnderTest::request_text("POST", "/oauth/token", {.body = body}));
  int answered = 0;
  for (int count = 0; count < 10; ++count)
    if (connection.read().status == 200) ++answered;
  EXPECT_EQ(answered, 10) << "pipelined requests are answered in order";
  EXPECT_EQ(api.ledger().stats().tokens_issued, before + 10);
  api.close();
}

}  // namespace
}  // namespace tokenledger::test
