#include "replay/as_of.hpp"

#include <algorithm>
#include <map>

#include "core/event_codec.hpp"
#include "core/state.hpp"
#include "core/validity_index.hpp"
#include "storage/log_events.hpp"
#include "storage/recovery.hpp"

namespace tokenledger {
namespace {

Result<LedgerTime> recorded_at(const EventLog& log, Sequence seq) {
  const auto event = read_event(log, seq);
  if (!event) return event.error();
  return event->recorded_at;
}

class FoldedAsOf final : public AsOf {
 public:
  explicit FoldedAsOf(const AsOfQuestion& question) : question_{question} {}

  Result<void> fold(const EventLog& log, std::string& why) {
    CompactRange range;
    const ReplayOptions options{.upto = question_.point.seq,
                                .expected_root = {},
                                .hash_leaves = false,
                                .progress = question_.progress,
                                .observe = [this](const Event& event) { observe(event); }};
    if (auto replayed = replay_log(log, state_, index_, range, options, why); !replayed)
      return replayed;
    finish_token();
    return {};
  }

  AsOfPoint point() const noexcept override { return question_.point; }
  const TokenHistory* token() const noexcept override { return token_ ? &*token_ : nullptr; }
  const Registries& registries() const noexcept override { return state_.registries; }

  StatusTotals totals() const override {
    StatusTotals totals = retired_;
    std::map<ClassNumber, std::vector<Cascade>> cascades;
    for (std::size_t lane = 0; lane < kLaneCount; ++lane) {
      index_.for_each_entry(static_cast<Lane>(lane), 0, TokenIndex::kCounterMax,
                            [&](TokenIndex index, const IndexEntry& entry) {
                              count(index, entry, question_.point, cascades, totals);
                            });
    }
    return totals;
  }

  std::optional<std::string> jti_of(const SealKey& key, TokenIndex index) const override {
    const auto* owner = owner_of(state_.incarnations, index);
    if (owner == nullptr) return std::nullopt;
    return std::string{text_of(key.seal(index, owner->incarnation))};
  }

 private:
  using CascadesByClass = std::map<ClassNumber, std::vector<Cascade>>;

  // Runs before the event is folded: what it retires can still be counted.
  void observe(const Event& event) {
    if (const auto cascade = cascade_of(event)) {
      history_.add(*cascade);
    } else if (const auto* expired = std::get_if<TokensExpired>(&event.payload)) {
      count_retiring(event, *expired);
    }
    if (!question_.token) return;
    if (const auto* issued = std::get_if<TokenIssued>(&event.payload)) {
      if (issued->index != *question_.token) return;
      token_.emplace();
      token_->issued = event;
      if (issued->new_class) {
        token_->token_class = *issued->new_class;
      } else if (const auto* known = state_.find_class(issued->token_class)) {
        token_->token_class = *known;
      }
    } else if (const auto* revoked = std::get_if<TokenRevoked>(&event.payload)) {
      if (revoked->index == *question_.token && token_ && !token_->revoked) token_->revoked = event;
    }
  }

  // A chunk retires when its tokens have expired; their status never changes again.
  void count_retiring(const Event& event, const TokensExpired& expired) {
    CascadesByClass cascades;
    const AsOfPoint now{event.seq, event.recorded_at};
    for (std::size_t lane = 0; lane < kLaneCount; ++lane) {
      if (expired.retire_below[lane] == 0) continue;
      index_.for_each_entry(static_cast<Lane>(lane), 0, expired.retire_below[lane],
                            [&](TokenIndex index, const IndexEntry& entry) {
                              count(index, entry, now, cascades, retired_);
                            });
    }
  }

  void count(TokenIndex index, const IndexEntry& entry, const AsOfPoint& at,
             CascadesByClass& cascades, StatusTotals& totals) const {
    const auto* token_class = state_.find_class(entry.token_class);
    TokenFacts facts{entry.issued_seq, entry.expires_at,         {}, {},
                     entry.binding,    subject_of(entry.binding)};
    if (token_class != nullptr) facts.token_class = *token_class;
    // decide revokes only active tokens, so the bit means: before expiry. When exactly does not
    // change the status.
    if (index_.is_revoked_individually(index)) {
      facts.own =
          Revocation{.cause = {}, .actor = {}, .seq = entry.issued_seq.next(), .at = LedgerTime{}};
    }
    ++totals.issued;
    switch (status_of(facts, entry.token_class, at, cascades)) {
      case TokenStatus::active: ++totals.active; break;
      case TokenStatus::revoked: ++totals.revoked; break;
      case TokenStatus::expired: ++totals.expired; break;
      case TokenStatus::unknown: break;
    }
  }

