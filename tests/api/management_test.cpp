// The management API: who may do what, and what the registries' endpoints answer.
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "storage/key_store.hpp"
#include "storage/ledger_core.hpp"
#include "tests/api/api_fixture.hpp"

namespace tokenledger::test {
namespace {

class Management : public ApiTest {};

struct Endpoint {
  const char* method;
  const char* path;
  const char* body;
  const char* scope;  // the one that opens it
};
constexpr Endpoint kEndpoints[] = {
    {"GET", "/v1/clients", "", "clients:read"},
    {"POST", "/v1/clients", "{}", "clients:write"},
    {"GET", "/v1/clients/x", "", "clients:read"},
    {"PATCH", "/v1/clients/x", "{}", "clients:write"},
    {"DELETE", "/v1/clients/x", "", "clients:write"},
    {"POST", "/v1/clients/x/disable", "", "clients:write"},
    {"POST", "/v1/clients/x/enable", "", "clients:write"},
    {"POST", "/v1/clients/x/rotate-secret", "", "clients:write"},
    {"GET", "/v1/keys", "", "keys:read"},
    {"POST", "/v1/keys", "{}", "keys:write"},
    {"POST", "/v1/keys/x/activate", "", "keys:write"},
    {"POST", "/v1/keys/x/retire", "", "keys:write"},
    {"POST", "/v1/keys/x/revoke", "", "keys:write"},
    {"GET", "/v1/apis", "", "apis:read"},
    {"POST", "/v1/apis", "{}", "apis:write"},
    {"GET", "/v1/apis/x", "", "apis:read"},
    {"PATCH", "/v1/apis/x", "{}", "apis:write"},
    {"DELETE", "/v1/apis/x", "", "apis:write"},
    {"PATCH", "/v1/apis?identifier=x", "{}", "apis:write"},
    {"DELETE", "/v1/apis?identifier=x", "", "apis:write"},
    {"GET", "/v1/client-grants", "", "clients:read"},
    {"POST", "/v1/client-grants", "{}", "clients:write"},
    {"PATCH", "/v1/client-grants", "{}", "clients:write"},
    {"DELETE", "/v1/client-grants?client_id=x&audience=y", "", "clients:write"},
    {"GET", "/v1/tokens", "", "tokens:read"},
    {"POST", "/v1/tokens", "{}", "tokens:create"},
    {"GET", "/v1/tokens/x", "", "tokens:read"},
    {"POST", "/v1/tokens/x/revoke", "", "tokens:revoke"},
    {"DELETE", "/v1/tokens/x", "", "tokens:revoke"},
    {"POST", "/v1/revocations", "{}", "tokens:revoke"},
    {"POST", "/v1/owners/erase", "{}", "owners:erase"},
    {"GET", "/v1/users", "", "users:read"},
    {"POST", "/v1/users", "{}", "users:write"},
    {"GET", "/v1/users/x", "", "users:read"},
    {"PATCH", "/v1/users/x", "{}", "users:write"},
    {"PUT", "/v1/users/x/groups", "{}", "users:write"},
    {"POST", "/v1/users/x/password", "{}", "users:write"},
    {"POST", "/v1/users/x/disable", "", "users:write"},
    {"POST", "/v1/users/x/enable", "", "users:write"},
    {"POST", "/v1/users/x/end-sessions", "", "users:write"},
    {"POST", "/v1/users/x/erase", "", "owners:erase"},
    {"GET", "/v1/users/x/consents", "", "users:read"},
    {"GET", "/v1/groups", "", "users:read"},
    {"POST", "/v1/groups", "{}", "users:write"},
    {"GET", "/v1/groups/x", "", "users:read"},
    {"DELETE", "/v1/groups/x", "", "users:write"},
    {"GET", "/v1/consents", "", "users:read"},
    {"GET", "/v1/consents/1", "", "users:read"},
    {"DELETE", "/v1/consents/1", "", "consents:write"},
    {"POST", "/v1/consents/1/withdraw", "", "consents:write"},
    {"GET", "/v1/pre-consents", "", "users:read"},
    {"POST", "/v1/pre-consents", "{}", "consents:write"},
    {"GET", "/v1/events", "", "events:read"},
    {"POST", "/v1/notes", "{}", "notes:write"},
    {"GET", "/v1/audit/proofs/event/1", "", "audit:read"},
    {"POST", "/v1/backups", "{}", "ledger:backup"},
    {"POST", "/v1/check", "{}", "check"},
    {"GET", "/metrics", "", "metrics:read"},
};

TEST_F(Management, A02EveryEndpointIs401WithoutATokenAnd403WithoutItsScope) {
  const auto seq = [&] { return api().ledger().committed(); };
  std::size_t count = 0;
  for (const auto& endpoint : kEndpoints) {
    std::string others;
    for (const auto& scope : kManagementScopes) {
      if (scope.name == endpoint.scope) continue;
      others += (others.empty() ? "[\"" : ",\"") + std::string{scope.name} + '"';
    }
    const auto lacking = api().manager(others + "]");
    const auto holding = api().manager("[\"" + std::string{endpoint.scope} + "\"]");
    const auto before = seq();
    const auto with = [&](std::string_view token) {
      return api().call(endpoint.method, endpoint.path, {.token = token, .body = endpoint.body});
    };
    const auto anonymous = with("");
    EXPECT_EQ(anonymous.status, 401) << endpoint.path;
    EXPECT_TRUE(anonymous.has("WWW-Authenticate: Bearer")) << endpoint.path;
    EXPECT_EQ(with("junk").status, 401) << endpoint.path;
    const auto refused = with(lacking);
    EXPECT_EQ(refused.status, 403) << endpoint.path;
    EXPECT_TRUE(refused.has("scope=\"" + std::string{endpoint.scope} + '"')) << refused.head;
    EXPECT_EQ(seq(), before) << "no event";
    const auto let_in = with(holding).status;
    EXPECT_NE(let_in, 401) << endpoint.path;
    EXPECT_NE(let_in, 403) << endpoint.path;
    ++count;
  }
  std::printf("%zu endpoints\n", count);
}

TEST_F(Management, A02ATokenOfAnotherApiOpensNothing) {
  const auto audience = fresh("urn:other:");
  // Its scope even has the management scope's name.
  ASSERT_EQ(api()
                .as_admin("POST", "/v1/apis",
                          R"({"identifier":")" + audience +
                              R"(","name":"n","scopes":["clients:read","clients:write"]})")
                .status,
            201);
  const auto client = api().make_client();
  api().grant(client, audience, R"(["clients:read","clients:write"])");
  EXPECT_EQ(api().get("/v1/clients", api().new_token(client, audience)).status, 401);
}

