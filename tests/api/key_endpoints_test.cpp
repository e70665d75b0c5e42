// /v1/keys and the key set, through a real server: rotation with overlap, and revoking a key ends
// all that it signed.
#include <gtest/gtest.h>

#include <set>

#include "core/base64url.hpp"
#include "storage/ledger_core.hpp"
#include "tests/api/api_fixture.hpp"

namespace tokenledger::test {
namespace {

const std::string kAudience = "urn:signed";

// Each test changes which key signs, so each has a ledger of its own.
class KeyEndpoints : public testing::Test {
 protected:
  KeyEndpoints() {
    api.make_api(kAudience, R"(,"signing_alg":"EdDSA")");
    client = api.make_client();
    api.grant(client, kAudience);
  }
  std::string add(const std::string& alg = "EdDSA") {
    const auto reply = api.as_admin("POST", "/v1/keys", R"({"alg":")" + alg + R"("})");
    EXPECT_EQ(reply.status, 201) << reply.body;
    return reply.text("kid");
  }
  Reply change(const std::string& kid, const std::string& what, std::string_view body = {}) {
    return api.as_admin("POST", "/v1/keys/" + kid + "/" + what, body);
  }
  void wait(std::uint64_t seconds) { api.clock().advance_s(seconds); }
  Reply jwks(const std::string& headers = "") {
    return api.call("GET", "/.well-known/jwks.json", {.headers = headers});
  }
  bool publishes(const std::string& kid) { return jwks().has("\"kid\":\"" + kid + "\""); }
  static std::string kid_of(const std::string& token) {
    const auto header = base64url_decode(token.substr(0, token.find('.'))).value_or("");
    const auto at = header.find(R"("kid":")") + 7;
    return header.substr(at, header.find('"', at) - at);
  }
  std::string token() { return api.new_token(client, kAudience); }

