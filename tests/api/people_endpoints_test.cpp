// /v1/users, /v1/groups, /v1/consents over HTTP: what an administrator does with people.
#include <thread>

#include "core/user_id.hpp"
#include "storage/ledger_core.hpp"
#include "storage/ledger_people.hpp"
#include "tests/api/api_fixture.hpp"

namespace tokenledger {
namespace {

class PeopleTest : public test::ApiTest {
 protected:
  static std::string add(const std::string& login, const std::string& more = "") {
    const auto reply =
        api().as_admin("POST", "/v1/users", R"({"login":")" + login + '"' + more + '}');
    EXPECT_EQ(reply.status, 201) << reply.body;
    return reply.text("user_id");
  }
  static std::string path(const std::string& id, const std::string& end = "") {
    return "/v1/users/" + id + end;
  }
  static test::Reply get(const std::string& at) { return api().as_admin("GET", at); }
  static test::Reply post(const std::string& at, const std::string& body = "") {
    return api().as_admin("POST", at, body);
  }
  static void add_group(const std::string& name) {
    ASSERT_EQ(post("/v1/groups", R"({"name":")" + name + R"("})").status, 201);
  }
  static void set_groups(const std::string& id, const std::string& names, int status = 200) {
    const auto reply = api().as_admin("PUT", path(id, "/groups"), R"({"groups":)" + names + '}');
    EXPECT_EQ(reply.status, status) << reply.body;
  }
  // A client that may ask users, with a grant for an API; the names of both.
  static std::pair<std::string, std::string> add_client() {
    const auto audience = fresh("urn:people:");
    api().make_api(audience);
    const auto made = post("/v1/clients", R"({"name":"c","grant_types":["authorization_code"],)"
                                          R"("redirect_uris":["https://app.example/cb"]})");
    EXPECT_EQ(made.status, 201) << made.body;
    const test::ApiUnderTest::Client client{made.text("client_id"), ""};
    api().grant(client, audience);
    return {client.id, audience};
  }
  static std::string pre_consent(const std::string& group, const std::string& client,
                                 const std::string& audience, const std::string& scopes) {
    return R"({"group":")" + group + R"(","client_id":")" + client + R"(","audience":")" +
           audience + R"(","scopes":)" + scopes + R"(,"identity_scopes":["openid"]})";
  }
};

TEST_F(PeopleTest, AUserIsRegisteredShownChangedDisabledAndEnabled) {
  const auto login = fresh("ada");
  const auto id = add(login, R"(,"display_name":"Ada King")");
  EXPECT_TRUE(id.starts_with("usr_"));
  const auto shown = get(path(id));
  EXPECT_EQ(shown.status, 200);
  EXPECT_EQ(shown.text("login"), login);
  EXPECT_EQ(shown.text("display_name"), "Ada King");
  EXPECT_EQ(shown.text("status"), "enabled");
  EXPECT_TRUE(shown.has(R"("groups":[],"has_password":false)")) << shown.body;

  const auto renamed = fresh("countess");
  const auto changed =
      api().as_admin("PATCH", path(id), R"({"login":")" + renamed + R"(","display_name":null})");
  EXPECT_EQ(changed.status, 200) << changed.body;
  EXPECT_TRUE(changed.has("X-Ledger-Seq: ")) << changed.head;
  EXPECT_EQ(changed.text("login"), renamed);
  EXPECT_TRUE(changed.has(R"("display_name":null)")) << changed.body;
  EXPECT_EQ(get("/v1/users?login=" + login).item_count(), 0u);
  EXPECT_EQ(get("/v1/users?login=" + renamed).item_count(), 1u);

  EXPECT_EQ(post(path(id, "/disable"), R"({"reason":"left"})").text("status"), "disabled");
  EXPECT_EQ(post(path(id, "/disable")).status, 409);
  EXPECT_EQ(get("/v1/users?status=disabled&login=" + renamed).item_count(), 1u);
  EXPECT_EQ(get("/v1/users?status=enabled&login=" + renamed).item_count(), 0u);
  EXPECT_EQ(post(path(id, "/enable")).text("status"), "enabled");
}