TEST_F(Management, NobodyHandsOutManagementScopesTheyLack) {
  const std::string management{kManagementAudience};
  const auto weak = api().manager(R"(["clients:write","tokens:create","clients:read"])");
  const auto client = api().make_client();
  const auto grant_of = [&](const std::string& scope) {
    return R"({"client_id":")" + client.id + R"(","audience":")" + management + R"(","scopes":[")" +
           scope + R"("]})";
  };
  EXPECT_EQ(api().post("/v1/client-grants", grant_of("tokens:revoke"), weak).status, 403);
  const auto escalating = api().post("/v1/tokens",
                                     R"({"name":"up","audience":")" + management +
                                         R"(","scopes":["tokens:revoke"],"expires_in_days":1})",
                                     weak);
  EXPECT_EQ(escalating.status, 403);
  EXPECT_EQ(escalating.text("code"), "insufficient_scope");
  EXPECT_EQ(api().post("/v1/client-grants", grant_of("clients:read"), weak).status, 201);

  const auto strong = api().make_client();
  api().grant(strong, management, R"(["tokens:revoke"])");
  const auto rotate = "/v1/clients/" + strong.id + "/rotate-secret";
  EXPECT_EQ(api().post(rotate, "", weak).status, 403) << "who resets a secret gets what it holds";
  EXPECT_EQ(api().as_admin("POST", rotate).status, 200);

  const auto path = "/v1/clients/" + strong.id;
  const auto mine = R"({"redirect_uris":["https://mine.example/cb"]})";
  const auto taken = api().call("PATCH", path, {.token = weak, .body = mine});
  EXPECT_EQ(taken.status, 403) << "who changes a client may get what it holds";
  EXPECT_EQ(taken.text("code"), "insufficient_scope");
  EXPECT_FALSE(api().as_admin("GET", path).has("mine.example")) << "nothing changed";
  EXPECT_EQ(api().post(path + "/disable", "", weak).status, 200) << "taking away is no granting";
  EXPECT_EQ(api().post(path + "/enable", "", weak).status, 403);
  EXPECT_EQ(api().as_admin("GET", path).text("status"), "disabled");
  EXPECT_EQ(api().as_admin("POST", path + "/enable").status, 200);
  EXPECT_EQ(api().as_admin("PATCH", path, mine).status, 200);
}

