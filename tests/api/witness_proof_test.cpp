// Proofs and receipts that a quorum of witnesses stands behind.
#include "core/merkle.hpp"
#include "tests/api/witness_fixture.hpp"

namespace tokenledger::test {
namespace {

const std::vector<std::string> kNames{"a", "b", "c"};
constexpr const char* kAudience = "urn:tokenledger:management";

// A proof file as somebody checks it who insists on `quorum` of the witnesses.
Result<Checkpoint> checked(const std::string& text, const NoteVerifier& log, std::size_t quorum) {
  const auto file = parse_proof_file(text);
  if (!file) return file.error();
  const auto policy = policy_of(kNames, quorum).quorum;
  return check_proof_file(*file, leaf_hash(file->extra), {log, &*policy});
}

Reply new_token(ApiUnderTest& api) {
  auto made = api.as_admin(
      "POST", "/v1/tokens",
      R"({"name":"m","audience":"urn:tokenledger:management","expires_in_days":1,"scopes":["check"]})");
  EXPECT_EQ(made.status, 201) << made.body;
  return made;
}

TEST(WitnessedProofs, CarryTheCosignaturesOfAQuorumThatCoversTheEvent) {
  WitnessedLedger ledger{kNames, 2};
  WitnessHost a{"a", ledger.log()};
  WitnessHost b{"b", ledger.log()};
  ledger.ask({a.port(), b.port(), 1});
  const auto log = ledger.log();
  auto& api = ledger.api();
  const auto made = new_token(api);
  const auto path = "/v1/tokens/" + made.text("jti");
  const auto proof = "/v1/audit/proofs/token/" + made.text("jti") + "?witnessed=";
  const auto issued = api.as_admin("GET", proof + "true");
  ASSERT_EQ(issued.status, 200) << issued.body;
  EXPECT_TRUE(checked(issued.body, log, 2)) << issued.body;
  EXPECT_FALSE(checked(issued.body, log, 3)) << "the third never cosigned";
  const auto plain = api.as_admin("GET", proof + "false");
  EXPECT_TRUE(parse_proof_file(plain.body)) << plain.body;
  EXPECT_EQ(checked(plain.body, log, 1).error(), Errc::key_not_found);

  // The newest event is waited for; an old one is covered by what is there.
  const auto revoked = api.as_admin("POST", path + "/revoke?receipt=true&witnessed=true");
  ASSERT_EQ(revoked.status, 200) << revoked.body;
  const auto receipt = checked(revoked.text("receipt"), log, 2);
  ASSERT_TRUE(receipt) << revoked.body;
  const auto seq = parse_proof_file(revoked.text("receipt"))->index + 1;
  EXPECT_GE(receipt->size, seq);
  const auto first = api.as_admin("GET", "/v1/audit/proofs/event/1?witnessed=true");
  EXPECT_TRUE(checked(first.body, log, 2)) << first.body;
  const auto again =
      api.as_admin("GET", "/v1/audit/proofs/event/" + std::to_string(seq) + "?witnessed=true");
  EXPECT_TRUE(checked(again.body, log, 2)) << again.body;

  const auto second = new_token(api);
  const auto deleted =
      api.as_admin("DELETE", "/v1/tokens/" + second.text("jti") + "?receipt=true&witnessed=true");
  EXPECT_TRUE(checked(deleted.text("receipt"), log, 2)) << deleted.body;
  api.make_api("urn:api");
  const auto client = api.make_client();
  api.grant(client, "urn:api");
  const auto token = api.new_token(client, "urn:api");
  const auto bulk = api.as_admin("POST", "/v1/revocations?receipt=true&witnessed=true",
                                 R"({"selector":{"client_id":")" + client.id + "\"}}");
  ASSERT_EQ(bulk.status, 200) << bulk.body;
  EXPECT_TRUE(checked(bulk.text("receipt"), log, 2)) << bulk.body;
  EXPECT_EQ(api.authz(token, "urn:api"), 401);
}

TEST(WitnessedProofs, WithoutAQuorumTheRevocationHoldsAndTheReceiptSaysThatItIsMissing) {
  WitnessedLedger ledger{kNames, 2, 300ms};
  WitnessHost a{"a", ledger.log()};
  WitnessHost b{"b", ledger.log()};
  b.stop();
  ledger.ask({a.port(), b.port(), 1});
  auto& api = ledger.api();
  const auto made = new_token(api);
  const auto path = "/v1/tokens/" + made.text("jti");
  const auto proof = "/v1/audit/proofs/token/" + made.text("jti") + "?witnessed=true";
  const auto late = api.as_admin("GET", proof);
  EXPECT_EQ(late.status, 503);
  EXPECT_EQ(late.text("code"), "view_behind");
  EXPECT_TRUE(late.has("Retry-After: 1\r\n")) << late.head;
  EXPECT_TRUE(late.has("no quorum of witnesses covers the event yet")) << late.body;
  const auto revoked = api.as_admin("POST", path + "/revoke?receipt=true&witnessed=true");
  ASSERT_EQ(revoked.status, 200) << revoked.body;
  EXPECT_TRUE(revoked.has(R"("receipt":null)")) << revoked.body;
  EXPECT_EQ(revoked.text("receipt_missing"), "view_behind");
  EXPECT_EQ(api.authz(made.text("token"), kAudience), 401);
  // Whoever wants no quorum does not wait for one.
  const auto signed_only = api.as_admin("GET", "/v1/audit/proofs/event/1");
  EXPECT_EQ(signed_only.status, 200) << signed_only.body;

  b.start();
  Reply there;
  EXPECT_TRUE(comes_true([&] {
    there = api.as_admin("GET", proof);
    return there.status == 200;
  })) << there.body;
  EXPECT_TRUE(checked(there.body, ledger.log(), 2)) << there.body;
}

TEST(WitnessedProofs, WhatIsNoWishIsRefusedAndEndsNothing) {
  WitnessedLedger watched{kNames, 0};  // witnesses, and no quorum
  ApiUnderTest alone;
  for (auto* api : {&watched.api(), &alone}) {
    const auto made = new_token(*api);
    const auto path = "/v1/tokens/" + made.text("jti");
    for (const std::string query :
         {"/revoke?receipt=true&witnessed=true", "/revoke?witnessed=true",
          "/revoke?receipt=false&witnessed=true", "/revoke?receipt=true&witnessed=1",
          "/revoke?receipt=true&witnessed=", "/revoke?receipt=true&witnessed=true&witnessed=true"})
      EXPECT_EQ(api->as_admin("POST", path + query).status, 400) << query;
    const auto refused = api->as_admin("POST", path + "/revoke?receipt=true&witnessed=true");
    EXPECT_EQ(refused.text("code"), "not_witnessed") << refused.body;
    EXPECT_EQ(api->authz(made.text("token"), kAudience), 200);
    for (const auto& what : {std::string{"event/1"}, "token/" + made.text("jti")}) {
      const auto proof = api->as_admin("GET", "/v1/audit/proofs/" + what + "?witnessed=true");
      EXPECT_EQ(proof.status, 404) << what;
      EXPECT_EQ(proof.text("code"), "not_witnessed") << proof.body;
      EXPECT_EQ(api->as_admin("GET", "/v1/audit/proofs/" + what + "?witnessed=yes").status, 400);
    }
    const auto done = api->as_admin("POST", path + "/revoke?receipt=true&witnessed=false");
    EXPECT_EQ(done.status, 200) << done.body;
    EXPECT_TRUE(parse_proof_file(done.text("receipt")));
  }
}

}  // namespace
}  // namespace tokenledger::test
