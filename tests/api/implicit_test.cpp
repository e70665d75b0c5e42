// Implicit requests, response_type=token (RFC 6749 §4.2; rows A08, C9): only for clients that opted
// in, through the same pages as codes, with the token in the fragment.
#include <algorithm>
#include <future>

#include "core/base64url.hpp"
#include "core/user_id.hpp"
#include "tests/api/implicit_fixture.hpp"

namespace tokenledger::test {
namespace {

class ImplicitTest : public ImplicitFixture {
 protected:
  static Reply claims_of(std::string_view jwt) {
    const auto first = jwt.find('.');
    const auto second = jwt.find('.', first + 1);
    if (second == std::string_view::npos) return {};
    return {.status = 0,
            .head = {},
            .body = base64url_decode(jwt.substr(first + 1, second - first - 1)).value_or("?")};
  }
  // All events from the one after `seq` to the last.
  static std::vector<Event> events_after(Sequence seq) {
    std::vector<Event> events;
    const auto upto = api().ledger().committed();
    if (upto <= seq) return events;
    std::promise<void> done;
    const auto reader = api().ledger().subscribe(seq.next(), [&](const Event& event) {
      events.push_back(event);
      if (event.seq < upto) return true;
      done.set_value();
      return false;
    });
    done.get_future().wait();
    return events;
  }
};

// The request as the document prints it, its lines joined: seven parameters, and spaces in the two
// ways in which a browser writes them.
TEST_F(ImplicitTest, A08TheDocumentsRequestWorksVerbatimWithBothSpellingsOfASpace) {
  auto stage = implicit_stage();
  stage.audience = "api.calendar";
  ApiSettings settings;
  settings.name = "Calendar API";
  settings.scopes = {{"read", "See your events"}, {"write", "Change your events"}};
  settings.signing_alg = SignatureAlgorithm::rs256;
  run(CreateApi{.identifier = stage.audience, .settings = settings});
  grant(stage.client, stage.audience, {"read", "write"});
  for (const std::string space : {"%20", "+"}) {
    auto person = stage;
    person.person = make_person();
    Browser browser{api()};
    const auto page = browser.get("/authorize?audience=api.calendar&scope=read" + space +
                                  "write&response_type=token&client_id=" + stage.client +
                                  "&redirect_uri=" + kTestCallback + "&nonce=abc123&state=opaque");
    ASSERT_EQ(page.status, 200) << page.head << page.body;
    const auto sent = browser.sign_in(page, person.person.login, kTestPassword);
    const auto consent = browser.get(location(sent));
    EXPECT_TRUE(consent.has("See your events"));
    EXPECT_TRUE(consent.has("Change your events"));
    const auto reply = browser.allow(consent);
    EXPECT_EQ(reply.status, 303);
    const auto url = location(reply);
    const auto token = parameter(url, "access_token");
    std::string issuer;
    append_form_field(issuer, "iss", api().ledger().issuer());
    EXPECT_EQ(url, kTestCallback + "#access_token=" + token +
                       "&token_type=Bearer&expires_in=86400&scope=read%20write&state=opaque&" +
                       issuer + "&nonce=abc123");
    EXPECT_EQ(header_of(reply, "Cache-Control"), "no-store");
    EXPECT_EQ(header_of(reply, "Referrer-Policy"), "no-referrer");
    EXPECT_EQ(claims_of(token).text("nonce"), "abc123") << "bound to the token too";
    EXPECT_EQ(api().authz(token, "api.calendar", "read"), 200);
    EXPECT_EQ(api().authz(token, "api.calendar", "write"), 200);
  }
}

// And as it is printed to the letter: a space and a line break are no characters of an address.
TEST_F(ImplicitTest, A08TheDocumentsRequestWithARawSpaceOrLineBreakIs400) {
  const auto stage = implicit_stage();
  const auto start = "/authorize?audience=" + stage.audience;
  const auto rest = "&response_type=token&client_id=" + stage.client +
                    "&redirect_uri=" + kTestCallback + "&nonce=abc123";
  for (const auto& path : {start + "&scope=read write" + rest + "&state=opaque",
                           start + "&scope=read%20write" + rest + "\nstate=opaque",
                           start + "&scope=read%20write" + rest + "\r\nstate=opaque"}) {
    const auto reply = api().get(path, {});
    EXPECT_EQ(reply.status, 400) << path;
    EXPECT_EQ(location(reply), "");
  }
}

TEST_F(ImplicitTest, A08ItIsOffUnlessTheClientsSettingsAskForItAndOffAgainAfterwards) {
  const auto stage = make_stage();
  Browser browser{api()};
  const auto refused = [&] {
    const auto url = answer_of(browser, asking(stage));
    EXPECT_TRUE(is_in_fragment(url)) << url;
    EXPECT_EQ(parameter(url, "state"), "xyz");
    EXPECT_EQ(parameter(url, "iss"), api().ledger().issuer());
    return parameter(url, "error");
  };
  EXPECT_EQ(refused(), "unsupported_response_type");
  const auto path = "/v1/clients/" + stage.client;
  const auto before = api().ledger().committed();
  ASSERT_EQ(api().as_admin("PATCH", path, R"({"grant_types":["implicit"]})").status, 200);
  ASSERT_EQ(events_after(before).size(), 1u);
  EXPECT_NE(std::get_if<ClientUpdated>(&events_after(before)[0].payload), nullptr);
  EXPECT_EQ(browser.get(address(asking(stage))).status, 200);
  ASSERT_EQ(api().as_admin("PATCH", path, R"({"grant_types":["authorization_code"]})").status, 200);
  EXPECT_EQ(refused(), "unsupported_response_type");
}

TEST_F(ImplicitTest, A08NoOtherResponseTypeWorksForAClientThatOptedIn) {
  const auto stage =
      implicit_stage([](ClientSettings& settings) { settings.grant_types |= kCodeAndRefresh; });
  for (const auto* type :
       {"id_token", "id_token token", "token id_token", "code token", "code id_token",
        "code id_token token", "none", "Token", "token token"}) {
    Browser browser{api()};
    const auto url = answer_of(browser, asking(stage, "openid read", type));
    EXPECT_EQ(parameter(url, "error"), "unsupported_response_type") << type;
    EXPECT_EQ(parameter(url, "access_token"), "-") << type;
    const bool names_token = std::string_view{type}.find("token") != std::string_view::npos;
    EXPECT_EQ(is_in_fragment(url), names_token) << type << ' ' << url;
  }
  auto fields = asking(stage);
  fields.emplace_back("response_mode", "query");
  Browser browser{api()};
  EXPECT_EQ(parameter(answer_of(browser, fields), "error"), "invalid_request")
      << "a token never travels in a query";
}

TEST_F(ImplicitTest, A05DiscoveryNeverNamesIt) {
  (void)implicit_stage();
  for (const auto* path :
       {"/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"}) {
    const auto reply = api().get(path, {});
    EXPECT_TRUE(reply.has(R"("response_types_supported":["code"])")) << reply.body;
    EXPECT_FALSE(reply.has("implicit")) << reply.body;
    EXPECT_FALSE(reply.has("fragment")) << reply.body;
  }
}

TEST_F(ImplicitTest, A07A08ConsentAndTokenAreEventsOfTheUserAndNothingElse) {
  const auto stage = implicit_stage();
  Browser browser{api()};
  const auto page = browser.get(sign_in(browser, stage, asking(stage)));
  const auto before = api().ledger().committed();
  const auto url = location(browser.allow(page));
  ASSERT_TRUE(is_in_fragment(url)) << url;
  const auto events = events_after(before);
  ASSERT_EQ(events.size(), 2u);
  EXPECT_NE(std::get_if<ConsentGranted>(&events[0].payload), nullptr);
  const auto* issued = std::get_if<TokenIssued>(&events[1].payload);
  ASSERT_NE(issued, nullptr);
  EXPECT_EQ(issued->subject, stage.person.number);
  EXPECT_EQ(issued->nonce, "n-0S6_WzA2Mj");
  EXPECT_EQ(issued->origin, Origin::oauth_flow);
  ASSERT_TRUE(issued->user.has_value());
  EXPECT_EQ(issued->user->family, FamilyNumber{});
  for (const auto& event : events) {
    EXPECT_EQ(event.actor.kind, ActorKind::user);
    EXPECT_EQ(event.actor.user, stage.person.number);
  }
}

TEST_F(ImplicitTest, A19A25TheTokenSaysWhoseItIsForWhomAndWhen) {
  const auto stage = implicit_stage();
  Browser browser{api()};
  const auto token = parameter(authorize(browser, stage, asking(stage)), "access_token");
  const auto claims = claims_of(token);
  const auto user = api().ledger().people().user(stage.person.number);
  ASSERT_TRUE(user.has_value());
  EXPECT_EQ(claims.text("sub"), user_id_text(user->record.id));
  EXPECT_EQ(claims.text("client_id"), stage.client);
  EXPECT_EQ(claims.text("aud"), stage.audience);
  EXPECT_EQ(claims.text("scope"), "read");
  EXPECT_EQ(claims.number("exp") - claims.number("iat"), 86'400);
  EXPECT_LE(claims.number("auth_time"), claims.number("iat"));
  EXPECT_EQ(api().authz(token, stage.audience, "read"), 200);
  EXPECT_EQ(api().authz(token, stage.audience, "write"), 403);
  EXPECT_EQ(api().authz(token, "urn:elsewhere"), 401);
  const auto check = api().check(token);
  EXPECT_EQ(check.text("status"), "active");
  EXPECT_EQ(check.text("subject"), claims.text("sub"));
  const auto authz = api().get("/v1/authz?scope=read&audience=" + stage.audience, token);
  EXPECT_EQ(header_of(authz, "X-Token-Client-Id"), stage.client);
  EXPECT_EQ(header_of(authz, "X-Token-Subject"), claims.text("sub"));
  EXPECT_EQ(header_of(authz, "X-Token-Scope"), "read");
  // Once it expired its numbers may be somebody else's: nobody is named rather than the wrong one.
  api().clock().advance_s(86'401);
  EXPECT_EQ(api().check(token).text("reason"), "expired");
  EXPECT_EQ(api().check(token).text("subject"), "-");
}

TEST_F(ImplicitTest, A08ANonceThatIsNotThereIsNowhereAndOneThatIsTooLongIsRefused) {
  const auto stage = implicit_stage();
  auto fields = asking(stage);
  std::erase_if(fields, [](const auto& field) { return field.first == "nonce"; });
  Browser browser{api()};
  const auto url = authorize(browser, stage, fields);
  EXPECT_EQ(parameter(url, "nonce"), "-");
  EXPECT_EQ(claims_of(parameter(url, "access_token")).text("nonce"), "-");
  for (const auto& [nonce, error] :
       {std::pair{std::string(kNonceBytesMax, 'n'), "-"},
        std::pair{std::string(kNonceBytesMax + 1, 'n'), "invalid_request"}}) {
    auto asked = fields;
    asked.emplace_back("nonce", nonce);
    const auto answer = answer_of(browser, asked);
    EXPECT_TRUE(is_in_fragment(answer));
    EXPECT_EQ(parameter(answer, "error"), error);
    if (std::string_view{error} == "-") {
      EXPECT_EQ(parameter(answer, "nonce"), nonce);
      EXPECT_EQ(claims_of(parameter(answer, "access_token")).text("nonce"), nonce);
    }
  }
}

TEST_F(ImplicitTest, Row12WhoDeniesSendsAccessDeniedInTheFragmentAndNoEventFollows) {
  const auto stage = implicit_stage();
  Browser browser{api()};
  const auto page = browser.get(sign_in(browser, stage, asking(stage)));
  const auto before = api().ledger().committed();
  const auto reply = browser.deny(page);
  EXPECT_EQ(reply.status, 303);
  const auto url = location(reply);
  EXPECT_TRUE(is_in_fragment(url)) << url;
  EXPECT_EQ(parameter(url, "error"), "access_denied");
  EXPECT_EQ(parameter(url, "state"), "xyz");
  EXPECT_EQ(parameter(url, "iss"), api().ledger().issuer());
  EXPECT_EQ(api().ledger().committed(), before);
}

TEST_F(ImplicitTest, FaultsOfTheRequestGoIntoTheFragmentToo) {
  const auto stage = implicit_stage();
  const std::pair<Fields, std::string> rows[] = {
      {asking(stage, "fly"), "invalid_scope"},
      {with(asking(stage), {{"prompt", "sometimes"}}), "invalid_request"},
      {with(asking(stage), {{"scope", "read"}}), "invalid_request"},
      {with(asking(stage), {{"audience", "https://nowhere.example/"}}), "invalid_target"},
      {with(asking(stage), {{"request", "e30.e30."}}), "request_not_supported"}};
  for (const auto& [fields, error] : rows) {
    Browser browser{api()};
    const auto url = answer_of(browser, fields);
    EXPECT_TRUE(is_in_fragment(url)) << url;
    EXPECT_EQ(parameter(url, "error"), error);
    EXPECT_EQ(parameter(url, "state"), "xyz") << error;
  }
  // Without a good address there is a page, as for codes.
  for (auto& [name, value] : std::initializer_list<std::pair<std::string, std::string>>{
           {"redirect_uri", "https://evil.example/cb"}, {"client_id", "nobody"}}) {
    auto fields = asking(stage);
    for (auto& field : fields)
      if (field.first == name) field.second = value;
    Browser browser{api()};
    const auto reply = browser.get(address(fields));
    EXPECT_EQ(reply.status, 400);
    EXPECT_EQ(location(reply), "");
  }
}

// RFC 6749 §4.2.2, OpenID Connect Core §3: whatever is asked for, it is an access token alone.
TEST_F(ImplicitTest, A29ThereIsNeverARefreshTokenNorAnIdToken) {
  const auto stage =
      implicit_stage([](ClientSettings& settings) { settings.grant_types |= kCodeAndRefresh; });
  Browser browser{api()};
  const auto page =
      browser.get(sign_in(browser, stage, asking(stage, "openid profile read offline_access")));
  EXPECT_FALSE(page.has("Keep access while you are away"));
  const auto before = api().ledger().committed();
  const auto url = location(browser.allow(page));
  EXPECT_TRUE(is_in_fragment(url)) << url;
  for (const auto* name : {"refresh_token", "id_token", "code"})
    EXPECT_EQ(parameter(url, name), "-") << name;
  const auto scope = parameter(url, "scope");
  EXPECT_EQ(scope.find("offline_access"), std::string::npos) << scope;
  EXPECT_NE(scope.find("openid"), std::string::npos) << scope;
  for (const auto& event : events_after(before))
    EXPECT_EQ(std::get_if<FamilyStarted>(&event.payload), nullptr);
  const auto token = parameter(url, "access_token");
  EXPECT_EQ(api().get("/oauth/userinfo", token).text("name"), "Ada Lovelace");
}

TEST_F(ImplicitTest, B05B06TheTokenHasTheClientsFormat) {
  for (const auto kind : {TokenKind::jwt, TokenKind::opaque, TokenKind::jwe}) {
    const auto stage =
        implicit_stage([&](ClientSettings& settings) { settings.token_format = kind; });
    Browser browser{api()};
    const auto token = parameter(authorize(browser, stage, asking(stage)), "access_token");
    const auto dots = std::ranges::count(token, '.');
    EXPECT_EQ(dots, kind == TokenKind::jwt ? 2 : kind == TokenKind::jwe ? 4 : 0) << token.size();
    EXPECT_EQ(api().authz(token, stage.audience, "read"), 200);
  }
}

TEST_F(ImplicitTest, ThePagesLetTheAnswerGoToTheClientAndNowhereElse) {
  const auto stage = implicit_stage();
  Browser browser{api()};
  const auto first = browser.get(address(asking(stage)));
  const auto second = browser.get(sign_in(browser, stage, asking(stage)));
  for (const auto& page : {first, second}) {
    const auto policy = header_of(page, "Content-Security-Policy");
    EXPECT_NE(policy.find("form-action 'self' https://app.example;"), std::string::npos) << policy;
  }
}

TEST_F(ImplicitTest, AUserGetsNoTokensWithoutEndInARow) {
  const auto stage = implicit_stage();
  Browser browser{api()};
  EXPECT_NE(authorize(browser, stage, asking(stage)), "");
  std::string error = "-";
  int count = 0;
  for (; count < 60 && error == "-"; ++count)
    error = parameter(answer_of(browser, asking(stage)), "error");
  EXPECT_EQ(error, "temporarily_unavailable") << count;
}

}  // namespace
}  // namespace tokenledger::test
