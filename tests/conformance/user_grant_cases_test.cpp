// The rows about codes, verifiers and refresh tokens: status, error code, and what stays good.
//
// Rules of RFC 6749 §4.1.3 and §6, RFC 7636 §4.6, RFC 8707 §2.2 and RFC 9700 §4.14, typed in one
// row each. Rows of the authorization endpoint stand where that is tested; what it says of targets
// stands here. tests/conformance/negative_cases_test.cpp counts them all.
#include <gtest/gtest.h>

#include <cstdio>
#include <functional>

#include "tests/api/user_grant_fixture.hpp"

namespace tokenledger::test {
namespace {

class UserGrantCases : public UserGrantTest {
 protected:
  static void SetUpTestSuite() {
    ApiTest::SetUpTestSuite();
    user_ = make_user(fresh("nina"));
    app_ = make_app(false);
    other_ = make_app(false);
    audience_ = make_offline_api();
    for (const auto* app : {&app_, &other_}) api().grant({app->id, ""}, audience_);
    telling_ = "urn:" + fresh("telling");
    ASSERT_EQ(
        api()
            .as_admin("POST", "/v1/apis",
                      R"({"identifier":")" + telling_ + R"(","name":"Telling","scopes":["tell"]})")
            .status,
        201);
    api().grant({app_.id, ""}, telling_, R"(["tell"])");
  }
  static std::string code(const Ask& ask = {}) { return make_code(user_, app_, audience_, ask); }
  static Reply sign_in(const Ask& ask = {}) { return redeem(app_, code(ask)); }
  static std::string token_of(const Reply& reply) { return reply.text("refresh_token"); }
  // Without the parameters that redeem() adds.
  static Reply present(const App& app, const std::string& text, const std::string& more) {
    return form("/oauth/token",
                "grant_type=authorization_code&" + credentials(app) + "&code=" + text + more);
  }
  static Reply introspect(const std::string& token) {
    return form("/oauth/introspect", credentials(app_) + "&token=" + token);
  }
  // What GET /oauth/authorize answers somebody who is not signed in.
  static Reply authorize(const App& app, const std::string& more,
                         const std::string& pkce = "&code_challenge_method=S256&code_challenge=" +
                                                   std::string(43, 'A')) {
    auto reply =
        api().call("GET",
                   "/oauth/authorize?response_type=code&client_id=" + app.id +
                       "&redirect_uri=" + std::string{kRedirect} + "&state=s" + pkce + more,
                   {});
    EXPECT_TRUE(reply.has("Location: " + std::string{kRedirect} + "?error=")) << reply.head;
    EXPECT_TRUE(reply.has("&iss=")) << reply.head;
    return reply;
  }
  static inline Person user_;
  static inline App app_;
  static inline App other_;
  static inline std::string audience_;
  static inline std::string telling_;  // another API, with other scopes
};

constexpr const char* kInactive = R"({"active":false})";
const std::string kTo = "&redirect_uri=" + std::string{kRedirect};

TEST_F(UserGrantCases, EveryRowHasItsStatusAndError) {
  struct Row {
    const char* id;
    int status;
    const char* error;  // empty: none
    std::function<Reply()> send;
  };
  const auto with = [](const std::string& verifier_text) {
    return "&code_verifier=" + verifier_text;
  };
  const std::vector<Row> rows = {
      {"token-endpoint-14", 400, "invalid_grant",
       [] { return redeem(app_, make_authorization_code(random_bytes<32>())); }},
      {"token-endpoint-15", 400, "invalid_grant",
       [] {
         const auto text = code();
         const auto first = redeem(app_, text);
         auto second = redeem(app_, text);
         EXPECT_EQ(api().authz(first.text("access_token"), audience_), 401);
         return second;
       }},
      {"token-endpoint-16", 400, "invalid_grant", [] { return redeem(other_, code()); }},
      {"token-endpoint-17", 400, "invalid_grant",
       [&] { return present(app_, code(), kTo + "x" + with(verifier())); }},
      {"token-endpoint-17b", 400, "invalid_grant",
       [&] { return present(app_, code(), with(verifier())); }},
      {"token-endpoint-18", 400, "invalid_scope",
       [] { return refresh(app_, token_of(sign_in({.scopes = 1})), "&scope=read+write"); }},
      {"token-endpoint-20", 200, "",
       [] {
         auto wrong = app_;
         wrong.secret = "wrong";
         const auto text = code();
         EXPECT_EQ(redeem(wrong, text).status, 401);
         return redeem(app_, text);
       }},
      {"pkce-01", 400, "invalid_grant",
       [&] { return present(app_, code(), kTo + with(std::string(43, 'w'))); }},
      {"pkce-02", 400, "invalid_grant", [] { return present(app_, code(), kTo); }},
      {"pkce-03", 400, "invalid_grant",
       [] {
         const auto lax =
             make_app(false, [](ClientSettings& settings) { settings.pkce_optional = true; });
         api().grant({lax.id, ""}, audience_);
         const auto text = make_code(user_, lax, audience_, {.has_challenge = false});
         auto reply = redeem(lax, text);
         EXPECT_EQ(present(lax, text, kTo).status, 200) << "it was not used up";
         return reply;
       }},
      {"pkce-04", 400, "invalid_grant",
       [&] { return present(app_, code(), kTo + with(std::string(42, 'v'))); }},
      {"pkce-04b", 400, "invalid_grant",
       [&] { return present(app_, code(), kTo + with(std::string(129, 'v'))); }},
      {"pkce-04c", 400, "invalid_grant",
       [&] { return present(app_, code(), kTo + with(std::string(42, 'v') + "%2F")); }},
      {"refresh-token-01", 400, "invalid_grant",
       [] { return refresh(app_, "tlr_" + std::string(48, 'A')); }},
      {"refresh-token-01b", 400, "invalid_grant",
       [] {
         const auto token = token_of(sign_in());
         EXPECT_EQ(form("/oauth/revoke", credentials(app_) + "&token=" + token).status, 200);
         return refresh(app_, token);
       }},
      // The family lives on: who holds a leaked token must not be able to end it for its owner.
      {"refresh-token-02", 400, "invalid_grant",
       [] {
         const auto token = token_of(sign_in());
         auto reply = refresh(other_, token);
         EXPECT_EQ(refresh(app_, token).status, 200);
         return reply;
       }},
      {"refresh-token-03", 400, "invalid_grant",
       [] {
         const auto first = sign_in();
         const auto second = refresh(app_, token_of(first));
         api().clock().advance_s(11);
         EXPECT_EQ(refresh(app_, token_of(first)).text("error"), "invalid_grant");
         EXPECT_EQ(api().authz(second.text("access_token"), audience_), 401);
         return refresh(app_, token_of(second));
       }},
      // 04: see one_winner_test.
      {"refresh-token-05", 200, "",
       [] {
         const auto first = sign_in();
         const auto second = refresh(app_, token_of(first));
         auto retry = refresh(app_, token_of(first));
         EXPECT_EQ(retry.body, second.body);
         return retry;
       }},
      {"refresh-token-06", 400, "invalid_scope",
       [] { return refresh(app_, token_of(sign_in()), "&scope=unheard"); }},
      {"refresh-token-07", 400, "invalid_target",
       [] { return refresh(app_, token_of(sign_in()), "&resource=urn:other"); }},
      {"refresh-token-09", 400, "invalid_grant",
       [] {
         const auto person = make_user(fresh("otto"));
         const auto first = redeem(app_, make_code(person, app_, audience_, {}));
         auto& people = api().ledger().people();
         EXPECT_TRUE(people.set_password(person.number, "a new one, long enough", {}).has_value());
         return refresh(app_, token_of(first));
       }},
      {"refresh-token-10", 400, "invalid_grant",
       [] {
         const auto audience = make_offline_api(R"(,"refresh_token_idle":100)");
         api().grant({app_.id, ""}, audience);
         const auto token = token_of(redeem(app_, make_code(user_, app_, audience, {})));
         api().clock().advance_s(100);
         return refresh(app_, token);
       }},
      // What is no access token is inactive for everybody, its own client included.
      {"introspection-05c", 200, kInactive, [] { return introspect(token_of(sign_in())); }},
      {"introspection-05d", 200, kInactive, [] { return introspect(sign_in().text("id_token")); }},
      {"introspection-05e", 200, kInactive, [] { return introspect(code()); }},
      {"introspection-05f", 200, kInactive,
       [] {
         const auto reply = sign_in();
         EXPECT_EQ(form("/oauth/revoke", credentials(app_) + "&token=" + token_of(reply)).status,
                   200);
         return introspect(reply.text("access_token"));
       }},
      {"pkce-05", 302, "error=invalid_request",
       [] {
         const auto open = make_app(true);
         api().grant({open.id, ""}, audience_);
         return authorize(open, "&scope=read&audience=" + audience_, "");
       }},
      {"revocation-09", 200, "",
       [] {
         const auto reply = sign_in();
         auto answer = form("/oauth/revoke", credentials(app_) + "&token=" + token_of(reply) +
                                                 "&token_type_hint=access_token");
         EXPECT_EQ(api().authz(reply.text("access_token"), audience_), 401);
         return answer;
       }},
      {"bearer-rs-10", 401, "invalid_token",
       [] { return api().get("/v1/authz?audience=" + audience_, sign_in().text("id_token")); }},
      {"resource-indicators-02", 400, "invalid_target",
       [] { return redeem(app_, code(), "&resource=urn:other"); }},
      {"resource-indicators-02b", 302, "error=invalid_target",
       [] { return authorize(app_, "&scope=read&resource=urn:other"); }},
      // A scope of another API than the one that is named.
      {"resource-indicators-03", 302, "error=invalid_scope",
       [] { return authorize(app_, "&scope=read+tell&audience=" + audience_); }},
      {"resource-indicators-03b", 400, "invalid_scope",
       [] { return refresh(app_, token_of(sign_in()), "&scope=read+tell"); }},
      // No API is named: only identity scopes have one to go without saying.
      {"resource-indicators-04", 302, "error=invalid_scope",
       [] { return authorize(app_, "&scope=openid+read"); }},
      {"resource-indicators-04b", 302, "error=invalid_target",
       [] {
         return authorize(app_, "&scope=read+tell&resource=" + audience_ + "&resource=" + telling_);
       }},
  };
  std::size_t ran = 0;
  for (const auto& row : rows) {
    const auto reply = row.send();
    EXPECT_EQ(reply.status, row.status) << row.id << "\n" << reply.head << reply.body;
    EXPECT_TRUE(reply.has(row.error)) << row.id << "\n" << reply.head << reply.body;
    ++ran;
  }
  std::printf("%zu rows ran here; negative_cases_test counts them all\n", ran);
}

}  // namespace
}  // namespace tokenledger::test
