// The rules of the endpoints that need no server: plain functions over texts.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>

#include "api/client_authentication.hpp"
#include "api/denial.hpp"
#include "api/error_mapping.hpp"
#include "api/guard.hpp"
#include "api/metrics_text.hpp"
#include "api/token_request.hpp"
#include "api/worker_pool.hpp"
#include "core/base64url.hpp"

namespace tokenledger {
namespace {

struct BearerCase {
  const char* name;
  const char* header;
  Credentials want;
  const char* token = "";
};
constexpr BearerCase kBearerCases[] = {
    {"Absent", "", Credentials::none},
    {"Plain", "Bearer abc.DEF-1~+/==", Credentials::bearer, "abc.DEF-1~+/=="},
    {"SchemeIgnoresCase", "bEaReR abc", Credentials::bearer, "abc"},
    {"SeveralSpaces", "Bearer   abc", Credentials::bearer, "abc"},
    {"OtherScheme", "Basic abc", Credentials::none},
    {"LongerScheme", "BearerX abc", Credentials::none},
    {"ShorterScheme", "Beare abc", Credentials::none},
    {"NoToken", "Bearer", Credentials::malformed},
    {"OnlySpaces", "Bearer   ", Credentials::malformed},
    {"TwoTokens", "Bearer a b", Credentials::malformed},
    {"EqualsInside", "Bearer a=b", Credentials::malformed},
    {"OnlyEquals", "Bearer ==", Credentials::malformed},
    {"Quote", "Bearer a\"b", Credentials::malformed},
    {"Tab", "Bearer a\tb", Credentials::malformed},
    {"Comma", "Bearer a,b", Credentials::malformed},
};
TEST(ParseBearer, A01FollowsRfc6750) {
  for (const auto& row : kBearerCases) {
    const auto field = parse_bearer(row.header);
    EXPECT_EQ(field.kind, row.want) << row.name;
    EXPECT_EQ(field.token, row.token) << row.name;
  }
  std::printf("%zu rows\n", std::size(kBearerCases));
}

std::string basic(std::string_view pair) { return "Basic " + base64_encode(bytes_of(pair)); }

TEST(ParseBasic, ReadsBothWays) {
  const auto plain = parse_basic(basic("id:secret"));
  ASSERT_TRUE(plain.encoded.has_value());
  EXPECT_EQ(plain.encoded->client_id, "id");
  EXPECT_EQ(plain.encoded->secret, "secret");
  EXPECT_FALSE(plain.plain.has_value()) << "the readings agree";
  const auto both = parse_basic(basic("a+b:c%20d"));
  EXPECT_EQ(both.encoded->client_id, "a b");
  EXPECT_EQ(both.encoded->secret, "c d");
  EXPECT_EQ(both.plain->client_id, "a+b");
  const auto unencoded = parse_basic(basic("a:100%"));
  EXPECT_FALSE(unencoded.encoded.has_value());
  EXPECT_EQ(unencoded.plain->secret, "100%");
  EXPECT_EQ(parse_basic(basic("a:b:c")).encoded->secret, "b:c");
}

TEST(ParseBasic, RefusesWhatIsNotBasic) {
  EXPECT_FALSE(parse_basic("").is_basic);
  EXPECT_FALSE(parse_basic("Bearer abc").is_basic);
  for (const auto& broken : {std::string{"Basic "}, std::string{"Basic !!"}, basic("nocolon")}) {
    const auto field = parse_basic(broken);
    EXPECT_TRUE(field.is_basic);
    EXPECT_FALSE(field.encoded || field.plain) << broken;
  }
}

TEST(ParseScope, SplitsDropsRepeatsAndBounds) {
  EXPECT_EQ(parse_scope("read  write read ").names, (std::vector<std::string>{"read", "write"}));
  EXPECT_TRUE(parse_scope("").names.empty());
  EXPECT_TRUE(parse_scope("a\"b").fault.has_value());
  EXPECT_TRUE(parse_scope("a\tb").fault.has_value());
  std::string many;
  for (int count = 0; count < 65; ++count) many += 's' + std::to_string(count) + ' ';
  EXPECT_TRUE(parse_scope(many).fault.has_value()) << "65 scopes";
  EXPECT_TRUE(is_same_scope("a b", "b  a"));
  EXPECT_FALSE(is_same_scope("a b", "a"));
}

TEST(ErrorMapping, EveryErrcHasAStatusATextAndAnOauthError) {
  // RFC 6749 §4.1.2.1 and §5.2; unsupported_token_type from RFC 7009 §2.2.1, consent_required from
  // OpenID Connect Core §3.1.2.6.
  const std::set<std::string_view> oauth = {
      "invalid_request",  "invalid_client",        "invalid_grant",           "unauthorized_client",
      "invalid_scope",    "access_denied",         "temporarily_unavailable", "server_error",
      "consent_required", "unsupported_token_type"};
  int count = 0;
  for (int value = 1; errc_name(static_cast<Errc>(value)) != std::string_view{"unknown"}; ++value) {
    const auto code = static_cast<Errc>(value);
    const auto wording = error_wording(code);
    EXPECT_GE(wording.status, 400) << errc_name(code);
    EXPECT_LT(wording.status, 600) << errc_name(code);
    EXPECT_FALSE(wording.detail.empty()) << errc_name(code);
    EXPECT_TRUE(oauth.contains(wording.oauth_error)) << errc_name(code);
    const bool asks_to_wait = wording.status == 429 || wording.status == 503;
    EXPECT_TRUE(!asks_to_wait || wording.retry_after_s > 0) << errc_name(code);
    const auto answer = problem_of(code);
    EXPECT_EQ(answer.status, wording.status);
    EXPECT_NE(answer.body.find(errc_name(code)), std::string::npos);
    ++count;
  }
  EXPECT_GT(count, 50);
  std::printf("%d codes\n", count);
}

TEST(ErrorMapping, BackPressureSaysWhenToComeBack) {
  for (const auto code : {Errc::queue_full, Errc::storage_low, Errc::stale_policy}) {
    const auto answer = oauth_error_of(code);
    EXPECT_EQ(answer.status, 503);
    EXPECT_NE(answer.header_lines.find("Retry-After: "), std::string::npos);
    EXPECT_NE(answer.body.find("temporarily_unavailable"), std::string::npos);
  }
  const auto unknown = oauth_error_of(Errc::unknown_outcome);
  EXPECT_EQ(unknown.status, 503);
  EXPECT_NE(unknown.body.find("server_error"), std::string::npos);
  EXPECT_EQ(problem_of(Errc::unknown_outcome).status, 500) << "INV-6: never a success";
}

// A job that runs until it is let go.
class Held {
 public:
  WorkerPool::Job job() {
    return [this] {
      begun_.set_value();
      gate_.get_future().wait();
    };
  }
  void wait_until_begun() { begun_.get_future().wait(); }
  void let_go() { gate_.set_value(); }

