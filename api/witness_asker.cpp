#include "api/witness_asker.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <optional>
#include <thread>
#include <utility>

#include "core/invariant.hpp"
#include "core/proof_text.hpp"
#include "core/witness_request.hpp"
#include "storage/audit.hpp"
#include "storage/ledger.hpp"

namespace tokenledger {
namespace {

namespace asio = boost::asio;

// Sizes that a witness may correct us with, one after the other, before its answers are called bad:
// the first question of a start guesses.
constexpr int kQuestionsMax = 3;

std::optional<asio::ssl::context> make_trust(const std::string& ca_file) {
  asio::ssl::context trust{asio::ssl::context::tls_client};
  boost::system::error_code error;
  trust.set_options(asio::ssl::context::no_tlsv1 | asio::ssl::context::no_tlsv1_1);
  trust.set_verify_mode(asio::ssl::verify_peer);
  if (ca_file.empty()) {
    trust.set_default_verify_paths(error);
  } else {
    trust.load_verify_file(ca_file, error);
  }
  if (error) return std::nullopt;
  return trust;
}

WitnessTrouble trouble_of(unsigned status) {
  if (status == 404) return WitnessTrouble::unknown_log;
  if (status == 403) return WitnessTrouble::refused_key;
  if (status == 422) return WitnessTrouble::other_history;
  return WitnessTrouble::refused;
}

// The witness's size in a 409. It is not signed.
std::optional<std::uint64_t> size_in(const WitnessReply& reply) {
  if (reply.content_type != kContentTypeSize) return std::nullopt;
  std::string_view body = reply.body;
  const auto line = take_line(body);
  if (!line || !body.empty()) return std::nullopt;
  return parse_decimal(*line, kTreeSizeMax);
}

// The line that the key signed the text with, among what a witness answered.
std::optional<NoteSignature> cosignature_in(const WitnessReply& reply, const NoteVerifier& key,
                                            const std::string& text) {
  const auto lines = parse_signature_lines(reply.body);
  if (!lines) return std::nullopt;
  for (const auto& line : *lines) {
    const bool is_its = line.key_name == key.name() && line.key_id == key.key_id();
    if (is_its && key.verify(text, line.bytes)) return line;
  }
  return std::nullopt;
}

constexpr std::string_view kWhatToDo =
    ": this directory is an older copy, or one that was changed. Put the newer one back; if it is "
    "lost, `tokenledger recover --truncate-after` a seq below ";

std::string older_copy(const NamedWitness& witness, std::uint64_t theirs, std::uint64_t ours) {
  return "the witness " + witness.name + " cosigned a checkpoint of this log at seq " +
         std::to_string(theirs) +
         (theirs > ours ? ", but the newest one signed here is of seq " + std::to_string(ours)
                        : ", where none was ever signed here") +
         std::string{kWhatToDo} + std::to_string(std::min(theirs, ours)) +
         " goes on under a new key";
}

std::string other_history(const NamedWitness& witness, std::uint64_t ours) {
  return "the witness " + witness.name +
         " cosigned another history of this log than the one that was signed here up to seq " +
         std::to_string(ours) + std::string{kWhatToDo} + std::to_string(ours) +
         " goes on under a new key";
}

void require_handled(const std::exception_ptr& thrown) { LEDGER_INVARIANT(!thrown); }

// What a witness says to a checkpoint that it is asked to cosign as the one it cosigned last.
asio::awaitable<void> probe(WitnessPeer peer, asio::ssl::context& trust, std::string body,
                            std::chrono::steady_clock::time_point deadline, WitnessReply& reply) {
  reply = co_await call_witness(std::move(peer), trust, std::move(body), deadline);
}

struct Said {
  WitnessTrouble trouble = WitnessTrouble::none;
  std::optional<std::uint64_t> size;  // of a 409
};

// The answer to probe(). Nothing but a good cosignature or a size in due form was heard.
Said what_it_says(const NamedWitness& witness, const WitnessReply& reply, const std::string& text,
                  std::uint64_t ours) {
  if (reply.trouble != WitnessTrouble::none) return {.trouble = reply.trouble};
  if (reply.status == 200) {
    const bool is_good = cosignature_in(reply, witness.key, text).has_value();
    return {.trouble = is_good ? WitnessTrouble::none : WitnessTrouble::bad_cosignature};
  }
  if (reply.status != 409) return {.trouble = trouble_of(reply.status)};
  const auto size = size_in(reply);
  if (!size) return {.trouble = WitnessTrouble::bad_answer};
  // Ours was named as the size it should have: so it has that size, with another root.
  if (*size == ours) return {.trouble = WitnessTrouble::other_history};
  return {.size = size};
}

}  // namespace

Result<void> WitnessAsker::confirm(const WitnessBoard& board, const Options& options,
                                   const NewestCheckpoint& newest, std::string& why) {
  const auto key = NoteVerifier::from_vkey(newest.vkey);
  if (!key) return key.error();
  const auto opened = open_checkpoint(newest.note, *key);
  if (!opened) return opened.error();
  const auto ours = opened->checkpoint.size;
  auto body = format_add_checkpoint({.old_size = ours, .proof = {}, .checkpoint = newest.note});
  if (!body) return body.error();
  auto trust = make_trust(options.ca_file);
  if (!trust) return Errc::invalid_argument;
  const auto deadline = std::chrono::steady_clock::now() + options.start_time;
  std::vector<WitnessReply> replies(options.peers.size());
  asio::io_context io;
  for (std::size_t at = 0; at < options.peers.size(); ++at) {
    asio::co_spawn(io, probe(options.peers[at], *trust, *body, deadline, replies[at]),
                   require_handled);
  }
  io.run();
  std::size_t heard_count = 0;
  for (std::size_t at = 0; at < replies.size(); ++at) {
    const auto& witness = board.witnesses()[at];
    const auto said = what_it_says(witness, replies[at], opened->note.text, ours);
    bool is_other = said.trouble == WitnessTrouble::other_history;
    if (said.size) {
      const auto known = newest.was_signed(*said.size);
      if (!known) {
        why = std::string{"can't look into the checkpoint history: "} + known.error().message();
        return known.error();
      }
      is_other = *said.size != 0 && !*known;
    }
    if (is_other) {
      why = said.size ? older_copy(witness, *said.size, ours) : other_history(witness, ours);
      if (options.peers[at].is_itself()) return Errc::older_than_checkpoint;
      spdlog::warn("over plain http, so anybody could have said it: {}", why);
    } else if (said.trouble != WitnessTrouble::none) {
      spdlog::warn("the witness {} can't be asked whether this is an older copy ({})", witness.name,
                   trouble_name(said.trouble));
    } else if (options.peers[at].is_itself()) {
      ++heard_count;
    }
  }
  if (heard_count == 0)
    spdlog::warn("no witness answered: nobody says whether this directory is an older copy");
  why.clear();
  return {};
}

class WitnessAsker::Impl {
 public:
  Impl(const Ledger& ledger, std::shared_ptr<WitnessBoard> board, Options options,
       asio::ssl::context trust)
      : ledger_{ledger},
        board_{std::move(board)},
        options_{std::move(options)},
        trust_{std::move(trust)} {
    LEDGER_INVARIANT(options_.peers.size() == board_->witnesses().size());
    for (std::size_t at = 0; at < options_.peers.size(); ++at)
      asio::co_spawn(io_, run(at), require_handled);
    thread_ = std::thread{[this] { io_.run(); }};
  }
  ~Impl() {
    io_.stop();
    thread_.join();
  }

