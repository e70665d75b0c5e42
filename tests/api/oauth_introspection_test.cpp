// POST /oauth/introspect (RFC 7662): who may ask, what they see, and that both formats say the
// same.
#include <gtest/gtest.h>

#include <thread>

#include "core/base64url.hpp"
#include "storage/ledger_core.hpp"
#include "tests/api/api_fixture.hpp"

namespace tokenledger::test {
namespace {

const std::string kForm = "application/x-www-form-urlencoded";
const std::string kInactive = R"({"active":false})";

class Introspection : public ApiTest {
 protected:
  struct Party {
    std::string audience;
    ApiUnderTest::Client client;
    ApiUnderTest::Client introspector;
    std::string token;
  };
  // An API with a client that has a token of it, and one that the API lets introspect.
  static Party party(const std::string& more = "") {
    Party made;
    made.audience = fresh("urn:introspected:");
    made.introspector = api().make_client();
    api().make_api(made.audience, R"(,"introspectors":[")" + made.introspector.id + "\"]" + more);
    made.client = api().make_client();
    api().grant(made.client, made.audience);
    made.token = api().new_token(made.client, made.audience);
    return made;
  }
  static std::string basic(const ApiUnderTest::Client& client) {
    return "Authorization: Basic " + base64_encode(bytes_of(client.id + ":" + client.secret)) +
           "\r\n";
  }
  static Reply ask(const ApiUnderTest::Client& client, std::string_view token) {
    return api().call(
        "POST", "/oauth/introspect",
        {.body = "token=" + std::string{token}, .type = kForm, .headers = basic(client)});
  }
  static Reply ask_as_bearer(std::string_view bearer, std::string_view token) {
    return api().call("POST", "/oauth/introspect",
                      {.token = bearer, .body = "token=" + std::string{token}, .type = kForm});
  }
  static std::string claims_of(const std::string& jwt) {
    const auto first = jwt.find('.');
    const auto second = jwt.find('.', first + 1);
    return base64url_decode(jwt.substr(first + 1, second - first - 1)).value_or("");
  }
};

TEST_F(Introspection, AClientSeesItsOwnTokensAndThoseOfApisThatListItAndNoOthers) {
  const auto one = party();
  const auto other = party();
  for (const auto* caller : {&one.client, &one.introspector}) {
    const auto reply = ask(*caller, one.token);
    EXPECT_EQ(reply.status, 200);
    EXPECT_TRUE(reply.has(R"("active":true)")) << reply.body;
    EXPECT_EQ(reply.text("client_id"), one.client.id);
    EXPECT_TRUE(reply.has("Cache-Control: no-store")) << reply.head;
  }
  for (const auto* caller : {&other.client, &other.introspector}) {
    const auto reply = ask(*caller, one.token);
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.body, kInactive);
  }
}

TEST_F(Introspection, ABearerWithTheScopeSeesEveryTokenAndWithoutItHears401) {
  const auto one = party();
  EXPECT_TRUE(ask_as_bearer(api().manager(R"(["introspect"])"), one.token).has(R"("active":true)"));
  const auto lacking = ask_as_bearer(api().manager(R"(["check"])"), one.token);
  EXPECT_EQ(lacking.status, 401);
  EXPECT_EQ(lacking.text("error"), "insufficient_scope");
  EXPECT_TRUE(lacking.has(R"(error="insufficient_scope")")) << lacking.head;
  const auto foreign = ask_as_bearer(one.token, one.token);
  EXPECT_EQ(foreign.status, 401);
  EXPECT_EQ(foreign.text("error"), "invalid_token");
}

TEST_F(Introspection, TheAnswerHasEveryClaimOfTheTokenAndB15BothFormatsHaveTheSame) {
  const auto jwt = party();
  const auto opaque = party(R"(,"token_format":"opaque")");
  const auto of_jwt = ask(jwt.introspector, jwt.token);
  EXPECT_EQ(of_jwt.body,
            R"({"active":true,"token_type":"Bearer",)" + claims_of(jwt.token).substr(1));
  const auto of_opaque = ask(opaque.introspector, opaque.token);
  const auto names_of = [](const Reply& reply) {
    std::vector<std::string> names;
    const auto object = reply.json();
    if (!object) return names;
    for (const auto& [name, value] : *object->get_if<JsonValue::Object>()) names.push_back(name);
    return names;
  };
  const auto names = names_of(of_jwt);
  EXPECT_EQ(names, names_of(of_opaque)) << of_opaque.body;
  EXPECT_EQ(names.size(), 11u) << of_jwt.body;
  EXPECT_EQ(of_opaque.text("iss"), api().ledger().issuer());
  EXPECT_EQ(of_opaque.text("sub"), opaque.client.id);
  EXPECT_EQ(of_opaque.text("aud"), opaque.audience);
  EXPECT_EQ(of_opaque.text("scope"), "read write");
  EXPECT_EQ(of_opaque.text("token_type"), "Bearer");
  EXPECT_EQ(of_opaque.number("exp") - of_opaque.number("iat"), 86'400);
  const auto row = api().as_admin("GET", "/v1/tokens/" + of_opaque.text("jti"));
  EXPECT_EQ(row.status, 200) << row.body;
  EXPECT_EQ(row.text("client_id"), opaque.client.id);
}

TEST_F(Introspection, WhateverIsNotGoodIsInactiveAndNothingMore) {
  const auto one = party(R"(,"token_lifetime":50)");
  auto tampered = one.token;
  tampered[tampered.size() / 2] = tampered[tampered.size() / 2] == 'A' ? 'B' : 'A';
  const auto gone = api().new_token(one.client, one.audience);
  ASSERT_EQ(api().as_admin("POST", "/v1/tokens/" + api().jti_of(gone) + "/revoke").status, 200);
  const auto deaf = api().make_client();
  for (const std::string& token : {std::string{"junk"}, tampered, gone, one.token + "x"}) {
    const auto reply = ask(one.introspector, token);
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.body, kInactive);
  }
  EXPECT_TRUE(ask(one.introspector, one.token).has(R"("active":true)"));
  api().clock().advance_s(51);
  EXPECT_EQ(ask(one.introspector, one.token).body, kInactive) << "expired";
}