TEST_F(PeopleTest, INV5_APasswordIsSetAndShownNowhere) {
  const auto login = fresh("pass");
  const auto id = add(login);
  const auto reply = post(path(id, "/password"), R"({"password":"correct horse battery"})");
  EXPECT_EQ(reply.status, 200) << reply.body;
  EXPECT_TRUE(reply.has(R"("has_password":true)"));
  EXPECT_TRUE(api().ledger().people().sign_in(login, "correct horse battery"));
  EXPECT_FALSE(api().ledger().people().sign_in(login, "correct horse"));
  const auto events = get("/v1/events?from=1&limit=1000").body;
  EXPECT_NE(events.find("user_password_set"), std::string::npos);
  EXPECT_EQ(events.find("correct horse"), std::string::npos);
  EXPECT_EQ(events.find("argon2"), std::string::npos);
  for (const char* body : {"{}", R"({"password":"short"})", R"({"password":7})",
                           R"({"password":"long enough","x":1})"})
    EXPECT_EQ(post(path(id, "/password"), body).status, 400) << body;
  const auto too_long = R"({"password":")" + std::string(1025, 'x') + R"("})";
  EXPECT_EQ(post(path(id, "/password"), too_long).status, 400);
  EXPECT_EQ(
      post("/v1/users/usr_AAECAwQFBgcICQoLDA0ODw/password", R"({"password":"long enough"})").status,
      404);
}

TEST_F(PeopleTest, HostileLoginsAndNamesAreRefusedAndNotEchoed) {
  const auto before = api().ledger().committed();
  const auto keys = api().ledger().core().key_store->size();
  const std::string rows[] = {
      R"({"login":""})",
      R"({"login":" ada"})",
      R"({"login":"ada\u0000"})",
      R"({"login":"ada\nroot"})",
      R"({"login":"\u202eada"})",
      R"({"login":"a\u200bda"})",
      R"({"login":"\ud800"})",
      R"({"login":7})",
      R"({"login":null})",
      R"({"login":["ada"]})",
      R"({"login":")" + std::string(201, 'a') + R"("})",
      R"({"login":"ada","display_name":"a\u202eb"})",
      R"({"login":"ada","display_name":")" + std::string(201, 'a') + R"("})",
      R"({"login":"ada","password":"correct horse"})",
      R"({"login":"ada","login":"eve"})",
      R"({"display_name":"Ada"})",
      "[]",
  };
  for (const auto& body : rows) {
    const auto reply = post("/v1/users", body);
    EXPECT_EQ(reply.status, 400) << body << reply.body;
    EXPECT_FALSE(reply.has("ada")) << reply.body;
  }
  EXPECT_EQ(api().ledger().committed(), before) << "no event";
  EXPECT_EQ(api().ledger().core().key_store->size(), keys) << "no key";
  for (const char* id : {"x", "usr_", "usr_AAAA", "usr_AAAAAAAAAAAAAAAAAAAAAA", "1", "..%2f"})
    EXPECT_EQ(get(path(id)).status, 404) << id;
}

