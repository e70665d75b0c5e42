#include "api/witness_board.hpp"

#include <algorithm>
#include <utility>

#include "core/invariant.hpp"

namespace tokenledger {

std::string_view trouble_name(WitnessTrouble trouble) noexcept {
  switch (trouble) {
    case WitnessTrouble::none: return "none";
    case WitnessTrouble::not_asked: return "not_asked";
    case WitnessTrouble::unreachable: return "unreachable";
    case WitnessTrouble::tls_failed: return "tls_failed";
    case WitnessTrouble::timed_out: return "timed_out";
    case WitnessTrouble::bad_answer: return "bad_answer";
    case WitnessTrouble::bad_cosignature: return "bad_cosignature";
    case WitnessTrouble::unknown_log: return "unknown_log";
    case WitnessTrouble::refused_key: return "refused_key";
    case WitnessTrouble::other_history: return "other_history";
    case WitnessTrouble::ahead: return "ahead";
    case WitnessTrouble::refused: return "refused";
    case WitnessTrouble::no_proof: return "no_proof";
    case WitnessTrouble::failed_here: return "failed_here";
  }
  return "none";
}

WitnessBoard::WitnessBoard(TlogPolicy policy, bool tells_older_copies)
    : policy_{std::move(policy)}, tells_older_copies_{tells_older_copies} {
  for (const auto& witness : policy_.witnesses) states_.push_back({.name = witness.name});
}

void WitnessBoard::offer(std::uint64_t size, const std::string& checkpoint, Time now,
                         bool is_urgent) {
  const std::scoped_lock lock{mutex_};
  if (!held_.empty()) {
    const auto& newest = held_.back();
    const bool is_done =
        !policy_.quorum || newest.is_witnessed || now - newest.since >= kTargetAgeMax;
    if (size <= newest.target->size || (!is_done && !is_urgent)) return;
  }
  auto note = parse_note(checkpoint);
  LEDGER_INVARIANT(note);  // the ledger signed it
  held_.push_back({.target = std::make_shared<const WitnessTarget>(WitnessTarget{size, *note}),
                   .note = std::move(*note),
                   .since = now});
  if (held_.size() > kTargetsKeptMax) held_.pop_front();
}

std::shared_ptr<const WitnessTarget> WitnessBoard::target() const {
  const std::scoped_lock lock{mutex_};
  return held_.empty() ? nullptr : held_.back().target;
}

std::uint64_t WitnessBoard::size_of(std::size_t at) const {
  const std::scoped_lock lock{mutex_};
  return states_.at(at).size;
}

void WitnessBoard::cosigned(std::size_t at, const WitnessTarget& target, NoteSignature line,
                            LedgerTime now) {
  std::function<void(std::uint64_t)> tell;
  {
    const std::scoped_lock lock{mutex_};
    auto& state = states_.at(at);
    state.size = std::max(state.size, target.size);
    state.last_success = now;
    state.trouble = WitnessTrouble::none;
    ++state.cosignatures;
    if (take(target, std::move(line))) tell = on_witnessed_;
  }
  if (tell) tell(target.size);
}

bool WitnessBoard::take(const WitnessTarget& target, NoteSignature line) {
  const auto found = std::ranges::find_if(
      held_, [&](const Held& held) { return held.target->size == target.size; });
  if (found == held_.end()) return false;  // too late: others were asked for since
  std::erase_if(found->note.signatures, [&](const NoteSignature& other) {
    return other.key_name == line.key_name && other.key_id == line.key_id;
  });
  found->note.signatures.push_back(std::move(line));
  if (!policy_.quorum || !verify_witnesses(*policy_.quorum, found->note)) return false;
  found->is_witnessed = true;
  const bool is_newest = !witnessed_ || witnessed_->target->size <= found->target->size;
  if (is_newest) witnessed_ = *found;
  return is_newest;
}

void WitnessBoard::set_on_witnessed(std::function<void(std::uint64_t)> on_witnessed) {
  const std::scoped_lock lock{mutex_};
  on_witnessed_ = std::move(on_witnessed);
}

void WitnessBoard::failed(std::size_t at, WitnessTrouble trouble) {
  const std::scoped_lock lock{mutex_};
  states_.at(at).trouble = trouble;
  ++states_.at(at).failures;
}

WitnessReport WitnessBoard::report() const {
  const std::scoped_lock lock{mutex_};
  WitnessReport report{.witnesses = states_, .unread = policy_.unread_witnesses};
  if (policy_.quorum) {
    report.quorum = policy_.quorum->quorum();
    report.quorum_of = policy_.quorum->witnesses().size();
  }
  if (witnessed_) report.witnessed_size = witnessed_->target->size;
  return report;
}

// The signatures of a held checkpoint are of at most kWitnessesMax witnesses and the log's.
std::string WitnessBoard::text_of(const SignedNote& note) {
  static_assert(kWitnessesMax < kNoteSignaturesMax);
  auto text = format_note(note);
  LEDGER_INVARIANT(text);
  return std::move(*text);
}

std::string WitnessBoard::with_cosignatures(const std::string& checkpoint) const {
  const std::scoped_lock lock{mutex_};
  for (const auto& held : held_)
    if (checkpoint.starts_with(held.note.text + "\n")) return text_of(held.note);
  return checkpoint;
}

std::optional<WitnessBoard::Witnessed> WitnessBoard::witnessed() const {
  const std::scoped_lock lock{mutex_};
  if (!witnessed_) return std::nullopt;
  return Witnessed{witnessed_->target->size, text_of(witnessed_->note)};
}

}  // namespace tokenledger
