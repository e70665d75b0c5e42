// Who may end which tokens, one by one and many at once: RFC 7009, the policy of an API, bulk
// revocations, details and deletion.
#include <gtest/gtest.h>

#include <future>
#include <latch>
#include <thread>

#include "api/rfc3339.hpp"
#include "core/base64url.hpp"
#include "storage/fault_policy.hpp"
#include "storage/ledger_core.hpp"
#include "tests/api/api_fixture.hpp"
#include "tests/storage/forwarding_files.hpp"

namespace tokenledger::test {
namespace {

const std::string kForm = "application/x-www-form-urlencoded";

class Revoking : public ApiTest {
 protected:
  struct Party {
    std::string audience;
    ApiUnderTest::Client client;
  };
  static Party party(const std::string& more = "") {
    Party made{fresh("urn:revoked:"), api().make_client()};
    api().make_api(made.audience, more);
    api().grant(made.client, made.audience);
    return made;
  }
  static Reply give_back(const ApiUnderTest::Client& client, std::string_view token,
                         std::string_view more = "") {
    return api().call("POST", "/oauth/revoke",
                      {.body = "token=" + std::string{token} + "&client_id=" + client.id +
                               "&client_secret=" + client.secret + std::string{more},
                       .type = kForm});
  }
  static Reply revoke(const std::string& jti, std::string_view body = "") {
    return api().as_admin("POST", "/v1/tokens/" + jti + "/revoke", body);
  }
  static Reply bulk(const std::string& selector, const std::string& more = "") {
    return api().as_admin("POST", "/v1/revocations", R"({"selector":)" + selector + more + "}");
  }
  static Sequence committed() { return api().ledger().committed(); }
};

TEST_F(Revoking, Z05S14AClientGivesBackItsOwnTokenByRfc7009) {
  const auto one = party();
  const auto token = api().new_token(one.client, one.audience);
  const auto jti = api().jti_of(token);
  const auto reply = give_back(one.client, token, "&token_type_hint=nonsense");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body, "");
  EXPECT_TRUE(reply.has("Content-Type: application/json\r\n")) << "simple-oauth2 insists on it";
  EXPECT_EQ(api().authz(token, one.audience), 401);
  const auto row = api().as_admin("GET", "/v1/tokens/" + jti);
  EXPECT_TRUE(row.has(R"("cause":"client_self","actor":"client:)" + one.client.id)) << row.body;
  const auto seq = committed();
  EXPECT_EQ(give_back(one.client, token).status, 200) << "already revoked is a success";
  EXPECT_EQ(give_back(one.client, "junk").status, 200);
  EXPECT_EQ(committed(), seq) << "and no event";
}

TEST_F(Revoking, ATokenOfAnotherClientIsRefusedAndStaysGood) {
  const auto one = party();
  const auto other = party();
  const auto token = api().new_token(one.client, one.audience);
  const auto seq = committed();
  const auto reply = give_back(other.client, token);
  EXPECT_EQ(reply.status, 400);
  EXPECT_EQ(reply.text("error"), "invalid_grant");
  EXPECT_EQ(committed(), seq);
  EXPECT_EQ(api().authz(token, one.audience), 200);
}

// RFC 7009 §2.1: the client's credentials come first, so that nobody learns anything about a token.
TEST_F(Revoking, WhoeverFailsToAuthenticateHears401WhateverTheTokenAndEndsNothing) {
  const auto one = party();
  const auto token = api().new_token(one.client, one.audience);
  const auto seq = committed();
  for (const auto& text : {token, std::string{"junk"}, std::string{}}) {
    const auto wrong = give_back({one.client.id, "wrong"}, text);
    EXPECT_EQ(wrong.status, 401) << text.size();
    EXPECT_EQ(wrong.text("error"), "invalid_client");
    EXPECT_EQ(give_back({"nobody", one.client.secret}, text).status, 401);
    for (const std::string who : {"", "&client_id=", "&client_id=nobody"}) {
      const auto reply =
          api().call("POST", "/oauth/revoke", {.body = "token=" + text + who, .type = kForm});
      EXPECT_EQ(reply.status, 401) << who;
    }
  }
  EXPECT_EQ(committed(), seq);
  EXPECT_EQ(api().authz(token, one.audience), 200);
}

TEST_F(Revoking, Z05AnApiLeavesRevocationToAdministrators) {
  const auto one = party(R"(,"revocable_by_admins_only":true)");
  const auto token = api().new_token(one.client, one.audience);
  const auto reply = give_back(one.client, token);
  EXPECT_EQ(reply.status, 400);
  EXPECT_EQ(reply.text("error"), "unsupported_token_type");
  EXPECT_EQ(api().authz(token, one.audience), 200);
  EXPECT_EQ(revoke(api().jti_of(token)).status, 200);
  EXPECT_EQ(api().authz(token, one.audience), 401);
}

TEST_F(Revoking, R17C6AnApiMaySayThatItsTokensAreNotRevocable) {
  const auto one = party(R"(,"revocable":false)");
  EXPECT_TRUE(api().as_admin("GET", "/v1/apis/" + one.audience).has(R"("revocable":false)"));
  const auto token = api().new_token(one.client, one.audience);
  const auto seq = committed();
  const auto reply = revoke(api().jti_of(token));
  EXPECT_EQ(reply.status, 409);
  EXPECT_EQ(reply.text("code"), "not_revocable");
  EXPECT_EQ(give_back(one.client, token).text("error"), "unsupported_token_type");
  EXPECT_EQ(api().as_admin("DELETE", "/v1/tokens/" + api().jti_of(token)).status, 409);
  EXPECT_EQ(committed(), seq);
  EXPECT_EQ(api().authz(token, one.audience), 200);
  // What ends the client ends its tokens whatever the API says.
  EXPECT_EQ(api().as_admin("POST", "/v1/clients/" + one.client.id + "/disable").status, 200);
  EXPECT_EQ(api().authz(token, one.audience), 401);
}

TEST_F(Revoking, S13S14AnApiMayKeepFlowTokensFromTheManagementApiButNotFromTheirClient) {
  const auto one = party(R"(,"admin_revocable_origins":["console","api"])");
  const auto shown = api().as_admin("GET", "/v1/apis/" + one.audience);
  EXPECT_TRUE(shown.has(R"("admin_revocable_origins":["console","api"])")) << shown.body;
  const auto flow = api().new_token(one.client, one.audience);
  EXPECT_EQ(revoke(api().jti_of(flow)).text("code"), "not_revocable");
  EXPECT_EQ(give_back(one.client, flow).status, 200);
  EXPECT_EQ(api().authz(flow, one.audience), 401);
  const auto made = api().as_admin("POST", "/v1/tokens",
                                   R"({"name":"n","expires_in_days":1,"audience":")" +
                                       one.audience + R"(","client_id":")" + one.client.id + "\"}");
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(made.text("origin"), "api");
  EXPECT_EQ(revoke(made.text("jti")).status, 200);
  const auto bad = api().as_admin("POST", "/v1/apis",
                                  R"({"identifier":"urn:bad-origin","name":"x",)"
                                  R"("admin_revocable_origins":["moon"]})");
  EXPECT_EQ(bad.status, 400);
}

TEST_F(Revoking, S09TheOwnersWishIsACauseOfItsOwn) {
  const auto one = party();
  const auto token = api().new_token(one.client, one.audience);
  const auto jti = api().jti_of(token);
  EXPECT_EQ(revoke(jti, R"({"cause":"epoch"})").status, 400);
  EXPECT_EQ(revoke(jti, R"({"cause":"owner_request"})").status, 200);
  EXPECT_TRUE(api().as_admin("GET", "/v1/tokens/" + jti).has(R"("cause":"owner_request")"));
}

TEST_F(Revoking, C2R09DeletingRevokesAndASecondOneIs409) {
  const auto one = party();
  const auto token = api().new_token(one.client, one.audience);
  const auto jti = api().jti_of(token);
  const auto reply = api().as_admin("DELETE", "/v1/tokens/" + jti);
  EXPECT_EQ(reply.status, 200) << reply.body;
  EXPECT_TRUE(reply.has("X-Ledger-Seq: "));
  EXPECT_EQ(api().authz(token, one.audience), 401);
  EXPECT_TRUE(api().as_admin("GET", "/v1/tokens/" + jti).has(R"("cause":"deleted")"))
      << "history is kept";
  const auto seq = committed();
  const auto second = api().as_admin("DELETE", "/v1/tokens/" + jti);
  EXPECT_EQ(second.status, 409);
  EXPECT_TRUE(second.has(R"("cause":"deleted")")) << second.body;
  EXPECT_EQ(committed(), seq);
}

TEST_F(Revoking, Z13Z27OnlyAnActiveTokenShowsItsHeaderAndClaims) {
  for (const auto* format : {"", R"(,"token_format":"opaque")"}) {
    const auto one = party(format);
    const auto token = api().new_token(one.client, one.audience);
    const auto jti = api().jti_of(token);
    const auto active = api().as_admin("GET", "/v1/tokens/" + jti);
    const bool is_jwt = *format == '\0';
    if (is_jwt) {
      const auto dot = token.find('.');
      const auto header = base64url_decode(token.substr(0, dot)).value_or("?");
      const auto claims =
          base64url_decode(token.substr(dot + 1, token.find('.', dot + 1) - dot - 1)).value_or("?");
      EXPECT_TRUE(active.has("\"header\":" + header)) << active.body;
      EXPECT_TRUE(active.has("\"claims\":" + claims)) << active.body;
    } else {
      EXPECT_TRUE(active.has("\"header\":null")) << active.body;
      EXPECT_TRUE(active.has("\"claims\":{\"jti\":\"" + jti)) << active.body;
    }
    ASSERT_EQ(revoke(jti).status, 200);
    const auto revoked = api().as_admin("GET", "/v1/tokens/" + jti);
    EXPECT_EQ(revoked.text("status"), "revoked");
    EXPECT_FALSE(revoked.has("\"claims\"")) << revoked.body;
    EXPECT_FALSE(revoked.has("\"header\"")) << revoked.body;
    const auto late = api().new_token(one.client, one.audience);
    const auto late_jti = api().jti_of(late);
    api().clock().advance_s(86'401);
    const auto expired = api().as_admin("GET", "/v1/tokens/" + late_jti);
    EXPECT_EQ(expired.text("status"), "expired");
    EXPECT_FALSE(expired.has("\"claims\"")) << expired.body;
  }
}

TEST_F(Revoking, ABulkRevocationCountsFirstAndEndsExactlyWhatItCounted) {
  const auto one = party();
  const auto other = party();
  std::vector<std::string> ours;
  for (int count = 0; count < 5; ++count) ours.push_back(api().new_token(one.client, one.audience));
  ASSERT_EQ(revoke(api().jti_of(ours[0])).status, 200);
  const auto theirs = api().new_token(other.client, other.audience);
  const auto selector = R"({"client_id":")" + one.client.id + "\"}";
  const auto seq = committed();
  const auto forecast = bulk(selector, R"(,"dry_run":true)");
  EXPECT_EQ(forecast.status, 200) << forecast.body;
  EXPECT_EQ(forecast.number("active"), 4) << "the revoked one is not counted";
  EXPECT_TRUE(forecast.has(R"([{"client_id":")" + one.client.id + R"(","active":4}])"));
  EXPECT_EQ(committed(), seq) << "a dry run writes nothing";
  const auto done = bulk(selector, R"(,"reason":"laptop lost")");
  EXPECT_EQ(done.status, 200) << done.body;
  EXPECT_EQ(committed(), seq.next()) << "one event";
  for (const auto& token : ours) EXPECT_EQ(api().authz(token, one.audience), 401);
  EXPECT_EQ(api().authz(theirs, other.audience), 200);
  EXPECT_EQ(bulk(selector, R"(,"dry_run":true)").number("active"), 0);
  const auto row = api().as_admin("GET", "/v1/tokens/" + api().jti_of(ours[1]));
  EXPECT_TRUE(row.has(R"("reason":"laptop lost")")) << row.body;
  EXPECT_EQ(api().authz(api().new_token(one.client, one.audience), one.audience), 200)
      << "new tokens are untouched (Z21)";
}

TEST_F(Revoking, EverySelectorNamesItsTokensAndASubjectEndsThemOneByOne) {
  const auto one = party();
  const auto token = api().new_token(one.client, one.audience);
  const auto active = [&](const std::string& selector) {
    return bulk(selector, R"(,"dry_run":true)").number("active");
  };
  EXPECT_EQ(active(R"({"api":")" + one.audience + "\"}"), 1);
  EXPECT_EQ(active(R"({"subject":")" + one.client.id + "\"}"), 1);
  const auto total = active(R"({"all":true})");
  EXPECT_GE(total, 2) << "the administrator's too";
  EXPECT_EQ(active(R"({"issued_before":"2020-01-01T00:00:00Z"})"), 0) << "nothing was issued then";
  const auto jwt_header = base64url_decode(token.substr(0, token.find('.'))).value_or("");
  const auto kid_at = jwt_header.find("\"kid\":\"") + 7;
  const auto kid = jwt_header.substr(kid_at, jwt_header.find('"', kid_at) - kid_at);
  EXPECT_GE(active(R"({"signing_key":")" + kid + "\"}"), 1);
  const auto second = api().new_token(one.client, one.audience);
  const auto seq = committed();
  EXPECT_EQ(bulk(R"({"subject":")" + one.client.id + "\"}").status, 200);
  EXPECT_EQ(committed().value(), seq.value() + 2) << "one event per token";
  EXPECT_EQ(api().authz(token, one.audience), 401);
  EXPECT_EQ(api().authz(second, one.audience), 401);
  EXPECT_EQ(bulk(R"({"subject":")" + one.client.id + "\"}").text("code"), "not_active");
}

