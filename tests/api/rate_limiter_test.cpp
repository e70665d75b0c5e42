// The limits on token requests: the algorithm, its bounds, and what clients are told.
#include "api/rate_limiter.hpp"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <thread>

#include "storage/ledger_core.hpp"
#include "tests/api/api_fixture.hpp"

namespace tokenledger::test {
namespace {

using namespace std::chrono_literals;
using Clock = RateLimiter::Clock;

const Clock::time_point kStart{1'000h};

TEST(RateLimiter, ABurstPassesAtOnceAndThenTheRateRules) {
  RateLimiter limiter{{.per_second = 10, .burst = 3}};
  for (int index = 0; index < 3; ++index) EXPECT_EQ(limiter.take(1, kStart), 0ns) << index;
  EXPECT_EQ(limiter.take(1, kStart), 100ms);
  EXPECT_EQ(limiter.take(1, kStart + 99ms), 1ms);
  EXPECT_EQ(limiter.take(1, kStart + 100ms), 0ns);
  EXPECT_EQ(limiter.take(1, kStart + 100ms), 100ms);
  EXPECT_EQ(limiter.take(2, kStart), 0ns) << "another key has its own share";
  for (int index = 0; index < 3; ++index) EXPECT_EQ(limiter.take(1, kStart + 1h), 0ns) << index;
  EXPECT_GT(limiter.take(1, kStart + 1h), 0ns) << "rest saves up one burst and no more";
}

// Over any stretch no more than burst + rate x time pass; and who always asks gets that much.
TEST(RateLimiter, NeverPassesMoreThanBurstPlusRateAtRandomTimes) {
  const unsigned seed = std::random_device{}();
  std::cout << "seed " << seed << "\n";
  std::mt19937 random{seed};
  RateLimiter limiter{{.per_second = 100, .burst = 20}};
  auto now = kStart;
  std::uint64_t passed = 0;
  for (int index = 0; index < 50'000; ++index) {
    now += std::chrono::microseconds{random() % 4'000};
    if (limiter.take(7, now) == 0ns) ++passed;
  }
  const auto seconds = std::chrono::duration<double>(now - kStart).count();
  EXPECT_LE(static_cast<double>(passed), 20 + 100 * seconds + 1);
  EXPECT_GE(static_cast<double>(passed), 100 * seconds * 0.98);
}

TEST(RateLimiter, INV7TheTableIsBoundedAndANewKeyIsRefusedWhileAllAreBusy) {
  RateLimiter limiter{{.per_second = 1, .burst = 5}};
  std::uint64_t refused = 0;
  for (std::uint64_t key = 0; key < 2 * RateLimiter::kKeysMax; ++key)
    if (limiter.take(key, kStart) != 0ns) ++refused;
  EXPECT_LE(limiter.size(), RateLimiter::kKeysMax);
  EXPECT_GE(refused, RateLimiter::kKeysMax) << "fail closed";
  EXPECT_EQ(limiter.take(0, kStart), 0ns) << "known keys go on";
  std::uint64_t later_refused = 0;
  for (std::uint64_t key = 1'000'000; key < 1'010'000; ++key)
    if (limiter.take(key, kStart + 1h) != 0ns) ++later_refused;
  EXPECT_EQ(later_refused, 0u) << "keys at rest make room";
  EXPECT_LE(limiter.size(), RateLimiter::kKeysMax);
}

TEST(RateLimiter, ZeroMeansNoLimit) {
  RateLimiter limiter{{.per_second = 0, .burst = 1}};
  for (int index = 0; index < 1'000; ++index) EXPECT_EQ(limiter.take(1, kStart), 0ns);
  EXPECT_EQ(limiter.size(), 0u);
}

TEST(RateKey, IsTheAddressOrItsNetworkOf64Bits) {
  EXPECT_EQ(rate_key("192.0.2.1"), rate_key("::ffff:192.0.2.1"));
  EXPECT_EQ(rate_key("2001:db8::1"), rate_key("2001:db8::ffff:1"));
  const std::set<std::uint64_t> different = {rate_key("192.0.2.1"), rate_key("192.0.2.2"),
                                             rate_key("2001:db8::1"), rate_key("2001:db8:0:1::1"),
                                             rate_key("")};
  EXPECT_EQ(different.size(), 5u);
}

const std::string kAudience = "urn:limited";

void expect_limited(const Reply& reply) {
  EXPECT_EQ(reply.status, 429) << reply.body;
  EXPECT_EQ(reply.text("error"), "temporarily_unavailable");
  EXPECT_TRUE(reply.has("Retry-After: ")) << reply.head;
}

TEST(TokenRequestLimit, AClientBeyondItsRateGets429AndOthersDoNot) {
  ApiUnderTest api{{.token_request_rates = {.per_client = {.per_second = 1, .burst = 3}}}};
  api.make_api(kAudience);
  const auto busy = api.make_client("busy");
  const auto other = api.make_client("other");
  api.grant(busy, kAudience);
  api.grant(other, kAudience);
  const auto before = api.ledger().committed();
  int issued = 0;
  Reply last;
  for (int index = 0; index < 50 && last.status != 429; ++index) {
    last = api.ask_token(busy, kAudience);
    if (last.status == 200) ++issued;
  }
  expect_limited(last);
  EXPECT_TRUE(last.has("Retry-After: 1\r\n")) << last.head;
  EXPECT_GE(issued, 3);
  EXPECT_EQ(api.ledger().committed().value() - before.value(), static_cast<std::uint64_t>(issued))
      << "a refused request writes nothing";
  EXPECT_EQ(api.ask_token(other, kAudience).status, 200);
  EXPECT_EQ(api.authz("x", kAudience), 401) << "checks are not limited";
}

TEST(TokenRequestLimit, INV7LiveTokensOfAClientAreBounded) {
  ApiUnderTest api;
  api.make_api(kAudience);
  const auto client = api.make_client("bounded");
  const auto other = api.make_client("other");
  api.grant(client, kAudience);
  api.grant(other, kAudience);
  const auto change = [&](std::string_view body) {
    return api.as_admin("PATCH", "/v1/clients/" + client.id, body);
  };
  EXPECT_EQ(change(R"({"live_tokens_max":0})").status, 400);
  EXPECT_EQ(change(R"({"live_tokens_max":16777217})").status, 400);
  EXPECT_TRUE(change(R"({"live_tokens_max":2})").has(R"("live_tokens_max":2)"));
  const auto first = api.ask_token(client, kAudience);
  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(api.ask_token(client, kAudience).status, 200);
  const auto jti = api.jti_of(first.text("access_token"));
  // A revoked one takes its place until it expires: else issuing and revoking would fill memory.
  EXPECT_EQ(api.as_admin("POST", "/v1/tokens/" + jti + "/revoke", "{}").status, 200);
  const auto before = api.ledger().committed();
  const auto used_indexes = [&] {
    std::uint64_t sum = 0;
    for (const auto& next : api.ledger().core().reserved) sum += next.load();
    return sum;
  };
  const auto used_before = used_indexes();
  const auto began = std::chrono::steady_clock::now();
  for (int index = 0; index < 50; ++index) expect_limited(api.ask_token(client, kAudience));
  const auto seconds = (std::chrono::steady_clock::now() - began) / std::chrono::seconds{1};
  EXPECT_EQ(api.ledger().committed(), before) << "a refused request writes nothing";
  EXPECT_LE(used_indexes() - used_before, static_cast<std::uint64_t>(seconds) + 1)
      << "nor does it use up the places of others";
  EXPECT_EQ(api.ask_token(other, kAudience).status, 200);
  EXPECT_TRUE(change(R"({"live_tokens_max":null})").has(R"("live_tokens_max":16777216)"));
  std::this_thread::sleep_for(kFullClientFor);
  EXPECT_EQ(api.ask_token(client, kAudience).status, 200);
}

const std::string kForm = "application/x-www-form-urlencoded";

// One bucket for all of them: an old secret is no better at another endpoint.
TEST(TokenRequestLimit,
     FailedAuthenticationsAreLimitedAtEveryEndpointAndTheRightSecretAlwaysPasses) {
  ApiUnderTest api{{.token_request_rates = {.failed_per_address = {.per_second = 1, .burst = 4}}}};
  api.make_api(kAudience);
  const auto client = api.make_client();
  api.grant(client, kAudience);
  const auto with_secret = [&](const std::string& path, const std::string& secret) {
    if (path == "/oauth/token") return api.ask_token({client.id, secret}, kAudience);
    return api.call(
        "POST", path,
        {.body = "token=x&client_id=" + client.id + "&client_secret=" + secret, .type = kForm});
  };
  const std::string paths[] = {"/oauth/token", "/oauth/introspect", "/oauth/revoke"};
  for (int index = 0; index < 10; ++index)
    for (const auto& path : paths) EXPECT_EQ(with_secret(path, client.secret).status, 200) << path;
  const auto began = std::chrono::steady_clock::now();
  int failures = 0;
  int limited = 0;
  for (int index = 0; index < 30; ++index) {
    const auto reply = with_secret(paths[index % 3], "wrong");
    if (reply.status == 401) {
      EXPECT_EQ(reply.text("error"), "invalid_client");
      ++failures;
    } else {
      expect_limited(reply);
      EXPECT_FALSE(reply.has("\r\nWWW-Authenticate: ")) << "429 says nothing of the credentials";
      ++limited;
    }
  }
  EXPECT_GE(failures, 4);
  const auto seconds = (std::chrono::steady_clock::now() - began) / std::chrono::seconds{1};
  EXPECT_LE(failures, 5 + seconds) << "a neighbour's patience is not the limit";
  for (const auto& path : paths) EXPECT_EQ(with_secret(path, client.secret).status, 200) << path;
  EXPECT_TRUE(api.as_admin("GET", "/metrics")
                  .has("tokenledger_token_requests_limited_total{by=\"failed_authentication\"} " +
                       std::to_string(limited) + "\n"));
}

// Anybody can say its name.
TEST(TokenRequestLimit, StrangersDoNotUseUpAPublicClientsShare) {
  ApiUnderTest api{{.token_request_rates = {.per_client = {.per_second = 1, .burst = 1}}}};
  const auto made = api.as_admin("POST", "/v1/clients",
                                 R"({"name":"Spa","token_endpoint_auth_method":"none",)"
                                 R"("grant_types":["authorization_code","refresh_token"],)"
                                 R"("redirect_uris":["https://spa.example/cb"]})");
  ASSERT_EQ(made.status, 201) << made.body;
  for (int count = 0; count < 5; ++count) {
    const auto reply = api.call(
        "POST", "/oauth/token",
        {.body = "grant_type=refresh_token&refresh_token=x&client_id=" + made.text("client_id"),
         .type = kForm});
    EXPECT_EQ(reply.status, 400) << reply.body;
    EXPECT_EQ(reply.text("error"), "invalid_grant");
  }
}

TEST(TokenRequestLimit, AnAddressBeyondItsRateGets429) {
  ApiUnderTest api{{.token_request_rates = {.per_address = {.per_second = 1, .burst = 2}}}};
  api.make_api(kAudience);
  const auto client = api.make_client();
  api.grant(client, kAudience);
  Reply last;
  for (int index = 0; index < 50 && last.status != 429; ++index)
    last = api.ask_token(client, kAudience);
  expect_limited(last);
}

}  // namespace
}  // namespace tokenledger::test
