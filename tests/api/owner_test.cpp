// POST /v1/owners/erase (INV-8): what lists, rows, events and their readers see afterwards.
#include "storage/ledger_core.hpp"
#include "tests/api/api_fixture.hpp"

namespace tokenledger {
namespace {

class OwnerTest : public test::ApiTest {
 protected:
  static test::Reply make(const std::string& owner, const std::string& more = "") {
    const auto reply =
        api().as_admin("POST", "/v1/tokens",
                       R"({"name":"n","audience":"urn:tokenledger:management","scopes":["check"],)"
                       R"("expires_in_days":1,"owner":")" +
                           owner + '"' + more + '}');
    EXPECT_EQ(reply.status, 201) << reply.body;
    return reply;
  }
  static test::Reply erase(const std::string& body, const std::string& headers = "",
                           std::string_view token = api().admin()) {
    return api().call("POST", "/v1/owners/erase",
                      {.token = token, .body = body, .headers = headers});
  }
  static std::string named(const std::string& owner) { return R"({"owner":")" + owner + R"("})"; }
  static std::string row(const std::string& jti) {
    return api().as_admin("GET", "/v1/tokens/" + jti).body;
  }
  static bool holds(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
  }
};

TEST_F(OwnerTest, INV8_AnErasedFieldIsShownAsErasedEverywhereAndTheTokenStaysGood) {
  const auto first = std::to_string(api().ledger().committed().value() + 1);
  const auto made = make("Olga Owner", R"(,"extra_fields":{"team":"Teamname"})");
  const auto other = make("Otto Other");
  EXPECT_TRUE(made.has(R"("erased_fields":[])")) << made.body;
  EXPECT_EQ(api().as_admin("GET", "/v1/tokens?owner=Olga%20Owner").item_count(), 1u);

  const auto erased = erase(R"({"owner":"Olga Owner","reason":"Asked for by letter"})");
  ASSERT_EQ(erased.status, 200) << erased.body;
  EXPECT_TRUE(erased.has("X-Ledger-Seq: " + std::to_string(erased.number("seq")))) << erased.head;
  EXPECT_NE(erased.text("erased_at"), "-");

  const std::string gone =
      R"("owner":null,"extra_fields":null,"erased_fields":["owner","extra_fields"])";
  const std::string shown = R"("owner":"Otto Other","extra_fields":null,"erased_fields":[])";
  EXPECT_TRUE(holds(row(made.text("jti")), gone)) << row(made.text("jti"));
  EXPECT_TRUE(holds(row(other.text("jti")), shown)) << row(other.text("jti"));
  const auto list = api().as_admin("GET", "/v1/tokens?q=n").body;
  EXPECT_TRUE(holds(list, gone)) << list;
  EXPECT_TRUE(holds(list, shown)) << list;
  EXPECT_EQ(api().as_admin("GET", "/v1/tokens?owner=Olga%20Owner").item_count(), 0u);
  EXPECT_EQ(api().check(made.text("token")).text("status"), "active");

  const auto path = "/v1/events?from=" + first;
  const auto events = api().as_admin("GET", path).body;
  EXPECT_TRUE(holds(events, gone)) << events;
  EXPECT_TRUE(holds(events, shown)) << events;
  EXPECT_TRUE(holds(events, R"("kind":"owner_erased")")) << events;
  EXPECT_TRUE(holds(events, R"("reason":"Asked for by letter")")) << events;
  for (const char* text : {"Olga", "Teamname"}) {
    EXPECT_FALSE(holds(events, text)) << text;
    EXPECT_FALSE(holds(list, text)) << text;
  }
  const auto little = api().get(path, api().manager(R"(["events:read"])")).body;
  EXPECT_TRUE(holds(little, R"("kind":"owner_erased")"));
  EXPECT_FALSE(holds(little, "by letter"));
  EXPECT_FALSE(holds(little, R"(["owner")"))
      << "who may not see it does not hear of it: " << little;
  EXPECT_EQ(erase(named("Olga Owner")).status, 404);
}

TEST_F(OwnerTest, A02_INV8_OnlyTheScopeErases) {
  const auto made = make("Scoped Owner");
  std::string others;
  for (const auto& scope : kManagementScopes) {
    if (scope.name != "owners:erase")
      others += (others.empty() ? "[\"" : ",\"") + std::string{scope.name} + '"';
  }
  const auto before = api().ledger().committed();
  const auto lacking = api().manager(others + "]");
  EXPECT_EQ(erase(named("Scoped Owner"), "", lacking).status, 403);
  EXPECT_TRUE(holds(row(made.text("jti")), "Scoped Owner"));
  EXPECT_EQ(api().ledger().committed(), before.next()) << "the manager's token alone";
  const auto holding = api().manager(R"(["owners:erase"])");
  EXPECT_EQ(erase(named("Scoped Owner"), "", holding).status, 200);
  EXPECT_FALSE(holds(row(made.text("jti")), "Scoped Owner"));
}

TEST_F(OwnerTest, RefusedRequestsEraseNothingAndEchoNoName) {
  const auto made = make("Stubborn Owner");
  const std::pair<std::string, int> rows[] = {
      {"{}", 400},
      {"[]", 400},
      {named(""), 400},
      {R"({"owner":7})", 400},
      {R"({"owner":null})", 400},
      {R"({"owner":"Stubborn Owner","dry_run":true})", 400},
      {R"({"owner":"Stubborn Owner","reason":7})", 400},
      {R"({"owner":"Stubborn Owner","reason":")" + std::string(4097, 'r') + R"("})", 400},
      {named(std::string(201, 'o')), 400},
      {named("stubborn owner"), 404},
      {named("Stubborn Owner "), 404},
  };
  const auto before = api().ledger().committed();
  const auto keys = api().ledger().core().key_store->size();
  for (const auto& [body, status] : rows) {
    const auto reply = erase(body);
    EXPECT_EQ(reply.status, status) << body << reply.body;
    EXPECT_TRUE(reply.has("application/problem+json")) << reply.head;
    EXPECT_FALSE(holds(reply.body, "tubborn")) << reply.body;
  }
  EXPECT_EQ(api().as_admin("POST", "/v1/owners/erase?owner=Stubborn%20Owner").status, 400);
  EXPECT_EQ(api().as_admin("GET", "/v1/owners/erase").status, 405);
  EXPECT_EQ(api().ledger().committed(), before) << "no event";
  EXPECT_EQ(api().ledger().core().key_store->size(), keys) << "no key of a reason";
  EXPECT_TRUE(holds(row(made.text("jti")), "Stubborn Owner"));
}

TEST_F(OwnerTest, ARepeatedIdempotencyKeyAnswersAsTheFirstTimeThoughTheNameIsGone) {
  make("Repeated Owner");
  const std::string key = "Idempotency-Key: erase-1\r\n";
  const auto first = erase(named("Repeated Owner"), key);
  ASSERT_EQ(first.status, 200) << first.body;
  const auto again = erase(named("Repeated Owner"), key);
  EXPECT_EQ(again.status, 200) << again.body;
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(erase(named("Somebody Else"), key).status, 422);
  const auto newer = make("Repeated Owner");
  EXPECT_EQ(erase(named("Repeated Owner"), key).body, first.body);
  EXPECT_TRUE(holds(row(newer.text("jti")), "Repeated Owner"));
}

TEST(OwnerLog, INV5_INV8_TheAccessLogHoldsNoOwner) {
  testing_support::TemporaryDirectory place;
  const auto path = place / "access.log";
  {
    test::ApiUnderTest api{{}, path};
    EXPECT_EQ(api.as_admin("POST", "/v1/tokens",
                           R"({"name":"n","audience":"urn:tokenledger:management",)"
                           R"("expires_in_days":1,"owner":"Logged Owner"})")
                  .status,
              201);
    EXPECT_EQ(api.as_admin("POST", "/v1/owners/erase", R"({"owner":"Logged Owner"})").status, 200);
    EXPECT_EQ(api.as_admin("POST", "/v1/owners/erase", R"({"owner":"Logged Owner"})").status, 404);
  }
  const auto log = testing_support::contents(path);
  EXPECT_NE(log.find("/v1/owners/erase"), std::string::npos) << log;
  EXPECT_EQ(log.find("Logged"), std::string::npos) << log;
}

}  // namespace
}  // namespace tokenledger
