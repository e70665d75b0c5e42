// WitnessAsker::confirm: what the witnesses say before a ledger opens.
//
// Each is asked to cosign the newest checkpoint as the one that it cosigned last. Where it says
// that this was another, smaller one that was signed here too, it is asked about that one in the
// same way: two histories may have signed one size. Nothing new is signed for it, and no proof is
// needed.
#include <spdlog/spdlog.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <string_view>
#include <utility>
#include <vector>

#include "api/witness_answer.hpp"
#include "api/witness_asker.hpp"
#include "core/invariant.hpp"
#include "core/witness_request.hpp"
#include "storage/ledger_options.hpp"

namespace tokenledger {
namespace {

namespace asio = boost::asio;

void require_handled(const std::exception_ptr& thrown) { LEDGER_INVARIANT(!thrown); }

// A checkpoint of ours, as a witness is asked about it.
struct Shown {
  std::uint64_t size = 0;
  std::string note;
};

struct Asking {
  const NewestCheckpoint& newest;
  const NoteVerifier& key;  // the log's
  Shown shown;              // the newest
  asio::ssl::context& trust;
  std::chrono::steady_clock::time_point deadline;
};

// What came of asking one witness. Without trouble, unsigned_size and does_not_tell it knows our
// history and no other.
struct Heard {
  WitnessTrouble trouble = WitnessTrouble::none;
  std::uint64_t shown_size = 0;                // of the checkpoint that it was asked about last
  std::optional<std::uint64_t> unsigned_size;  // it says; never signed here
  std::string_view does_not_tell;              // why its answer is no word on our history
  Result<void> history;                        // ours could not be read
};

// One question. nullopt: it is answered, as heard.trouble says; else the size that it should be.
asio::awaitable<std::optional<std::uint64_t>> ask(WitnessPeer peer, const NamedWitness& witness,
                                                  const Asking& asking, const Shown& shown,
                                                  Heard& heard) {
  heard.shown_size = shown.size;
  auto body =
      format_add_checkpoint({.old_size = shown.size, .proof = {}, .checkpoint = shown.note});
  const auto note = open_checkpoint(shown.note, asking.key);
  if (!body || !note) {  // the history's signatures were not verified when it was opened
    heard.history = Errc::audit_corrupt;
    co_return std::nullopt;
  }
  const auto reply =
      co_await call_witness(std::move(peer), asking.trust, std::move(*body), asking.deadline);
  heard.trouble = reply.trouble;
  if (reply.trouble != WitnessTrouble::none) co_return std::nullopt;
  if (reply.status == 200) {
    const bool is_good = find_cosignature(reply, witness.key, note->note.text).has_value();
    heard.trouble = is_good ? WitnessTrouble::none : WitnessTrouble::bad_cosignature;
    co_return std::nullopt;
  }
  if (reply.status != 409) {
    heard.trouble = trouble_of_status(reply.status);
    co_return std::nullopt;
  }
  const auto size = claimed_size(reply);
  if (!size) heard.trouble = WitnessTrouble::bad_answer;
  // Ours was named as the size it should have: so it has that size, with another root.
  if (size == shown.size) heard.trouble = WitnessTrouble::other_history;
  if (heard.trouble != WitnessTrouble::none) co_return std::nullopt;
  co_return size;
}

// What to ask about next, when the witness said that it cosigned this size last. nullopt: it is
// answered, as `heard` says.
std::optional<Shown> next_shown(const NewestCheckpoint& newest, std::uint64_t size, Heard& heard) {
  // It can't know a newer history; one that lost its state can't either.
  if (size == 0) {
    heard.does_not_tell = "it says that it cosigned nothing of this log";
    return std::nullopt;
  }
  const auto known = newest.was_signed(size);
  if (!known) heard.history = known.error();
  if (known && !*known) heard.unsigned_size = size;
  if (!known || !*known) return std::nullopt;
  auto note = newest.checkpoint_of(size);
  if (note) return Shown{size, std::move(*note)};
  // The anchor's root was compared with the log's, but whether the witness has that one can't be
  // asked: the question is a signed checkpoint, and the history has none of this size.
  if (note.error() == Errc::file_not_found)
    heard.does_not_tell = "what it cosigned last is known here from the anchor alone";
  else
    heard.history = note.error();
  return std::nullopt;
}

asio::awaitable<void> question(WitnessPeer peer, const NamedWitness& witness, const Asking& asking,
                               Heard& heard) {
  auto shown = asking.shown;
  for (int count = 0; count < kWitnessQuestionsMax; ++count) {
    const auto size = co_await ask(peer, witness, asking, shown, heard);
    if (!size) co_return;
    auto next = next_shown(asking.newest, *size, heard);
    if (!next) co_return;
    shown = std::move(*next);
  }
  heard.trouble = WitnessTrouble::bad_answer;
}

// Whatever goes wrong with one witness, the others are heard, and the ledger opens as it does when
// this one does not answer.
asio::awaitable<void> hear(WitnessPeer peer, const NamedWitness& witness, const Asking& asking,
                           Heard& heard) {
  try {
    co_await question(std::move(peer), witness, asking, heard);
  } catch (const std::exception& error) {
    spdlog::error("asking the witness {} failed: {}", witness.name, error.what());
    heard.trouble = WitnessTrouble::failed_here;
  }
}

// Why the opening is refused for what this witness said; empty: it is not.
std::string reason(const std::string& witness, const Heard& heard, std::uint64_t ours) {
  if (heard.unsigned_size) return older_copy(witness, *heard.unsigned_size, ours);
  if (heard.trouble == WitnessTrouble::other_history)
    return other_history(witness, heard.shown_size);
  return {};
}

}  // namespace

Result<void> WitnessAsker::confirm(const WitnessBoard& board, const Options& options,
                                   const NewestCheckpoint& newest, std::string& why) {
  const auto key = NoteVerifier::from_vkey(newest.vkey);
  if (!key) return key.error();
  const auto opened = open_checkpoint(newest.note, *key);
  if (!opened) return opened.error();
  const auto trust = make_witness_trust(options.ca_file);
  if (trust == nullptr) return Errc::invalid_argument;
  const auto ours = opened->checkpoint.size;
  const Asking asking{newest,
                      *key,
                      {ours, newest.note},
                      *trust,
                      std::chrono::steady_clock::now() + options.start_time};
  std::vector<Heard> heard(options.peers.size());
  asio::io_context io;
  for (std::size_t at = 0; at < heard.size(); ++at) {
    asio::co_spawn(io, hear(options.peers[at], board.witnesses()[at], asking, heard[at]),
                   require_handled);
  }
  io.run();
  std::size_t heard_count = 0;
  for (std::size_t at = 0; at < heard.size(); ++at) {
    const auto& name = board.witnesses()[at].name;
    if (!heard[at].history) {
      why = "can't look into the checkpoint history: " + heard[at].history.error().message();
      return heard[at].history;
    }
    why = reason(name, heard[at], ours);
    if (!why.empty()) {
      if (options.peers[at].is_itself()) return Errc::older_than_checkpoint;
      spdlog::warn("over plain http, so anybody could have said it: {}", why);
    } else if (heard[at].trouble != WitnessTrouble::none) {
      spdlog::warn("the witness {} can't be asked whether this is an older copy ({})", name,
                   trouble_name(heard[at].trouble));
    } else if (!heard[at].does_not_tell.empty()) {
      spdlog::warn("the witness {} can't tell whether this is an older copy: {}", name,
                   heard[at].does_not_tell);
    } else if (options.peers[at].is_itself()) {
      ++heard_count;
    }
  }
  if (heard_count == 0)
    spdlog::warn("no witness can tell: nobody says whether this directory is an older copy");
  why.clear();
  return {};
}

}  // namespace tokenledger