// Z06 and INV-2 at this endpoint: the very next introspection says no.
TEST_F(Introspection, ARevocationAndACascadeAreSeenByTheNextRequest) {
  for (const auto* format : {"", R"(,"token_format":"opaque")"}) {
    const auto one = party(format);
    ASSERT_TRUE(ask(one.introspector, one.token).has(R"("active":true)"));
    ASSERT_EQ(api().as_admin("POST", "/v1/tokens/" + api().jti_of(one.token) + "/revoke").status,
              200);
    EXPECT_EQ(ask(one.introspector, one.token).body, kInactive);
    const auto next = api().new_token(one.client, one.audience);
    ASSERT_TRUE(ask(one.introspector, next).has(R"("active":true)"));
    ASSERT_EQ(api().as_admin("POST", "/v1/clients/" + one.client.id + "/disable").status, 200);
    EXPECT_EQ(ask(one.introspector, next).body, kInactive);
  }
}

TEST_F(Introspection, TheBodyAuthenticatesTooAndTwoWaysAtOnceAreRefused) {
  const auto one = party();
  const auto body = "token=" + one.token + "&client_id=" + one.client.id +
                    "&client_secret=" + one.client.secret + "&token_type_hint=refresh_token";
  const auto call = [&](const std::string& form, const std::string& headers = "",
                        std::string_view path = "/oauth/introspect") {
    return api().call("POST", path, {.body = form, .type = kForm, .headers = headers});
  };
  EXPECT_TRUE(call(body).has(R"("active":true)"));
  EXPECT_EQ(call(body, basic(one.client)).status, 400);
  const auto bearer = "Authorization: Bearer " + api().admin() + "\r\n";
  EXPECT_EQ(call("token=" + one.token, bearer).status, 200);
  EXPECT_EQ(call(body, bearer).status, 400);
  EXPECT_EQ(call("token=x&client_id=other", basic(one.client)).status, 400);
  EXPECT_EQ(call("token=x&token=y", basic(one.client)).status, 400);
  const auto missing = call("token=", basic(one.client));
  EXPECT_EQ(missing.status, 400);
  EXPECT_EQ(missing.text("error"), "invalid_request");
  EXPECT_EQ(call("token=x", basic(one.client), "/oauth/introspect?token=x").status, 400);
  const auto wrong = call("token=x", basic({one.client.id, "wrong"}));
  EXPECT_EQ(wrong.status, 401);
  EXPECT_EQ(wrong.text("error"), "invalid_client");
  EXPECT_TRUE(wrong.has("WWW-Authenticate: Basic")) << wrong.head;
  EXPECT_EQ(call("token=x").status, 401);
}

TEST(IntrospectionFailure, INV6APoisonedLedgerSays503AndNeverActive) {
  ApiUnderTest api;
  api.make_api("urn:api");
  const auto client = api.make_client();
  api.grant(client, "urn:api");
  const auto token = api.new_token(client, "urn:api");
  const auto call = [&](std::string_view path) {
    return api.call(
        "POST", path,
        {.body = "token=" + token + "&client_id=" + client.id + "&client_secret=" + client.secret,
         .type = kForm});
  };
  ASSERT_TRUE(call("/oauth/introspect").has(R"("active":true)"));
  api.ledger().core().poison("a test");
  EXPECT_EQ(call("/oauth/introspect").status, 503);
  const auto revoked = call("/oauth/revoke");
  EXPECT_EQ(revoked.status, 503) << "never a success that did not happen";
  EXPECT_TRUE(revoked.has("Retry-After: ")) << revoked.head;
}

}  // namespace
}  // namespace tokenledger::test