TEST_F(Management, A14AClientWithAManagementGrantUsesTheApiUntilItsTokenIsRevoked) {
  const auto client = api().make_client();
  api().grant(client, std::string{kManagementAudience}, R"(["clients:read"])");
  const auto token = api().new_token(client, std::string{kManagementAudience});
  EXPECT_EQ(api().get("/v1/clients", token).status, 200);
  ASSERT_EQ(api().as_admin("POST", "/v1/tokens/" + api().jti_of(token) + "/revoke").status, 200);
  EXPECT_EQ(api().get("/v1/clients", token).status, 401);
}

TEST_F(Management, AClientIsRegisteredShownChangedAndDeleted) {
  const auto made = api().as_admin("POST", "/v1/clients",
                                   R"({"name":"Söme","redirect_uris":["https://a.example/cb"]})");
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_TRUE(made.has("X-Ledger-Seq: "));
  const auto path = "/v1/clients/" + made.text("client_id");
  const auto shown = api().as_admin("GET", path);
  EXPECT_EQ(shown.text("name"), "Söme");
  EXPECT_EQ(shown.text("status"), "enabled");
  EXPECT_FALSE(shown.has(R"("client_secret":)")) << "shown once";
  EXPECT_TRUE(shown.has(R"("grant_types":["client_credentials"])")) << shown.body;
  const auto changed = api().as_admin("PATCH", path, R"({"name":"B","token_format":"opaque"})");
  EXPECT_EQ(changed.text("name"), "B");
  EXPECT_EQ(changed.text("token_format"), "opaque");
  EXPECT_TRUE(changed.has("https://a.example/cb")) << "what a PATCH leaves out stays";
  EXPECT_EQ(api().as_admin("PATCH", path, R"({"token_format":null})").text("token_format"), "-");
  EXPECT_EQ(api().as_admin("DELETE", path).status, 204);
  EXPECT_EQ(api().as_admin("GET", path).status, 404);
  EXPECT_EQ(api().as_admin("DELETE", path).status, 404);
}

TEST_F(Management, RotatingASecretRetiresTheOldOne) {
  const auto audience = fresh("urn:rotate:");
  api().make_api(audience);
  auto client = api().make_client();
  api().grant(client, audience);
  const auto old = client;
  client.secret =
      api().as_admin("POST", "/v1/clients/" + client.id + "/rotate-secret").text("client_secret");
  EXPECT_EQ(api().ask_token(old, audience).status, 401);
  EXPECT_EQ(api().ask_token(client, audience).status, 200);
}

TEST_F(Management, AnApiIsNamedByPathOrQuery) {
  const std::string identifier = "https://things.example/v2/";
  const std::string in_path = "/v1/apis/https%3A%2F%2Fthings.example%2Fv2%2F";
  const std::string in_query = "/v1/apis?identifier=https%3A%2F%2Fthings.example%2Fv2%2F";
  api().make_api(identifier);
  EXPECT_EQ(api().as_admin("GET", in_path).text("identifier"), identifier);
  EXPECT_EQ(api().as_admin("GET", in_query).item_count(), 1u);
  EXPECT_EQ(api().as_admin("PATCH", in_path, R"({"name":"one"})").text("name"), "one");
  EXPECT_EQ(api().as_admin("PATCH", in_query, R"({"name":"two"})").text("name"), "two");
  EXPECT_EQ(api().as_admin("GET", in_path).text("signing_alg"), "RS256");
  EXPECT_EQ(api().as_admin("GET", in_path).number("token_lifetime"), 86'400) << "A27";
  EXPECT_EQ(api().as_admin("DELETE", "/v1/apis").status, 400);
  EXPECT_EQ(api().as_admin("DELETE", in_query).status, 204);
  EXPECT_EQ(api().as_admin("GET", in_path).status, 404);
}

TEST_F(Management, AnHs256ApiShowsItsSecretOnce) {
  const auto made = api().as_admin(
      "POST", "/v1/apis", R"({"identifier":"urn:mac","name":"mac","signing_alg":"HS256"})");
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(made.text("signing_secret").size(), 43u) << "32 bytes in base64url";
  EXPECT_FALSE(api().as_admin("GET", "/v1/apis/urn:mac").has("signing_secret"));
  EXPECT_TRUE(made.has("X-Ledger-Seq: "));
  const auto keyring = api().directory() / "ledger" / "keyring";
  const auto size = std::filesystem::file_size(keyring);
  constexpr const char* kAgain = R"({"identifier":"urn:mac","name":"x","signing_alg":"HS256"})";
  EXPECT_EQ(api().as_admin("POST", "/v1/apis", kAgain).text("code"), "api_exists");
  constexpr const char* kBad = R"({"identifier":"two words","name":"x","signing_alg":"HS256"})";
  EXPECT_EQ(api().as_admin("POST", "/v1/apis", kBad).status, 400);
  EXPECT_EQ(std::filesystem::file_size(keyring), size) << "refused creations leave no key";
  EXPECT_FALSE(api().get("/.well-known/jwks.json", "").has(R"("oct")"));
  EXPECT_EQ(api().as_admin("PATCH", "/v1/apis/urn:mac", R"({"signing_alg":"RS256"})").status, 400);
}

TEST_F(Management, AGrantIsAddedNarrowedListedAndRemoved) {
  const auto audience = fresh("urn:grants:");
  api().make_api(audience);
  const auto client = api().make_client();
  api().grant(client, audience);
  const auto named = "?client_id=" + client.id + "&audience=" + audience;
  const auto body = [&](const std::string& scopes) {
    return R"({"client_id":")" + client.id + R"(","audience":")" + audience + R"(","scopes":)" +
           scopes + "}";
  };
  EXPECT_EQ(api().as_admin("POST", "/v1/client-grants", body("[]")).text("code"), "grant_exists");
  EXPECT_EQ(api().as_admin("PATCH", "/v1/client-grants", body(R"(["fly"])")).text("code"),
            "scope_unknown");
  const auto old = api().new_token(client, audience);
  EXPECT_TRUE(api()
                  .as_admin("PATCH", "/v1/client-grants", body(R"(["read"])"))
                  .has(R"("scopes":["read"])"));
  EXPECT_EQ(api().ask_token(client, audience, R"(,"scope":"write")").status, 400);
  EXPECT_EQ(api().as_admin("GET", "/v1/client-grants" + named).item_count(), 1u);
  EXPECT_EQ(api().as_admin("DELETE", "/v1/client-grants" + named).status, 204);
  EXPECT_EQ(api().authz(old, audience), 401) << "removing a grant ends its tokens";
  EXPECT_EQ(api().as_admin("DELETE", "/v1/client-grants" + named).text("code"), "grant_not_found");
  EXPECT_EQ(api().as_admin("GET", "/v1/client-grants" + named).item_count(), 0u);
}

TEST_F(Management, RegistriesArePagedInOrder) {
  for (int count = 0; count < 5; ++count) static_cast<void>(api().make_client("paged"));
  std::size_t seen = 0;
  std::string cursor;
  do {
    const auto reply =
        api().as_admin("GET", "/v1/clients?limit=2" + (cursor.empty() ? "" : "&cursor=" + cursor));
    ASSERT_EQ(reply.status, 200) << reply.body;
    EXPECT_LE(reply.item_count(), 2u);
    seen += reply.item_count();
    cursor = reply.text("next_cursor");
  } while (cursor != "-");
  EXPECT_EQ(seen, api().as_admin("GET", "/v1/clients?limit=1000").item_count());
  const auto other = api().as_admin("GET", "/v1/clients?limit=1").text("next_cursor");
  EXPECT_EQ(api().as_admin("GET", "/v1/apis?cursor=" + other).text("code"), "cursor_invalid");
}

// INV-7: '<' takes six bytes in an answer, so a page within its limit could outgrow every bound.
TEST_F(Management, APageOfLargeRecordsEndsEarlyWithACursor) {
  std::string scopes;
  for (int scope = 0; scope < 60; ++scope) {
    scopes += std::string{scope == 0 ? "" : ","} + R"({"name":"s)" + std::to_string(scope) +
              R"(","description":")" + std::string(200, '<') + R"("})";
  }
  const auto before = api().as_admin("GET", "/v1/apis?limit=1000").item_count();
  constexpr std::size_t kApis = 40;  // 2.9 MB together
  for (std::size_t count = 0; count < kApis; ++count) {
    const auto body = R"({"identifier":"https://large/)" + std::to_string(count) +
                      R"(","name":"large","scopes":[)" + scopes + "]}";
    ASSERT_EQ(api().as_admin("POST", "/v1/apis", body).status, 201);
  }
  std::size_t seen = 0;
  std::size_t pages = 0;
  std::string cursor;
  do {
    const auto reply =
        api().as_admin("GET", "/v1/apis?limit=1000" + (cursor.empty() ? "" : "&cursor=" + cursor));
    ASSERT_EQ(reply.status, 200) << reply.body.substr(0, 200);
    EXPECT_LE(reply.body.size(), 1'500'000u);
    seen += reply.item_count();
    ++pages;
    cursor = reply.text("next_cursor");
  } while (cursor != "-");
  EXPECT_EQ(seen, before + kApis);
  EXPECT_GT(pages, 2u);
}

