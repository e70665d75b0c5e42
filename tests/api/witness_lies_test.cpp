// Witnesses that lie in the protocol's own words.
#include <atomic>

#include "tests/api/witness_fixture.hpp"

namespace tokenledger::test {
namespace {

// The lies that add-checkpoint allows, each from a witness of its own, beside an honest one.
TEST(Witnesses, LiesAreNamedBelievedByNobodyAndHurtNothingElse) {
  struct Row {
    const char* name;
    WitnessTrouble want;
    Liar::Lie lie;
  };
  const auto cosigned_by = [](const char* name, const char* of, const HttpRequest& request) {
    const auto body = parse_add_checkpoint(request.body()).value();
    auto note = parse_note(body.checkpoint).value();
    if (of != nullptr) note.text = of;
    auto signer = key_of(name);
    auto line = signer.cosign(note.text, UnixSeconds{1'763'784'000}).value();
    return format_signature_line(line);
  };
  std::atomic<std::uint64_t> step{0};
  std::atomic<std::uint64_t> known{0};  // a size that was signed, not the newest
  const std::vector<Row> rows{
      {"other-key", WitnessTrouble::bad_cosignature,
       [&](const HttpRequest& request) { return says(200, cosigned_by("x", nullptr, request)); }},
      {"other-text", WitnessTrouble::bad_cosignature,
       [&](const HttpRequest& request) {
         return says(200, cosigned_by("other-text", "log\n1\nx\n", request));
       }},
      {"no-line", WitnessTrouble::bad_cosignature,
       [](const HttpRequest&) { return says(200, "fine by me\n"); }},
      {"nothing", WitnessTrouble::bad_cosignature,
       [](const HttpRequest&) { return says(200, ""); }},
      {"huge", WitnessTrouble::bad_answer,
       [](const HttpRequest&) { return says(200, std::string(1'000'000, 'x')); }},
      {"stranger", WitnessTrouble::unknown_log, [](const HttpRequest&) { return says(404, ""); }},
      {"distrustful", WitnessTrouble::refused_key,
       [](const HttpRequest&) { return says(403, ""); }},
      {"contrary", WitnessTrouble::other_history, [](const HttpRequest&) { return says(422, ""); }},
      {"broken", WitnessTrouble::refused, [](const HttpRequest&) { return says(500, ""); }},
      {"same-size", WitnessTrouble::other_history,
       [](const HttpRequest& request) {
         return conflict(parse_add_checkpoint(request.body())->old_size);
       }},
      {"untyped", WitnessTrouble::bad_answer,
       [](const HttpRequest&) { return says(409, "1000000\n"); }},
      {"no-size", WitnessTrouble::bad_answer,
       [](const HttpRequest&) { return says(409, "-1\n", "text/x.tlog.size"); }},
      {"restless", WitnessTrouble::bad_answer,
       [&](const HttpRequest&) { return conflict(step++ % 2 == 0 ? known.load() : 0); }},
      {"silent", WitnessTrouble::timed_out, [](const HttpRequest&) { return std::nullopt; }},
  };
  std::vector<std::string> names{"honest"};
  for (const auto& row : rows) names.emplace_back(row.name);
  WitnessedLedger ledger{names, 1};
  WitnessHost honest{"honest", ledger.log()};
  std::vector<std::unique_ptr<Liar>> liars;
  ledger.options().peers.push_back(peer_at(honest.port()));
  for (const auto& row : rows) {
    liars.push_back(std::make_unique<Liar>(row.lie));
    auto peer = peer_at(liars.back()->port());
    // As if over plain http: anybody else who says this stops the server.
    peer.is_loopback = row.want != WitnessTrouble::other_history;
    ledger.options().peers.push_back(peer);
  }
  ledger.options().on_older_copy = [](const std::string& what) { ADD_FAILURE() << what; };
  known = ledger.append();
  ledger.append();
  ledger.ask({});
  ASSERT_TRUE(ledger.is_witnessed(ledger.append()));
  for (std::size_t at = 0; at < rows.size(); ++at) {
    EXPECT_TRUE(comes_true([&] { return ledger.state(at + 1).trouble == rows[at].want; }))
        << rows[at].name << ": " << trouble_name(ledger.state(at + 1).trouble);
    EXPECT_EQ(ledger.state(at + 1).cosignatures, 0u) << rows[at].name;
  }
  ASSERT_TRUE(ledger.is_witnessed(ledger.append())) << "the honest one goes on";
  EXPECT_EQ(ledger.get("/readyz").status, 200);
  EXPECT_EQ(count_cosignatures(ledger.get("/v1/audit/checkpoint?witnessed=true").body, names), 1u);
}

}  // namespace
}  // namespace tokenledger::test
