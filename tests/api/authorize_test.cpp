// GET and POST /authorize: rows A05, A08, B10 and the negative rows authorization-endpoint.
#include "core/authorization_code.hpp"
#include "core/pkce.hpp"
#include "core/sha256.hpp"
#include "tests/api/browser_fixture.hpp"

namespace tokenledger::test {
namespace {

class AuthorizeTest : public PeopleTest {};

std::optional<CodeRecord> code_record(Ledger& ledger, std::string_view text) {
  const auto sha256 = hash_authorization_code(text);
  std::optional<CodeRecord> found;
  if (!sha256) return found;
  ledger.people().with_people([&](const People& people) {
    if (const auto* record = people.code(people.find_code(*sha256))) found = *record;
  });
  return found;
}

TEST_F(AuthorizeTest, ACodeStandsForWhatWasAskedOfWhomAndWhen) {
  const auto stage = make_stage();
  Browser browser{api()};
  const auto url = authorize(browser, stage, stage.usual());
  ASSERT_TRUE(url.starts_with(kTestCallback + "?code=tlc_")) << url;
  EXPECT_EQ(parameter(url, "state"), "xyz");
  EXPECT_EQ(parameter(url, "iss"), api().ledger().issuer());
  const auto code = code_record(api().ledger(), parameter(url, "code"));
  ASSERT_TRUE(code.has_value());
  EXPECT_EQ(code->user, stage.person.number);
  EXPECT_EQ(code->redirect_sha256, sha256(kTestCallback));
  EXPECT_TRUE(code->has_redirect);
  EXPECT_EQ(code->challenge, parse_code_challenge(kTestChallenge));
  EXPECT_EQ(code->nonce, "n-0S6_WzA2Mj");
  EXPECT_EQ(code->scope_mask, 1u);
  EXPECT_EQ(code->identity_mask, 0u);
  const auto now = to_seconds(api().ledger().now()).value();
  EXPECT_LE(code->auth_time.value(), now);
  EXPECT_GE(code->auth_time.value() + 60, now);
  EXPECT_LE(code->expires_at.value(), now + kAuthorizationCodeLifetimeSeconds);
  // Nobody has the text: the event has the hash alone (INV-5).
  EXPECT_EQ(last_event().payload.index(), Payload{CodeIssued{}}.index());
}

TEST_F(AuthorizeTest, A05BothPathsAreThereAndTheAliasIsTheSame) {
  const auto stage = make_stage();
  for (const std::string path : {"/authorize", "/oauth/authorize"}) {
    Browser browser{api()};
    const auto page = browser.get(path + "?" + form_text(stage.usual()));
    EXPECT_EQ(page.status, 200) << path;
    EXPECT_TRUE(page.has("Sign in")) << path;
    // OpenID Connect Core §3.1.2.1: also as a form, which becomes a link at once.
    const auto sent = browser.post(path, stage.usual());
    EXPECT_EQ(sent.status, 303);
    EXPECT_EQ(browser.get(location(sent)).status, 200) << location(sent);
  }
}

TEST_F(AuthorizeTest, A05DiscoveryListsTheEndpointAndWhatItAnswers) {
  for (const auto path :
       {"/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"}) {
    const auto reply = api().get(path, {});
    EXPECT_EQ(reply.text("authorization_endpoint"), api().ledger().issuer() + "/oauth/authorize");
    EXPECT_TRUE(reply.has(R"("response_types_supported":["code"])")) << reply.body;
    EXPECT_TRUE(reply.has(R"("code_challenge_methods_supported":["S256"])"));
    EXPECT_TRUE(reply.has(R"("authorization_response_iss_parameter_supported":true)"));
  }
}

// authorization-endpoint-01, 02, 03, 13: there is nobody to send the browser to.
TEST_F(AuthorizeTest, Rows01To03And13WithoutAGoodAddressThereIsAPageAndNoRedirect) {
  const auto stage = make_stage();
  auto two = usual_client();
  two.redirect_uris.push_back("https://app.example/other");
  const auto with_two = make_client(two);
  std::vector<std::string> asked = {
      address(stage.usual_with("client_id", "nobody")), address(stage.usual_with("client_id", "")),
      address(with(stage.usual(), {{"client_id", stage.client}})),
      address(with(stage.usual(), {{"redirect_uri", kTestCallback}}))};
  for (const auto* uri :
       {"https://app.example/CB", "https://APP.example/cb", "https://app.example/cb/",
        "https://app.example/cb?x=1", "https://app.example/cb#f", "https://evil.example/cb",
        "https://app.example/cb%2F..", "//app.example/cb", "javascript:alert(1)",
        "https://app.example/cb\\", "https://app.example@evil.example/cb"})
    asked.push_back(address(stage.usual_with("redirect_uri", uri)));
  auto missing = stage.usual_with("redirect_uri", "");
  for (auto& [name, value] : missing)
    if (name == "client_id") value = with_two;
  asked.push_back(address(missing));
  asked.push_back("/oauth/authorize");
  asked.push_back("/oauth/authorize?%");
  asked.push_back(address(stage.usual()) + "&x=" + std::string(8 * 1024, 'x'));
  for (const auto& path : asked) {
    Browser browser{api()};
    const auto reply = browser.get(path);
    EXPECT_EQ(reply.status, 400) << path;
    EXPECT_EQ(location(reply), "") << path;
    EXPECT_TRUE(reply.has("text/html")) << path;
    EXPECT_FALSE(reply.body.find("evil") != std::string::npos) << path;
  }
}

struct Row {
  const char* id;
  const char* name;
  const char* value;
  const char* error;
};
// A value of "" leaves the parameter out.
constexpr Row kRows[] = {
    {"04", "response_type", "", "invalid_request"},
    {"05 token", "response_type", "token", "unsupported_response_type"},
    {"05 id_token token", "response_type", "id_token token", "unsupported_response_type"},
    {"07", "code_challenge", "", "invalid_request"},
    {"08 plain", "code_challenge_method", "plain", "invalid_request"},
    {"08 absent", "code_challenge_method", "", "invalid_request"},
    {"08 unknown", "code_challenge_method", "S512", "invalid_request"},
    {"09", "code_challenge", "tooshort", "invalid_request"},
    {"10 B10", "scope", "read fly", "invalid_scope"},
    {"10 quote", "scope", "re\"ad", "invalid_scope"},
    {"11 relative", "resource", "calendar", "invalid_target"},
    {"11 fragment", "resource", "https://api.example/x#y", "invalid_target"},
    {"request object", "request", "e30.e30.", "request_not_supported"},
    {"request_uri", "request_uri", "https://app.example/r", "request_uri_not_supported"},
    {"prompt", "prompt", "none login", "invalid_request"},
    {"A08 unknown audience", "audience", "https://nowhere.example/", "access_denied"},
    {"the management API", "audience", "urn:tokenledger:management", "access_denied"},
};

// Rows 04-11, 13, 16 and pkce-05: the client hears of it, with state and iss.
TEST_F(AuthorizeTest, Rows04To11And16FaultsGoBackToTheClientWithStateAndIssuer) {
  const auto stage = make_stage();
  for (const auto& row : kRows) {
    auto fields = stage.usual_with(row.name, row.value);
    if (std::string_view{row.name} == "resource")
      std::erase_if(fields, [](const auto& field) { return field.first == "audience"; });
    Browser browser{api()};
    const auto reply = browser.get(address(fields));
    EXPECT_EQ(reply.status, 302) << row.id << reply.body;
    const auto url = location(reply);
    EXPECT_TRUE(url.starts_with(kTestCallback)) << row.id << ' ' << url;
    EXPECT_EQ(parameter(url, "error"), row.error) << row.id;
    EXPECT_EQ(parameter(url, "state"), "xyz") << row.id;
    EXPECT_EQ(parameter(url, "iss"), api().ledger().issuer()) << row.id;
    EXPECT_EQ(parameter(url, "code"), "-") << row.id;
  }
}

TEST_F(AuthorizeTest, Row11AnUnknownResourceIsAnInvalidTarget) {
  const auto stage = make_stage();
  auto fields = stage.usual_with("audience", "");
  fields.emplace_back("resource", "https://nowhere.example/");
  Browser browser{api()};
  EXPECT_EQ(parameter(location(browser.get(address(fields))), "error"), "invalid_target");
}

TEST_F(AuthorizeTest, Row06AClientWithoutTheGrantTypeIsUnauthorized) {
  auto settings = usual_client();
  settings.is_public = false;
  settings.authentication = ClientAuthentication::basic_or_post;
  settings.grant_types = static_cast<std::uint8_t>(GrantType::client_credentials);
  const auto stage = make_stage(settings);
  Browser browser{api()};
  EXPECT_EQ(parameter(location(browser.get(address(stage.usual()))), "error"),
            "unauthorized_client");
}

TEST_F(AuthorizeTest, Row07AConfidentialClientNeedsPkceUnlessItWasExcused) {
  auto settings = usual_client();
  settings.is_public = false;
  settings.authentication = ClientAuthentication::basic_or_post;
  auto stage = make_stage(settings);
  auto fields = stage.usual_with("code_challenge", "");
  std::erase_if(fields, [](const auto& field) { return field.first == "code_challenge_method"; });
  Browser browser{api()};
  EXPECT_EQ(parameter(location(browser.get(address(fields))), "error"), "invalid_request");
  settings.pkce_optional = true;
  run(UpdateClient{stage.client, settings, {}});
  EXPECT_EQ(browser.get(address(fields)).status, 200);
}

TEST_F(AuthorizeTest, Row13ARepeatedParameterIsAFault) {
  const auto stage = make_stage();
  Browser browser{api()};
  const auto url = location(browser.get(address(with(stage.usual(), {{"scope", "read"}}))));
  EXPECT_EQ(parameter(url, "error"), "invalid_request");
  EXPECT_EQ(parameter(url, "iss"), api().ledger().issuer());
}

TEST_F(AuthorizeTest, Row18NoScriptOfAnotherSiteMayReadThePages) {
  const auto stage = make_stage();
  const auto reply =
      api().call("GET", address(stage.usual()), {.headers = "Origin: https://app.example\r\n"});
  EXPECT_EQ(reply.status, 200);
  EXPECT_FALSE(reply.has("Access-Control-Allow"));
  const auto preflight = api().call("OPTIONS", "/oauth/authorize",
                                    {.headers = "Origin: https://app.example\r\n"
                                                "Access-Control-Request-Method: GET\r\n"});
  EXPECT_EQ(preflight.status, 405);
  EXPECT_FALSE(preflight.has("Access-Control-Allow"));
}

// B10: what there is to ask for is the API's own list, as it stands now.
TEST_F(AuthorizeTest, B10TheScopesAreThoseThatTheApiLists) {
  const auto stage = make_stage();
  const auto asking = stage.usual_with("scope", "delete");
  Browser browser{api()};
  EXPECT_EQ(parameter(location(browser.get(address(asking))), "error"), "invalid_scope");
  ASSERT_EQ(api()
                .as_admin("PATCH", "/v1/apis?identifier=" + stage.audience,
                          R"({"scopes":["read",{"name":"delete","description":"Delete events"}]})")
                .status,
            200);
  EXPECT_EQ(parameter(location(browser.get(address(asking))), "error"), "invalid_scope")
      << "not in the client's grant yet";
  ASSERT_EQ(api()
                .as_admin("PATCH", "/v1/client-grants",
                          R"({"client_id":")" + stage.client + R"(","audience":")" +
                              stage.audience + R"(","scopes":["read","delete"]})")
                .status,
            200);
  EXPECT_TRUE(browser.get(sign_in(browser, stage, asking)).has("Delete events"));
  EXPECT_EQ(parameter(location(browser.get(address(stage.usual_with("scope", "write")))), "error"),
            "invalid_scope")
      << "listed no more";
  // A request that leaves all scopes out of a client's grant has nothing to ask for.
  ASSERT_EQ(
      api().as_admin("PATCH", "/v1/apis?identifier=" + stage.audience, R"({"scopes":[]})").status,
      200);
  EXPECT_EQ(parameter(location(browser.get(address(stage.usual_with("scope", "")))), "error"),
            "invalid_scope");
}