TEST_F(Management, BadBodiesAreRefusedWithoutEchoAndChangeNothing) {
  struct Row {
    const char* method;
    const char* path;
    const char* body;
    int status;
  };
  constexpr Row rows[] = {
      {"POST", "/v1/clients", "{}", 400},
      {"POST", "/v1/clients", "[]", 400},
      {"POST", "/v1/clients", R"({"name":"a","name":"b"})", 400},
      {"POST", "/v1/clients", R"({"name":7})", 400},
      {"POST", "/v1/clients", R"({"name":""})", 400},
      {"POST", "/v1/clients", R"({"name":"a\u0007"})", 400},
      {"POST", "/v1/clients", R"({"name":"a","zebra":1})", 400},
      {"POST", "/v1/clients", R"({"name":"a","grant_types":["zebra"]})", 400},
      {"POST", "/v1/clients", R"({"name":"a","token_format":"zebra"})", 400},
      {"POST", "/v1/clients", R"({"name":"a","client_id":"has space"})", 400},
      {"POST", "/v1/apis", R"({"name":"a"})", 400},
      {"POST", "/v1/apis", R"({"name":"a","identifier":"i","signing_alg":"none"})", 400},
      {"POST", "/v1/apis", R"({"name":"a","identifier":"i","token_lifetime":0})", 400},
      {"POST", "/v1/apis", R"({"name":"a","identifier":"i","scopes":["a","a"]})", 400},
      {"POST", "/v1/apis", R"({"name":"a","identifier":"i","scopes":[{"zebra":1}]})", 400},
      {"POST", "/v1/apis", R"({"name":"a","identifier":"urn:tokenledger:management"})", 400},
      {"PATCH", "/v1/apis/urn:tokenledger:management", R"({"name":"a"})", 403},
      {"DELETE", "/v1/apis/urn:tokenledger:management", "", 403},
      {"DELETE", "/v1/clients/tokenledger-named", "", 403},
      {"POST", "/v1/client-grants", R"({"client_id":"zebra","audience":"i","scopes":[]})", 404},
      {"PUT", "/v1/clients", "{}", 405},
      {"GET", "/v1/zebra", "", 404},
  };
  const auto before = api().ledger().committed();
  std::size_t count = 0;
  for (const auto& row : rows) {
    const auto reply = api().as_admin(row.method, row.path, row.body);
    EXPECT_EQ(reply.status, row.status) << row.path << row.body << reply.body;
    EXPECT_FALSE(reply.has("zebra")) << reply.body;
    EXPECT_TRUE(reply.has("application/problem+json")) << reply.head;
    EXPECT_NE(reply.text("code"), "-") << reply.body;
    ++count;
  }
  EXPECT_EQ(api().ledger().committed(), before) << "no event";
  std::printf("%zu refusals\n", count);
  EXPECT_EQ(
      api()
          .call("POST", "/v1/clients", {.token = api().admin(), .body = "{}", .type = "text/plain"})
          .status,
      415);
}