TEST_F(PeopleTest, ALoginIsGivenOnceAlsoUnderConcurrency) {
  const auto login = fresh("Race");
  std::atomic<int> made{0}, refused{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      const auto status = post("/v1/users", R"({"login":")" + login + R"("})").status;
      if (status == 201) ++made;
      if (status == 409) ++refused;
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(made, 1);
  EXPECT_EQ(refused, 7);
  EXPECT_EQ(get("/v1/users?login=" + login).item_count(), 1u);
}

TEST_F(PeopleTest, ARepeatedRegistrationAnswersWithTheFirstUser) {
  const auto body = R"({"login":")" + fresh("again") + R"("})";
  const auto ask = [&](const std::string& key) {
    return api().call(
        "POST", "/v1/users",
        {.token = api().admin(), .body = body, .headers = "Idempotency-Key: " + key + "\r\n"});
  };
  const auto first = ask("people-1");
  ASSERT_EQ(first.status, 201) << first.body;
  const auto again = ask("people-1");
  EXPECT_EQ(again.status, 201) << again.body;
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(ask("people-2").status, 409);
}

TEST_F(PeopleTest, PagesOfUsersAreStableAndHoldEachOnce) {
  const auto group = fresh("paged");
  add_group(group);
  std::vector<std::string> ids;
  for (int i = 0; i < 7; ++i) {
    ids.push_back(add(fresh("page")));
    set_groups(ids.back(), "[\"" + group + "\"]");
  }
  std::vector<std::string> seen;
  std::string cursor;
  for (int page = 0; page < 10; ++page) {
    const auto query = "/v1/users?limit=3&group=" + group;
    const auto reply = get(cursor.empty() ? query : query + "&cursor=" + cursor);
    ASSERT_EQ(reply.status, 200) << reply.body;
    EXPECT_LE(reply.item_count(), 3u);
    for (const auto& id : ids)
      if (reply.has(id)) seen.push_back(id);
    cursor = reply.text("next_cursor");
    if (cursor == "-") break;
  }
  EXPECT_EQ(seen, ids);
  EXPECT_EQ(get("/v1/users?status=erased").status, 400);
  EXPECT_EQ(get("/v1/users?color=red").status, 400);
}

TEST_F(PeopleTest, GroupsAreMadeFilledAndDeleted) {
  const auto group = fresh("staff");
  add_group(group);
  EXPECT_EQ(post("/v1/groups", R"({"name":")" + group + R"("})").status, 409);
  EXPECT_EQ(get("/v1/groups/" + group).text("name"), group);
  const auto id = add(fresh("member"));
  set_groups(id, "[\"" + group + "\"]");
  EXPECT_TRUE(get(path(id)).has(R"("groups":[")" + group + R"("])"));
  set_groups(id, R"(["nobody-made-this"])", 404);
  set_groups(id, "[\"" + group + "\",\"" + group + "\"]", 400);
  set_groups(id, "{}", 400);
  EXPECT_EQ(api().as_admin("DELETE", "/v1/groups/" + group).status, 204);
  EXPECT_TRUE(get(path(id)).has(R"("groups":[])")) << "a deleted group has no members";
  EXPECT_EQ(get("/v1/groups/" + group).status, 404);
  EXPECT_EQ(api().as_admin("DELETE", "/v1/groups/" + group).status, 404);
}

TEST_F(PeopleTest, A12AnAdministratorConsentsInAdvanceForAGroupAndWithdraws) {
  const auto group = fresh("buyers");
  add_group(group);
  const auto [client, audience] = add_client();
  const auto made = post("/v1/pre-consents", pre_consent(group, client, audience, R"(["read"])"));
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_TRUE(made.has(R"("user_id":null,"group":")" + group + '"')) << made.body;
  EXPECT_TRUE(made.has(R"("scopes":["read"],"identity_scopes":["openid"])")) << made.body;
  EXPECT_EQ(post("/v1/pre-consents", pre_consent(group, client, audience, R"(["write"])")).status,
            409);
  EXPECT_EQ(get("/v1/pre-consents?group=" + group).item_count(), 1u);
  EXPECT_EQ(get("/v1/consents?client_id=" + client + "&audience=" + audience).item_count(), 1u);
  EXPECT_EQ(get("/v1/consents?client_id=nobody").item_count(), 0u);
  EXPECT_EQ(get("/v1/groups/" + group).number("consents"), 1);
  const auto at = "/v1/consents/" + std::to_string(made.number("consent"));
  EXPECT_EQ(get(at).text("client_id"), client);
  const auto seen = R"({"granted_at":")" + made.text("granted_at") + '"';
  EXPECT_EQ(post(at + "/withdraw", seen + R"(,"reason":"over"})").status, 204);
  EXPECT_EQ(get(at).status, 404);
  EXPECT_EQ(get("/v1/pre-consents?group=" + group).item_count(), 0u);
  EXPECT_EQ(post(at + "/withdraw", seen + "}").status, 404) << "it ended already";
}

// A number is used again once nothing stands on it: whoever saw the earlier consent must not end
// the one that came after it.
TEST_F(PeopleTest, A12AConsentIsWithdrawnAsItWasSeenOrNotAtAll) {
  const auto group = fresh("seen");
  add_group(group);
  const auto [client, audience] = add_client();
  const auto wanted = pre_consent(group, client, audience, R"(["read"])");
  const auto first = post("/v1/pre-consents", wanted);
  ASSERT_EQ(first.status, 201) << first.body;
  const auto at = "/v1/consents/" + std::to_string(first.number("consent"));
  const auto by_query = [&](const std::string& granted_at) {
    return api().as_admin("DELETE", at + "?granted_at=" + granted_at).status;
  };
  const auto by_body = [&](const std::string& granted_at) {
    return post(at + "/withdraw", R"({"granted_at":")" + granted_at + "\"}").status;
  };
  const auto seen = first.text("granted_at");
  EXPECT_EQ(by_query(seen), 204);
  api().clock().advance_s(2);
  const auto second = post("/v1/pre-consents", wanted);
  ASSERT_EQ(second.number("consent"), first.number("consent")) << "the number is used again";

  const auto before = api().ledger().committed();
  EXPECT_EQ(by_query(seen), 409);
  EXPECT_EQ(by_body(seen), 409);
  EXPECT_EQ(api().as_admin("DELETE", at).status, 400);
  EXPECT_EQ(post(at + "/withdraw").status, 415) << "no JSON";
  EXPECT_EQ(post(at + "/withdraw", R"({"reason":"over"})").status, 400);
  for (const char* time : {"", "now", "2026-02-03", "2026-02-03T04:05:06.5Z", "1770091506"}) {
    EXPECT_EQ(by_query(time), 400) << time;
    EXPECT_EQ(by_body(time), 400) << time;
  }
  EXPECT_EQ(by_query(seen + "&reason=x"), 400);
  EXPECT_EQ(api().ledger().committed(), before) << "no event";
  EXPECT_EQ(get(at).status, 200);
  EXPECT_EQ(by_body(second.text("granted_at")), 204);
  EXPECT_EQ(get(at).status, 404);
}