TEST_F(AuthorizeTest, B10ScopesThatAreNotNamedAreAllThatTheClientWasGranted) {
  const auto stage = make_stage();
  Browser browser{api()};
  const auto page = browser.get(sign_in(browser, stage, stage.usual_with("scope", "")));
  EXPECT_TRUE(page.has("See your events"));
  EXPECT_TRUE(page.has("Change your events"));
  EXPECT_TRUE(page.has("share"));
}

TEST_F(AuthorizeTest, A16UserScopesStayWithinTheClientsGrant) {
  Stage stage{.client = make_client(), .audience = make_calendar(), .person = make_person()};
  Browser browser{api()};
  EXPECT_EQ(parameter(location(browser.get(address(stage.usual()))), "error"),
            "unauthorized_client");
  grant(stage.client, stage.audience, {"read"});
  EXPECT_EQ(
      parameter(location(browser.get(address(stage.usual_with("scope", "read write")))), "error"),
      "invalid_scope");
}

TEST_F(AuthorizeTest, PromptNoneNeverShowsAPage) {
  const auto stage = make_stage();
  Browser browser{api()};
  const auto quiet = address(with(stage.usual(), {{"prompt", "none"}}));
  auto reply = browser.get(quiet);
  EXPECT_EQ(reply.status, 302);
  EXPECT_EQ(parameter(location(reply), "error"), "login_required");
  const auto page = browser.get(sign_in(browser, stage, stage.usual()));
  EXPECT_EQ(parameter(location(browser.get(quiet)), "error"), "consent_required");
  EXPECT_EQ(browser.allow(page).status, 303);
  EXPECT_TRUE(parameter(location(browser.get(quiet)), "code").starts_with("tlc_"));
}