 private:
  struct Outcome {
    WitnessTrouble trouble = WitnessTrouble::none;
    std::uint64_t size = 0;  // of ahead: what it claims
  };

  asio::awaitable<void> run(std::size_t at) {
    auto pause = options_.pause_min;
    for (;;) {
      // Whatever goes wrong with one question is no reason to ask no more.
      std::optional<WitnessTrouble> trouble;
      try {
        trouble = co_await ask_if_new(at);
      } catch (const std::exception& error) {
        spdlog::error("asking the witness {} failed: {}", board_->witnesses()[at].name,
                      error.what());
        board_->failed(at, WitnessTrouble::failed_here);
        known_[at] = WitnessTrouble::failed_here;
        trouble = WitnessTrouble::failed_here;
      }
      if (has_told_) co_return;
      const bool is_failure = trouble && *trouble != WitnessTrouble::none;
      asio::steady_timer timer{io_};
      timer.expires_after(is_failure ? std::max(pause, options_.gap_min)
                          : trouble  ? options_.gap_min
                                     : options_.look_every);
      co_await timer.async_wait(asio::use_awaitable);
      pause = is_failure ? std::min(2 * pause, options_.pause_max)
              : trouble  ? options_.pause_min
                         : pause;
    }
  }

  // nullopt: there was nothing to ask.
  asio::awaitable<std::optional<WitnessTrouble>> ask_if_new(std::size_t at) {
    const auto target = next_target(at, false);
    if (target == nullptr) co_return std::nullopt;
    const auto outcome = co_await ask(at, target);
    if (outcome.trouble != WitnessTrouble::none) {
      note_failure(at, outcome);
      stop_if_other(at, outcome);
    }
    co_return outcome.trouble;
  }

