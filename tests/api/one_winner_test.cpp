// Many callers with one code or one refresh token at the same time: one of them wins (issue 5).
#include <gtest/gtest.h>

#include <barrier>
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
  static std::string refresh_body(const std::string& token) {
    return "grant_type=refresh_token&" + credentials(app_) + "&refresh_token=" + token;
  }
  static inline Person user_;
  static inline App app_;
};

TEST_F(OneWinner, OneCodeIsRedeemedOnceAndThenItsTokenIsDead) {
  const auto audience = make_granted_api();
  const auto code = make_code(user_, app_, audience, {});
  const auto replies =
      all_at_once("grant_type=authorization_code&" + credentials(app_) + "&code=" + code +
                  "&redirect_uri=" + std::string{kRedirect} + "&code_verifier=" + verifier());
  EXPECT_EQ(count(replies), (std::map<int, int>{{200, 1}, {400, kCallers - 1}}));
  for (const auto& reply : replies) {
    if (reply.status == 200) {
      EXPECT_EQ(api().authz(reply.text("access_token"), audience), 401);
    } else {
      EXPECT_EQ(reply.text("error"), "invalid_grant");
    }
  }
}

TEST_F(OneWinner, WithoutAGraceWindowOneRefreshWinsAndTheFamilyDies) {
  const auto audience = make_granted_api(R"(,"refresh_token_grace":0)");
  const auto first = redeem(app_, make_code(user_, app_, audience, {}));
  const auto replies = all_at_once(refresh_body(first.text("refresh_token")));
  EXPECT_EQ(count(replies), (std::map<int, int>{{200, 1}, {400, kCallers - 1}}));
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
  const auto before = api().ledger().stats().tokens_issued;
  const auto replies = all_at_once(refresh_body(first.text("refresh_token")));
  EXPECT_EQ(count(replies), (std::map<int, int>{{200, kCallers}}));
  std::set<std::string> bodies;
  for (const auto& reply : replies) bodies.insert(reply.body);
  EXPECT_EQ(bodies.size(), 1u);
  EXPECT_EQ(api().ledger().stats().tokens_issued, before + 1);
  const auto second = refresh(app_, replies.front().text("refresh_token"));
  EXPECT_EQ(second.status, 200) << second.body;
}

}  // namespace
}  // namespace tokenledger::test
