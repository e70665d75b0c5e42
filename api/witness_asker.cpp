#include "api/witness_asker.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <optional>
#include <thread>
#include <utility>

#include "api/witness_answer.hpp"
#include "core/invariant.hpp"
#include "core/witness_request.hpp"
#include "storage/audit.hpp"
#include "storage/ledger.hpp"

namespace tokenledger {
namespace {

namespace asio = boost::asio;

void require_handled(const std::exception_ptr& thrown) { LEDGER_INVARIANT(!thrown); }

}  // namespace

class WitnessAsker::Impl {
 public:
  Impl(const Ledger& ledger, std::shared_ptr<WitnessBoard> board, Options options,
       std::shared_ptr<asio::ssl::context> trust)
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
    for (int question = 0; question < kWitnessQuestionsMax; ++question) {
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
          co_await call_witness(options_.peers[at], *trust_, std::move(*body), deadline);
      if (reply.trouble != WitnessTrouble::none) co_return Outcome{reply.trouble};
      if (reply.status == 200) co_return accept(at, *target, reply);
      // Without a proof there was nothing that it could refuse to believe.
      if (reply.status == 422 && old_size == 0) co_return Outcome{WitnessTrouble::bad_answer};
      if (reply.status != 409) co_return Outcome{trouble_of_status(reply.status)};
      const auto size = claimed_size(reply);
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
    auto line = find_cosignature(reply, witness.key, target.note.text);
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
    if (outcome.trouble == WitnessTrouble::ahead)
      what = older_copy(witness.name, outcome.size, ours);
    if (outcome.trouble == WitnessTrouble::other_history) what = other_history(witness.name, ours);
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
  const std::shared_ptr<asio::ssl::context> trust_;
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
  auto trust = make_witness_trust(options.ca_file);
  if (trust == nullptr) return Errc::invalid_argument;
  return std::unique_ptr<WitnessAsker>{new WitnessAsker{
      std::make_unique<Impl>(ledger, std::move(board), std::move(options), std::move(trust))}};
}

WitnessAsker::WitnessAsker(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}
WitnessAsker::~WitnessAsker() = default;

}  // namespace tokenledger
