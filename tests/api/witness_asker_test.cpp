// A ledger and its witnesses: real ones, and ones that are down. What is shown, and that nothing
// else suffers.
#include "api/witness_asker.hpp"

#include <atomic>
#include <stdexcept>

#include "tests/api/witness_fixture.hpp"

namespace tokenledger::test {
namespace {

TEST(Witnesses, AQuorumOfTwoOfThreeHoldsWithOneDownAndTheThirdComesBack) {
  const std::vector<std::string> names{"a", "b", "c"};
  WitnessedLedger ledger{names, 2};
  WitnessHost a{"a", ledger.log()};
  WitnessHost b{"b", ledger.log()};
  WitnessHost c{"c", ledger.log()};
  c.stop();
  EXPECT_EQ(ledger.get("/v1/audit/checkpoint?witnessed=true").status, 503);
  ledger.ask({a.port(), b.port(), c.port()});
  const auto size = ledger.append();
  ASSERT_TRUE(ledger.is_witnessed(size));
  const auto witnessed = ledger.get("/v1/audit/checkpoint?witnessed=true");
  ASSERT_EQ(witnessed.status, 200) << witnessed.body;
  EXPECT_TRUE(open_checkpoint(witnessed.body, ledger.log()));
  EXPECT_GE(count_cosignatures(witnessed.body, names), 2u);
  const auto newest = ledger.get("/v1/audit/checkpoint");
  EXPECT_GE(count_cosignatures(newest.body, names), 2u) << newest.body;
  const auto kept = ledger.get("/v1/audit/checkpoint?size=" + std::to_string(size));
  EXPECT_EQ(count_cosignatures(kept.body, names), 0u) << "cached for ever, so always the same";
  ASSERT_TRUE(comes_true([&] { return ledger.state(2).failures > 0; }));
  const auto ready = ledger.get("/readyz");
  EXPECT_EQ(ready.status, 200);
  EXPECT_TRUE(ready.has("witnesses: quorum 2 of 3, reached at ")) << ready.body;
  EXPECT_TRUE(ready.has("witness a: cosigned ")) << ready.body;
  EXPECT_TRUE(ready.has("last success never, error unreachable\n")) << ready.body;
  const auto metrics = ledger.api().as_admin("GET", "/metrics").body;
  for (const auto* line :
       {"tokenledger_audit_witnessed_size ", "tokenledger_witness_size{witness=\"a\"} ",
        "tokenledger_witness_failures_total{witness=\"c\"} ",
        "tokenledger_witness_last_success_age_seconds{witness=\"b\"} "})
    EXPECT_NE(metrics.find(line), std::string::npos) << line;
  EXPECT_EQ(metrics.find("last_success_age_seconds{witness=\"c\"}"), std::string::npos);

  c.start();
  EXPECT_TRUE(comes_true([&] { return ledger.state(2).size >= size; }));
  EXPECT_EQ(ledger.state(2).trouble, WitnessTrouble::none);
  // And back: it is behind now and is caught up with a proof.
  c.stop();
  ASSERT_TRUE(ledger.is_witnessed(ledger.append()));
  c.start();
  const auto later = ledger.append();
  EXPECT_TRUE(comes_true([&] { return ledger.state(2).size >= later; }));
}

TEST(Witnesses, WithoutAQuorumTheServerIsReadyAndSaysSo) {
  WitnessedLedger ledger{{"a", "b"}, 2};
  WitnessHost a{"a", ledger.log()};
  WitnessHost b{"b", ledger.log()};
  b.stop();
  ledger.ask({a.port(), b.port()});
  const auto size = ledger.append();
  ASSERT_TRUE(comes_true([&] { return ledger.state(0).size >= size; }));
  const auto reply = ledger.get("/v1/audit/checkpoint?witnessed=true");
  EXPECT_EQ(reply.status, 503);
  EXPECT_TRUE(reply.has("Retry-After: 1\r\n"));
  EXPECT_EQ(ledger.get("/readyz").status, 200);
  EXPECT_TRUE(ledger.get("/readyz").has("witnesses: quorum 2 of 2, reached at 0 events\n"));
  for (const std::string query :
       {"witnessed=1", "witnessed=", "witnessed=true&witnessed=true", "witnessed=true&size=1"})
    EXPECT_EQ(ledger.get("/v1/audit/checkpoint?" + query).status, 400) << query;
  EXPECT_EQ(ledger.get("/v1/audit/checkpoint?witnessed=false").status, 200);
  EXPECT_EQ(ledger.get("/v1/audit/vkey?witnessed=true").status, 400);
}

// What it was shown by somebody else is no older copy: it was signed here.
TEST(Witnesses, ANewerCheckpointThatSomebodyElseShowedAWitnessIsCaughtUpWith) {
  WitnessedLedger ledger{{"a"}, 1};
  WitnessHost a{"a", ledger.log()};
  a.stop();
  ledger.options().on_older_copy = [](const std::string& what) { ADD_FAILURE() << what; };
  const auto first = ledger.append();
  ledger.ask({a.port()});
  ASSERT_TRUE(comes_true([&] { return ledger.state(0).failures > 0; }));
  const auto second = ledger.append();
  ASSERT_EQ(ledger.board().target()->size, first) << "it waits for its quorum";
  a.show_while_down(
      format_add_checkpoint(
          {.old_size = 0, .proof = {}, .checkpoint = *ledger.audit().checkpoint_of(second)})
          .value());
  a.start();
  bool was_blamed = false;
  EXPECT_TRUE(comes_true([&] {
    was_blamed = was_blamed || ledger.state(0).trouble == WitnessTrouble::bad_answer;
    return ledger.board().report().witnessed_size >= second;
  })) << trouble_name(ledger.state(0).trouble);
  EXPECT_FALSE(was_blamed) << "its answer was right";
}

// A size that nobody signed moves the target once; after that it is a bad answer, with a pause.
TEST(Witnesses, AWitnessMovesTheTargetOnlyOnceInAWhile) {
  WitnessedLedger ledger{{"restless", "down"}, 2};
  const auto down = peer_at(1);
  std::atomic<std::uint64_t> newest{0};
  Liar restless{[&](const HttpRequest&) { return conflict(newest.load()); }};
  newest = ledger.append();
  ledger.options().peers = {peer_at(restless.port()), down};
  ledger.options().on_older_copy = [](const std::string&) {};
  // The first target is of this size; the witness then always claims the newest.
  const auto first = newest.load();
  ledger.options().peers[0].is_loopback = false;
  ledger.ask({});
  ASSERT_TRUE(comes_true([&] { return ledger.state(0).failures > 0; }));
  newest = ledger.append();
  ASSERT_TRUE(comes_true([&] { return ledger.board().target()->size > first; }));
  const auto moved = ledger.board().target()->size;
  newest = ledger.append();
  ASSERT_TRUE(comes_true([&] { return ledger.state(0).trouble == WitnessTrouble::bad_answer; }));
  EXPECT_EQ(ledger.board().target()->size, moved);
}

TEST(Witnesses, WhatIsThrownWhileAskingEndsNoAsking) {
  WitnessedLedger ledger{{"ahead"}, 1};
  Liar ahead{[](const HttpRequest&) { return conflict(1'000'000); }};
  ledger.options().on_older_copy = [](const std::string&) { throw std::runtime_error{"thrown"}; };
  ledger.ask({ahead.port()});
  ledger.append();
  EXPECT_TRUE(comes_true([&] { return ledger.state(0).failures >= 6; }));
  EXPECT_TRUE(comes_true([&] { return ledger.state(0).trouble == WitnessTrouble::failed_here; }));
}

}  // namespace
}  // namespace tokenledger::test
