// Tokens of users under /v1: whose they are, what they stand on, where they come from, and how they
// are found.
#include <gtest/gtest.h>

#include "tests/api/user_grant_fixture.hpp"

namespace tokenledger::test {
namespace {

class UserTokenRows : public UserGrantTest {
 protected:
  static void SetUpTestSuite() {
    ApiTest::SetUpTestSuite();
    login_ = fresh("rita");
    user_ = make_user(login_);
    app_ = make_app(true);
    audience_ = make_offline_api();
    api().grant({app_.id, ""}, audience_);
  }
  static Reply sign_in(const Person& person, const Ask& ask = {}) {
    const auto reply = redeem(app_, make_code(person, app_, audience_, ask));
    EXPECT_EQ(reply.status, 200) << reply.body;
    return reply;
  }
  static std::string jti_of(const Reply& tokens) {
    return api().jti_of(tokens.text("access_token"));
  }
  static Reply row_of(const Reply& tokens) {
    return api().as_admin("GET", "/v1/tokens/" + jti_of(tokens));
  }
  static Reply list(const std::string& query, const std::string& token = api().admin()) {
    return api().get("/v1/tokens?" + query, token);
  }
  static ConsentNumber consent_of(const Person& person) {
    ConsentNumber number;
    api().ledger().people().with_people(
        [&](const People& people) { number = people.consents_of(person.number).front(); });
    return number;
  }
  static inline std::string login_;
  static inline Person user_;
  static inline App app_;
  static inline std::string audience_;
};

TEST_F(UserTokenRows, A31ARefreshedTokenNamesItsFamilyAndWhatItWasMadeFrom) {
  const auto first = sign_in(user_);
  const auto second = refresh(app_, first.text("refresh_token"));
  const auto third = refresh(app_, second.text("refresh_token"));
  ASSERT_EQ(third.status, 200) << third.body;
  const auto of_first = row_of(first);
  const auto family = std::to_string(of_first.number("family"));
  EXPECT_GT(of_first.number("family"), 0) << of_first.body;
  EXPECT_EQ(of_first.number("generation"), 1);
  EXPECT_TRUE(of_first.has(R"("parent":null)")) << "it came of a code" << of_first.body;
  EXPECT_EQ(row_of(second).number("generation"), 2);
  const auto of_third = row_of(third);
  EXPECT_EQ(of_third.number("generation"), 3);
  EXPECT_TRUE(of_third.has(R"("parent":{"family":)" + family + R"(,"generation":2})"))
      << of_third.body;

  // The log says the same to whoever has nothing else: the refresh, then its token, one after the
  // other.
  const auto from = std::to_string(of_third.number("seq") - 1);
  const auto events = api().as_admin("GET", "/v1/events?limit=2&from=" + from).body;
  const auto rotated = events.substr(0, events.find('\n'));
  const auto issued = events.substr(events.find('\n') + 1);
  EXPECT_NE(rotated.find(R"("kind":"refresh_rotated")"), std::string::npos) << rotated;
  EXPECT_NE(rotated.find(R"("family":)" + family + R"(,"generation":3)"), std::string::npos);
  EXPECT_NE(issued.find(R"("jti":")" + jti_of(third) + '"'), std::string::npos) << issued;
  EXPECT_NE(issued.find(R"("family":)" + family), std::string::npos) << issued;
}

TEST_F(UserTokenRows, A31ATokenWithoutARefreshTokenHasNoGeneration) {
  const auto online = sign_in(user_, {.identity = mask_of(IdentityScope::openid)});
  const auto row = row_of(online);
  EXPECT_TRUE(row.has(R"("family":null)")) << row.body;
  EXPECT_FALSE(row.has("generation")) << row.body;
  EXPECT_EQ(row.number("consent"), consent_of(user_).value());
  const auto machine = api().make_client();
  api().grant(machine, audience_);
  const auto token = api().new_token(machine, audience_);
  const auto own = api().as_admin("GET", "/v1/tokens/" + api().jti_of(token));
  EXPECT_TRUE(own.has(R"("consent":null,"family":null)")) << own.body;
  EXPECT_EQ(own.text("subject"), machine.id);
  EXPECT_FALSE(own.has("generation")) << own.body;
}

TEST_F(UserTokenRows, B09TheSubjectIsTheUserAndFindsTheirTokensAlone) {
  const auto login = fresh("sub");
  const auto person = make_user(login);
  const auto mine = jti_of(sign_in(person));
  (void)sign_in(user_);
  const auto found = list("subject=" + person.id);
  EXPECT_EQ(found.item_count(), 1u) << found.body;
  EXPECT_TRUE(found.has(R"("subject":")" + person.id + '"')) << found.body;
  EXPECT_TRUE(found.has(mine));
  EXPECT_EQ(found.number("total"), 1);
  EXPECT_EQ(list("subject=" + person.id + "&client_id=" + app_.id).item_count(), 1u);
  EXPECT_EQ(list("subject=" + person.id + "&client_id=nobody").item_count(), 0u);
  EXPECT_EQ(list("subject=usr_AAECAwQFBgcICQoLDA0ODw").item_count(), 0u);
  EXPECT_EQ(list("subject=" + app_.id).item_count(), 0u) << "none of them is the client's own";

  // Whose login it is, is for those to know who may see users.
  EXPECT_EQ(list("subject=" + login).item_count(), 1u);
  const auto blind = api().manager(R"(["tokens:read"])");
  EXPECT_EQ(list("subject=" + login, blind).item_count(), 0u);
  EXPECT_EQ(list("subject=" + person.id, blind).item_count(), 1u);
  const auto seeing = api().manager(R"(["tokens:read","users:read"])");
  EXPECT_EQ(list("subject=" + login, seeing).item_count(), 1u);

  // The id says nothing of the person, so it still finds what they had.
  ASSERT_EQ(api().as_admin("POST", "/v1/users/" + person.id + "/erase").status, 200);
  EXPECT_EQ(list("subject=" + login).item_count(), 0u);
  const auto after = list("subject=" + person.id);
  EXPECT_EQ(after.item_count(), 1u);
  EXPECT_TRUE(after.has(R"("status":"revoked")")) << after.body;
}

TEST_F(UserTokenRows, A12TheTokensOfAConsentAreListedAndEndWithIt) {
  const auto person = make_user(fresh("consenting"));
  const auto one = sign_in(person);
  const auto other = refresh(app_, one.text("refresh_token"));
  const auto number = std::to_string(consent_of(person).value());
  const auto listed = list("consent=" + number + "&subject=" + person.id);
  EXPECT_EQ(listed.item_count(), 2u) << listed.body;
  EXPECT_TRUE(listed.has(jti_of(one)));
  EXPECT_EQ(list("status=active&consent=" + number).item_count(), 2u);
  const auto shown = api().as_admin("GET", "/v1/consents/" + number);
  ASSERT_EQ(
      api()
          .as_admin("DELETE", "/v1/consents/" + number + "?granted_at=" + shown.text("granted_at"))
          .status,
      204);
  EXPECT_EQ(list("status=active&consent=" + number).item_count(), 0u);
  EXPECT_EQ(list("status=revoked&consent=" + number + "&subject=" + person.id).item_count(), 2u);
  EXPECT_TRUE(row_of(one).has("consent_withdrawn"));
  for (const char* wrong : {"", "0", "x", "-1", "67108865", "99999999999999999999", "1&consent=1"})
    EXPECT_EQ(list(std::string{"consent="} + wrong).status, 400) << wrong;
}

TEST_F(UserTokenRows, Z05WhereOnlyAdministratorsRevokeAClientCanNotGiveARefreshTokenBack) {
  const auto strict = make_offline_api(R"(,"revocable_by_admins_only":true)");
  api().grant({app_.id, ""}, strict);
  const auto tokens = redeem(app_, make_code(user_, app_, strict, {}));
  ASSERT_EQ(tokens.status, 200) << tokens.body;
  for (const char* kind : {"refresh_token", "access_token"}) {
    const auto reply = form("/oauth/revoke", credentials(app_) + "&token=" + tokens.text(kind));
    EXPECT_EQ(reply.status, 400) << kind;
    EXPECT_EQ(reply.text("error"), "unsupported_token_type") << kind;
  }
  EXPECT_EQ(api().authz(tokens.text("access_token"), strict), 200);
  EXPECT_EQ(refresh(app_, tokens.text("refresh_token")).status, 200);
}

}  // namespace
}  // namespace tokenledger::test
