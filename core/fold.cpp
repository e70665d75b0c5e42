#include "core/fold.hpp"

#include <algorithm>

#include "core/fold_people.hpp"
#include "core/format_activation.hpp"
#include "core/format_gate.hpp"
#include "core/state.hpp"
#include "core/token_list.hpp"
#include "core/validity_index.hpp"

namespace tokenledger {
namespace {

// Applies one payload; one object per event, so that the helpers need not pass the three around.
class Folder {
 public:
  Folder(State& state, const ValidityIndex& index, const Event& event)
      : state_{state}, index_{index}, event_{event} {}

  Result<void> operator()(const LedgerCreated& payload) {
    if (state_.format_version != 0) return Errc::log_corrupt;
    state_.ledger_id = payload.ledger_id;
    state_.format_version = kFormatVersionFirst;
    return {};
  }

  Result<void> operator()(const LedgerOpened& payload) {
    for (std::size_t lane = 0; lane < kLaneCount; ++lane) {
      if (payload.lane_start[lane] < state_.lanes[lane].next) return Errc::log_corrupt;
      if (payload.lane_start[lane] > TokenIndex::kCounterMax) return Errc::log_corrupt;
    }
    // One that owned no index in any lane names no token: a ledger that is opened often and issues
    // seldom does not grow.
    auto& known = state_.incarnations;
    if (!known.empty() && known.back().lane_start == payload.lane_start) known.pop_back();
    if (known.size() >= kIncarnationsMax) return Errc::log_corrupt;
    known.push_back({payload.incarnation, payload.lane_start});
    return {};
  }

  Result<void> operator()(const FormatActivated& payload) {
    const auto checked = check_activation(
        {.active = state_.format_version, .wanted = payload.version, .known = kFormatVersion});
    if (!checked)
      return checked.error() == Errc::unsupported_format ? checked
                                                         : Result<void>{Errc::log_corrupt};
    state_.format_version = payload.version;
    return {};
  }

  Result<void> operator()(const ClientDisabled& payload) {
    return registry_cascade({SelectorKind::client, payload.client.value()}, event_.seq);
  }
  Result<void> operator()(const ClientDeleted& payload) {
    return registry_cascade({SelectorKind::client, payload.client.value()}, event_.seq);
  }
  Result<void> operator()(const ApiDeleted& payload) {
    return registry_cascade({SelectorKind::api, payload.api.value()}, event_.seq);
  }
  Result<void> operator()(const ClientGrantRemoved& payload) {
    return registry_cascade({SelectorKind::grant, payload.grant.value()}, event_.seq);
  }
  Result<void> operator()(const KeyRevoked& payload) {
    return registry_cascade({SelectorKind::key, payload.key.value()}, event_.seq);
  }
  Result<void> operator()(const TokensRevoked& payload) {
    return registry_cascade(payload.selector, payload.before);
  }
  Result<void> operator()(const ApiCreated& payload) { return registry_api(payload.api); }
  Result<void> operator()(const ApiUpdated& payload) { return registry_api(payload.api); }

  Result<void> operator()(const TokenIssued& payload);
  Result<void> operator()(const TokenRevoked& payload);
  Result<void> operator()(const TokensExpired& payload);
  Result<void> operator()(const NoteAppended&) { return {}; }
  Result<void> operator()(const OwnerErased& payload);

  template <PeopleEvent Kind>
  Result<void> operator()(const Kind&) {
    return fold_people(state_, event_);
  }

  // The other registry events change nothing that checks read.
  template <class Registry>
  Result<void> operator()(const Registry&) {
    return state_.registries.apply(event_);
  }

 private:
  Result<void> registry_cascade(Selector selector, Sequence before) {
    if (auto applied = state_.registries.apply(event_); !applied) return applied;
    state_.pending.ops.push_back(
        {.kind = PublishOp::Kind::cascade, .selector = selector, .before = before});
    return {};
  }
  Result<void> registry_api(ApiNumber api) {
    if (auto applied = state_.registries.apply(event_); !applied) return applied;
    state_.pending.ops.push_back({.kind = PublishOp::Kind::api, .detail = api.value()});
    return {};
  }
  Result<void> intern_class(const TokenIssued& payload);
  Result<void> count_expired(const TokensExpired& payload);
  Result<void> retire(std::size_t lane, std::uint64_t below);
  void drop_from_class(ClassNumber number);
  bool drop_live(ClassNumber number);

