// What is set for an app and its APIs: the built-in ones stay (B13), and each property that bears
// on tokens is changed by one event and obeyed by the next request (B14).
#include <algorithm>

#include "core/base64url.hpp"
#include "tests/api/browser_fixture.hpp"

namespace tokenledger::test {
namespace {

class AppProperties : public PeopleTest {
 protected:
  // PATCH of this client, or of the API: one event, and no other.
  static void change_client(const std::string& id, std::string_view body) {
    change("/v1/clients/" + id, body);
  }
  static void change_api(const std::string& identifier, std::string_view body) {
    change("/v1/apis?identifier=" + identifier, body);
  }
  // A client with a secret and a grant at an API of its own.
  struct App {
    ApiUnderTest::Client client;
    std::string audience;
  };
  static App make_app() {
    App app{.client = api().make_client(), .audience = fresh("urn:app:")};
    api().make_api(app.audience);
    api().grant(app.client, app.audience);
    return app;
  }
  static Reply ask_with_basic(const App& app) {
    const auto pair = app.client.id + ":" + app.client.secret;
    return api().call(
        "POST", "/oauth/token",
        {.body = "grant_type=client_credentials&audience=" + app.audience,
         .type = "application/x-www-form-urlencoded",
         .headers = "Authorization: Basic " + base64_encode(bytes_of(pair)) + "\r\n"});
  }
  // What the authorization endpoint says to a browser: "page", or the error in the address.
  static std::string visit(const Fields& fields) {
    Browser browser{api()};
    const auto reply = browser.get(address(fields));
    if (reply.status == 302) return parameter(location(reply), "error");
    return reply.status == 200 && reply.has("Sign in") ? "page" : std::to_string(reply.status);
  }

