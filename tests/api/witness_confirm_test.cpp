// What witnesses say before a ledger opens, and of an older copy that runs.
#include <spdlog/logger.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <sstream>
#include <stdexcept>

#include "api/witness_answer.hpp"
#include "tests/api/witness_fixture.hpp"

namespace tokenledger::test {
namespace {

// What confirm() warns of while it lets the ledger open.
std::string warnings_of(const WitnessBoard& board, const WitnessAsker::Options& options,
                        const NewestCheckpoint& newest) {
  const auto lines = std::make_shared<std::ostringstream>();
  const auto before = spdlog::default_logger();
  spdlog::set_default_logger(std::make_shared<spdlog::logger>(
      "test", std::make_shared<spdlog::sinks::ostream_sink_mt>(*lines)));
  std::string why;
  EXPECT_TRUE(WitnessAsker::confirm(board, options, newest, why)) << why;
  spdlog::set_default_logger(before);
  return lines->str();
}

TEST(Witnesses, OneThatSawMoreThanWasEverSignedSaysThatThisIsAnOlderCopy) {
  for (const bool is_itself : {true, false}) {
    WitnessedLedger ledger{{"ahead"}, 1};
    Liar ahead{[](const HttpRequest&) { return conflict(1'000'000); }};
    std::atomic<int> told{0};
    std::string sentence;
    ledger.options().on_older_copy = [&](const std::string& what) {
      sentence = what;
      ++told;
    };
    auto peer = peer_at(ahead.port());
    peer.is_loopback = is_itself;
    const auto size = ledger.append();
    auto options = ledger.options();
    options.peers = {peer};
    std::string why;
    const auto confirmed = WitnessAsker::confirm(ledger.board(), options, ledger.newest(), why);
    EXPECT_EQ(confirmed.has_value(), !is_itself);
    if (is_itself) {
      EXPECT_EQ(confirmed.error(), Errc::older_than_checkpoint);
      EXPECT_TRUE(
          why.starts_with("the witness ahead cosigned a checkpoint of this log at seq "
                          "1000000, but the newest one signed here is of seq " +
                          std::to_string(size) + ": this directory is an older copy"))
          << why;
    }
    ledger.options().peers = {peer};
    ledger.ask({});
    EXPECT_TRUE(comes_true([&] { return ledger.state(0).trouble == WitnessTrouble::ahead; }));
    if (is_itself) {
      EXPECT_TRUE(comes_true([&] { return told.load() == 1; }));
    }
    ledger.append();
    std::this_thread::sleep_for(300ms);
    ledger.stop_asking();
    EXPECT_EQ(told.load(), is_itself ? 1 : 0) << "over plain http anybody could have said it";
    EXPECT_EQ(sentence.starts_with("the witness ahead cosigned"), is_itself) << sentence;
  }
}

TEST(Witnesses, BeforeOpeningThoseWhoSawNoMoreOrDoNotAnswerLetItPass) {
  WitnessedLedger ledger{{"a", "down", "silent"}, 1};
  WitnessHost a{"a", ledger.log()};
  WitnessHost down{"down", ledger.log()};
  down.stop();
  Liar silent{[](const HttpRequest&) { return std::nullopt; }};
  ledger.append();
  const auto newest = ledger.newest();
  auto options = ledger.options();
  options.start_time = 500ms;
  for (const auto port : {a.port(), down.port(), silent.port()})
    options.peers.push_back(peer_at(port));
  std::string why;
  EXPECT_TRUE(WitnessAsker::confirm(ledger.board(), options, newest, why)) << why;
  EXPECT_EQ(why, "");
  const auto body = format_add_checkpoint({.old_size = 0, .proof = {}, .checkpoint = newest.note});
  EXPECT_EQ(a.witness().add_checkpoint(*body).verdict, WitnessVerdict::cosigned);
  EXPECT_TRUE(WitnessAsker::confirm(ledger.board(), options, newest, why)) << why;
}

// An older copy that went on by itself has outgrown the witness; only its history is another.
TEST(Witnesses, OneThatKnowsAnotherHistoryThanOursStopsUsHoweverSmallItIs) {
  struct Row {
    const char* name;
    const char* want;
    Liar::Lie at_start;
    Liar::Lie running;
  };
  const Liar::Lie disbelieves = [](const HttpRequest&) { return says(422, ""); };
  const Liar::Lie knows_an_unsigned_size = [](const HttpRequest&) { return conflict(1); };
  const Row rows[] = {
      {"disbelieves", "cosigned another history of this log", disbelieves, disbelieves},
      {"unsigned size", "at seq 1, where none was ever signed here", knows_an_unsigned_size,
       knows_an_unsigned_size},
      {"same size", "cosigned another history of this log",
       [](const HttpRequest& request) {
         return conflict(parse_add_checkpoint(request.body())->old_size);
       },
       disbelieves},
  };
  for (const auto& row : rows) {
    WitnessedLedger ledger{{"w"}, 1};
    ledger.append();
    const auto newest = ledger.newest();
    ASSERT_FALSE(newest.was_signed(1).value()) << "the ledger's first events came at once";
    for (const bool is_itself : {true, false}) {
      Liar witness{row.at_start};
      auto options = ledger.options();
      options.peers = {peer_at(witness.port())};
      options.peers[0].is_loopback = is_itself;
      std::string why;
      const auto confirmed = WitnessAsker::confirm(ledger.board(), options, newest, why);
      EXPECT_EQ(confirmed.has_value(), !is_itself) << row.name;
      EXPECT_EQ(why.find(row.want) != std::string::npos, is_itself) << row.name << ": " << why;
    }
    Liar witness{row.running};
    std::atomic<int> told{0};
    ledger.options().on_older_copy = [&](const std::string&) { ++told; };
    ledger.ask({witness.port()});
    EXPECT_TRUE(comes_true([&] { return told.load() == 1; })) << row.name;
    ledger.stop_asking();
  }
}

// What a witness of an older history that is really ours says is no reason to stop.
TEST(Witnesses, BeforeOpeningOneThatIsBehindIsHeardAndOthersAreNot) {
  WitnessedLedger ledger{{"behind", "stranger", "mute", "liar"}, 1};
  const auto first = ledger.append();
  ledger.append();
  WitnessHost behind{"behind", ledger.log()};
  const auto shown = format_add_checkpoint(
      {.old_size = 0, .proof = {}, .checkpoint = *ledger.audit().checkpoint_of(first)});
  ASSERT_EQ(behind.witness().add_checkpoint(*shown).verdict, WitnessVerdict::cosigned);
  Liar stranger{[](const HttpRequest&) { return says(404, ""); }};
  Liar mute{[](const HttpRequest&) { return says(409, "1\n"); }};
  Liar liar{[](const HttpRequest&) { return says(200, "fine by me\n"); }};
  auto options = ledger.options();
  for (const auto port : {behind.port(), stranger.port(), mute.port(), liar.port()})
    options.peers.push_back(peer_at(port));
  const auto warnings = [&] { return warnings_of(ledger.board(), options, ledger.newest()); };
  const auto some = warnings();
  for (const auto* said : {"stranger can't be asked whether this is an older copy (unknown_log)",
                           "mute can't be asked whether this is an older copy (bad_answer)",
                           "liar can't be asked whether this is an older copy (bad_cosignature)"})
    EXPECT_NE(some.find(said), std::string::npos) << said << " in " << some;
  EXPECT_EQ(some.find("behind"), std::string::npos) << some;
  EXPECT_EQ(some.find("no witness can tell"), std::string::npos) << some;
  options.peers[0] = peer_at(stranger.port());
  EXPECT_NE(warnings().find("no witness can tell"), std::string::npos);
  options.peers[0] = peer_at(behind.port());
  options.peers[0].is_loopback = false;
  EXPECT_NE(warnings().find("no witness can tell"), std::string::npos)
      << "over plain http anybody could have said it";
}

// An answer in due form that says nothing of our history must not pass for one that does.
TEST(Witnesses, BeforeOpeningWhoCanNotTellIsNotHeardAndTheWarningSaysWhy) {
  WitnessedLedger ledger{{"w", "down"}, 1};
  const auto first = ledger.append();
  ledger.append();
  Liar forgetful{[](const HttpRequest&) { return conflict(0); }};
  Liar behind{[&](const HttpRequest&) { return conflict(first); }};
  Liar stranger{[](const HttpRequest&) { return says(404, ""); }};
  const auto known = ledger.newest();
  // As after a restore: the anchor's size is in no history.
  auto anchored = ledger.newest();
  anchored.checkpoint_of = [](std::uint64_t) -> Result<std::string> {
    return Errc::file_not_found;
  };
  auto throwing = ledger.newest();
  throwing.was_signed = [](std::uint64_t) -> Result<bool> { throw std::runtime_error{"thrown"}; };
  struct Row {
    const char* name;
    const Liar& witness;
    const NewestCheckpoint& newest;
    const char* want;
  };
  const Row rows[] = {
      {"nothing cosigned", forgetful, known,
       "the witness w can't tell whether this is an older copy: it says that it cosigned nothing"},
      {"anchor alone", behind, anchored,
       "the witness w can't tell whether this is an older copy: what it cosigned last is known "
       "here from the anchor alone"},
      {"an exception", behind, throwing,
       "the witness w can't be asked whether this is an older copy (failed_here)"},
  };
  for (const auto& row : rows) {
    auto options = ledger.options();
    options.peers = {peer_at(row.witness.port()), peer_at(stranger.port())};
    const auto warnings = warnings_of(ledger.board(), options, row.newest);
    EXPECT_NE(warnings.find(row.want), std::string::npos) << row.name << ": " << warnings;
    EXPECT_NE(warnings.find("the witness down can't be asked"), std::string::npos)
        << row.name << ": the others are heard, too: " << warnings;
    EXPECT_NE(warnings.find("no witness can tell: nobody says"), std::string::npos)
        << row.name << ": " << warnings;
  }
}

// A copy that signed the very size that the witness knows, and went on: its newest checkpoint says
// nothing of that, so it is asked about the one that they have in common.
TEST(Witnesses, BeforeOpeningACopyThatSignedTheSizeThatItsWitnessKnowsIsStopped) {
  WitnessedLedger ledger{{"w"}, 1};
  const auto common = ledger.append();
  ledger.append();
  struct Row {
    const char* name;
    const char* want;  // empty: it passes
    Liar::Lie answer;
  };
  std::atomic<int> questions{0};
  const auto then = [&](Liar::Lie about_common) {
    return [&, about_common](const HttpRequest& request) -> std::optional<HttpResponse> {
      ++questions;
      const auto asked = parse_add_checkpoint(request.body()).value();
      if (asked.old_size != common) return conflict(common);
      EXPECT_EQ(asked.checkpoint, *ledger.audit().checkpoint_of(common)) << "as it was signed";
      EXPECT_TRUE(asked.proof.empty());
      return about_common(request);
    };
  };
  const auto other =
      "cosigned another history of this log than the one that was signed here up to "
      "seq " +
      std::to_string(common) + ":";
  const Row rows[] = {
      {"another root", other.c_str(), then([](const HttpRequest&) { return says(422, ""); })},
      {"another root, as 409", other.c_str(),
       then([&](const HttpRequest&) { return conflict(common); })},
      {"moved to what was never signed", "at seq 1000000",
       then([](const HttpRequest&) { return conflict(1'000'000); })},
      {"forgot everything", "", then([](const HttpRequest&) { return conflict(0); })},
      {"silent then", "", then([](const HttpRequest&) { return std::nullopt; })},
  };
  for (const auto& row : rows) {
    Liar witness{row.answer};
    auto options = ledger.options();
    options.start_time = 1s;
    options.peers = {peer_at(witness.port())};
    std::string why;
    questions = 0;
    const auto confirmed = WitnessAsker::confirm(ledger.board(), options, ledger.newest(), why);
    EXPECT_EQ(questions.load(), 2) << row.name;
    EXPECT_EQ(confirmed.has_value(), *row.want == '\0') << row.name << ": " << why;
    EXPECT_NE(why.find(row.want), std::string::npos) << row.name << ": " << why;
    if (!confirmed) {
      EXPECT_EQ(confirmed.error(), Errc::older_than_checkpoint) << row.name;
    }
    EXPECT_EQ(why.find("without its anchor") != std::string::npos, !confirmed) << why;
  }
  // Two of them in turn never end: the questions are bounded.
  const auto newest = ledger.newest();
  const auto newest_size = open_checkpoint(newest.note, ledger.log())->checkpoint.size;
  Liar restless{[&](const HttpRequest& request) {
    ++questions;
    const auto asked = parse_add_checkpoint(request.body())->old_size;
    return conflict(asked == common ? newest_size : common);
  }};
  auto options = ledger.options();
  options.peers = {peer_at(restless.port())};
  questions = 0;
  const auto warnings = warnings_of(ledger.board(), options, newest);
  static_assert(kWitnessQuestionsMax == 3);
  EXPECT_EQ(questions.load(), 3);
  EXPECT_NE(
      warnings.find("the witness w can't be asked whether this is an older copy (bad_answer)"),
      std::string::npos)
      << warnings;
  EXPECT_NE(warnings.find("no witness can tell"), std::string::npos) << warnings;
}

}  // namespace
}  // namespace tokenledger::test
