// Signing in and out, and changing the password, through the pages (RFC 9700 §4.12, §4.15).
#include "core/password.hpp"
#include "core/user_id.hpp"
#include "tests/api/browser_fixture.hpp"

namespace tokenledger::test {
namespace {

class SignInTest : public PeopleTest {
 protected:
  static constexpr std::string_view kSessionCookie = "tl_session";
  static std::string session_of(const Browser& browser) {
    const auto found = browser.cookies.find(std::string{kSessionCookie});
    return found == browser.cookies.end() ? std::string{} : found->second;
  }
  // On the account page, signed in.
  static Reply enter(Browser& browser, const Person& person,
                     const std::string& password = kTestPassword) {
    const auto sent = browser.sign_in(browser.get("/oauth/account"), person.login, password);
    return sent.status == 303 ? browser.get(location(sent)) : sent;
  }
};

TEST_F(SignInTest, Row17TheBrowserIsSentOnWithASeeOtherAndANewCookie) {
  const auto person = make_person();
  Browser browser{api()};
  // One that somebody planted before the sign-in is worth nothing after it.
  const std::string planted(43, 'A');
  browser.cookies[std::string{kSessionCookie}] = planted;
  const auto page = browser.get("/oauth/account");
  EXPECT_TRUE(page.has("Sign in"));
  const auto sent = browser.sign_in(page, person.login, kTestPassword);
  EXPECT_EQ(sent.status, 303);
  EXPECT_EQ(location(sent), "/oauth/account");
  EXPECT_NE(session_of(browser), planted);
  EXPECT_EQ(session_of(browser).size(), 43u);
  const auto cookie = sent.head.substr(sent.head.find("tl_session="));
  EXPECT_TRUE(cookie.find("HttpOnly") < cookie.find("\r\n")) << sent.head;
  EXPECT_TRUE(cookie.find("SameSite=Lax") < cookie.find("\r\n")) << sent.head;
  EXPECT_TRUE(browser.get("/oauth/account").has("Your account"));
}

// One sentence for all, so that nobody learns which accounts exist.
TEST_F(SignInTest, UnknownWrongAndDisabledAccountsGetOneAnswer) {
  const auto person = make_person();
  const auto disabled = make_person();
  run(DisableUser{disabled.number, {}});
  const std::pair<std::string, std::string> kAttempts[] = {{person.login, "not the password"},
                                                           {"nobody-at-all", kTestPassword},
                                                           {disabled.login, kTestPassword},
                                                           {"", kTestPassword},
                                                           {person.login, ""}};
  for (const auto& [login, password] : kAttempts) {
    Browser browser{api()};
    const auto reply = enter(browser, {.login = login, .number = {}}, password);
    EXPECT_EQ(reply.status, 200) << login;
    EXPECT_TRUE(reply.has("The account name or the password is wrong.")) << login;
    EXPECT_EQ(session_of(browser), "") << login;
    EXPECT_EQ(reply.body.find(kTestPassword), std::string::npos);
  }
}

TEST_F(SignInTest, EnablingAUserBringsNoSessionBack_Z21) {
  const auto person = make_person();
  Browser browser{api()};
  EXPECT_TRUE(enter(browser, person).has("Your account"));
  run(DisableUser{person.number, {}});
  EXPECT_FALSE(browser.get("/oauth/account").has("Your account"));
  run(EnableUser{person.number});
  EXPECT_FALSE(browser.get("/oauth/account").has("Your account"));
  EXPECT_TRUE(enter(browser, person).has("Your account")) << "the password does";
}

TEST_F(SignInTest, AFormOfAnotherBrowserOrSiteSignsNobodyIn) {
  const auto person = make_person();
  Browser browser{api()};
  const auto page = browser.get("/oauth/account");
  const auto fields =
      with(form_of(page, "/oauth/sign-in"), {{"login", person.login}, {"password", kTestPassword}});
  EXPECT_EQ(Browser{api()}.post("/oauth/sign-in", fields).status, 403);
  EXPECT_EQ(browser.post("/oauth/sign-in", fields, "Origin: https://evil.example\r\n").status, 403);
  auto led_astray = with(fields, {{"request", "client_id=x&redirect_uri=https://evil.example"}});
  EXPECT_EQ(browser.post("/oauth/sign-in", led_astray).status, 403);
  EXPECT_EQ(browser.post("/oauth/sign-in", with(fields, {{"login", "x"}})).status, 400);
  const auto json = api().call("POST", "/oauth/sign-in", {.body = "{}"});
  EXPECT_EQ(json.status, 415);
  EXPECT_EQ(session_of(browser), "");
  EXPECT_EQ(browser.post("/oauth/sign-in", fields).status, 303);
}

TEST_F(SignInTest, TooManyGuessesAtOneAccountMustWait) {
  const auto person = make_person();
  for (int guess = 0; guess < 5; ++guess) {
    Browser browser{api()};
    EXPECT_EQ(enter(browser, person, "wrong guess").status, 200) << guess;
  }
  Browser browser{api()};
  const auto refused = enter(browser, person);
  EXPECT_EQ(refused.status, 429);
  EXPECT_NE(header_of(refused, "Retry-After"), "");
  EXPECT_EQ(session_of(browser), "");
}

TEST_F(SignInTest, SigningOutEndsTheSessionForWhoeverHasTheCookie) {
  const auto person = make_person();
  Browser browser{api()};
  const auto account = enter(browser, person);
  Browser copy{api()};
  copy.cookies = browser.cookies;
  const auto reply = browser.submit(account, "/oauth/sign-out", {});
  EXPECT_EQ(reply.status, 200);
  EXPECT_TRUE(reply.has("You are signed out."));
  EXPECT_EQ(session_of(browser), "");
  EXPECT_TRUE(copy.get("/oauth/account").has("Sign in"));
}

TEST_F(SignInTest, AnotherPasswordSignsOutEverywhereElse) {
  const auto person = make_person();
  Browser browser{api()};
  Browser elsewhere{api()};
  const auto account = enter(browser, person);
  EXPECT_TRUE(enter(elsewhere, person).has("Your account"));
  const auto change = [&](const std::string& current, const std::string& fresh,
                          const std::string& again) {
    return browser.submit(account, "/oauth/account/password",
                          {{"current", current}, {"new", fresh}, {"again", again}});
  };
  EXPECT_EQ(change("wrong guess", "a new password", "a new password").status, 403);
  EXPECT_EQ(change(kTestPassword, "a new password", "another one").status, 422);
  EXPECT_EQ(change(kTestPassword, "short", "short").status, 422);
  EXPECT_TRUE(elsewhere.get("/oauth/account").has("Your account"));
  const auto earlier = session_of(browser);
  const auto done = change(kTestPassword, "a new password", "a new password");
  EXPECT_EQ(done.status, 303) << done.body;
  EXPECT_NE(session_of(browser), earlier);
  EXPECT_TRUE(browser.get(location(done)).has("Your password is changed."));
  EXPECT_TRUE(elsewhere.get("/oauth/account").has("Sign in"));
  Browser later{api()};
  EXPECT_TRUE(enter(later, person).has("is wrong"));
  EXPECT_TRUE(enter(later, person, "a new password").has("Your account"));
}

TEST_F(SignInTest, AnAdministratorEndsTheSessionsOfOneUserAndNothingElse) {
  const auto stage = make_stage();
  const auto other = make_person();
  Browser browser{api()};
  Browser elsewhere{api()};
  Browser of_other{api()};
  EXPECT_NE(authorize(browser, stage, stage.usual()), "");
  EXPECT_TRUE(enter(elsewhere, stage.person).has("Your account"));
  EXPECT_TRUE(enter(of_other, other).has("Your account"));
  const auto id = [&](const Person& person) {
    return user_id_text(api().ledger().people().user(person.number)->record.id);
  };
  const auto before = api().ledger().committed();
  const auto end = "/v1/users/" + id(stage.person) + "/end-sessions";
  const auto ended = api().as_admin("POST", end);
  EXPECT_EQ(ended.status, 200) << ended.body;
  EXPECT_EQ(ended.number("sessions_ended"), 2) << ended.body;
  EXPECT_TRUE(browser.get("/oauth/account").has("Sign in"));
  EXPECT_TRUE(elsewhere.get("/oauth/account").has("Sign in"));
  EXPECT_TRUE(of_other.get("/oauth/account").has("Your account"));
  EXPECT_EQ(consents_of(stage.person.number).size(), 1u) << "what was allowed stays allowed";
  EXPECT_EQ(api().ledger().committed(), before) << "no event: sessions are memory";
  EXPECT_EQ(api().as_admin("POST", end).number("sessions_ended"), 0);
  EXPECT_EQ(api().as_admin("POST", "/v1/users/usr_AAECAwQFBgcICQoLDA0ODw/end-sessions").status,
            404);
  EXPECT_EQ(api().as_admin("POST", end, R"({"reason":"x"})").status, 400);
  EXPECT_TRUE(enter(browser, stage.person).has("Your account"));
}

TEST_F(SignInTest, ASessionEndsWhenItIsNotUsedOrOld) {
  const auto person = make_person();
  Browser browser{api()};
  EXPECT_TRUE(enter(browser, person).has("Your account"));
  api().clock().advance_s(3'601);
  EXPECT_TRUE(browser.get("/oauth/account").has("Sign in"));
}

}  // namespace
}  // namespace tokenledger::test
