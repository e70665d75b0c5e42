// A ledger and its witnesses: real ones, ones that are down, ones that lie. What is shown, what is
// believed, and that nothing else suffers.
#include "api/witness_asker.hpp"

#include <gtest/gtest.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>
#include <list>
#include <mutex>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "api/http_server.hpp"
#include "api/witness_endpoints.hpp"
#include "core/witness_request.hpp"
#include "storage/audit.hpp"
#include "tests/api/api_fixture.hpp"

namespace tokenledger::test {
namespace {

using namespace std::chrono_literals;
using testing_support::TemporaryDirectory;

NoteSigner key_of(const std::string& name) {
  std::array<std::uint8_t, 32> seed{};
  std::ranges::copy(name, seed.begin());
  return NoteSigner::from_seed("w.example/" + name, NoteKeyType::cosignature, seed).value();
}

TlogPolicy policy_of(const std::vector<std::string>& names, std::size_t quorum) {
  std::string text;
  std::string members;
  for (const auto& name : names) {
    text += "witness " + name + " " + key_of(name).verifier().vkey() + "\n";
    members += " " + name;
  }
  text += quorum == 0 ? "quorum none\n"
                      : "group g " + std::to_string(quorum) + members + "\nquorum g\n";
  std::string why;
  auto policy = parse_tlog_policy(text, why);
  EXPECT_TRUE(policy) << why;
  return std::move(*policy);
}

template <class Predicate>
[[nodiscard]] bool comes_true(Predicate predicate) {
  for (int i = 0; i < 1'000; ++i) {
    if (predicate()) return true;
    std::this_thread::sleep_for(20ms);
  }
  return false;
}

// A witness of ours on a port that stays its own while it is down.
class WitnessHost {
 public:
  WitnessHost(const std::string& name, const NoteVerifier& log) : name_{name}, log_{log} {
    start();
  }
  ~WitnessHost() { stop(); }
  void start() {
    witness_ = open();
    workers_ = std::make_shared<WorkerPool>(2, kWitnessJobsMax);
    HttpRouter router;
    add_witness_endpoints(router, witness_, workers_);
    HttpServerOptions options;
    options.port = port_;
    options.io_thread_count = 1;
    auto server = HttpServer::start(std::move(router), options);
    ASSERT_TRUE(server);
    server_ = std::move(*server);
    port_ = server_->port();
  }
  void stop() {
    if (server_) server_->stop(1s);
    server_.reset();
    if (workers_) workers_->stop();
    workers_.reset();
    witness_.reset();
  }
  // As if somebody else had asked while nobody could reach it.
  void show_while_down(const std::string& body) {
    EXPECT_EQ(open()->add_checkpoint(body).verdict, WitnessVerdict::cosigned);
  }
  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] Witness& witness() { return *witness_; }

 private:
  std::shared_ptr<Witness> open() {
    std::string why;
    auto opened =
        Witness::open({.directory = directory_ / "state", .logs = {log_}}, key_of(name_), why);
    EXPECT_TRUE(opened) << why;
    return std::move(*opened);
  }
  const std::string name_;
  const NoteVerifier log_;
  TemporaryDirectory directory_;
  std::shared_ptr<Witness> witness_;
  std::shared_ptr<WorkerPool> workers_;
  std::unique_ptr<HttpServer> server_;
  std::uint16_t port_ = 0;
};

// Whatever it is told to answer.
class Liar {
 public:
  using Lie = std::function<std::optional<HttpResponse>(const HttpRequest&)>;
  explicit Liar(Lie lie) {
    HttpRouter router;
    router.add_async(HttpMethod::post, "/add-checkpoint",
                     [this, lie = std::move(lie)](OwnedHttpRequest request, Responder responder) {
                       if (auto answer = lie(*request))
                         return responder.respond(std::move(*answer));
                       const std::scoped_lock lock{mutex_};
                       silent_.push_back(std::move(responder));
                     },
                     {.body_bytes_max = kAddCheckpointBytesMax});
    HttpServerOptions options;
    options.io_thread_count = 1;
    auto server = HttpServer::start(std::move(router), options);
    EXPECT_TRUE(server);
    server_ = std::move(*server);
  }
  ~Liar() {
    {
      const std::scoped_lock lock{mutex_};
      silent_.clear();
    }
    server_->stop(0s);
  }
  [[nodiscard]] std::uint16_t port() const { return server_->port(); }