  // What this witness should cosign now; null: nothing new.
  std::shared_ptr<const WitnessTarget> next_target(std::size_t at, bool is_urgent) {
    const Audit audit{ledger_};
    const auto size = audit.sizes().signed_size;
    auto target = board_->target();
    if (size != 0 && (target == nullptr || target->size < size)) {
      // The checkpoint may be newer than the size read before it: it says its own.
      const auto note = audit.checkpoint();
      const auto text = note ? parse_note(*note) : Result<SignedNote>{note.error()};
      const auto newest = text ? parse_checkpoint(text->text) : Result<Checkpoint>{text.error()};
      if (newest) board_->offer(newest->size, *note, std::chrono::steady_clock::now(), is_urgent);
      target = board_->target();
    }
    return target != nullptr && target->size > board_->size_of(at) ? target : nullptr;
  }

  asio::awaitable<Outcome> ask(std::size_t at, std::shared_ptr<const WitnessTarget> target) {
    const Audit audit{ledger_};
    auto text = format_note(target->note);
    LEDGER_INVARIANT(text);
    // Not known after a start: a wrong guess is answered with the right size, and no proof is
    // needed to guess that nothing is missing.
    auto old_size = board_->size_of(at) != 0 ? board_->size_of(at) : target->size;
    for (int question = 0; question < kQuestionsMax; ++question) {
      AddCheckpoint request{.old_size = old_size, .proof = {}, .checkpoint = *text};
      if (old_size != 0 && old_size != target->size) {
        auto proof = audit.consistency_proof(old_size, target->size);
        if (!proof) co_return Outcome{WitnessTrouble::no_proof};
        request.proof = std::move(*proof);
      }
      auto body = format_add_checkpoint(request);
      if (!body) co_return Outcome{WitnessTrouble::no_proof};
      const auto deadline = std::chrono::steady_clock::now() + options_.answer_time;
      const auto reply =
          co_await call_witness(options_.peers[at], trust_, std::move(*body), deadline);
      if (reply.trouble != WitnessTrouble::none) co_return Outcome{reply.trouble};
      if (reply.status == 200) co_return accept(at, *target, reply);
      // Without a proof there was nothing that it could refuse to believe.
      if (reply.status == 422 && old_size == 0) co_return Outcome{WitnessTrouble::bad_answer};
      if (reply.status != 409) co_return Outcome{trouble_of(reply.status)};
      const auto size = size_in(reply);
      if (!size) co_return Outcome{WitnessTrouble::bad_answer};
      const auto signed_size = audit.sizes().signed_size;
      // A ledger that is closing knows no sizes any more.
      if (signed_size < target->size) co_return Outcome{WitnessTrouble::no_proof};
      const auto is_known = *size == 0 ? Result<bool>{true} : audit.was_signed(*size);
      if (!is_known) co_return Outcome{WitnessTrouble::no_proof};
      if (!*is_known) co_return Outcome{WitnessTrouble::ahead, *size};
      if (*size == old_size && old_size == target->size)
        co_return Outcome{WitnessTrouble::other_history};
      if (*size == old_size) co_return Outcome{WitnessTrouble::bad_answer};
      if (*size > target->size) co_return Outcome{move_target(at, target->size)};
      old_size = *size;
    }
    co_return Outcome{WitnessTrouble::bad_answer};
  }