// OpenID Connect Core §3.1.2.1.
TEST_F(AuthorizeTest, WhoeverIsNotHintedAtGetsNoAnswer) {
  const auto stage = make_stage();
  auto other = stage;
  other.person = make_person("Charles Babbage");
  const auto fields = stage.usual_with("scope", "read openid");
  const auto id_token_of = [&](const Stage& someone, Browser& browser) {
    const auto code = parameter(authorize(browser, someone, fields), "code");
    return api()
        .call("POST", "/oauth/token",
              {.body = form_text({{"grant_type", "authorization_code"},
                                  {"client_id", stage.client},
                                  {"redirect_uri", kTestCallback},
                                  {"code", code},
                                  {"code_verifier", std::string{kTestVerifier}}}),
               .type = "application/x-www-form-urlencoded"})
        .text("id_token");
  };
  Browser browser{api()};
  Browser elsewhere{api()};
  const auto own = id_token_of(stage, browser);
  const auto foreign = id_token_of(other, elsewhere);
  const auto answer = [&](const std::string& hint, const Fields& more) {
    return location(browser.get(address(with(with(fields, {{"id_token_hint", hint}}), more))));
  };
  const Fields quiet = {{"prompt", "none"}};
  EXPECT_TRUE(parameter(answer(own, quiet), "code").starts_with("tlc_"));
  EXPECT_TRUE(parameter(answer(own, {}), "code").starts_with("tlc_"));
  EXPECT_EQ(parameter(answer(foreign, quiet), "error"), "login_required");
  EXPECT_EQ(parameter(answer(foreign, {}), "error"), "login_required");
  auto damaged = own;
  damaged[damaged.size() / 2] = damaged[damaged.size() / 2] == 'A' ? 'B' : 'A';
  for (const auto& bad : {damaged, std::string{"x"}})
    EXPECT_EQ(parameter(answer(bad, quiet), "error"), "invalid_request");
  api().clock().advance_s(2 * 3'600);
  EXPECT_EQ(
      parameter(
          location(browser.get(sign_in(browser, stage, with(fields, {{"id_token_hint", own}})))),
          "code")
          .substr(0, 4),
      "tlc_")
      << "an expired one says who it was";
}

TEST_F(AuthorizeTest, PromptLoginAndMaxAgeAskForThePasswordOnceMoreAndThenNoMore) {
  const auto stage = make_stage();
  Browser browser{api()};
  EXPECT_TRUE(authorize(browser, stage, stage.usual()).find("code=") != std::string::npos);
  const Fields kMore[] = {
      {{"prompt", "login"}}, {{"prompt", "select_account"}}, {{"max_age", "0"}}};
  for (const auto& more : kMore) {
    const auto next = sign_in(browser, stage, with(stage.usual(), more));
    const auto reply = browser.get(next);
    EXPECT_EQ(reply.status, 302) << next << reply.body;
    EXPECT_TRUE(parameter(location(reply), "code").starts_with("tlc_")) << next;
  }
  const auto aged = address(with(stage.usual(), {{"max_age", "100"}}));
  EXPECT_EQ(browser.get(aged).status, 302);
  api().clock().advance_s(101);
  EXPECT_TRUE(browser.get(aged).has("Sign in"));
  EXPECT_EQ(browser.get(address(stage.usual())).status, 302);
}

TEST_F(AuthorizeTest, NothingOfARequestIsReflectedUnescaped) {
  const std::string hostile = "<script>alert(1)</script>\"'&";
  auto stage = make_stage(usual_client(hostile));
  Browser browser{api()};
  auto fields = stage.usual_with("state", hostile);
  fields.emplace_back("login_hint", hostile);
  const auto page = browser.get(address(fields));
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.body.find("<script"), std::string::npos);
  EXPECT_EQ(page.body.find("=\"'&"), std::string::npos);
  const auto again = browser.sign_in(page, hostile, "wrong password");
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(again.body.find("<script"), std::string::npos);
  const auto consent = browser.get(sign_in(browser, stage, fields));
  EXPECT_EQ(consent.body.find("<script"), std::string::npos);
  EXPECT_EQ(parameter(location(browser.allow(consent)), "state"), hostile);
}

TEST_F(AuthorizeTest, PagesForbidScriptsFramesAndCachesAndLeadToTheClientOnly) {
  const auto stage = make_stage();
  Browser browser{api()};
  const auto page = browser.get(address(stage.usual()));
  const auto policy = header_of(page, "Content-Security-Policy");
  EXPECT_TRUE(policy.starts_with("default-src 'none'; style-src 'sha256-")) << policy;
  EXPECT_NE(policy.find("form-action 'self' https://app.example;"), std::string::npos) << policy;
  EXPECT_NE(policy.find("frame-ancestors 'none'"), std::string::npos);
  EXPECT_EQ(header_of(page, "X-Frame-Options"), "DENY");
  EXPECT_EQ(header_of(page, "Cache-Control"), "no-store");
}

TEST_F(AuthorizeTest, AUserWhoWasDisabledIsSignedInNoMore) {
  const auto stage = make_stage();
  Browser browser{api()};
  EXPECT_NE(authorize(browser, stage, stage.usual()), "");
  run(DisableUser{stage.person.number, {}});
  EXPECT_TRUE(browser.get(address(stage.usual())).has("Sign in"));
}

}  // namespace
}  // namespace tokenledger::test
