// The formats of a user's access token: what they have in common, and that another ledger knows
// none of them. That kinds never pass for each other: tests/api/token_kinds_test.cpp.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "core/jwt.hpp"
#include "storage/ledger_core.hpp"
#include "tests/api/browser_fixture.hpp"
#include "tests/api/user_grant_fixture.hpp"

namespace tokenledger::test {
namespace {

class Formats : public UserGrantTest {
 protected:
  static void SetUpTestSuite() {
    ApiTest::SetUpTestSuite();
    login_ = fresh("fay");
    user_ = make_user(login_);
    audience_ = make_offline_api();
  }
  static App make_app_of(TokenKind kind) {
    auto app = make_app(false, [&](ClientSettings& settings) { settings.token_format = kind; });
    api().grant({app.id, ""}, audience_);
    return app;
  }
  static Reply sign_in(const App& app) {
    const auto reply = redeem(app, make_code(user_, app, audience_, {}));
    EXPECT_EQ(reply.status, 200) << reply.body;
    return reply;
  }
  static Reply introspect(const App& app, const std::string& token, const std::string& more = "") {
    return form("/oauth/introspect", credentials(app) + "&token=" + token + more);
  }
  // Names of the members, in order.
  static std::string members(const Reply& reply) {
    std::string names;
    const auto object = reply.json();
    if (!object) return "no JSON";
    for (const auto& [name, value] : *object->get_if<JsonValue::Object>()) names += name + " ";
    return names;
  }
  static inline std::string login_;
  static inline Person user_;
  static inline std::string audience_;
};

constexpr TokenKind kFormats[] = {TokenKind::jwt, TokenKind::opaque, TokenKind::jwe};

TEST_F(Formats, B05B06B15AllThreeWorkAndIntrospectAlike) {
  std::map<TokenKind, std::string> seen;
  for (const auto kind : kFormats) {
    const auto app = make_app_of(kind);
    const auto token = sign_in(app).text("access_token");
    const auto dots = std::ranges::count(token, '.');
    EXPECT_EQ(dots, kind == TokenKind::jwt ? 2 : kind == TokenKind::jwe ? 4 : 0) << token.size();
    EXPECT_EQ(api().authz(token, audience_, "read"), 200);
    EXPECT_EQ(api().get("/oauth/userinfo", token).text("sub"), user_.id);
    const auto answer = introspect(app, token);
    EXPECT_EQ(answer.text("sub"), user_.id) << answer.body;
    EXPECT_EQ(answer.text("client_id"), app.id);
    EXPECT_EQ(answer.text("scope"), "openid profile read write");
    EXPECT_GT(answer.number("auth_time"), 0);
    seen[kind] = members(answer);
    EXPECT_EQ(seen[kind], seen[TokenKind::jwt]);
  }
}

// One client whose setting changes: its next token has the other format (B14), and what is known
// of it by introspection stays the same, but for what is each token's own.
TEST_F(Formats, B15ThreeTokensOfOneClientIntrospectToTheSameClaims) {
  const auto app = make_app_of(TokenKind::jwt);
  std::map<std::string, std::string> first;
  for (const auto* format : {"jwt", "opaque", "jwe"}) {
    const auto changed = api().as_admin("PATCH", "/v1/clients/" + app.id,
                                        R"({"token_format":")" + std::string{format} + R"("})");
    ASSERT_EQ(changed.status, 200) << changed.body;
    const auto token = sign_in(app).text("access_token");
    EXPECT_EQ(std::ranges::count(token, '.') == 0, std::string_view{format} == "opaque");
    const auto answer = introspect(app, token);
    ASSERT_TRUE(answer.has(R"({"active":true,)")) << answer.body;
    std::map<std::string, std::string> claims;
    for (const auto* name : {"token_type", "iss", "sub", "client_id", "scope"})
      claims[name] = answer.text(name);
    const auto audience_at = answer.body.find("\"aud\":");
    claims["aud"] =
        answer.body.substr(audience_at, answer.body.find(']', audience_at) - audience_at);
    EXPECT_NE(claims["aud"].find(audience_), std::string::npos) << answer.body;
    EXPECT_EQ(claims["iss"], api().ledger().issuer()) << format;
    claims["lifetime"] = std::to_string(answer.number("exp") - answer.number("iat"));
    if (first.empty()) first = claims;
    EXPECT_EQ(claims, first) << format;
    EXPECT_EQ(answer.text("jti"), api().jti_of(token)) << format;
    // The JWT's own payload, byte for byte.
    if (std::string_view{format} == "jwt") {
      EXPECT_EQ(answer.body, R"({"active":true,"token_type":"Bearer",)" + part(token, 1).substr(1));
    }
  }
}

TEST_F(Formats, B02SignatureAudienceScopeAndExpiryCountInEveryFormat) {
  const auto audience = make_offline_api(R"(,"token_lifetime":50)");
  for (const auto kind : kFormats) {
    auto app = make_app(false, [&](ClientSettings& settings) { settings.token_format = kind; });
    api().grant({app.id, ""}, audience);
    const auto token = redeem(app, make_code(user_, app, audience, {.scopes = 1, .identity = 0}))
                           .text("access_token");
    EXPECT_EQ(api().authz(token, audience, "read"), 200);
    EXPECT_EQ(api().authz(token, audience, "write"), 403);
    EXPECT_EQ(api().authz(token, audience + "/"), 401);
    const auto answer = introspect(app, token);
    EXPECT_EQ(answer.text("aud"), audience) << answer.body;
    EXPECT_EQ(answer.text("scope"), "read");
    EXPECT_EQ(answer.number("exp") - answer.number("iat"), 50);
    // Whatever is changed, anywhere, it is no token of ours.
    std::size_t changes = 0;
    for (std::size_t at = 0; at < token.size(); at += 7) {
      auto altered = token;
      altered[at] = altered[at] == 'A' ? 'B' : 'A';
      EXPECT_EQ(api().authz(altered, audience), 401) << at;
      ++changes;
    }
    EXPECT_GT(changes, 5u);
    api().clock().advance_s(50);
    EXPECT_EQ(api().authz(token, audience, "read"), 401) << "expired";
    EXPECT_EQ(introspect(app, token).body, R"({"active":false})");
  }
}

TEST_F(Formats, B05AJwsIsTheDefaultAndVerifiesWithThePublishedKeys) {
  const auto app = make_app(false);
  api().grant({app.id, ""}, audience_);
  const auto token = sign_in(app).text("access_token");
  const auto decoded = decode_unverified(token);
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(decoded->type, kAccessTokenType);
  EXPECT_TRUE(api().get("/.well-known/jwks.json", "").has("\"kid\":\"" + decoded->key_id + "\""));
  const auto key = api().ledger().core().keys->signing_key(decoded->key_id);
  ASSERT_NE(key, nullptr);
  EXPECT_TRUE(key->verify_key().verify(bytes_of(token.substr(0, decoded->signed_length)),
                                       bytes_of(decoded->signature)));
}

TEST_F(Formats, B07B08B09IssuerAudienceAndSubjectSayWhoMadeItForWhomAboutWhom) {
  const auto metadata = api().get("/.well-known/oauth-authorization-server", "");
  const auto app = make_app_of(TokenKind::jwt);
  const auto reply = sign_in(app);
  const auto access = decode_unverified(reply.text("access_token"));
  ASSERT_TRUE(access.has_value());
  EXPECT_EQ(access->claims.issuer, metadata.text("issuer"));
  EXPECT_EQ(access->claims.audience,
            (std::vector<std::string>{std::string{kIdentityAudience}, audience_}))
      << "B08: APIs consume it";
  EXPECT_EQ(access->claims.subject, user_.id) << "B09: a user";
  const auto id = part(reply.text("id_token"), 1);
  EXPECT_NE(id.find("\"iss\":\"" + metadata.text("issuer") + "\""), std::string::npos) << id;
  EXPECT_NE(id.find("\"aud\":\"" + app.id + "\""), std::string::npos)
      << "B08: the app consumes it " << id;
  const auto machine = api().make_client();
  api().grant(machine, audience_);
  const auto own = decode_unverified(api().new_token(machine, audience_));
  ASSERT_TRUE(own.has_value());
  EXPECT_EQ(own->claims.subject, machine.id) << "B09: an app";
  EXPECT_EQ(own->claims.issuer, metadata.text("issuer"));
}

TEST_F(Formats, B06AJweTellsItsHolderNothing) {
  const auto token = sign_in(make_app_of(TokenKind::jwe)).text("access_token");
  for (std::size_t which = 0; which < 5; ++which) {
    EXPECT_EQ(part(token, which).find(user_.id), std::string::npos);
    EXPECT_EQ(part(token, which).find(audience_), std::string::npos);
  }
  auto altered = token;
  altered.back() = altered.back() == 'A' ? 'B' : 'A';
  EXPECT_EQ(api().authz(altered, audience_), 401);
}

TEST_F(Formats, A18cATokenWithoutTheScopeIsRefusedInEveryFormat) {
  for (const auto kind : kFormats) {
    const auto app = make_app_of(kind);
    const auto reply = redeem(app, make_code(user_, app, audience_, {.scopes = 1, .identity = 0}));
    EXPECT_EQ(api().authz(reply.text("access_token"), audience_, "read"), 200);
    EXPECT_EQ(api().authz(reply.text("access_token"), audience_, "write"), 403);
    EXPECT_EQ(api().authz(reply.text("access_token"), "urn:elsewhere"), 401);
  }
}

// Two tenants are two ledgers: nothing of one is known to the other, whatever the names.
TEST_F(Formats, B12WhatOneLedgerMadeAnotherDoesNotKnow) {
  ApiUnderTest other;
  const auto settings = R"({"client_id":"twin","name":"twin","grant_types":)"
                        R"(["authorization_code","refresh_token","client_credentials"],)"
                        R"("redirect_uris":[")" +
                        std::string{kRedirect} + R"("]})";
  std::string foreign_secret;
  App twin;
  for (auto* each : {&api(), &other}) {
    if (each == &other) each->make_api(audience_, R"(,"allow_offline_access":true)");
    const auto made = each->as_admin("POST", "/v1/clients", settings);
    ASSERT_EQ(made.status, 201) << made.body;
    each->grant({"twin", ""}, audience_);
    (each == &other ? foreign_secret : twin.secret) = made.text("client_secret");
  }
  twin.id = "twin";
  Browser here{api()};
  ASSERT_EQ(here.sign_in(here.get("/oauth/account"), login_, kTestPassword).status, 303);
  EXPECT_TRUE(here.get("/oauth/account").has("Your account"));
  api().ledger().with_registries(
      [&](const Registries& registries) { twin.number = registries.find_client("twin")->number; });
  const auto reply = sign_in(twin);
  const auto code = make_code(user_, twin, audience_, {});
  const auto before = other.ledger().committed();
  const auto there = [&](std::string_view path, const std::string& body) {
    return other.call("POST", path,
                      {.body = "client_id=twin&client_secret=" + foreign_secret + "&" + body,
                       .type = "application/x-www-form-urlencoded"});
  };
  for (const auto* name : {"access_token", "refresh_token", "id_token"}) {
    const auto text = reply.text(name);
    EXPECT_EQ(other.authz(text, audience_), 401) << name;
    EXPECT_EQ(other.get("/oauth/userinfo", text).status, 401) << name;
    EXPECT_EQ(there("/oauth/introspect", "token=" + text).body, R"({"active":false})") << name;
    EXPECT_EQ(there("/oauth/revoke", "token=" + text).status, 200) << name;
  }
  EXPECT_EQ(
      there("/oauth/token", "grant_type=refresh_token&refresh_token=" + reply.text("refresh_token"))
          .text("error"),
      "invalid_grant");
  EXPECT_EQ(there("/oauth/token", "grant_type=authorization_code&code=" + code + "&redirect_uri=" +
                                      std::string{kRedirect} + "&code_verifier=" + verifier())
                .text("error"),
            "invalid_grant");
  Browser elsewhere{other};
  elsewhere.cookies = here.cookies;
  EXPECT_TRUE(elsewhere.get("/oauth/account").has("Sign in")) << "nor does the session";
  // Nor do the ids, with the right to see everything there.
  const auto jti = api().jti_of(reply.text("access_token"));
  EXPECT_EQ(other.as_admin("GET", "/v1/tokens/" + jti).status, 404);
  EXPECT_EQ(other.as_admin("POST", "/v1/tokens/" + jti + "/revoke").status, 404);
  EXPECT_EQ(other.as_admin("GET", "/v1/users/" + user_.id).status, 404);
  EXPECT_EQ(other.get("/v1/clients", api().admin()).status, 401);
  EXPECT_EQ(other.ledger().committed(), before) << "none of this is an event there";
  EXPECT_EQ(api().authz(reply.text("access_token"), audience_), 200);
  EXPECT_EQ(redeem(twin, code).status, 200);
  // Without an app nothing is issued.
  EXPECT_EQ(other.ask_token({"nobody", "secret"}, audience_).status, 401);
}

}  // namespace
}  // namespace tokenledger::test