  ApiUnderTest api;
  ApiUnderTest::Client client;
};

TEST_F(KeyEndpoints, RotationOverlapsPublishedBeforeItSignsAndForItsTokensAfterwards) {
  const auto before = token();
  const auto old = kid_of(before);
  const auto added = add();
  EXPECT_TRUE(publishes(added)) << "verifiers fetch it before it signs";
  EXPECT_EQ(kid_of(token()), old);
  const auto early = change(added, "activate");
  EXPECT_EQ(early.status, 409);
  EXPECT_TRUE(early.has("key_too_new")) << early.body;
  wait(kKeyNextSecondsMin);
  const auto activated = change(added, "activate");
  EXPECT_EQ(activated.status, 200) << activated.body;
  EXPECT_TRUE(activated.has(R"("status":"active")")) << activated.body;
  EXPECT_EQ(kid_of(token()), added);
  EXPECT_EQ(api.authz(before, kAudience), 200) << "its tokens stay good";
  EXPECT_TRUE(publishes(old));
  // The last token of the old key runs out, and after it the caches of verifiers.
  api.ledger().core().look_at_retired_keys();
  wait(86'400 - kKeyNextSecondsMin);
  EXPECT_EQ(api.authz(before, kAudience), 401) << "expired";
  EXPECT_TRUE(publishes(old));
  wait(kKeyPublishedAfterSeconds + 5);
  EXPECT_FALSE(publishes(old));
  EXPECT_TRUE(publishes(added));
}

// Of id tokens and status lists the index knows nothing: they live for an hour.
TEST_F(KeyEndpoints, ARetiredKeyIsPublishedForWhatTheIndexDoesNotHold) {
  const auto old = kid_of(token());
  const auto added = add();
  wait(2 * 86'400);  // no token of the old key is left
  EXPECT_EQ(change(added, "activate").status, 200);
  api.ledger().core().look_at_retired_keys();
  wait(3'600);
  EXPECT_TRUE(publishes(old));
  wait(kKeyPublishedAfterSeconds + 5);
  EXPECT_FALSE(publishes(old));
}

TEST_F(KeyEndpoints, RevokingAKeyEndsAllItsTokensByOneEventAndAnotherSignsInItsPlace) {
  std::vector<std::string> tokens;
  for (int count = 0; count < 50; ++count) tokens.push_back(token());
  api.make_api("urn:other", R"(,"signing_alg":"ES256")");
  api.grant(client, "urn:other");
  const auto of_another_key = api.new_token(client, "urn:other");
  const auto kid = kid_of(tokens.front());
  const auto drawn = api.ledger().committed();
  const auto revoked =
      api.ledger().revoke_key(kid, {.actor = {.kind = ActorKind::host}, .reason = "stolen"});
  ASSERT_TRUE(revoked);
  EXPECT_EQ(revoked->seq, Sequence{drawn.value() + 2}) << "a new key, then one event";
  EXPECT_EQ(api.ledger().committed(), Sequence{drawn.value() + 3}) << "and the new one signs";
  for (const auto& ended : tokens) EXPECT_EQ(api.authz(ended, kAudience), 401);
  EXPECT_EQ(api.authz(of_another_key, "urn:other"), 200);
  EXPECT_FALSE(publishes(kid));
  const auto next = token();
  EXPECT_NE(kid_of(next), kid);
  EXPECT_EQ(api.authz(next, kAudience), 200);
  EXPECT_TRUE(publishes(kid_of(next)));
}

TEST_F(KeyEndpoints, RevokingOverHttpLetsTheKeyThatWaitedSign) {
  const auto before = token();
  const auto waiting = add();
  const auto reply = change(kid_of(before), "revoke", R"({"reason":"it was in a backup"})");
  EXPECT_EQ(reply.status, 200) << reply.body;
  EXPECT_TRUE(reply.has(R"("status":"revoked")")) << reply.body;
  EXPECT_TRUE(reply.has(R"("published":false)")) << reply.body;
  EXPECT_EQ(api.authz(before, kAudience), 401);
  EXPECT_EQ(kid_of(token()), waiting) << "the one that waited";
  EXPECT_EQ(change(kid_of(before), "revoke").status, 409);
}

TEST_F(KeyEndpoints, RevokingTheKeyOfTheCallersOwnTokenEndsThatToken) {
  const auto reply = change(kid_of(api.admin()), "revoke");
  EXPECT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(api.as_admin("GET", "/v1/keys").status, 401);
  EXPECT_TRUE(api.ledger().make_admin_token()) << "the holder of the directory makes another";
}

TEST_F(KeyEndpoints, TheKeySetHasAStrongTagThatChangesWithTheKeys) {
  const auto first = jwks();
  EXPECT_TRUE(first.has("Cache-Control: public, max-age=300\r\n")) << first.head;
  const auto at = first.head.find("ETag: \"");
  ASSERT_NE(at, std::string::npos) << first.head;
  const auto tag = first.head.substr(at + 6, first.head.find("\r\n", at) - at - 6);
  const auto same = jwks("If-None-Match: " + tag + "\r\n");
  EXPECT_EQ(same.status, 304);
  EXPECT_EQ(same.body, "");
  EXPECT_TRUE(same.has("ETag: " + tag)) << same.head;
  add();
  const auto other = jwks("If-None-Match: " + tag + "\r\n");
  EXPECT_EQ(other.status, 200);
  EXPECT_FALSE(other.has(tag));
}

TEST_F(KeyEndpoints, KeysAreListedWithoutSecretsAndBadRequestsChangeNothing) {
  const auto added = add("RS256");
  const auto list = api.as_admin("GET", "/v1/keys");
  EXPECT_EQ(list.status, 200) << list.body;
  EXPECT_TRUE(list.has("\"kid\":\"" + added + "\",\"alg\":\"RS256\",\"status\":\"next\""))
      << list.body;
  for (const auto* word : {"private", "secret", "\"d\""}) EXPECT_FALSE(list.has(word)) << word;
  const auto before = api.ledger().committed();
  const struct {
    std::string path;
    std::string body;
    int want;
  } rows[] = {{"/v1/keys", R"({"alg":"HS256"})", 400},
              {"/v1/keys", R"({"alg":"none"})", 400},
              {"/v1/keys", "{}", 400},
              {"/v1/keys", R"({"alg":"ES256","pem":"x"})", 400},
              {"/v1/keys/none/activate", "", 404},
              {"/v1/keys/none/retire", "", 404},
              {"/v1/keys/none/revoke", "", 404},
              {"/v1/keys/" + kid_of(api.admin()) + "/retire", "", 409}};
  for (const auto& row : rows)
    EXPECT_EQ(api.as_admin("POST", row.path, row.body).status, row.want) << row.path << row.body;
  EXPECT_EQ(api.ledger().committed(), before);
}

TEST_F(KeyEndpoints, ARepeatedKeyIsAnsweredWithTheFirstAndLeavesNoOtherInTheKeyring) {
  const ApiUnderTest::Ask ask{
      .token = api.admin(), .body = R"({"alg":"EdDSA"})", .headers = "Idempotency-Key: once\r\n"};
  const auto first = api.call("POST", "/v1/keys", ask);
  const auto held = api.ledger().core().keys->signing_keys().size();
  const auto again = api.call("POST", "/v1/keys", ask);
  EXPECT_EQ(again.status, 201) << again.body;
  EXPECT_EQ(again.text("kid"), first.text("kid"));
  EXPECT_EQ(api.ledger().core().keys->signing_keys().size(), held);
}

TEST_F(KeyEndpoints, AnImportedKeyWaitsLikeAnyOtherAndOnlyTheHostBringsIt) {
  const std::string pem =
      "-----BEGIN PRIVATE KEY-----\n"
      "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n"  // RFC 8410 §10.3
      "-----END PRIVATE KEY-----\n";
  auto& ledger = api.ledger();
  EXPECT_EQ(ledger.import_key(pem, {.actor = {.kind = ActorKind::token}}).error(),
            Errc::insufficient_scope);
  const auto imported = ledger.import_key(pem, {});
  ASSERT_TRUE(imported);
  EXPECT_EQ(ledger.import_key(pem, {}).error(), Errc::key_exists);
  EXPECT_TRUE(publishes(imported->kid));
  const auto list = api.as_admin("GET", "/v1/keys");
  EXPECT_TRUE(list.has("\"kid\":\"" + imported->kid +
                       "\",\"alg\":\"EdDSA\",\"status\":\"next\",\"imported\":true"))
      << list.body;
}

TEST_F(KeyEndpoints, KeysAndTheirStatusSurviveARestart) {
  const auto old = kid_of(token());
  const auto added = add();
  wait(kKeyNextSecondsMin);
  ASSERT_EQ(change(added, "activate").status, 200);
  const auto waiting = add();
  api.close();
  api.open();
  EXPECT_EQ(kid_of(token()), added);
  const auto list = api.as_admin("GET", "/v1/keys");
  for (const auto& [kid, status] :
       {std::pair{old, "retired"}, std::pair{added, "active"}, std::pair{waiting, "next"}}) {
    EXPECT_TRUE(list.has("\"kid\":\"" + kid + "\",\"alg\":\"EdDSA\",\"status\":\"" + status + '"'))
        << list.body;
  }
}

}  // namespace
}  // namespace tokenledger::test
