// /v1/audit and receipts where checkpoints, their anchor or room to work are missing.
#include <gtest/gtest.h>

#include <fstream>
#include <mutex>
#include <thread>

#include "storage/audit.hpp"
#include "storage/ledger_core.hpp"
#include "tests/api/api_fixture.hpp"

namespace tokenledger::test {
namespace {

using namespace std::chrono_literals;

TEST(AuditOverHttp, WithAnAnchorReadinessSaysThatAnOlderCopyIsRefused) {
  testing_support::TemporaryDirectory outside;
  const auto anchor = outside.path() / "anchor";
  ApiUnderTest api{{}, {}, [&](LedgerOptions& options) { options.anchor = anchor; }};
  EXPECT_TRUE(api.get("/readyz", "").has("the anchor tells"));
  ASSERT_TRUE(Audit{api.ledger()}.wait_for_checkpoint(api.ledger().committed(), 20s));
  std::ifstream file{anchor};
  const std::string kept{std::istreambuf_iterator<char>{file}, {}};
  EXPECT_EQ(kept, api.get("/v1/audit/checkpoint", "").body);
}

// INV-6: a revocation that happened is never answered as if it had not.
TEST(AuditOverHttp, WithoutCheckpointsARevocationHoldsAndItsReceiptSaysWhyItIsMissing) {
  ApiUnderTest api{{}, {}, [](LedgerOptions& options) { options.checkpoint_every = 0ms; }};
  api.make_api("urn:api");
  const auto client = api.make_client();
  api.grant(client, "urn:api");
  const auto token = api.new_token(client, "urn:api");
  const auto path = "/v1/tokens/" + api.jti_of(token);
  const auto reply = api.as_admin("POST", path + "/revoke?receipt=true");
  EXPECT_EQ(reply.status, 200);
  EXPECT_TRUE(reply.has(R"("receipt":null)")) << reply.body;
  EXPECT_EQ(reply.text("receipt_missing"), "audit_stopped");
  const auto bulk = api.call("POST", "/v1/revocations?receipt=true",
                             {.token = api.admin(), .body = R"({"selector":{"api":"urn:api"}})"});
  EXPECT_EQ(bulk.status, 200) << bulk.body;
  EXPECT_EQ(bulk.text("receipt_missing"), "audit_stopped");
  EXPECT_EQ(reply.text("status"), "revoked");
  EXPECT_EQ(api.authz(token, "urn:api"), 401);
  for (const std::string open_path :
       {"checkpoint", "checkpoint?size=3", "vkey", "tile/0/000.p/1",
        "proofs/inclusion?index=0&size=1", "proofs/consistency?from=1&to=1"}) {
    const auto refused = api.get("/v1/audit/" + open_path, "");
    EXPECT_EQ(refused.status, 503) << open_path;
    EXPECT_EQ(refused.text("code"), "audit_stopped") << open_path;
    EXPECT_TRUE(refused.has("Retry-After: ")) << open_path;
  }
  EXPECT_EQ(api.as_admin("GET", "/v1/audit/tile/entries/000.p/1").status, 503);
  EXPECT_EQ(api.as_admin("GET", "/v1/audit/proofs/token/" + path.substr(11)).status, 503);
  const auto ready = api.get("/readyz", "");
  EXPECT_EQ(ready.status, 200) << "tokens do not wait for checkpoints";
  EXPECT_TRUE(ready.has("no more are signed")) << ready.body;
  EXPECT_TRUE(api.as_admin("GET", "/metrics").has("\ntokenledger_audit_stopped 1\n"));
}

TEST(AuditOverHttp, WhereNoMoreCheckpointsCanBeSignedTheServerIsReadyAndSaysSo) {
  testing_support::TemporaryDirectory outside;
  const auto disk = outside.path() / "disk";
  std::filesystem::create_directory(disk);
  ApiUnderTest api{{}, {}, [&](LedgerOptions& options) { options.anchor = disk / "anchor"; }};
  const auto made = api.post(
      "/v1/tokens",
      R"({"name":"m","audience":"urn:tokenledger:management","expires_in_days":1,"scopes":["check"]})",
      api.admin());
  ASSERT_EQ(made.status, 201) << made.body;
  const Audit audit{api.ledger()};
  ASSERT_TRUE(audit.wait_for_checkpoint(api.ledger().committed(), 20s));
  const auto last = api.get("/v1/audit/checkpoint", "").body;
  std::filesystem::remove_all(disk);
  const auto path = "/v1/tokens/" + made.text("jti");
  const auto reply = api.as_admin("POST", path + "/revoke?receipt=true");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.text("receipt_missing"), "audit_stopped") << reply.body;
  EXPECT_EQ(api.authz(made.text("token"), "urn:tokenledger:management"), 401);
  EXPECT_EQ(api.get("/v1/audit/checkpoint", "").body, last) << "what was signed stays";
  const auto seq = std::to_string(api.ledger().committed().value());
  const auto newer = api.get("/v1/audit/checkpoint?min_seq=" + seq, "");
  EXPECT_EQ(newer.status, 503);
  EXPECT_EQ(newer.text("code"), "audit_stopped") << newer.body;
  const auto proof = api.as_admin("GET", "/v1/audit/proofs/token/" + made.text("jti"));
  EXPECT_EQ(proof.text("code"), "audit_stopped") << proof.body;
  const auto ready = api.get("/readyz", "");
  EXPECT_EQ(ready.status, 200);
  EXPECT_TRUE(ready.has("no more are signed")) << ready.body;
  EXPECT_TRUE(api.as_admin("GET", "/metrics").has("\ntokenledger_audit_stopped 1\n"));
}

TEST(AuditOverHttp, INV7WithoutRoomForProofsARevocationIsStillAnsweredAsDone) {
  ApiUnderTest api{{.worker_count = 1, .worker_jobs_max = 0}};
  const auto made = api.post(
      "/v1/tokens",
      R"({"name":"m","audience":"urn:tokenledger:management","expires_in_days":1,"scopes":["check"]})",
      api.admin());
  ASSERT_EQ(made.status, 201) << made.body;
  const auto path = "/v1/tokens/" + made.text("jti");
  const auto reply = api.as_admin("POST", path + "/revoke?receipt=true");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.text("receipt_missing"), "queue_full") << reply.body;
  const auto busy = api.get("/v1/audit/checkpoint", "");
  EXPECT_EQ(busy.status, 503);
  EXPECT_TRUE(busy.has("Retry-After: "));
  EXPECT_EQ(api.as_admin("GET", "/v1/audit/proofs/token/" + made.text("jti")).status, 503);
}

