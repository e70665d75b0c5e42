// Many callers with one code or one refresh token at the same time: one of them wins (RFC 6749
// §4.1.2, RFC 9700 §4.14). Rows refresh-token-04 and -05 of the negative cases.
#include <gtest/gtest.h>

#include <barrier>
#include <cstdio>
#include <map>
#include <set>
#include <thread>

#include "core/refresh_token.hpp"
#include "tests/api/user_grant_fixture.hpp"

namespace tokenledger::test {
namespace {

constexpr int kCallers = 64;

class OneWinner : public UserGrantTest {
 protected:
  static void SetUpTestSuite() {
    ApiTest::SetUpTestSuite();
    user_ = make_user(fresh("olga"));
    app_ = make_app(true);
  }
  static std::string make_granted_api(const std::string& more = "") {
    const auto audience = make_offline_api(more);
    api().grant({app_.id, ""}, audience);
    return audience;
  }
  // All at once, each on a connection of its own that is open already.
  static std::vector<Reply> all_at_once(const std::string& body) {
    std::vector<Reply> replies(kCallers);
    std::barrier ready{kCallers};
    std::vector<std::jthread> callers;
    for (auto& reply : replies) {
      callers.emplace_back([&body, &ready, &reply] {
        HttpTestClient connection{api().port()};
        ready.arrive_and_wait();
        reply = ApiUnderTest::on(connection, "POST", "/oauth/token",
                                 {.body = body, .type = "application/x-www-form-urlencoded"});
      });
    }
    callers.clear();  // joins
    return replies;
  }
  static std::map<int, int> count(const std::vector<Reply>& replies) {
    std::map<int, int> statuses;
    for (const auto& reply : replies) ++statuses[reply.status];
    return statuses;
  }
  static void print(const char* what, const std::vector<Reply>& replies, std::uint64_t events) {
    std::printf("%s: %d callers,", what, kCallers);
    for (const auto& [status, times] : count(replies)) std::printf(" %d x %d,", times, status);
    std::printf(" %llu events\n", static_cast<unsigned long long>(events));
  }
  static std::string refresh_body(const std::string& token) {
    return "grant_type=refresh_token&" + credentials(app_) + "&refresh_token=" + token;
  }
  static inline Person user_;
  static inline App app_;
};

TEST_F(OneWinner, OneCodeIsRedeemedOnceAndThenItsTokenIsDead) {
  const auto audience = make_granted_api();
  const auto code = make_code(user_, app_, audience, {});
  const auto before = committed().value();
  const auto replies =
      all_at_once("grant_type=authorization_code&" + credentials(app_) + "&code=" + code +
                  "&redirect_uri=" + std::string{kRedirect} + "&code_verifier=" + verifier());
  const auto events = committed().value() - before;
  print("one code", replies, events);
  EXPECT_EQ(count(replies), (std::map<int, int>{{200, 1}, {400, kCallers - 1}}));
  // CodeRedeemed, FamilyStarted, TokenIssued, and one CodeReused for all 63.
  EXPECT_EQ(events, 4u);
  for (const auto& reply : replies) {
    if (reply.status == 200) {
      EXPECT_EQ(api().authz(reply.text("access_token"), audience), 401);
      EXPECT_EQ(refresh(app_, reply.text("refresh_token")).text("error"), "invalid_grant");
    } else {
      EXPECT_EQ(reply.text("error"), "invalid_grant");
    }
  }
}

TEST_F(OneWinner, WithoutAGraceWindowOneRefreshWinsAndTheFamilyDies) {
  const auto audience = make_granted_api(R"(,"refresh_token_grace":0)");
  const auto first = redeem(app_, make_code(user_, app_, audience, {}));
  const auto before = committed().value();
  const auto replies = all_at_once(refresh_body(first.text("refresh_token")));
  const auto events = committed().value() - before;
  print("one refresh token, no grace window", replies, events);
  EXPECT_EQ(count(replies), (std::map<int, int>{{200, 1}, {400, kCallers - 1}}));
  EXPECT_EQ(events, 3u) << "RefreshRotated, TokenIssued, and one FamilyEnded";
  EXPECT_EQ(api().authz(first.text("access_token"), audience), 401);
  for (const auto& reply : replies) {
    if (reply.status != 200) continue;
    EXPECT_EQ(api().authz(reply.text("access_token"), audience), 401);
    EXPECT_EQ(refresh(app_, reply.text("refresh_token")).text("error"), "invalid_grant");
  }
}

TEST_F(OneWinner, WithinTheGraceWindowAllHearTheSameSuccessorAndThereIsOneGeneration) {
  const auto audience = make_granted_api(R"(,"refresh_token_grace":10)");
  const auto first = redeem(app_, make_code(user_, app_, audience, {}));
  const auto issued_before = api().ledger().stats().tokens_issued;
  const auto before = committed().value();
  const auto replies = all_at_once(refresh_body(first.text("refresh_token")));
  const auto events = committed().value() - before;
  print("one refresh token, grace window of 10 s", replies, events);
  EXPECT_EQ(count(replies), (std::map<int, int>{{200, kCallers}}));
  std::set<std::string> bodies;
  for (const auto& reply : replies) bodies.insert(reply.body);
  EXPECT_EQ(bodies.size(), 1u);
  EXPECT_EQ(events, 2u) << "RefreshRotated and TokenIssued: one generation";
  EXPECT_EQ(api().ledger().stats().tokens_issued, issued_before + 1);
  EXPECT_EQ(api().authz(first.text("access_token"), audience), 200) << "the family lives";
  const auto second = refresh(app_, replies.front().text("refresh_token"));
  EXPECT_EQ(second.status, 200) << second.body;
}

}  // namespace
}  // namespace tokenledger::test