TEST_F(Revoking, AnOwnersTokensEndTogetherWhoeverTheirClientIs) {
  const auto one = party();
  const auto make = [&](const std::string& more) {
    const auto made =
        api().as_admin("POST", "/v1/tokens",
                       R"({"name":"owned","scopes":["read"],"expires_in_days":1,"audience":")" +
                           one.audience + "\"" + more + "}");
    EXPECT_EQ(made.status, 201) << made.body;
    return made.text("token");
  };
  const auto named = make(R"(,"owner":"Grace-991")");
  const auto of_client = make(R"(,"owner":"Grace-991","client_id":")" + one.client.id + "\"");
  const auto other = make(R"(,"owner":"Grace-992")");
  const std::string selector = R"({"owner":"Grace-991"})";
  const auto seq = committed();
  EXPECT_EQ(bulk(selector, R"(,"dry_run":true)").number("active"), 2);
  EXPECT_EQ(committed(), seq);
  EXPECT_EQ(bulk(selector).status, 200);
  EXPECT_EQ(committed().value(), seq.value() + 2);
  EXPECT_EQ(api().authz(named, one.audience), 401);
  EXPECT_EQ(api().authz(of_client, one.audience), 401);
  EXPECT_EQ(api().authz(other, one.audience), 200);
  EXPECT_EQ(bulk(R"({"owner":"Nobody"})").text("code"), "not_active");
}

