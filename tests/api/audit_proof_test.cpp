// Proofs of tokens and events over HTTP, and the receipts of revocations.
#include <gtest/gtest.h>

#include <thread>

#include "tests/api/audit_fixture.hpp"

namespace tokenledger::test {
namespace {

TEST_F(AuditEndpoints, TheProofOfATokenIsThatOfWhatDecidesItsStatus) {
  const auto jti = api().jti_of(api().new_token(client(), kAudience));
  const std::string path = "/v1/audit/proofs/token/" + jti;
  EXPECT_EQ(api().get(path, "").status, 401);
  EXPECT_EQ(api().get(path, api().manager(R"(["tokens:read"])")).status, 403);
  const auto issued = api().get(path, api().manager(R"(["audit:read"])"));
  ASSERT_EQ(issued.status, 200) << issued.body;
  EXPECT_TRUE(issued.has("Content-Type: text/plain; charset=utf-8\r\n")) << issued.head;
  EXPECT_TRUE(issued.has("Cache-Control: no-store\r\n")) << "the next one may be another";
  EXPECT_TRUE(std::holds_alternative<TokenIssued>(proved(issued.body).payload));
  const auto revoked = api().as_admin("POST", "/v1/tokens/" + jti + "/revoke");
  ASSERT_EQ(revoked.status, 200);
  const auto event = proved(api().as_admin("GET", path).body);
  EXPECT_TRUE(std::holds_alternative<TokenRevoked>(event.payload));
  EXPECT_EQ(event.seq.value(), seq_of(revoked));
  EXPECT_EQ(read("proofs/token/AAAAAAAAAAAAAAAAAAAAAA").status, 404);
  EXPECT_EQ(read("proofs/token/" + jti + "?size=1").status, 400);
}

TEST_F(AuditEndpoints, ARevocationAnswersWithItsReceipt) {
  const auto revoke = [](const std::string& query, const std::string& key = "") {
    const auto jti = api().jti_of(api().new_token(client(), kAudience));
    const std::string headers = key.empty() ? "" : "Idempotency-Key: " + key + "\r\n";
    return std::pair{"/v1/tokens/" + jti,
                     api().call("POST", "/v1/tokens/" + jti + "/revoke" + query,
                                {.token = api().admin(), .headers = headers})};
  };
  const auto [path, reply] = revoke("?receipt=true", "a-receipt");
  ASSERT_EQ(reply.status, 200) << reply.body;
  const auto event = proved(reply.text("receipt"));
  EXPECT_TRUE(std::holds_alternative<TokenRevoked>(event.payload));
  EXPECT_EQ(event.seq.value(), seq_of(reply));
  EXPECT_EQ(reply.text("receipt_missing"), "-");
  const auto again =
      api().call("POST", path + "/revoke?receipt=true",
                 {.token = api().admin(), .headers = "Idempotency-Key: a-receipt\r\n"});
  EXPECT_EQ(again.status, 200) << again.body;
  EXPECT_EQ(again.text("revoked_at"), reply.text("revoked_at"));
  EXPECT_EQ(proved(again.text("receipt")).seq, event.seq);
  EXPECT_EQ(api().as_admin("POST", path + "/revoke?receipt=true").status, 409);
  EXPECT_FALSE(revoke("").second.has("receipt"));
  EXPECT_FALSE(revoke("?receipt=false").second.has("receipt"));
  const auto jti = api().jti_of(api().new_token(client(), kAudience));
  for (const std::string query :
       {"?receipt=1", "?receipt=", "?receipt=true&receipt=true", "?reciept=true"})
    EXPECT_EQ(api().as_admin("POST", "/v1/tokens/" + jti + "/revoke" + query).status, 400) << query;
  const auto deleted = api().as_admin("DELETE", "/v1/tokens/" + jti + "?receipt=true");
  ASSERT_EQ(deleted.status, 200) << "no refused one ended it: " << deleted.body;
  EXPECT_EQ(proved(deleted.text("receipt")).seq.value(), seq_of(deleted));
}

TEST_F(AuditEndpoints, TheProofOfAnEventCarriesTheEventAndNeedsAuditRead) {
  const auto path = [](const std::string& seq) { return "/v1/audit/proofs/event/" + seq; };
  EXPECT_EQ(api().get(path("1"), "").status, 401);
  EXPECT_EQ(api().get(path("1"), api().manager(R"(["events:read"])")).status, 403);
  const auto first = api().get(path("1"), api().manager(R"(["audit:read"])"));
  ASSERT_EQ(first.status, 200) << first.body;
  EXPECT_TRUE(first.has("Content-Type: text/plain; charset=utf-8\r\n")) << first.head;
  EXPECT_TRUE(std::holds_alternative<LedgerCreated>(proved(first.body).payload));
  // The newest event is waited for, like that of a token.
  const auto newest = api().ledger().append_note("proved", "");
  ASSERT_TRUE(newest);
  const auto event = proved(api().as_admin("GET", path(number(newest->seq.value()))).body);
  EXPECT_EQ(event.seq, newest->seq);
  EXPECT_TRUE(std::holds_alternative<NoteAppended>(event.payload));
  const auto beyond = number(api().ledger().committed().value() + 1'000'000);
  for (const auto& seq : {std::string{"0"}, std::string{"-1"}, std::string{"01"}, std::string{"x"},
                          std::string{"99999999999999999999"}, beyond}) {
    const auto reply = api().as_admin("GET", path(seq));
    EXPECT_EQ(reply.status, 404) << seq;
    EXPECT_EQ(reply.text("code"), "event_not_found") << seq;
  }
  EXPECT_EQ(api().as_admin("GET", path("1") + "?size=1").status, 400);
}

TEST_F(AuditEndpoints, ABulkRevocationAnswersWithItsReceipt) {
  const auto other = api().make_client();
  api().grant(other, kAudience);
  const auto ask = [](const std::string& query, const std::string& body,
                      const std::string& key = "") {
    const std::string headers = key.empty() ? "" : "Idempotency-Key: " + key + "\r\n";
    return api().call("POST", "/v1/revocations" + query,
                      {.token = api().admin(), .body = body, .headers = headers});
  };
  const auto of_client = R"({"selector":{"client_id":")" + other.id + "\"}}";
  const auto of_subject = R"({"selector":{"subject":")" + other.id + "\"}}";
  const auto token = api().new_token(other, kAudience);