// The workers stand still as long as the test holds the files.
TEST(AuditOverHttp, INV7RequestsWithoutATokenHoldABoundedShareOfTheWorkers) {
  ApiUnderTest api;
  ASSERT_TRUE(Audit{api.ledger()}.wait_for_checkpoint(api.ledger().committed(), 20s));
  constexpr int kPlaces = 32;
  HttpTestClient many{api.port()};
  HttpTestClient one_more{api.port()};
  const auto request = ApiUnderTest::request_text("GET", "/v1/audit/checkpoint", {});
  std::unique_lock alone{api.ledger().core().files_mutex};
  std::string burst;
  for (int i = 0; i < kPlaces; ++i) burst += request;
  many.send(burst);
  one_more.send(request);
  // Exactly one is one too many, mostly the later connection's; it is answered while the others
  // wait. Where it is the other way round it stands behind those that wait, hence the deadline.
  const auto deadline = std::chrono::steady_clock::now() + 3s;
  while (api.counters().responses_by_class[5] == 0 && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(1ms);
  alone.unlock();
  int busy = one_more.read().status == 503 ? 1 : 0;
  for (int i = 0; i < kPlaces; ++i) busy += many.read().status == 503 ? 1 : 0;
  EXPECT_EQ(busy, 1);
  EXPECT_EQ(api.get("/v1/audit/checkpoint", "").status, 200) << "the places are free again";
}

}  // namespace
}  // namespace tokenledger::test