// The first request left nothing to select; its repeat must hear what it did all the same.
TEST_F(Revoking, ARepeatedIdempotencyKeyFindsTheFirstBulkRevocationWhateverCameBetween) {
  const auto one = party();
  const auto make = [&] {
    return api().as_admin("POST", "/v1/tokens",
                          R"({"name":"o","expires_in_days":1,"owner":"Repeat-7","audience":")" +
                              one.audience + "\"}");
  };
  const auto send = [&](const std::string& key, const std::string& body) {
    return api().call(
        "POST", "/v1/revocations",
        {.token = api().admin(), .body = body, .headers = "Idempotency-Key: " + key + "\r\n"});
  };
  for (int count = 0; count < 3; ++count) api().new_token(one.client, one.audience);
  ASSERT_EQ(make().status, 201);
  const std::pair<std::string, std::string> bodies[] = {
      {"by-owner", R"({"selector":{"owner":"Repeat-7"},"reason":"lost"})"},
      {"by-subject", R"({"selector":{"subject":")" + one.client.id + R"("}})"},
      {"by-client", R"({"selector":{"client_id":")" + one.client.id + R"("},"reason":"x"})"},
      {"by-api", R"({"selector":{"api":")" + one.audience + R"("}})"}};
  std::vector<Reply> first;
  for (const auto& [key, body] : bodies) {
    first.push_back(send(key, body));
    EXPECT_EQ(first.back().status, 200) << key << first.back().body;
    api().clock().advance_s(3);
  }
  const auto late = make();  // must outlive the repeat
  ASSERT_EQ(late.status, 201);
  ASSERT_EQ(api()
                .as_admin("DELETE", "/v1/client-grants?client_id=" + one.client.id +
                                        "&audience=" + one.audience)
                .status,
            204);
  const auto other = fresh("urn:revoked:gone:");
  api().make_api(other);
  ASSERT_EQ(send("gone", R"({"selector":{"api":")" + other + R"("}})").status, 200);
  const auto seq_of_gone = committed();
  ASSERT_EQ(api().as_admin("DELETE", "/v1/apis/" + other).status, 204);
  const auto seq = committed();
  const auto keys = api().ledger().core().key_store->size();
  for (std::size_t index = 0; index < first.size(); ++index) {
    const auto again = send(bodies[index].first, bodies[index].second);
    EXPECT_EQ(again.status, 200) << bodies[index].first << again.body;
    EXPECT_EQ(again.body, first[index].body) << "the first one's seq and time";
    EXPECT_TRUE(again.has("X-Ledger-Seq: " + std::to_string(first[index].number("seq")) + "\r\n"));
  }
  EXPECT_EQ(send("gone", R"({"selector":{"api":")" + other + R"("}})").number("seq"),
            static_cast<std::int64_t>(seq_of_gone.value()));
  EXPECT_EQ(api().authz(late.text("token"), one.audience), 200);
  EXPECT_EQ(send("by-owner", R"({"selector":{"owner":"Nobody"}})").status, 422);
  EXPECT_EQ(send("new", R"({"selector":{"owner":"Nobody"}})").text("code"), "not_active");
  EXPECT_EQ(send("new", R"({"selector":{"api":"urn:nothing"}})").status, 404)
      << "a refusal uses no key up";
  EXPECT_EQ(committed(), seq);
  EXPECT_EQ(api().ledger().core().key_store->size(), keys) << "and no key is left behind";
}