// INV-7: a key that no event names would stay in the key store for ever.
TEST_F(Management, D07ARefusedOrRepeatedNoteLeavesNoKey) {
  auto& keys = *api().ledger().core().key_store;
  const auto before = keys.size();
  const auto note = [&](const std::string& topic, const std::string& key) {
    return api().call("POST", "/v1/notes",
                      {.token = api().admin(),
                       .body = R"({"topic":")" + topic + R"(","body":"text"})",
                       .headers = "Idempotency-Key: " + key + "\r\n"});
  };
  EXPECT_EQ(note(std::string(150, 'a'), "one").status, 400);
  EXPECT_EQ(note("\\u0001", "two").status, 400);
  EXPECT_EQ(keys.size(), before);
  const auto first = note("audit", "three");
  EXPECT_EQ(first.status, 201);
  EXPECT_EQ(keys.size(), before + 1);
  const auto again = note("audit", "three");
  EXPECT_EQ(again.status, 201);
  EXPECT_EQ(again.body, first.body) << "the first note's seq and time";
  EXPECT_EQ(note("other", "three").status, 422);
  EXPECT_EQ(keys.size(), before + 1);
}

TEST_F(Management, AWriteRefusesWhatItDoesNotRead) {
  const auto client = api().make_client("refusing");
  const auto at = "/v1/clients/" + client.id;
  struct Row {
    const char* method;
    std::string path;
    const char* body;
    const char* code;
  };
  const Row rows[] = {
      {"POST", "/v1/clients?dry_run=true", R"({"name":"x"})", "invalid_query"},
      {"PATCH", at + "?name=x", R"({"name":"x"})", "invalid_query"},
      {"POST", at + "/disable", "not json {{{", "invalid_body"},
      {"POST", at + "/disable", R"({"reason":"lost"})", "invalid_body"},
      {"POST", at + "/rotate-secret?force=1", "", "invalid_query"},
      {"DELETE", at, R"({"reason":"lost"})", "invalid_body"},
      {"DELETE", "/v1/apis/none", "x", "invalid_body"},
      {"DELETE", "/v1/client-grants?client_id=a&audience=b", "x", "invalid_body"},
  };
  const auto before = api().ledger().committed();
  for (const auto& row : rows) {
    const auto reply = api().as_admin(row.method, row.path, row.body);
    EXPECT_EQ(reply.status, 400) << row.method << " " << row.path;
    EXPECT_EQ(reply.text("code"), row.code) << row.method << " " << row.path;
  }
  EXPECT_EQ(api().ledger().committed(), before);
  EXPECT_EQ(api().as_admin("POST", at + "/disable", "{}").status, 200);
}