  // Refused ones end nothing.
  for (const std::string query : {"?receipt=1", "?receipt=true&receipt=true", "?reciept=true"})
    EXPECT_EQ(ask(query, of_client).status, 400) << query;
  const auto dry = R"({"dry_run":true,"selector":{"client_id":")" + other.id + "\"}}";
  EXPECT_EQ(ask("?receipt=true", dry).status, 400) << "there is no event to prove";
  EXPECT_EQ(ask("", dry).status, 200);
  EXPECT_EQ(api().authz(token, kAudience), 200);

  // One event per token: the receipt is of the first, at `seq`.
  const auto listed = ask("?receipt=true", of_subject);
  ASSERT_EQ(listed.status, 200) << listed.body;
  const auto single = proved(listed.text("receipt"));
  EXPECT_EQ(single.seq.value(), seq_of(listed));
  EXPECT_TRUE(std::holds_alternative<TokenRevoked>(single.payload));
  EXPECT_EQ(api().authz(token, kAudience), 401);

  const auto cascade = ask("?receipt=true", of_client, "bulk-receipt");
  ASSERT_EQ(cascade.status, 200) << cascade.body;
  const auto event = proved(cascade.text("receipt"));
  EXPECT_EQ(event.seq.value(), seq_of(cascade));
  EXPECT_TRUE(std::holds_alternative<TokensRevoked>(event.payload));
  EXPECT_EQ(cascade.text("receipt_missing"), "-");
  const auto again = ask("?receipt=true", of_client, "bulk-receipt");
  EXPECT_EQ(again.status, 200) << again.body;
  EXPECT_EQ(again.text("revoked_at"), cascade.text("revoked_at"));
  EXPECT_EQ(proved(again.text("receipt")).seq, event.seq);
  EXPECT_FALSE(ask("", of_client).has("receipt"));
  EXPECT_FALSE(ask("?receipt=false", of_client).has("receipt"));
}

TEST_F(AuditEndpoints, ManyReceiptsAtOnceAreAllAnswered) {
  constexpr int kCallers = 24;
  std::vector<std::string> jtis;
  for (int i = 0; i < kCallers; ++i)
    jtis.push_back(api().jti_of(api().new_token(client(), kAudience)));
  std::vector<Reply> replies(kCallers);
  std::vector<std::thread> callers;
  for (int i = 0; i < kCallers; ++i) {
    callers.emplace_back([&, i] {
      replies[i] = api().as_admin("POST", "/v1/tokens/" + jtis[i] + "/revoke?receipt=true");
    });
  }
  for (auto& caller : callers) caller.join();
  for (const auto& reply : replies) {
    ASSERT_EQ(reply.status, 200) << reply.body;
    EXPECT_EQ(proved(reply.text("receipt")).seq.value(), seq_of(reply));
  }
}

}  // namespace
}  // namespace tokenledger::test
