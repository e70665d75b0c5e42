// The life of a token over HTTP: made, checked, revoked, expired; by its own rows in requirements.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "api/rfc3339.hpp"
#include "core/base64url.hpp"
#include "core/sha256.hpp"
#include "tests/api/api_fixture.hpp"

namespace tokenledger::test {
namespace {

const std::string kAudience = "https://api.example.com/v1/";

class TokenLifecycle : public ApiTest {
 protected:
  static void SetUpTestSuite() {
    ApiTest::SetUpTestSuite();
    api().make_api(kAudience);
    client_ = api().make_client("granted");
    api().grant(client_, kAudience);
  }
  static std::string token() { return api().new_token(client_, kAudience); }
  static Reply revoke(const std::string& jti, const std::string& body = R"({"reason":"lost"})") {
    return api().as_admin("POST", "/v1/tokens/" + jti + "/revoke", body);
  }
  // POST /v1/tokens with these members besides name and audience.
  static Reply make(const std::string& members) {
    return api().as_admin(
        "POST", "/v1/tokens",
        R"({"name":"n","audience":")" + kAudience + R"(","scopes":["read"])" + members + "}");
  }
  static std::uint64_t seconds(const Reply& reply, std::string_view name) {
    const auto time = parse_rfc3339(reply.text(name));
    return time ? to_seconds(*time).value() : 0;
  }
  static inline ApiUnderTest::Client client_;
};

TEST_F(TokenLifecycle, A32Z06Z17ARevokedTokenIsRefusedAtOnceOnOldAndNewConnections) {
  HttpTestClient old{api().port()};
  for (int round = 0; round < 20; ++round) {
    const auto good = token();
    const auto path = "/v1/authz?audience=" + kAudience;
    EXPECT_EQ(ApiUnderTest::on(old, "GET", path, {.token = good}).status, 200);
    const auto jti = api().jti_of(good);
    ASSERT_EQ(revoke(jti).status, 200);
    EXPECT_EQ(ApiUnderTest::on(old, "GET", path, {.token = good}).status, 401);
    EXPECT_EQ(api().authz(good, kAudience), 401);
    EXPECT_EQ(api().check(good).text("status"), "revoked");
    EXPECT_EQ(api().as_admin("GET", "/v1/tokens/" + jti).text("status"), "revoked");
  }
}

TEST_F(TokenLifecycle, Z19Z22TheRowOfAManualRevocationSaysWhoWhyWhenAndWhere) {
  const auto jti = api().jti_of(token());
  const auto revoked = revoke(jti, R"({"reason":"left in a taxi"})");
  ASSERT_EQ(revoked.status, 200) << revoked.body;
  EXPECT_TRUE(revoked.has("X-Ledger-Seq: "));
  const auto row = api().as_admin("GET", "/v1/tokens/" + jti);
  const auto admin_jti = api().jti_of(api().admin());
  EXPECT_TRUE(row.has(R"("cause":"admin_manual")")) << row.body;
  EXPECT_TRUE(row.has(R"("actor":"token:)" + admin_jti + '"')) << row.body;
  EXPECT_TRUE(row.has(R"("reason":"left in a taxi")")) << row.body;
  EXPECT_EQ(row.text("revoked_at"), revoked.text("revoked_at"));
}

TEST_F(TokenLifecycle, ASecondRevocationIs409WithTheFirstCauseAndAnUnknownTokenIs404) {
  const auto jti = api().jti_of(token());
  const auto first = revoke(jti, R"({"reason":"first"})");
  const auto seq = api().ledger().committed();
  const auto second = revoke(jti, R"({"reason":"second"})");
  EXPECT_EQ(second.status, 409);
  EXPECT_EQ(second.text("code"), "not_active");
  EXPECT_TRUE(second.has(R"("reason":"first")")) << second.body;
  EXPECT_TRUE(second.has(first.text("revoked_at"))) << second.body;
  EXPECT_TRUE(second.has(R"("seq":)")) << second.body;
  EXPECT_EQ(api().ledger().committed(), seq) << "no event";
  EXPECT_EQ(revoke("AAAAAAAAAAAAAAAAAAAAAA").status, 404);
  EXPECT_EQ(revoke("short").status, 404);
  EXPECT_EQ(revoke(jti, R"({"reason":1})").status, 400);
  EXPECT_EQ(revoke(jti, R"({"because":"x"})").status, 400);
}

TEST_F(TokenLifecycle, Z18A21A28AnExpiredTokenIs401ExpiredAndANewOneMustBeAskedFor) {
  api().make_api("urn:brief", R"(,"token_lifetime":30)");
  const auto client = api().make_client();
  api().grant(client, "urn:brief");
  const auto old = api().new_token(client, "urn:brief");
  const auto jti = api().jti_of(old);
  EXPECT_EQ(api().authz(old, "urn:brief"), 200);
  api().clock().advance_s(31);
  const auto refused = api().get("/v1/authz?audience=urn:brief", old);
  EXPECT_EQ(refused.status, 401);
  EXPECT_TRUE(refused.has(R"(error="invalid_token")")) << refused.head;
  EXPECT_TRUE(refused.has("expired")) << refused.head;
  EXPECT_EQ(api().check(old).text("status"), "expired");
  EXPECT_EQ(api().as_admin("GET", "/v1/tokens/" + jti).text("status"), "expired");
  // R07: nothing brings it back, revoking included.
  const auto late = revoke(jti);
  EXPECT_EQ(late.status, 409);
  EXPECT_EQ(late.text("token_status"), "expired") << late.body;
  EXPECT_EQ(api().authz(old, "urn:brief"), 401);
  const auto renewed = api().new_token(client, "urn:brief");
  EXPECT_EQ(api().authz(renewed, "urn:brief"), 200);
  EXPECT_NE(api().jti_of(renewed), jti);
}

TEST_F(TokenLifecycle, Z20ADeletedClientsTokensEndAndItsIdNeverWorksAgain) {
  const auto client = api().make_client();
  api().grant(client, kAudience);
  const auto old = api().new_token(client, kAudience);
  const auto jti = api().jti_of(old);
  EXPECT_EQ(api().as_admin("DELETE", "/v1/clients/" + client.id).status, 204);
  EXPECT_EQ(api().authz(old, kAudience), 401);
  EXPECT_EQ(api().ask_token(client, kAudience).status, 401);
  EXPECT_EQ(api().as_admin("GET", "/v1/clients/" + client.id).status, 404);
  EXPECT_TRUE(api().as_admin("GET", "/v1/tokens/" + jti).has(R"("cause":"client_deleted")"));
  EXPECT_EQ(api()
                .as_admin("POST", "/v1/clients", R"({"name":"x","client_id":")" + client.id + "\"}")
                .text("code"),
            "client_exists");
  const auto next = api().make_client();
  api().grant(next, kAudience);
  EXPECT_EQ(api().authz(api().new_token(next, kAudience), kAudience), 200);
}

TEST_F(TokenLifecycle, Z21EnablingAgainBringsNoOldTokenBack) {
  const auto client = api().make_client();
  api().grant(client, kAudience);
  const auto old = api().new_token(client, kAudience);
  const auto jti = api().jti_of(old);
  ASSERT_EQ(api().as_admin("POST", "/v1/clients/" + client.id + "/disable").status, 200);
  EXPECT_EQ(api().authz(old, kAudience), 401);
  EXPECT_EQ(api().ask_token(client, kAudience).status, 401);
  EXPECT_EQ(api().as_admin("POST", "/v1/clients/" + client.id + "/disable").text("code"),
            "already_in_state");
  ASSERT_EQ(api().as_admin("POST", "/v1/clients/" + client.id + "/enable").status, 200);
  EXPECT_EQ(api().authz(old, kAudience), 401);
  EXPECT_TRUE(api().as_admin("GET", "/v1/tokens/" + jti).has(R"("cause":"client_disabled")"));
  EXPECT_EQ(api().authz(api().new_token(client, kAudience), kAudience), 200);
}

TEST_F(TokenLifecycle, Z23ARevocationTouchesNeitherTheClientNorOtherTokens) {
  const auto one = token();
  const auto sibling = token();
  const auto jti = api().jti_of(one);
  ASSERT_EQ(revoke(jti).status, 200);
  EXPECT_EQ(api().authz(sibling, kAudience), 200);
  const auto next = token();
  EXPECT_EQ(api().authz(next, kAudience), 200);
  EXPECT_NE(api().jti_of(next), jti);
}

TEST_F(TokenLifecycle, A18bA24ATokenSignedAgainWithThePublicKeyOrNoneIsRefused) {
  const auto good = token();  // RS256
  const auto first = good.find('.');
  const auto second = good.find('.', first + 1);
  const auto payload = good.substr(first, second - first);
  std::string public_key;
  api().ledger().with_registries([&](const Registries& registries) {
    public_key = registries.signing_key(SignatureAlgorithm::rs256)->public_key;
  });
  const auto header = [](std::string_view json) { return base64url_encode(bytes_of(json)); };
  const auto hs256 = header(R"({"alg":"HS256","typ":"at+jwt"})") + payload;
  const auto none = header(R"({"alg":"none","typ":"at+jwt"})") + payload;
  const auto mac = hmac_sha256(bytes_of(public_key), bytes_of(hs256));
  const std::string forged[] = {hs256 + '.' + base64url_encode(mac),
                                hs256 + good.substr(second),
                                none + '.',
                                none + good.substr(second),
                                good.substr(0, second) + '.',
                                good + "=",
                                good + ".",
                                good.substr(0, good.size() - 1)};
  for (const auto& text : forged) {
    EXPECT_EQ(api().authz(text, kAudience), 401) << text.substr(0, 30);
    EXPECT_EQ(api().check(text).text("status"), "unknown");
  }
  EXPECT_EQ(api().authz(good, kAudience), 200);
}

TEST_F(TokenLifecycle, Z03A20A23AuthzComparesTheAudienceByteForByteAndAsksForEveryScope) {
  const auto narrow =
      api().ask_token(client_, kAudience, R"(,"scope":"read")").text("access_token");
  EXPECT_EQ(api().authz(narrow, "https://api.example.com/v1"), 401);
  EXPECT_EQ(api().authz(narrow, "https://API.example.com/v1/"), 401);
  EXPECT_EQ(api().authz(narrow, "urn:none"), 401);
  EXPECT_EQ(api().authz(narrow, kAudience, "read"), 200);
  const auto lacking = api().get("/v1/authz?audience=" + kAudience + "&scope=read%20write", narrow);
  EXPECT_EQ(lacking.status, 403);
  EXPECT_TRUE(lacking.has(R"(error="insufficient_scope", scope="read write")")) << lacking.head;
  EXPECT_EQ(api().get("/v1/authz", narrow).status, 400);
  EXPECT_EQ(api().get("/v1/authz?audience=", narrow).status, 400);
}

TEST_F(TokenLifecycle, A01OnlyTheAuthorizationFieldIsLookedAt) {
  const auto good = token();
  const auto path = "/v1/authz?audience=" + kAudience;
  const auto with = [&](const std::string& headers) {
    return api().call("GET", path, {.headers = headers});
  };
  EXPECT_EQ(with("Authorization: bEaReR " + good + "\r\n").status, 200);
  const auto anonymous = with("");
  EXPECT_EQ(anonymous.status, 401);
  EXPECT_TRUE(anonymous.has("WWW-Authenticate: Bearer realm=")) << anonymous.head;
  EXPECT_FALSE(anonymous.has("error=")) << "RFC 6750 §3.1: no credentials, no error code";
  EXPECT_EQ(with("Authorization: Basic " + good + "\r\n").status, 401);
  EXPECT_EQ(with("Authorization: Bearer\r\n").status, 401);
  EXPECT_EQ(with("Authorization: Bearer " + good + " " + good + "\r\n").status, 401);
  EXPECT_EQ(with("Authorization: " + good + "\r\n").status, 401);
  EXPECT_EQ(api().get(path + "&access_token=" + good, "").status, 401);
}

TEST_F(TokenLifecycle, A25AuthzTellsTheResourceWhoCame) {
  const auto good = token();
  const auto reply = api().get("/v1/authz?audience=" + kAudience, good);
  EXPECT_TRUE(reply.has("X-Token-Client-Id: " + client_.id + "\r\n")) << reply.head;
  EXPECT_TRUE(reply.has("X-Token-Subject: " + client_.id + "\r\n")) << reply.head;
  EXPECT_TRUE(reply.has("X-Token-Scope: read write\r\n")) << reply.head;
  EXPECT_TRUE(reply.has("X-Token-Jti: " + api().jti_of(good) + "\r\n")) << reply.head;
}

TEST_F(TokenLifecycle, R03ExactlyOneExpiryIsRequired) {
  EXPECT_EQ(make("").status, 400);
  EXPECT_EQ(make(R"(,"expires_in_days":1,"expires_at":"2099-01-01")").status, 400);
  EXPECT_EQ(make(R"(,"expires_in_days":1)").status, 201);
}

TEST_F(TokenLifecycle, R04ADateEndsWithItsDayInUtcAndThePastIsRefused) {
  const auto now = to_seconds(api().ledger().now());
  const auto tomorrow = format_rfc3339(UnixSeconds{now.value() + 86'400}).substr(0, 10);
  const auto reply = make(R"(,"expires_at":")" + tomorrow + '"');
  ASSERT_EQ(reply.status, 201) << reply.body;
  EXPECT_EQ(reply.text("expires_at"), tomorrow + "T23:59:59Z");
  for (const auto* bad : {"2020-01-01", "2020-01-01T00:00:00Z", "2026-02-30", "soon", ""})
    EXPECT_EQ(make(R"(,"expires_at":")" + std::string{bad} + '"').status, 400) << bad;
}

TEST_F(TokenLifecycle, R05R06ADayIs86400SecondsForEveryPreset) {
  for (const int days : {1, 60, 90, 180, 365}) {
    const auto reply = make(R"(,"expires_in_days":)" + std::to_string(days));
    ASSERT_EQ(reply.status, 201) << reply.body;
    EXPECT_EQ(seconds(reply, "expires_at") - seconds(reply, "issued_at"), days * 86'400u);
  }
  EXPECT_EQ(make(R"(,"expires_in_days":0)").status, 400);
  EXPECT_EQ(make(R"(,"expires_in_days":-1)").status, 400);
  EXPECT_EQ(make(R"(,"expires_in_days":1.5)").status, 400);
  const auto long_one = make(R"(,"expires_in_days":366)");
  EXPECT_EQ(long_one.status, 400) << "Z04: above the API's token_lifetime_max";
  EXPECT_EQ(long_one.text("code"), "lifetime_too_long");
}

TEST_F(TokenLifecycle, ANamedTokensRowHoldsWhatWasSaid) {
  const auto made = make(
      R"(,"expires_in_days":60,"owner":"Ada Lovelace","extra_fields":{"team":"crypto","n":[1,null]})");
  ASSERT_EQ(made.status, 201) << made.body;
  const auto row = api().as_admin("GET", "/v1/tokens/" + made.text("jti"));
  EXPECT_EQ(row.text("owner"), "Ada Lovelace");
  EXPECT_TRUE(row.has(R"("extra_fields":{"team":"crypto","n":[1,null]})")) << row.body;
  EXPECT_EQ(row.text("origin"), "api");
  EXPECT_EQ(row.text("client_id"), "tokenledger-named");
  // The answer of the making is the row, and the token besides.
  const auto shown = R"("token":")" + made.text("token") + "\",";
  auto without = made.body;
  ASSERT_NE(without.find(shown), std::string::npos);
  without.erase(without.find(shown), shown.size());
  without.pop_back();  // what follows in the row is its header and claims (Z13)
  EXPECT_EQ(row.body.substr(0, without.size()), without);
}

// An API token is an access token, be it made for somebody by an administrator or asked for by a
// client: shown once, one event of one kind, which says where it came from. (The console's half of
// both rows belongs to the console.)
TEST_F(TokenLifecycle, B01B11ATokenMadeAndATokenAskedForAreOneKindOfEventWithTheirOrigin) {
  const auto before = api().ledger().committed();
  const auto made = make(R"(,"expires_in_days":1)");
  ASSERT_EQ(made.status, 201) << made.body;
  const auto asked = token();
  ASSERT_EQ(api().ledger().committed(), before.next().next());
  const auto events =
      api().as_admin("GET", "/v1/events?limit=2&from=" + std::to_string(before.next().value()));
  const auto first = events.body.find(R"("kind":"token_issued")");
  const auto second = events.body.rfind(R"("kind":"token_issued")");
  ASSERT_NE(first, std::string::npos) << events.body;
  EXPECT_LT(first, second) << events.body;
  EXPECT_LT(events.body.find(R"("origin":"api")"), second) << events.body;
  EXPECT_GT(events.body.find(R"("origin":"oauth_flow")"), second) << events.body;
  for (const auto& text : {made.text("token"), asked}) {
    EXPECT_EQ(std::ranges::count(text, '.'), 2) << "B01: the same object";
    EXPECT_EQ(api().authz(text, kAudience, "read"), 200);
    EXPECT_FALSE(api().as_admin("GET", "/v1/tokens/" + api().jti_of(text)).has(text));
  }
}

TEST_F(TokenLifecycle, ListsArePagedStableAndTheirCursorsCannotBeForged) {
  const auto client = api().make_client();
  api().grant(client, kAudience);
  for (int count = 0; count < 7; ++count) static_cast<void>(api().new_token(client, kAudience));
  const std::string path = "/v1/tokens?client_id=" + client.id + "&limit=3";
  std::size_t seen = 0;
  std::string cursor;
  for (int page = 0; page < 3; ++page) {
    const auto reply = api().as_admin("GET", cursor.empty() ? path : path + "&cursor=" + cursor);
    ASSERT_EQ(reply.status, 200) << reply.body;
    EXPECT_EQ(reply.number("total"), 7) << "as of the first page";
    seen += reply.item_count();
    cursor = reply.text("next_cursor");
    static_cast<void>(api().new_token(client, kAudience));
  }
  EXPECT_EQ(seen, 7u);
  EXPECT_EQ(cursor, "-");
  const auto good = api().as_admin("GET", path).text("next_cursor");
  auto forged = good;
  forged[5] = forged[5] == 'A' ? 'B' : 'A';
  for (const auto& bad : {forged, good + "A", good.substr(1), std::string{"x"}}) {
    const auto reply = api().as_admin("GET", path + "&cursor=" + bad);
    EXPECT_EQ(reply.status, 400);
    EXPECT_EQ(reply.text("code"), "cursor_invalid");
  }
  EXPECT_EQ(api().as_admin("GET", "/v1/tokens?limit=3&cursor=" + good).text("code"),
            "cursor_invalid")
      << "another query's";
}

TEST_F(TokenLifecycle, ListFiltersAreCheckedAndUnknownOnesRefusedWithoutEcho) {
  struct Row {
    const char* query;
    int status;
    const char* code;
  };
  constexpr Row rows[] = {
      {"limit=0", 400, "invalid_parameter"},    {"limit=1001", 400, "invalid_parameter"},
      {"limit=x", 400, "invalid_parameter"},    {"status=dead", 400, "invalid_parameter"},
      {"zebra=1", 400, "unknown_parameter"},    {"owner=", 400, "invalid_parameter"},
      {"client_id=", 400, "invalid_parameter"}, {"limit=1&limit=2", 400, "repeated_parameter"},
      {"limit=%zz", 400, "invalid_query"},      {"min_seq=999999999", 400, "sequence_in_future"},
      {"min_seq=x", 400, "invalid_parameter"}};
  std::size_t count = 0;
  for (const auto& row : rows) {
    const auto reply = api().as_admin("GET", std::string{"/v1/tokens?"} + row.query);
    EXPECT_EQ(reply.status, row.status) << row.query;
    EXPECT_EQ(reply.text("code"), row.code) << row.query;
    EXPECT_FALSE(reply.has("zebra")) << reply.body;
    ++count;
  }
  std::printf("%zu queries\n", count);
  EXPECT_EQ(api().as_admin("GET", "/v1/tokens?client_id=nobody").number("total"), 0);
  const auto jti = api().jti_of(token());
  ASSERT_EQ(revoke(jti).status, 200);
  EXPECT_TRUE(api().as_admin("GET", "/v1/tokens?status=revoked").has(jti));
  EXPECT_FALSE(api().as_admin("GET", "/v1/tokens?status=active").has(jti));
}

TEST_F(TokenLifecycle, A24A25CheckSaysEverythingAboutAGoodTokenAndNamesEachReason) {
  const auto good = token();
  const auto ask = [&](const std::string& more) {
    return api().as_admin("POST", "/v1/check", R"({"token":")" + good + '"' + more + "}");
  };
  const auto reply = ask(R"(,"audience":")" + kAudience + R"(","scope":"read")");
  EXPECT_TRUE(reply.has(R"("good":true,"status":"active","reason":null,"authenticated":true)"))
      << reply.body;
  const auto row = api().as_admin("GET", "/v1/tokens/" + reply.text("jti"));
  for (const auto* name : {"client_id", "subject", "scope", "expires_at", "audience"}) {
    EXPECT_NE(reply.text(name), "-") << name;
    EXPECT_EQ(reply.text(name), row.text(name)) << name;
  }
  EXPECT_EQ(reply.number("seq"), row.number("seq"));
  EXPECT_TRUE(ask(R"(,"audience":"urn:none")").has(R"("good":false,"status":"unknown")"))
      << "INV-6: who reads the status alone must not let it pass";
  EXPECT_TRUE(ask(R"(,"scope":"unheard")").has(R"("good":false,"status":"unknown")"));
  EXPECT_EQ(ask(R"(,"audience":"")").status, 400);
  EXPECT_EQ(ask(R"(,"audience":"urn:none")").text("reason"), "wrong_audience");
  EXPECT_EQ(ask(R"(,"scope":"unheard")").text("reason"), "insufficient_scope");
  api().clock().advance_s(86'401);
  EXPECT_EQ(ask("").text("reason"), "expired");
}

TEST_F(TokenLifecycle, CheckAnswersOneAndManyAndAJtiOnlyWithItsHash) {
  const auto good = token();
  const auto bad = token();
  ASSERT_EQ(revoke(api().jti_of(bad)).status, 200);
  const auto one = api().check(good);
  EXPECT_TRUE(one.has(R"("good":true,"status":"active","reason":null,"authenticated":true)"))
      << one.body;
  const auto many = api().as_admin(
      "POST", "/v1/check",
      R"({"items":[{"token":")" + good + R"("},{"token":")" + bad + R"("},{"token":"junk"}]})");
  EXPECT_EQ(many.item_count(), 3u) << many.body;
  EXPECT_TRUE(many.has(R"("status":"revoked","reason":"admin_manual")")) << many.body;
  EXPECT_TRUE(many.has(R"("status":"unknown","reason":"malformed")")) << many.body;

  const auto jti = one.text("jti");
  std::string hex;
  for (const auto byte : sha256(good)) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    hex += kDigits[byte >> 4];
    hex += kDigits[byte & 15];
  }
  const auto by_hash = api().as_admin(
      "POST", "/v1/check", R"({"jti":")" + jti + R"(","token_sha256":")" + hex + R"("})");
  EXPECT_TRUE(by_hash.has(R"("status":"active")")) << by_hash.body;
  EXPECT_TRUE(by_hash.has(R"("authenticated":false)")) << by_hash.body;
  hex[0] = hex[0] == '0' ? '1' : '0';
  EXPECT_TRUE(api()
                  .as_admin("POST", "/v1/check",
                            R"({"jti":")" + jti + R"(","token_sha256":")" + hex + R"("})")
                  .has(R"("status":"unknown")"));
  EXPECT_TRUE(api()
                  .as_admin("POST", "/v1/check", R"({"jti":")" + jti + R"("})")
                  .has(R"("status":"unknown")"));

  const auto elsewhere =
      api().as_admin("POST", "/v1/check", R"({"token":")" + good + R"(","audience":"urn:none"})");
  EXPECT_TRUE(elsewhere.has(R"("good":false)")) << elsewhere.body;
  for (const auto* body : {"{}", R"({"items":[]})", R"({"items":[{}]})", R"({"token":1})",
                           R"({"token":"a","jti":"b"})", R"({"items":[],"token":"a"})"})
    EXPECT_EQ(api().as_admin("POST", "/v1/check", body).status, 400) << body;
  // A long batch goes to a worker and answers the same, in order.
  std::string thousand = R"({"items":[{"token":")" + good + "\"}";
  for (int count = 0; count < 998; ++count) thousand += R"(,{"token":"a"})";
  const auto longest =
      api().as_admin("POST", "/v1/check", thousand + R"(,{"token":")" + bad + R"("}]})");
  EXPECT_EQ(longest.status, 200);
  EXPECT_EQ(longest.item_count(), 1000u);
  EXPECT_EQ(longest.body.find(R"({"items":[{"good":true,)"), 0u);
  EXPECT_NE(longest.body.find(R"("reason":"admin_manual")"), std::string::npos);
  std::string thousand_one = R"({"items":[{"token":"a"})";
  for (int count = 0; count < 1000; ++count) thousand_one += R"(,{"token":"a"})";
  EXPECT_EQ(api().as_admin("POST", "/v1/check", thousand_one + "]}").status, 400);
}

TEST_F(TokenLifecycle, R02INV5INV8NoFileHoldsATokenASecretOrAPersonalField) {
  const auto client = api().make_client("findable-client-name");
  api().grant(client, kAudience);
  const auto access_token = api().new_token(client, kAudience);
  const auto made = make(
      R"(,"expires_in_days":1,"owner":"Findable Owner","extra_fields":{"k":"findable-extra"})");
  const auto named = made.text("token");
  ASSERT_EQ(revoke(made.text("jti"), R"({"reason":"findable-reason"})").status, 200);
  const auto rotated = api().as_admin("POST", "/v1/clients/" + client.id + "/rotate-secret");
  ASSERT_EQ(rotated.status, 200);
  api().make_api("urn:hs256", R"(,"signing_alg":"HS256")");
  const auto admin = api().admin();
  const auto last_part = [](const std::string& token) {
    return token.substr(token.rfind('.') + 1);
  };
  const std::vector<std::string> secrets = {access_token,
                                            last_part(access_token),
                                            named,
                                            last_part(named),
                                            admin,
                                            last_part(admin),
                                            client.secret,
                                            rotated.text("client_secret"),
                                            "Findable Owner",
                                            "findable-extra",
                                            "findable-reason"};
  api().close();
  bool finds_labels = false;
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator{api().directory()}) {
    if (!entry.is_regular_file()) continue;
    ++files;
    std::ifstream file{entry.path(), std::ios::binary};
    const std::string bytes{std::istreambuf_iterator<char>{file}, {}};
    finds_labels = finds_labels || bytes.find("findable-client-name") != std::string::npos;
    for (const auto& secret : secrets) {
      ASSERT_GT(secret.size(), 10u);
      EXPECT_EQ(bytes.find(secret), std::string::npos) << entry.path().filename();
    }
  }
  EXPECT_TRUE(finds_labels) << "the search itself works";
  std::printf("%zu secrets in %zu files\n", secrets.size(), files);
  api().open();
  EXPECT_EQ(api().authz(access_token, kAudience), 200) << "INV-1: and it is good after a restart";
  EXPECT_EQ(api().authz(named, kAudience), 401) << "INV-2: revoked stays revoked";
}

}  // namespace
}  // namespace tokenledger::test