  // Tokens of one class have their cascades in common, but for those of users.
  TokenStatus status_of(const TokenFacts& facts, ClassNumber number, const AsOfPoint& at,
                        CascadesByClass& cascades) const {
    if (facts.binding != TokenBinding{})
      return status(facts, history_.for_token(facts), at.seq, at.time).status;
    const auto [found, is_new] = cascades.try_emplace(number);
    if (is_new) found->second = history_.for_class(facts.token_class);
    return status(facts, found->second, at.seq, at.time).status;
  }

  // The index knows what a token stands on, and that knows whose it is; a consent that a group's
  // users share does not, but then there is a family.
  SubjectNumber subject_of(TokenBinding binding) const {
    const auto* consent = state_.people.consent(binding.consent);
    if (consent != nullptr && consent->user != UserNumber{}) return consent->user;
    const auto* family = state_.people.family(binding.family);
    return family == nullptr ? SubjectNumber{} : family->user;
  }

  void finish_token() {
    if (!token_) return;
    const auto& issued = std::get<TokenIssued>(token_->issued.payload);
    const auto* owner = owner_of(state_.incarnations, issued.index);
    const bool is_other_jti =
        question_.incarnation && (owner == nullptr || owner->incarnation != *question_.incarnation);
    if (is_other_jti) {
      token_.reset();
      return;
    }
    TokenFacts facts{token_->issued.seq, issued.expires_at, token_->token_class, {}, {},
                     issued.subject};
    if (issued.user) facts.binding = {issued.user->consent, issued.user->family};
    if (token_->revoked) {
      const auto& event = *token_->revoked;
      facts.own = {std::get<TokenRevoked>(event.payload).cause, event.actor, event.seq,
                   event.recorded_at};
    }
    for (const auto& cascade : history_.for_token(facts)) {
      if (applies(cascade, facts)) token_->cascades.push_back(cascade);
    }
    token_->answer = status(facts, token_->cascades, question_.point.seq, question_.point.time);
  }

  const AsOfQuestion question_;
  State state_;
  ValidityIndex index_;
  CascadeHistory history_;
  StatusTotals retired_;
  std::optional<TokenHistory> token_;
};

}  // namespace

Result<AsOfPoint> point_at(const EventLog& log, Sequence seq) {
  if (seq == Sequence{}) return Errc::invalid_argument;
  const auto time = recorded_at(log, seq);
  if (!time) return time.error();
  return AsOfPoint{seq, *time};
}

Result<AsOfPoint> point_at(const EventLog& log, LedgerTime time) {
  const auto last = log.last_seq();
  if (!last) return last.error();
  std::uint64_t low = 0;  // recorded at or before `time`; 0: nothing is
  std::uint64_t high = last->value() + 1;
  while (high - low > 1) {
    const auto middle = low + (high - low) / 2;
    const auto at = recorded_at(log, Sequence{middle});
    if (!at) return at.error();
    (*at <= time ? low : high) = middle;
  }
  if (low == 0) return Errc::sequence_in_future;
  return AsOfPoint{Sequence{low}, time};
}

Result<std::unique_ptr<AsOf>> AsOf::replay(const EventLog& log, const AsOfQuestion& question,
                                           std::string& why) {
  const auto last = log.last_seq();
  if (!last) return last.error();
  if (question.point.seq > *last) {
    why = "the log ends at seq " + std::to_string(last->value());
    return Errc::sequence_in_future;
  }
  auto folded = std::make_unique<FoldedAsOf>(question);
  if (auto outcome = folded->fold(log, why); !outcome) return outcome.error();
  return std::unique_ptr<AsOf>{std::move(folded)};
}

}  // namespace tokenledger