TEST_F(Management, AnIdempotencyKeyFindsTheFirstResultWithoutItsSecret) {
  const auto send = [&](const std::string& key, const std::string& path, const std::string& body) {
    return api().call(
        "POST", path,
        {.token = api().admin(), .body = body, .headers = "Idempotency-Key: " + key + "\r\n"});
  };
  const auto first = send("k1", "/v1/clients", R"({"name":"once"})");
  ASSERT_EQ(first.status, 201);
  const auto seq = api().ledger().committed();
  const auto again = send("k1", "/v1/clients", R"({"name":"once"})");
  EXPECT_EQ(again.status, 201);
  EXPECT_EQ(again.text("client_id"), first.text("client_id"));
  EXPECT_EQ(again.text("client_secret"), "-");
  EXPECT_EQ(send("k1", "/v1/clients", R"({"name":"other"})").status, 422);
  EXPECT_EQ(send("k1", "/v1/clients/x/disable", "").text("code"), "idempotency_mismatch");

  const std::string new_token =
      R"({"name":"t","audience":"urn:tokenledger:management","scopes":["check"],"expires_in_days":1})";
  EXPECT_EQ(api().ledger().committed(), seq);
  const auto token = send("k2", "/v1/tokens", new_token);
  ASSERT_EQ(token.status, 201) << token.body;
  const auto token_again = send("k2", "/v1/tokens", new_token);
  EXPECT_EQ(token_again.status, 201) << token_again.body;
  EXPECT_EQ(token_again.text("jti"), token.text("jti"));
  EXPECT_EQ(token_again.text("token"), "-");
  const auto revoke = "/v1/tokens/" + token.text("jti") + "/revoke";
  const auto revoked = send("k3", revoke, R"({"reason":"r"})");
  ASSERT_EQ(revoked.status, 200) << revoked.body;
  const auto revoked_again = send("k3", revoke, R"({"reason":"r"})");
  EXPECT_EQ(revoked_again.status, 200);
  EXPECT_EQ(revoked_again.body, revoked.body);
  EXPECT_EQ(send("k4", revoke, "").status, 409);
  EXPECT_EQ(send(std::string(256, 'k'), "/v1/clients", R"({"name":"x"})").status, 400);
  EXPECT_EQ(api().ledger().committed().value(), seq.value() + 2) << "the token and its revocation";
}