TEST_F(Revoking, BadSelectorsAreRefusedAndWriteNothing) {
  const auto seq = committed();
  for (const auto* selector :
       {"{}", R"({"all":false})", R"({"all":true,"api":"x"})", R"({"client_id":1})", R"("all")",
        R"({"issued_before":"yesterday"})", R"({"issued_before":"2999-01-01T00:00:00Z"})",
        R"({"planet":"x"})", R"({"owner":""})", R"({"subject":""})",
        R"({"owner":"a","subject":"b"})"})
    EXPECT_EQ(bulk(selector).status, 400) << selector;
  for (const auto* selector :
       {R"({"client_id":"nobody"})", R"({"api":"urn:nothing"})", R"({"signing_key":"none"})"})
    EXPECT_EQ(bulk(selector).status, 404) << selector;
  EXPECT_EQ(bulk("{}", R"(,"dry_run":"yes")").status, 400);
  EXPECT_EQ(committed(), seq);
  EXPECT_EQ(api()
                .post("/v1/revocations", R"({"selector":{"all":true}})",
                      api().manager(R"(["tokens:read"])"))
                .status,
            403);
}

TEST(BulkRevocation, IssuedBeforeAndAllEndWhatIsOlderAndNothingElse) {
  ApiUnderTest api;
  api.make_api("urn:api");
  const auto client = api.make_client();
  api.grant(client, "urn:api");
  const auto old = api.new_token(client, "urn:api");
  api.clock().advance_s(5);
  const auto moment = format_rfc3339(api.ledger().now());
  api.clock().advance_s(5);
  const auto admin = api.ledger().make_admin_token()->token;
  const auto young = api.new_token(client, "urn:api");
  const auto before =
      api.post("/v1/revocations", R"({"selector":{"issued_before":")" + moment + "\"}}", admin);
  EXPECT_EQ(before.status, 200) << before.body;
  EXPECT_EQ(api.authz(old, "urn:api"), 401);
  EXPECT_EQ(api.authz(young, "urn:api"), 200);
  const auto all = api.post("/v1/revocations", R"({"selector":{"all":true}})", admin);
  EXPECT_EQ(all.text("cause"), "epoch") << all.body;
  EXPECT_EQ(api.authz(young, "urn:api"), 401);
  EXPECT_EQ(api.post("/v1/revocations", R"({"selector":{"all":true}})", admin).status, 401)
      << "the administrator's own token ended too";
  EXPECT_EQ(api.authz(api.new_token(client, "urn:api"), "urn:api"), 200);
}