 private:
  std::mutex mutex_;
  std::list<Responder> silent_;
  std::unique_ptr<HttpServer> server_;
};

HttpResponse says(int status, std::string body, std::string_view type = kContentTypeText) {
  return {.status = status, .content_type = type, .body = std::move(body)};
}
HttpResponse conflict(std::uint64_t size) {
  return says(409, std::to_string(size) + "\n", "text/x.tlog.size");
}

WitnessPeer peer_at(std::uint16_t port) {
  return {.is_loopback = true,
          .host = "127.0.0.1",
          .port = port,
          .authority = "127.0.0.1:" + std::to_string(port),
          .path = "/add-checkpoint"};
}

// A ledger, its board, and an asker once the witnesses listen.
class WitnessedLedger {
 public:
  WitnessedLedger(const std::vector<std::string>& names, std::size_t quorum)
      : board_{std::make_shared<WitnessBoard>(policy_of(names, quorum), true)},
        api_{{.witnesses = board_}} {}
  // The asker looks at the ledger until its end.
  ~WitnessedLedger() { asker_.reset(); }

  void ask(std::vector<std::uint16_t> ports) {
    for (const auto port : ports) options_.peers.push_back(peer_at(port));
    auto asker = WitnessAsker::start(api_.ledger(), board_, options_);
    ASSERT_TRUE(asker);
    asker_ = std::move(*asker);
  }
  // The size of a checkpoint that covers it.
  std::uint64_t append() {
    EXPECT_TRUE(api_.ledger().append_note("note", ""));
    const auto note = audit().wait_for_checkpoint(api_.ledger().committed(), 20s);
    EXPECT_TRUE(note);
    return open_checkpoint(*note, log())->checkpoint.size;
  }
  [[nodiscard]] Audit audit() { return Audit{api_.ledger()}; }
  // What an opening would ask the witnesses about.
  [[nodiscard]] NewestCheckpoint newest() {
    return {.note = *audit().checkpoint(),
            .vkey = *audit().vkey(),
            .was_signed = [this](std::uint64_t size) { return audit().was_signed(size); }};
  }
  [[nodiscard]] NoteVerifier log() { return *NoteVerifier::from_vkey(*audit().vkey()); }
  [[nodiscard]] WitnessState state(std::size_t at) const {
    return board_->report().witnesses.at(at);
  }
  [[nodiscard]] bool is_witnessed(std::uint64_t size) const {
    return comes_true([&] { return board_->report().witnessed_size >= size; });
  }
  [[nodiscard]] Reply get(const std::string& path) const { return api_.get(path, ""); }
  [[nodiscard]] ApiUnderTest& api() { return api_; }
  [[nodiscard]] const WitnessBoard& board() const { return *board_; }
  WitnessAsker::Options& options() { return options_; }
  void stop_asking() { asker_.reset(); }

