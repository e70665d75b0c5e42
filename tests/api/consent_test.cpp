// What users allow, through the pages: rows A07 and A09-A12.
#include "tests/api/browser_fixture.hpp"

namespace tokenledger::test {
namespace {

class ConsentTest : public PeopleTest {
 protected:
  static bool is_answer(const Reply& reply) {
    return (reply.status == 302 || reply.status == 303) &&
           parameter(location(reply), "code").starts_with("tlc_");
  }
};

TEST_F(ConsentTest, A07TheGrantIsAnEventOfTheUser) {
  const auto stage = make_stage();
  Browser browser{api()};
  const auto page = browser.get(sign_in(browser, stage, stage.usual()));
  EXPECT_TRUE(consents_of(stage.person.number).empty());
  const auto before = api().ledger().committed();
  EXPECT_TRUE(is_answer(browser.allow(page)));
  std::vector<Event> events;
  std::atomic<bool> is_done{false};
  const auto reader =
      api().ledger().subscribe(Sequence{before.value() + 1}, [&](const Event& event) {
        events.push_back(event);
        if (events.size() < 2) return true;
        is_done = true;
        is_done.notify_all();
        return false;
      });
  is_done.wait(false);
  const auto* granted = std::get_if<ConsentGranted>(&events[0].payload);
  ASSERT_NE(granted, nullptr);
  EXPECT_EQ(granted->user, stage.person.number);
  EXPECT_EQ(granted->scope_mask, 1u);
  EXPECT_EQ(events[0].actor.kind, ActorKind::user);
  EXPECT_EQ(events[0].actor.user, stage.person.number);
  EXPECT_NE(std::get_if<CodeIssued>(&events[1].payload), nullptr);
}

TEST_F(ConsentTest, A09ThePageListsExactlyTheRequestedScopes) {
  const auto stage = make_stage();
  Browser browser{api()};
  const auto page =
      browser.get(sign_in(browser, stage, stage.usual_with("scope", "read write openid")));
  EXPECT_TRUE(page.has("See your events"));
  EXPECT_TRUE(page.has("Change your events"));
  EXPECT_TRUE(page.has("Know that it is you"));
  EXPECT_FALSE(page.has("share"));
  EXPECT_FALSE(page.has("See your name"));
  EXPECT_TRUE(page.has("Calendar API"));
  EXPECT_TRUE(page.has("Ada Lovelace"));
  EXPECT_TRUE(page.has("app.example"));
  EXPECT_TRUE(is_answer(browser.allow(page)));
  const auto consents = consents_of(stage.person.number);
  ASSERT_EQ(consents.size(), 1u);
  EXPECT_EQ(consents[0].scope_mask, 3u);
  EXPECT_EQ(consents[0].identity_mask, 1u);
}

TEST_F(ConsentTest, A10TheSecondVisitAndEverySubsetAreAnsweredWithoutAPage) {
  const auto stage = make_stage();
  Browser browser{api()};
  EXPECT_NE(authorize(browser, stage, stage.usual_with("scope", "read write")), "");
  for (const auto* scope : {"read write", "write read", "read", "write"})
    EXPECT_TRUE(is_answer(browser.get(address(stage.usual_with("scope", scope))))) << scope;
  // Another browser of the same user asks for the password, and for nothing else.
  Browser other{api()};
  EXPECT_TRUE(is_answer(other.get(sign_in(other, stage, stage.usual()))));
}

TEST_F(ConsentTest, A11MoreScopesAskForTheAdditionalOnesOnly) {
  const auto stage = make_stage();
  Browser browser{api()};
  EXPECT_NE(authorize(browser, stage, stage.usual()), "");
  const auto page = browser.get(address(stage.usual_with("scope", "read write")));
  EXPECT_EQ(page.status, 200);
  EXPECT_TRUE(page.has("Change your events"));
  EXPECT_FALSE(page.has("See your events"));
  EXPECT_TRUE(is_answer(browser.allow(page)));
  const auto consents = consents_of(stage.person.number);
  ASSERT_EQ(consents.size(), 1u);
  EXPECT_EQ(consents[0].scope_mask, 3u);
}

TEST_F(ConsentTest, PromptConsentAsksForEverythingOnceMore) {
  const auto stage = make_stage();
  Browser browser{api()};
  EXPECT_NE(authorize(browser, stage, stage.usual()), "");
  const auto page = browser.get(address(with(stage.usual(), {{"prompt", "consent"}})));
  EXPECT_TRUE(page.has("See your events"));
  EXPECT_TRUE(is_answer(browser.allow(page)));
}

TEST_F(ConsentTest, A12APreconfiguredConsentNeedsNoPageUntilItOrTheMembershipEnds) {
  const auto stage = make_stage();
  const auto group = make_group({stage.person});
  std::uint32_t client = 0;
  std::uint32_t calendar = 0;
  api().ledger().with_registries([&](const Registries& registries) {
    client = registries.find_client(stage.client)->number.value();
    calendar = registries.find_api(stage.audience)->number.value();
  });
  run(PreconfigureConsent{group, ClientNumber{client}, ApiNumber{calendar}, 1, 0});
  Browser browser{api()};
  EXPECT_TRUE(is_answer(browser.get(sign_in(browser, stage, stage.usual()))));
  EXPECT_TRUE(consents_of(stage.person.number).empty());
  // It covers nothing but what it names; and nobody else.
  const auto more = browser.get(address(stage.usual_with("scope", "read write")));
  EXPECT_TRUE(more.has("See your events"));
  auto outsider = stage;
  outsider.person = make_person("Charles");
  Browser other{api()};
  EXPECT_TRUE(other.get(sign_in(other, outsider, outsider.usual())).has("See your events"));
  run(SetUserGroups{stage.person.number, {}, {}});
  EXPECT_TRUE(browser.get(address(stage.usual())).has("See your events"));
  run(SetUserGroups{stage.person.number, {group}, {}});
  EXPECT_TRUE(is_answer(browser.get(address(stage.usual()))));
  run(WithdrawConsents{{seen_of_groups(ClientNumber{client}, ApiNumber{calendar})}, {}});
  EXPECT_TRUE(browser.get(address(stage.usual())).has("See your events"));
}

TEST_F(ConsentTest, Row12WhoDeniesSendsAccessDeniedAndAllowsNothing) {
  const auto stage = make_stage();
  Browser browser{api()};
  const auto page = browser.get(sign_in(browser, stage, stage.usual()));
  const auto reply = browser.deny(page);
  EXPECT_EQ(reply.status, 303);
  EXPECT_EQ(parameter(location(reply), "error"), "access_denied");
  EXPECT_EQ(parameter(location(reply), "state"), "xyz");
  EXPECT_EQ(parameter(location(reply), "iss"), api().ledger().issuer());
  EXPECT_TRUE(consents_of(stage.person.number).empty());
}

TEST_F(ConsentTest, AFormThatIsNotOfThisBrowserRequestOrPageIsRefused) {
  const auto stage = make_stage();
  Browser browser{api()};
  const auto page = browser.get(sign_in(browser, stage, stage.usual()));
  const auto fields = with(form_of(page, "/oauth/consent"), {{"decision", "allow"}});
  // More scopes than the page listed.
  auto wider = fields;
  for (auto& [name, value] : wider)
    if (name == "request") value.replace(value.find("scope=read"), 10, "scope=read%20write");
  EXPECT_EQ(browser.post("/oauth/consent", wider).status, 403);
  auto without_token = fields;
  std::erase_if(without_token, [](const auto& field) { return field.first == "token"; });
  EXPECT_EQ(browser.post("/oauth/consent", without_token).status, 403);
  // Another user's browser, another site's page.
  Browser thief{api()};
  auto other = stage;
  other.person = make_person("Mallory");
  EXPECT_NE(sign_in(thief, other, other.usual()), "");
  EXPECT_EQ(thief.post("/oauth/consent", fields).status, 403);
  EXPECT_EQ(Browser{api()}.post("/oauth/consent", fields).status, 403);
  EXPECT_EQ(browser.post("/oauth/consent", fields, "Origin: https://evil.example\r\n").status, 403);
  EXPECT_EQ(browser.post("/oauth/consent", fields, "Origin: null\r\n").status, 403);
  EXPECT_EQ(browser.post("/oauth/consent", fields, "Sec-Fetch-Site: cross-site\r\n").status, 403);
  EXPECT_TRUE(consents_of(stage.person.number).empty());
  EXPECT_TRUE(consents_of(other.person.number).empty());
  EXPECT_TRUE(is_answer(browser.post("/oauth/consent", fields)));
}

// Pressed twice, or in two tabs: one consent, and a code each.
TEST_F(ConsentTest, AFormThatComesTwiceAllowsOnce) {
  const auto stage = make_stage();
  Browser browser{api()};
  const auto page = browser.get(sign_in(browser, stage, stage.usual()));
  EXPECT_TRUE(is_answer(browser.allow(page)));
  EXPECT_TRUE(is_answer(browser.allow(page)));
  EXPECT_EQ(consents_of(stage.person.number).size(), 1u);
}

// The page said "more": what was allowed before has been withdrawn since, and was not on it.
TEST_F(ConsentTest, OnlyWhatThePageShowedIsAllowedByItsForm) {
  const auto stage = make_stage();
  Browser browser{api()};
  EXPECT_NE(authorize(browser, stage, stage.usual()), "");
  const auto page = browser.get(address(stage.usual_with("scope", "read write")));
  const auto account = browser.get("/oauth/account");
  EXPECT_EQ(browser.submit(account, "/oauth/account/withdraw", {}).status, 303);
  const auto again = browser.allow(page);
  EXPECT_EQ(again.status, 200) << location(again);
  EXPECT_TRUE(again.has("See your events"));
  EXPECT_TRUE(again.has("Change your events"));
  EXPECT_TRUE(consents_of(stage.person.number).empty());
}

TEST_F(ConsentTest, OfflineAccessIsAskedForOnlyWhereARefreshTokenMayCome) {
  for (const bool allows_offline : {false, true}) {
    const auto stage = make_stage(usual_client(), allows_offline);
    Browser browser{api()};
    const auto page =
        browser.get(sign_in(browser, stage, stage.usual_with("scope", "read offline_access")));
    EXPECT_EQ(page.has("Keep access while you are away"), allows_offline);
  }
}

TEST_F(ConsentTest, WithoutAnApiTheClientAsksWhoTheUserIs) {
  auto stage = make_stage();
  auto fields = stage.usual_with("audience", "");
  for (auto& [name, value] : fields)
    if (name == "scope") value = "openid profile";
  Browser browser{api()};
  const auto page = browser.get(sign_in(browser, stage, fields));
  EXPECT_TRUE(page.has("Know that it is you"));
  EXPECT_TRUE(page.has("See your name"));
  EXPECT_TRUE(is_answer(browser.allow(page)));
}

TEST_F(ConsentTest, A09TheApiIsNamedAlsoWhereNoneOfItsScopesIsAskedFor) {
  const auto stage = make_stage();
  Browser browser{api()};
  const auto page = browser.get(sign_in(browser, stage, stage.usual_with("scope", "openid")));
  EXPECT_TRUE(page.has("Calendar API")) << page.body;
  EXPECT_TRUE(page.has("without any of its scopes"));
  EXPECT_TRUE(page.has("Know that it is you"));
  EXPECT_TRUE(is_answer(browser.allow(page)));
}

TEST_F(ConsentTest, TheAccountPageShowsWhatIsAllowedAndTakesItBack) {
  const auto stage = make_stage();
  Browser browser{api()};
  EXPECT_NE(authorize(browser, stage, stage.usual()), "");
  auto account = browser.get("/oauth/account");
  EXPECT_EQ(account.status, 200);
  EXPECT_TRUE(account.has("Calendar API"));
  const auto reply = browser.submit(account, "/oauth/account/withdraw", {});
  EXPECT_EQ(reply.status, 303);
  EXPECT_TRUE(browser.get(location(reply)).has("Withdrawn."));
  EXPECT_TRUE(consents_of(stage.person.number).empty());
  EXPECT_TRUE(browser.get(address(stage.usual())).has("See your events"));
}

TEST_F(ConsentTest, NobodyWithdrawsWhatAnotherUserAllowed) {
  const auto stage = make_stage();
  Browser browser{api()};
  EXPECT_NE(authorize(browser, stage, stage.usual()), "");
  const auto foreign = form_of(browser.get("/oauth/account"), "/oauth/account/withdraw");
  auto other = stage;
  other.person = make_person("Mallory");
  Browser thief{api()};
  EXPECT_NE(authorize(thief, other, other.usual()), "");
  auto fields = form_of(thief.get("/oauth/account"), "/oauth/account/withdraw");
  for (auto& [name, value] : fields)
    if (name == "consent") value = foreign.back().second;
  EXPECT_EQ(thief.post("/oauth/account/withdraw", fields).status, 303);
  EXPECT_EQ(consents_of(stage.person.number).size(), 1u);
  EXPECT_EQ(consents_of(other.person.number).size(), 1u);
}

}  // namespace
}  // namespace tokenledger::test