TEST_F(PeopleTest, A12WhatIsAllowedInAdvanceStaysWithinTheClientsGrant) {
  const auto group = fresh("limits");
  add_group(group);
  const auto [client, audience] = add_client();
  const std::pair<std::string, int> rows[] = {
      {pre_consent("nobody-made-this", client, audience, R"(["read"])"), 404},
      {pre_consent(group, "nobody", audience, R"(["read"])"), 404},
      {pre_consent(group, client, "urn:nothing", R"(["read"])"), 404},
      {pre_consent(group, client, audience, R"(["unheard-of"])"), 400},
      {pre_consent(group, client, std::string{kManagementAudience}, R"(["users:write"])"), 403},
      {R"({"group":")" + group + R"("})", 400},
      {pre_consent(group, client, audience, R"("read")"), 400},
  };
  const auto before = api().ledger().committed();
  for (const auto& [body, status] : rows) {
    const auto reply = post("/v1/pre-consents", body);
    EXPECT_EQ(reply.status, status) << body << reply.body;
  }
  EXPECT_EQ(api().ledger().committed(), before) << "no event";
  for (const char* number : {"0", "x", "-1", "67108865", "99999999999999999999"})
    EXPECT_EQ(get(std::string{"/v1/consents/"} + number).status, 404) << number;
}

TEST_F(PeopleTest, INV8_AnErasedUserIsShownNowhereAndEventsSayErased) {
  const auto login = fresh("gone");
  const auto from = std::to_string(api().ledger().committed().value() + 1);
  const auto id = add(login, R"(,"display_name":"Gone Girl")");
  EXPECT_NE(get("/v1/events?from=" + from).body.find("Gone Girl"), std::string::npos);
  const auto erased = post(path(id, "/erase"), R"({"reason":"Asked for by letter"})");
  ASSERT_EQ(erased.status, 200) << erased.body;
  EXPECT_EQ(get(path(id)).status, 404);
  EXPECT_EQ(get("/v1/users?login=" + login).item_count(), 0u);
  EXPECT_EQ(post(path(id, "/enable")).status, 404);
  EXPECT_EQ(post(path(id, "/erase")).status, 409);
  const auto events = get("/v1/events?from=" + from).body;
  EXPECT_EQ(events.find(login), std::string::npos) << events;
  EXPECT_EQ(events.find("Gone Girl"), std::string::npos) << events;
  EXPECT_NE(events.find(R"("erased_fields":["login","display_name"])"), std::string::npos)
      << events;
  EXPECT_NE(add(login), id) << "the login is free";
}

TEST_F(PeopleTest, ConsentsOfAUserAreListedByThePathAndByTheFilter) {
  const auto id = add(fresh("lister"));
  EXPECT_EQ(get(path(id, "/consents")).item_count(), 0u);
  EXPECT_EQ(get("/v1/consents?user_id=" + id).item_count(), 0u);
  EXPECT_EQ(get(path("usr_AAECAwQFBgcICQoLDA0ODw", "/consents")).status, 404);
}

}  // namespace
}  // namespace tokenledger