 private:
  std::promise<void> begun_;
  std::promise<void> gate_;
};

TEST(WorkerPool, RefusesBeyondItsBoundAndSurvivesAJobsFailure) {
  WorkerPool pool{1, 2};
  Held held;
  ASSERT_TRUE(pool.post(held.job()));
  held.wait_until_begun();
  std::promise<void> done;
  EXPECT_TRUE(pool.post([&] { throw std::runtime_error{"one job's failure"}; }));
  EXPECT_TRUE(pool.post([&] { done.set_value(); }));
  EXPECT_FALSE(pool.post([] {})) << "INV-7: two are waiting";
  EXPECT_EQ(pool.counters().waiting, 2u);
  held.let_go();
  done.get_future().wait();
  EXPECT_EQ(pool.counters().refused, 1u);
  pool.stop();
  EXPECT_FALSE(pool.post([] {})) << "stopped";
}

TEST(WorkerPool, StopFinishesWhatBeganAndDropsWhatWaits) {
  WorkerPool pool{1, 10};
  Held held;
  ASSERT_TRUE(pool.post(held.job()));
  held.wait_until_begun();
  std::atomic<int> ran{0};
  const auto kept = std::make_shared<int>(0);
  for (int index = 0; index < 3; ++index) {
    ASSERT_TRUE(pool.post([&ran, kept] { ++ran; }));
    ASSERT_TRUE(pool.post([&ran, kept] { ++ran; }, JobLength::lengthy));
  }
  std::thread stopping{[&] { pool.stop(); }};
  while (kept.use_count() > 1) std::this_thread::yield();  // dropped while the first one runs
  held.let_go();
  stopping.join();
  EXPECT_EQ(ran, 0);
}

TEST(WorkerPool, LengthyJobsRunOneAtATimeAndBriefOnesPassThem) {
  WorkerPool pool{2, 100};
  Held held;
  ASSERT_TRUE(pool.post(held.job(), JobLength::lengthy));
  held.wait_until_begun();
  std::atomic<int> lengthy{0};
  std::atomic<int> at_once{0};
  std::atomic<int> at_once_max{0};
  for (std::size_t index = 0; index < kLengthyJobsMax; ++index) {
    ASSERT_TRUE(pool.post(
        [&] {
          at_once_max = std::max(at_once_max.load(), ++at_once);
          std::this_thread::yield();
          --at_once;
          ++lengthy;
        },
        JobLength::lengthy));
  }
  EXPECT_FALSE(pool.post([] {}, JobLength::lengthy)) << "INV-7: so many may wait";
  for (int index = 0; index < 20; ++index) {
    std::promise<void> brief;
    ASSERT_TRUE(pool.post([&] { brief.set_value(); }));
    brief.get_future().wait();  // would hang if the lengthy ones held both threads
  }
  EXPECT_EQ(lengthy, 0);
  held.let_go();
  while (lengthy < static_cast<int>(kLengthyJobsMax)) std::this_thread::yield();
  EXPECT_EQ(at_once_max, 1);
}

TEST(DenialReason, EveryOneHasAWordOfItsOwnAndAFailedCheckOneOfThem) {
  std::set<std::string_view> words;
  for (std::size_t reason = 1; reason < kDenialReasonCount; ++reason) {
    const auto word = denial_name(static_cast<DenialReason>(reason));
    EXPECT_TRUE(words.insert(word).second && !word.empty()) << reason;
  }
  EXPECT_EQ(denial_name(DenialReason::none), "");
  for (int failure = 1; failure <= static_cast<int>(CheckFailure::unavailable); ++failure)
    EXPECT_NE(denial_of(static_cast<CheckFailure>(failure)), DenialReason::none) << failure;
  EXPECT_EQ(denial_of(CheckFailure::none), DenialReason::none);
  EXPECT_EQ(problem_of(Errc::unauthorized_actor).denial, DenialReason::stale_actor);
  EXPECT_EQ(invalid_client().denial, DenialReason::client_authentication);
}

TEST(MetricsText, FollowsTheTextFormat) {
  std::string out;
  MetricsText text{out};
  text.counter("a_total", "Help", 7);
  text.seconds_counter("b_seconds_total", "Help", 1'000'000'002);
  text.family("c", "gauge", "Help");
  text.sample("c", "k", "v", 3);
  EXPECT_EQ(out,
            "# HELP a_total Help\n# TYPE a_total counter\na_total 7\n"
            "# HELP b_seconds_total Help\n# TYPE b_seconds_total counter\n"
            "b_seconds_total 1.000000002\n"
            "# HELP c Help\n# TYPE c gauge\nc{k=\"v\"} 3\n");
}

}  // namespace
}  // namespace tokenledger