 private:
  static void change(const std::string& path, std::string_view body) {
    const auto before = api().ledger().committed();
    const auto reply = api().as_admin("PATCH", path, body);
    EXPECT_EQ(reply.status, 200) << body << reply.body;
    EXPECT_EQ(api().ledger().committed(), before.next()) << body;
  }
};

TEST_F(AppProperties, B13TheBuiltInApisAndTheBuiltInClientCanNotBeChangedOrDeleted) {
  const auto before = api().ledger().committed();
  for (const std::string audience : {"urn:tokenledger:management", "urn:tokenledger:userinfo"}) {
    const auto path = "/v1/apis?identifier=" + audience;
    EXPECT_TRUE(api().as_admin("GET", path).has(R"("built_in":true)")) << audience;
    for (const auto& reply :
         {api().as_admin("DELETE", path), api().as_admin("PATCH", path, R"({"name":"x"})"),
          api().as_admin("PATCH", path, R"({"scopes":[]})")}) {
      EXPECT_EQ(reply.status, 403) << audience << reply.body;
      EXPECT_EQ(reply.text("code"), "api_built_in") << audience;
    }
    const auto again =
        api().as_admin("POST", "/v1/apis", R"({"identifier":")" + audience + R"(","name":"x"})");
    EXPECT_GE(again.status, 400) << again.body;
  }
  const auto path = "/v1/clients/" + std::string{kNamedTokensClientId};
  EXPECT_TRUE(api().as_admin("GET", path).has(R"("built_in":true)"));
  for (const auto& reply :
       {api().as_admin("DELETE", path), api().as_admin("PATCH", path, R"({"name":"x"})"),
        api().as_admin("POST", path + "/disable"),
        api().as_admin("POST", path + "/rotate-secret")}) {
    EXPECT_EQ(reply.status, 403) << reply.body;
    EXPECT_EQ(reply.text("code"), "client_built_in");
  }
  EXPECT_EQ(api().ledger().committed(), before) << "no event";
}

TEST_F(AppProperties, B14GrantTypesAreObeyedByTheNextRequest) {
  const auto app = make_app();
  EXPECT_EQ(api().ask_token(app.client, app.audience).status, 200);
  change_client(
      app.client.id,
      R"({"grant_types":["authorization_code"],"redirect_uris":["https://a.example/c"]})");
  EXPECT_EQ(api().ask_token(app.client, app.audience).text("error"), "unauthorized_client");
  change_client(app.client.id, R"({"grant_types":["client_credentials"]})");
  EXPECT_EQ(api().ask_token(app.client, app.audience).status, 200);
}

TEST_F(AppProperties, B14TheTokenFormatIsTheNextTokens) {
  const auto app = make_app();
  const auto dots = [&] {
    return std::ranges::count(api().new_token(app.client, app.audience), '.');
  };
  EXPECT_EQ(dots(), 2);
  change_client(app.client.id, R"({"token_format":"opaque"})");
  EXPECT_EQ(dots(), 0);
  change_client(app.client.id, R"({"token_format":"jwe"})");
  EXPECT_EQ(dots(), 4);
  change_client(app.client.id, R"({"token_format":null})");
  EXPECT_EQ(dots(), 2);
  change_api(app.audience, R"({"token_format":"opaque"})");
  EXPECT_EQ(dots(), 0);
}

TEST_F(AppProperties, B14TheLifetimeIsTheNextTokensAndOldOnesKeepTheirs) {
  const auto app = make_app();
  const auto old = api().new_token(app.client, app.audience);
  change_api(app.audience, R"({"token_lifetime":300})");
  EXPECT_EQ(api().ask_token(app.client, app.audience).number("expires_in"), 300);
  api().clock().advance_s(301);
  EXPECT_EQ(api().authz(old, app.audience), 200);
}

// A33: each API has the lifetime that suits it. (The presets are the command line's `--risk`, see
// cli_both_test; the hint in the console belongs to the console.)
TEST_F(AppProperties, A33ATokenOfABankExpiresWhileOneOfAToDoListIsGood) {
  const auto client = api().make_client();
  const std::pair<std::string, std::string> kApis[] = {
      {fresh("urn:bank:"), R"(,"token_lifetime":300,"token_lifetime_max":3600)"},
      {fresh("urn:todo:"), ""}};
  std::vector<std::string> tokens;
  for (const auto& [audience, lifetimes] : kApis) {
    api().make_api(audience, lifetimes);
    api().grant(client, audience);
    tokens.push_back(api().new_token(client, audience));
    EXPECT_EQ(api().authz(tokens.back(), audience), 200);
  }
  api().clock().advance_s(300);
  EXPECT_EQ(api().authz(tokens[0], kApis[0].first), 401);
  EXPECT_EQ(api().authz(tokens[1], kApis[1].first), 200);
  // Nor does anybody get a longer one by asking.
  const auto longer = api().as_admin("POST", "/v1/tokens",
                                     R"({"name":"n","audience":")" + kApis[0].first +
                                         R"(","scopes":["read"],"expires_in_days":1})");
  EXPECT_EQ(longer.status, 400) << longer.body;
}

TEST_F(AppProperties, B14TheWayToAuthenticateIsTheOnlyOne) {
  const auto app = make_app();
  EXPECT_EQ(api().ask_token(app.client, app.audience).status, 200);
  EXPECT_EQ(ask_with_basic(app).status, 200);
  change_client(app.client.id, R"({"token_endpoint_auth_method":"client_secret_basic"})");
  EXPECT_EQ(api().ask_token(app.client, app.audience).text("error"), "invalid_client");
  EXPECT_EQ(ask_with_basic(app).status, 200);
  change_client(app.client.id, R"({"token_endpoint_auth_method":"client_secret_post"})");
  EXPECT_EQ(api().ask_token(app.client, app.audience).status, 200);
  EXPECT_EQ(ask_with_basic(app).text("error"), "invalid_client");
}

TEST_F(AppProperties, B14APublicClientHasNoSecretAnyMore) {
  const auto app = make_app();
  change_client(app.client.id,
                R"({"token_endpoint_auth_method":"none","grant_types":["authorization_code"],)"
                R"("redirect_uris":["https://app.example/cb"]})");
  EXPECT_EQ(api().ask_token(app.client, app.audience).status, 401);
  EXPECT_EQ(ask_with_basic(app).status, 401);
  Stage stage{.client = app.client.id, .audience = app.audience, .person = {}};
  EXPECT_EQ(visit(stage.usual()), "page");
}

TEST_F(AppProperties, B14PkceAndRedirectUrisAreObeyedByTheNextVisit) {
  const auto app = make_app();
  const Stage stage{.client = app.client.id, .audience = app.audience, .person = {}};
  change_client(app.client.id, R"({"grant_types":["authorization_code"],)"
                               R"("redirect_uris":["https://app.example/cb"]})");
  auto without_pkce = stage.usual_with("code_challenge", "");
  std::erase_if(without_pkce,
                [](const auto& field) { return field.first == "code_challenge_method"; });
  EXPECT_EQ(visit(without_pkce), "invalid_request");
  change_client(app.client.id, R"({"pkce_optional":true})");
  EXPECT_EQ(visit(without_pkce), "page");
  change_client(app.client.id, R"({"pkce_optional":false})");
  EXPECT_EQ(visit(without_pkce), "invalid_request");
  EXPECT_EQ(visit(stage.usual()), "page");
  change_client(app.client.id, R"({"redirect_uris":["https://app.example/other"]})");
  EXPECT_EQ(visit(stage.usual()), "400") << "no redirect to an address that is gone";
}

TEST_F(AppProperties, B14TheLimitOfLiveTokensIsObeyedByTheNextRequest) {
  const auto app = make_app();
  EXPECT_EQ(api().ask_token(app.client, app.audience).status, 200);
  change_client(app.client.id, R"({"live_tokens_max":1})");
  EXPECT_EQ(api().ask_token(app.client, app.audience).status, 429);
}

// Nothing changed, or something that can't be, is no event.
TEST_F(AppProperties, B14WhatIsRefusedIsNoEvent) {
  const auto app = make_app();
  const auto before = api().ledger().committed();
  for (const auto* body :
       {R"({"grant_types":["telepathy"]})", R"({"token_format":"paper"})",
        R"({"token_endpoint_auth_method":"none"})", R"({"pkce_optional":1})",
        R"({"redirect_uris":["javascript:alert"]})", R"({"grant_types":["implicit"]})",
        R"({"token_endpoint_auth_method":"private_key_jwt"})"}) {
    EXPECT_EQ(api().as_admin("PATCH", "/v1/clients/" + app.client.id, body).status, 400) << body;
  }
  EXPECT_EQ(api().ledger().committed(), before);
}

}  // namespace
}  // namespace tokenledger::test