  // Somebody else showed it a newer checkpoint of ours: all are asked for the newest. But its word
  // is not signed, and a target that moves too often never has a quorum.
  WitnessTrouble move_target(std::size_t at, std::uint64_t size) {
    const auto now = std::chrono::steady_clock::now();
    auto& moved_at = moved_at_[at];
    if (moved_at && now - *moved_at < kTargetAgeMax) return WitnessTrouble::bad_answer;
    moved_at = now;
    (void)next_target(at, true);
    return board_->target()->size > size ? WitnessTrouble::none : WitnessTrouble::bad_answer;
  }

  Outcome accept(std::size_t at, const WitnessTarget& target, const WitnessReply& reply) {
    const auto& witness = board_->witnesses()[at];
    auto line = cosignature_in(reply, witness.key, target.note.text);
    if (!line) return {WitnessTrouble::bad_cosignature};
    board_->cosigned(at, target, std::move(*line), ledger_.now());
    if (std::exchange(known_[at], WitnessTrouble::none) != WitnessTrouble::none)
      spdlog::info("the witness {} cosigned seq {}", witness.name, target.size);
    return {};
  }

  void note_failure(std::size_t at, const Outcome& outcome) {
    board_->failed(at, outcome.trouble);
    if (std::exchange(known_[at], outcome.trouble) == outcome.trouble) return;
    const auto& witness = board_->witnesses()[at];
    spdlog::warn("the witness {} did not cosign: {}", witness.name, trouble_name(outcome.trouble));
  }

  void stop_if_other(std::size_t at, const Outcome& outcome) {
    const auto& witness = board_->witnesses()[at];
    const auto ours = Audit{ledger_}.sizes().signed_size;
    std::string what;
    if (outcome.trouble == WitnessTrouble::ahead) what = older_copy(witness, outcome.size, ours);
    if (outcome.trouble == WitnessTrouble::other_history) what = other_history(witness, ours);
    if (what.empty()) return;
    if (!options_.peers[at].is_itself()) {
      spdlog::warn("over plain http, so anybody could have said it: {}", what);
      return;
    }
    if (options_.on_older_copy) options_.on_older_copy(what);
    has_told_ = true;
  }

  const Ledger& ledger_;
  const std::shared_ptr<WitnessBoard> board_;
  const Options options_;
  asio::ssl::context trust_;
  // Of the asker's thread alone: what was logged last, when a witness last moved the target, and
  // whether on_older_copy was called.
  std::vector<WitnessTrouble> known_ =
      std::vector<WitnessTrouble>(options_.peers.size(), WitnessTrouble::not_asked);
  std::vector<std::optional<std::chrono::steady_clock::time_point>> moved_at_ =
      std::vector<std::optional<std::chrono::steady_clock::time_point>>(options_.peers.size());
  bool has_told_ = false;
  std::thread thread_;
  asio::io_context io_{1};  // destroyed first: its coroutines refer to everything above
};

Result<std::unique_ptr<WitnessAsker>> WitnessAsker::start(const Ledger& ledger,
                                                          std::shared_ptr<WitnessBoard> board,
                                                          Options options) {
  auto trust = make_trust(options.ca_file);
  if (!trust) return Errc::invalid_argument;
  return std::unique_ptr<WitnessAsker>{new WitnessAsker{
      std::make_unique<Impl>(ledger, std::move(board), std::move(options), std::move(*trust))}};
}

WitnessAsker::WitnessAsker(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}
WitnessAsker::~WitnessAsker() = default;

}  // namespace tokenledger
