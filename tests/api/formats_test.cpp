// The formats of a user's access token, and that kinds of tokens never pass for each other.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "tests/api/user_grant_fixture.hpp"

namespace tokenledger::test {
namespace {

class Formats : public UserGrantTest {
 protected:
  static void SetUpTestSuite() {
    ApiTest::SetUpTestSuite();
    user_ = make_user(fresh("fay"));
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
  static inline Person user_;
  static inline std::string audience_;
};

TEST_F(Formats, B05B06B15AllThreeWorkAndIntrospectAlike) {
  std::map<TokenKind, std::string> seen;
  for (const auto kind : {TokenKind::jwt, TokenKind::opaque, TokenKind::jwe}) {
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
  for (const auto kind : {TokenKind::jwt, TokenKind::opaque, TokenKind::jwe}) {
    const auto app = make_app_of(kind);
    const auto reply = redeem(app, make_code(user_, app, audience_, {.scopes = 1, .identity = 0}));
    EXPECT_EQ(api().authz(reply.text("access_token"), audience_, "read"), 200);
    EXPECT_EQ(api().authz(reply.text("access_token"), audience_, "write"), 403);
    EXPECT_EQ(api().authz(reply.text("access_token"), "urn:elsewhere"), 401);
  }
}

// Each kind is good at one endpoint and nothing at all others.
TEST_F(Formats, B04KindsNeverPassForEachOther) {
  const auto app = make_app_of(TokenKind::jwt);
  const auto reply = sign_in(app);
  const auto code = make_code(user_, app, audience_, {});
  const auto before = committed();
  const std::map<std::string, std::string> others = {{"id_token", reply.text("id_token")},
                                                     {"refresh_token", reply.text("refresh_token")},
                                                     {"code", code}};
  for (const auto& [name, text] : others) {
    EXPECT_EQ(api().authz(text, audience_), 401) << name;
    EXPECT_EQ(api().get("/oauth/userinfo", text).status, 401) << name;
    for (const auto* hint : {"", "&token_type_hint=refresh_token", "&token_type_hint=id_token"}) {
      EXPECT_EQ(introspect(app, text, hint).body, R"({"active":false})") << name << hint;
    }
    if (name != "code") {
      EXPECT_EQ(redeem(app, text).text("error"), "invalid_grant") << name;
    }
    if (name != "refresh_token") {
      EXPECT_EQ(refresh(app, text).text("error"), "invalid_grant") << name;
    }
  }
  const auto access = reply.text("access_token");
  EXPECT_EQ(redeem(app, access).text("error"), "invalid_grant");
  EXPECT_EQ(refresh(app, access).text("error"), "invalid_grant");
  for (const auto& text : {code, reply.text("id_token")})
    EXPECT_EQ(form("/oauth/revoke", credentials(app) + "&token=" + text).status, 200);
  EXPECT_EQ(committed(), before) << "none of this is an event";
  EXPECT_EQ(api().authz(access, audience_), 200);
  EXPECT_EQ(redeem(app, code).status, 200);
}

TEST_F(Formats, B12WhatOneLedgerMadeAnotherDoesNotKnow) {
  ApiUnderTest other;
  const auto app = make_app_of(TokenKind::jwe);
  const auto reply = sign_in(app);
  for (const auto* name : {"access_token", "refresh_token", "id_token"}) {
    EXPECT_EQ(other.authz(reply.text(name), audience_), 401) << name;
    EXPECT_EQ(other.get("/oauth/userinfo", reply.text(name)).status, 401) << name;
  }
}

}  // namespace
}  // namespace tokenledger::test