 private:
  std::shared_ptr<WitnessBoard> board_;
  ApiUnderTest api_;
  WitnessAsker::Options options_{.answer_time = 700ms,
                                 .pause_min = 20ms,
                                 .pause_max = 200ms,
                                 .look_every = 20ms,
                                 .gap_min = 20ms};
  std::unique_ptr<WitnessAsker> asker_;
};

// Cosignatures on the text, as an outsider counts them.
std::size_t count_cosignatures(const std::string& note, const std::vector<std::string>& names) {
  const auto parsed = parse_note(note);
  const auto found = parsed ? find_cosignatures(*policy_of(names, 1).quorum, *parsed)
                            : Result<std::vector<VerifiedSignature>>{parsed.error()};
  EXPECT_TRUE(found) << note;
  return found ? found->size() : 0;
}

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
  Liar behind{[&](const HttpRequest&) { return conflict(first); }};
  Liar stranger{[](const HttpRequest&) { return says(404, ""); }};
  Liar mute{[](const HttpRequest&) { return says(409, "1\n"); }};
  Liar liar{[](const HttpRequest&) { return says(200, "fine by me\n"); }};
  auto options = ledger.options();
  for (const auto port : {behind.port(), stranger.port(), mute.port(), liar.port()})
    options.peers.push_back(peer_at(port));
  const auto warnings = [&] {
    const auto lines = std::make_shared<std::ostringstream>();
    const auto before = spdlog::default_logger();
    spdlog::set_default_logger(std::make_shared<spdlog::logger>(
        "test", std::make_shared<spdlog::sinks::ostream_sink_mt>(*lines)));
    std::string why;
    EXPECT_TRUE(WitnessAsker::confirm(ledger.board(), options, ledger.newest(), why)) << why;
    spdlog::set_default_logger(before);
    return lines->str();
  };
  const auto some = warnings();
  for (const auto* said : {"stranger can't be asked whether this is an older copy (unknown_log)",
                           "mute can't be asked whether this is an older copy (bad_answer)",
                           "liar can't be asked whether this is an older copy (bad_cosignature)"})
    EXPECT_NE(some.find(said), std::string::npos) << said << " in " << some;
  EXPECT_EQ(some.find("behind"), std::string::npos) << some;
  EXPECT_EQ(some.find("no witness answered"), std::string::npos) << some;
  options.peers[0] = peer_at(stranger.port());
  EXPECT_NE(warnings().find("no witness answered"), std::string::npos);
  options.peers[0] = peer_at(behind.port());
  options.peers[0].is_loopback = false;
  EXPECT_NE(warnings().find("no witness answered"), std::string::npos)
      << "over plain http anybody could have said it";
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

TEST(WitnessBoard, KeepsOneTargetUntilItsQuorumSoThatABusyLogGetsOne) {
  WitnessBoard board{policy_of({"a", "b"}, 2), true};
  std::array<std::uint8_t, 32> seed{7};
  const auto log = NoteSigner::from_seed("log", NoteKeyType::ed25519, seed);
  const auto signed_at = [&](std::uint8_t size) {
    return *sign_checkpoint({.origin = "log", .size = size, .root = Digest{size}}, *log);
  };
  const auto cosign = [&](std::size_t at, const char* name) {
    const auto target = board.target();
    board.cosigned(at, *target,
                   *cosign_checkpoint(target->note, key_of(name), UnixSeconds{1'763'784'000}),
                   LedgerTime{1});
  };
  const WitnessBoard::Time now{};
  board.offer(1, signed_at(1), now);
  board.offer(2, signed_at(2), now + 1s);
  EXPECT_EQ(board.target()->size, 1u);
  cosign(0, "a");
  EXPECT_FALSE(board.witnessed());
  board.offer(3, signed_at(3), now + 2s);
  EXPECT_EQ(board.target()->size, 1u);
  const auto late = board.target();
  board.offer(4, signed_at(4), now + kTargetAgeMax);
  EXPECT_EQ(board.target()->size, 4u) << "nobody waits for a witness for ever";
  board.cosigned(1, *late, *cosign_checkpoint(late->note, key_of("b"), UnixSeconds{1}),
                 LedgerTime{2});
  EXPECT_EQ(board.witnessed()->size, 1u) << "a slow one still counts";
  cosign(0, "a");
  cosign(1, "b");
  EXPECT_EQ(board.witnessed()->size, 4u);
  board.offer(5, signed_at(5), now + kTargetAgeMax);
  EXPECT_EQ(board.target()->size, 5u) << "at once after a quorum";
  EXPECT_EQ(count_cosignatures(board.with_cosignatures(signed_at(4)), {"a", "b"}), 2u);
  EXPECT_EQ(board.with_cosignatures(signed_at(5)), signed_at(5));
  EXPECT_EQ(board.with_cosignatures(signed_at(9)), signed_at(9));
}

}  // namespace
}  // namespace tokenledger::test