  State& state_;
  const ValidityIndex& index_;
  const Event& event_;
};

// A class made here takes the number that decide chose: the top of the stack of free numbers, else
// the next.
Result<void> Folder::intern_class(const TokenIssued& payload) {
  const auto number = payload.token_class;
  if (!payload.new_class) return state_.find_class(number) ? Result<void>{} : Errc::log_corrupt;
  if (!state_.free_classes.empty()) {
    if (state_.free_classes.back() != number) return Errc::log_corrupt;
    state_.free_classes.pop_back();
  } else {
    if (number.value() != state_.classes.size() + 1) return Errc::log_corrupt;
    state_.classes.emplace_back();
  }
  state_.classes[number.value() - 1] = {*payload.new_class, 0};
  if (!state_.class_numbers.emplace(*payload.new_class, number).second) return Errc::log_corrupt;
  ++state_.classes_of_client[payload.new_class->client.value()];
  state_.pending.classes.push_back(*payload.new_class);
  state_.pending.ops.push_back(
      {.kind = PublishOp::Kind::class_made,
       .token_class = number,
       .detail = static_cast<std::uint32_t>(state_.pending.classes.size() - 1)});
  return {};
}

Result<void> Folder::operator()(const TokenIssued& payload) {
  if (!payload.index.has_lane()) return Errc::log_corrupt;
  auto& lane = state_.lanes[payload.index.lane_number()];
  const auto counter = payload.index.counter();
  if (!state_.has_room(index_, payload.index)) return Errc::log_corrupt;
  if (payload.expires_at <= state_.expired_upto) return Errc::log_corrupt;
  // Far most tokens carry the next counter, so no look-up is needed to see that it is free.
  if (counter < lane.next && state_.find(index_, payload.index)) return Errc::log_corrupt;
  if (auto interned = intern_class(payload); !interned) return interned;

  const auto chunk = (counter - lane.oldest) / kChunkTokens;
  if (chunk >= lane.chunk_expires_at.size()) lane.chunk_expires_at.resize(chunk + 1);
  lane.chunk_expires_at[chunk] = std::max(lane.chunk_expires_at[chunk], payload.expires_at);
  lane.next = std::max(lane.next, counter + 1);
  const auto& token_class = state_.classes[payload.token_class.value() - 1].token_class;
  TokenBinding binding;
  if (payload.user) {
    if (auto counted = state_.people.count_token(payload, token_class.client); !counted)
      return counted;
    binding = {payload.user->consent, payload.user->family};
  }
  ++state_.classes[payload.token_class.value() - 1].tokens;
  ++state_.expiring[payload.expires_at.value()];
  ++state_.live_tokens_of_client[token_class.client.value()];
  ++state_.tokens_issued;

  state_.pending.issued.emplace(payload.index,
                                static_cast<std::uint32_t>(state_.pending.ops.size()));
  state_.pending.ops.push_back({.kind = PublishOp::Kind::issue,
                                .index = payload.index,
                                .entry = {.fingerprint = Fingerprint::of(payload.token_sha256),
                                          .expires_at = payload.expires_at,
                                          .token_class = payload.token_class,
                                          .issued_seq = event_.seq,
                                          .kind = payload.kind,
                                          .origin = payload.origin,
                                          .binding = binding}});
  return {};
}

Result<void> Folder::operator()(const TokenRevoked& payload) {
  if (!state_.find(index_, payload.index)) return Errc::log_corrupt;
  if (state_.is_revoked(index_, payload.index)) return Errc::log_corrupt;
  state_.pending.revoked.insert(payload.index);
  state_.pending.ops.push_back({.kind = PublishOp::Kind::revoke, .index = payload.index});
  return {};
}

Result<void> Folder::operator()(const TokensExpired& payload) {
  if (payload.from != state_.expired_upto) return Errc::log_corrupt;
  if (auto counted = count_expired(payload); !counted) return counted;
  if (!payload.complete) return {};
  // Each second's tokens were all named, by this event and its earlier parts, exactly when its
  // count is down to zero.
  for (auto second = state_.expiring.begin();
       second != state_.expiring.end() && second->first <= payload.to.value();) {
    if (second->second != 0) return Errc::log_corrupt;
    second = state_.expiring.erase(second);
  }
  state_.expired_upto = payload.to;
  for (std::size_t lane = 0; lane < kLaneCount; ++lane) {
    if (payload.retire_below[lane] == 0) continue;
    if (auto retired = retire(lane, payload.retire_below[lane]); !retired) return retired;
  }
  state_.people.forget_over(payload.to, payload.count, state_.pending.ops);
  return {};
}

Result<void> Folder::operator()(const OwnerErased& payload) {
  if (payload.owner == OwnerKeyId{}) return Errc::log_corrupt;
  if (state_.erased_owners.size() >= kErasedOwnersMax) return Errc::log_corrupt;
  if (!state_.note_erased(payload.owner)) return Errc::log_corrupt;
  return state_.people.apply(event_, state_.pending.ops);
}

Result<void> Folder::count_expired(const TokensExpired& payload) {
  std::uint32_t count = 0;
  Result<void> outcome;
  const auto count_one = [&](ExpiringToken token) {
    const auto entry = state_.find(index_, token.index);
    const auto second = state_.expiring.find(token.expires_at.value());
    if (!entry || entry->expires_at != token.expires_at || token.expires_at > payload.to ||
        second == state_.expiring.end() || second->second == 0) {
      outcome = Errc::log_corrupt;
      return;
    }
    --second->second;
    ++count;
    if (!drop_live(entry->token_class)) outcome = Errc::log_corrupt;
  };
  if (auto decoded = decode_token_list(payload.from, payload.tokens, count_one); !decoded)
    return decoded;
  if (!outcome) return outcome;
  if (count != payload.count) return Errc::log_corrupt;
  state_.tokens_swept += count;
  return {};
}

// Every token of these chunks leaves its class; a class that this empties is freed.
Result<void> Folder::retire(std::size_t lane_number, std::uint64_t below) {
  auto& lane = state_.lanes[lane_number];
  if (below % kChunkTokens != 0 || below <= lane.oldest) return Errc::log_corrupt;
  const auto chunks =
      std::min<std::uint64_t>((below - lane.oldest) / kChunkTokens, lane.chunk_expires_at.size());
  for (std::size_t chunk = 0; chunk < chunks; ++chunk) {
    if (lane.chunk_expires_at[chunk] > state_.expired_upto) return Errc::log_corrupt;
  }
  const auto from = lane.oldest;
  bool is_counted = true;
  const auto drop = [&](const IndexEntry& entry) {
    drop_from_class(entry.token_class);
    if (!state_.people.drop_token(entry.binding)) is_counted = false;
  };
  index_.for_each_entry(static_cast<Lane>(lane_number), from, below,
                        [&](TokenIndex, const IndexEntry& entry) { drop(entry); });
  for (const auto& [token, position] : state_.pending.issued) {
    const bool inside =
        token.lane_number() == lane_number && token.counter() >= from && token.counter() < below;
    if (inside) drop(state_.pending.ops[position].entry);
  }
  if (!is_counted) return Errc::log_corrupt;
  // The order in which classes were emptied above depends on where their tokens stood; their
  // numbers must not.
  std::vector<ClassNumber> freed;
  for (std::uint32_t i = 0; i < state_.classes.size(); ++i) {
    const bool is_known = state_.classes[i].token_class.client != ClientNumber{};
    if (is_known && state_.classes[i].tokens == 0) freed.push_back(ClassNumber{i + 1});
  }
  lane.chunk_expires_at.erase(lane.chunk_expires_at.begin(),
                              lane.chunk_expires_at.begin() + static_cast<std::ptrdiff_t>(chunks));
  lane.oldest = below;
  lane.next = std::max(lane.next, below);
  state_.pending.ops.push_back({.kind = PublishOp::Kind::retire,
                                .index = TokenIndex{static_cast<Lane>(lane_number), below}});
  // After the chunks: a reader that still sees the chunk must find its class unchanged.
  for (const auto number : freed) {
    auto& slot = state_.classes[number.value() - 1];
    state_.class_numbers.erase(slot.token_class);
    if (--state_.classes_of_client[slot.token_class.client.value()] == 0) {
      state_.classes_of_client.erase(slot.token_class.client.value());
    }
    slot = {};
    state_.free_classes.push_back(number);
    state_.pending.ops.push_back({.kind = PublishOp::Kind::class_freed, .token_class = number});
  }
  return {};
}

void Folder::drop_from_class(ClassNumber number) {
  auto& tokens = state_.classes[number.value() - 1].tokens;
  if (tokens != 0) --tokens;
}

// A swept token's class is still there: only a later retirement frees it.
bool Folder::drop_live(ClassNumber number) {
  const auto* token_class = state_.find_class(number);
  if (token_class == nullptr) return false;
  const auto live = state_.live_tokens_of_client.find(token_class->client.value());
  if (live == state_.live_tokens_of_client.end()) return false;
  if (--live->second == 0) state_.live_tokens_of_client.erase(live);
  return true;
}

void remember_idempotency(State& state, const Event& event) {
  while (!state.idempotency_order.empty()) {
    const auto oldest = state.idempotency.find(state.idempotency_order.front());
    if (oldest->second.at.value() + kIdempotencyLifetimeNs > event.recorded_at.value()) break;
    state.idempotency.erase(oldest);
    state.idempotency_order.pop_front();
  }
  if (!event.idempotency) return;
  const IdempotencyRecord record{event.idempotency->body, event.seq, event.recorded_at};
  if (state.idempotency.emplace(event.idempotency->key, record).second) {
    state.idempotency_order.push_back(event.idempotency->key);
  }
}

}  // namespace

Result<void> fold(State& state, const ValidityIndex& index, const Event& event) {
  if (event.seq != state.last_seq.next()) return Errc::log_corrupt;
  if (event.recorded_at <= state.last_recorded_at) return Errc::log_corrupt;
  const bool is_first = std::holds_alternative<LedgerCreated>(event.payload);
  if (is_first != (state.format_version == 0)) return Errc::log_corrupt;
  if (auto fits = check_format(state.format_version, event); !fits)
    return fits.error() == Errc::format_not_active ? Result<void>{Errc::log_corrupt} : fits;
  if (!fits_redemption(state, event)) return Errc::log_corrupt;
  if (auto folded = std::visit(Folder{state, index, event}, event.payload); !folded) return folded;
  remember_idempotency(state, event);
  state.last_seq = event.seq;
  state.last_recorded_at = event.recorded_at;
  return {};
}

}  // namespace tokenledger