// A disk whose next sync of the log, once armed, takes until the test says so.
class HeldLog final : public testing_support::ForwardingFiles, public FaultPolicy {
 public:
  FaultPolicy* fault_policy() noexcept override { return this; }
  Result<void> run(const FileChange& change, const Perform& perform) override {
    const bool is_log =
        change.operation == FileOperation::sync && change.path.parent_path().filename() == "log";
    if (is_log && is_armed.exchange(false)) {
      reached.count_down();
      goes_on.wait();
    }
    return perform(change.bytes);
  }

  std::atomic<bool> is_armed{false};
  std::latch reached{1};
  std::latch goes_on{1};
};

// A token that waits for its fsync has its time already, and no committed seq.
TEST(BulkRevocation, IssuedBeforeEndsATokenThatWaitedForItsFsyncThen_INV2) {
  const auto files = std::make_shared<HeldLog>();
  ApiUnderTest api{{}, {}, [&](LedgerOptions& options) { options.files = files; }};
  api.make_api("urn:api");
  const auto client = api.make_client();
  api.grant(client, "urn:api");
  files->is_armed = true;
  auto waiting = std::async(std::launch::async, [&] { return api.new_token(client, "urn:api"); });
  files->reached.wait();
  api.clock().advance_s(2);
  const auto later = format_rfc3339(api.ledger().now());
  auto revoking = std::async(std::launch::async, [&] {
    return api.post("/v1/revocations", R"({"selector":{"issued_before":")" + later + "\"}}",
                    api.admin());
  });
  // Time to look up the seq of that moment too early.
  std::this_thread::sleep_for(std::chrono::milliseconds{300});
  files->goes_on.count_down();
  const auto token = waiting.get();
  const auto revoked = revoking.get();
  EXPECT_EQ(revoked.status, 200) << revoked.body;
  EXPECT_EQ(api.authz(token, "urn:api"), 401);
}

}  // namespace
}  // namespace tokenledger::test