TEST_F(Management, TheRequestIdStandsInTheEvent) {
  const auto reply = api().call("POST", "/v1/clients",
                                {.token = api().admin(),
                                 .body = R"({"name":"x"})",
                                 .headers = "X-Request-Id: my-request-7\r\n"});
  ASSERT_EQ(reply.status, 201);
  std::string seen;
  std::atomic<bool> is_done{false};
  const auto subscription =
      api().ledger().subscribe(api().ledger().committed(), [&](const Event& event) {
        seen = event.request_id;
        is_done = true;
        return false;
      });
  for (int wait = 0; wait < 500 && !is_done; ++wait)
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  EXPECT_EQ(seen, "my-request-7");
}

TEST_F(Management, HealthIsOpenAndMetricsCount) {
  EXPECT_EQ(api().get("/livez", "").status, 200);
  EXPECT_EQ(api().get("/readyz", "").status, 200);
  const auto metrics = api().as_admin("GET", "/metrics");
  EXPECT_EQ(metrics.status, 200);
  EXPECT_TRUE(metrics.has("\ntokenledger_tokens_issued_total ")) << metrics.body;
  EXPECT_TRUE(metrics.has("tokenledger_http_responses_total{class=\"2xx\"} ")) << metrics.body;
  EXPECT_TRUE(metrics.has("tokenledger_commands_rejected_total{reason=\"queue_full\"} 0"));
}

TEST_F(Management, A02ARevokedManagersWriteInFlightIsDecidedAgain) {
  // The guard lets it in; decide() looks at the actor once more, whatever came between.
  const auto weak = api().manager(R"(["clients:write"])");
  const auto jti = api().jti_of(weak);
  ASSERT_EQ(api().as_admin("POST", "/v1/tokens/" + jti + "/revoke").status, 200);
  const auto index = api().ledger().index_of(jti);
  ASSERT_TRUE(index.has_value());
  const auto refused = api().ledger().submit({{.kind = ActorKind::token, .token = *index},
                                              "",
                                              std::nullopt,
                                              DisableClient{api().make_client().id}});
  EXPECT_EQ(refused.error(), Errc::unauthorized_actor);
  EXPECT_EQ(api().post("/v1/clients", R"({"name":"x"})", weak).status, 401);
}

}  // namespace
}  // namespace tokenledger::test
