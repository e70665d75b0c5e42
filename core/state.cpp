#include "core/state.hpp"

#include <algorithm>
#include <cstring>

#include "core/invariant.hpp"
#include "core/validity_index.hpp"

namespace tokenledger {

void Pending::clear() {
  ops.clear();
  classes.clear();
  issued.clear();
  revoked.clear();
}

std::size_t ArrayHash::operator()(const std::array<std::uint8_t, 16>& bytes) const noexcept {
  std::size_t word;  // a keyed hash already: any 8 bytes are as good as all
  std::memcpy(&word, bytes.data(), sizeof word);
  return word;
}

std::size_t ClassHash::operator()(const TokenClass& token_class) const noexcept {
  std::uint64_t hash = token_class.client.value();
  const auto mix = [&hash](std::uint64_t word) {
    hash = (hash ^ word) * 0x9E3779B97F4A7C15u;
    hash ^= hash >> 29;
  };
  mix(token_class.grant.value());
  mix(token_class.key.value());
  for (const auto& scopes : token_class.apis) {
    mix(scopes.api.value());
    mix(scopes.scope_mask);
  }
  return hash;
}

std::optional<IndexEntry> State::find(const ValidityIndex& index, TokenIndex token) const {
  // Before pending: a sweep may retire a token of its own batch.
  if (!token.has_lane() || token.counter() < lanes[token.lane_number()].oldest) return std::nullopt;
  if (!pending.issued.empty()) {
    const auto found = pending.issued.find(token);
    if (found != pending.issued.end()) return pending.ops[found->second].entry;
  }
  return index.find(token);
}

bool State::has_room(const ValidityIndex& index, TokenIndex token) const {
  if (!token.has_lane()) return false;
  const auto oldest = lanes[token.lane_number()].oldest;
  if (token.counter() < oldest) return false;
  // The ring may lag behind (retired here, not published yet) or be ahead (loaded from a snapshot
  // that was copied later), but its capacity is the same: ask as if it stood where the state does.
  const auto ring_oldest = index.oldest_chunk(token.lane()) * kChunkTokens;
  const auto from_oldest = token.counter() - oldest;
  if (from_oldest > TokenIndex::kCounterMax - ring_oldest) return false;
  return index.can_hold(TokenIndex{token.lane(), ring_oldest + from_oldest});
}

bool State::is_revoked(const ValidityIndex& index, TokenIndex token) const {
  return pending.revoked.contains(token) || index.is_revoked_individually(token);
}

bool State::is_cascaded(const IndexEntry& entry) const {
  const auto* token_class = find_class(entry.token_class);
  if (token_class == nullptr || people.is_ended(entry.binding)) return true;
  return entry.issued_seq < registries.revoked_before(*token_class);
}

bool State::has_live_room(const ClientRecord& client) const {
  const auto limit = client.settings.live_tokens_max;
  const auto found = live_tokens_of_client.find(client.number.value());
  return found == live_tokens_of_client.end() ||
         found->second < (limit == 0 ? kLiveTokensPerClientMax : limit);
}

const TokenClass* State::find_class(ClassNumber number) const {
  if (number.value() == 0 || number.value() > classes.size()) return nullptr;
  const auto& slot = classes[number.value() - 1];
  return slot.tokens == 0 ? nullptr : &slot.token_class;
}

const IdempotencyRecord* State::find_idempotent(const Idempotency& key, LedgerTime now) const {
  const auto found = idempotency.find(key.key);
  if (found == idempotency.end()) return nullptr;
  const bool is_old = found->second.at.value() + kIdempotencyLifetimeNs <= now.value();
  return is_old ? nullptr : &found->second;
}

bool State::is_erased(const OwnerKeyId& owner) const { return erased_owner_set.contains(owner); }

bool State::note_erased(const OwnerKeyId& owner) {
  if (!erased_owner_set.insert(owner).second) return false;
  erased_owners.push_back(owner);
  return true;
}

bool operator==(const State& a, const State& b) {
  return a.ledger_id == b.ledger_id && a.format_version == b.format_version &&
         a.last_seq == b.last_seq && a.last_recorded_at == b.last_recorded_at &&
         a.registries == b.registries && a.people == b.people && a.incarnations == b.incarnations &&
         a.lanes == b.lanes && a.classes == b.classes && a.free_classes == b.free_classes &&
         a.class_numbers == b.class_numbers && a.classes_of_client == b.classes_of_client &&
         a.expired_upto == b.expired_upto && a.expiring == b.expiring &&
         a.live_tokens_of_client == b.live_tokens_of_client && a.idempotency == b.idempotency &&
         a.idempotency_order == b.idempotency_order && a.erased_owners == b.erased_owners &&
         a.erased_owner_set == b.erased_owner_set && a.tokens_issued == b.tokens_issued &&
         a.tokens_swept == b.tokens_swept;
}

const IncarnationRecord* owner_of(std::span<const IncarnationRecord> incarnations,
                                  TokenIndex index) noexcept {
  if (!index.has_lane()) return nullptr;
  const auto after = std::ranges::upper_bound(
      incarnations, index.counter(), {},
      [&](const IncarnationRecord& record) { return record.lane_start[index.lane_number()]; });
  return after == incarnations.begin() ? nullptr : &*std::prev(after);
}

namespace {

static_assert(kConsentsMax <= kEndedNumberEnd && kFamiliesMax <= kEndedNumberEnd);

void publish_api(const ApiRecord& api, ValidityIndex& index) {
  index.publish_api(api.number, api.identifier);
  for (std::size_t bit = 0; bit < api.scope_names.size(); ++bit) {
    index.publish_scope(api.number, static_cast<std::uint32_t>(bit), api.scope_names[bit]);
  }
}

// A number that is free has no bit: its next use must find it clear.
void publish_ended(const People& people, ValidityIndex& index) {
  std::uint32_t number = 0;
  for (const auto& consent : people.consents()) {
    ++number;
    if (consent.state == ConsentState::ended) index.publish_ended(ConsentNumber{number});
  }
  number = 0;
  for (const auto& family : people.families()) {
    ++number;
    if (family.state == FamilyState::ended) index.publish_ended(FamilyNumber{number});
  }
}

}  // namespace

void publish(State& state, ValidityIndex& index) {
  for (const auto& op : state.pending.ops) {
    switch (op.kind) {
      case PublishOp::Kind::issue: index.publish_issue(op.index, op.entry); break;
      case PublishOp::Kind::revoke: index.publish_revoke(op.index); break;
      case PublishOp::Kind::cascade: index.publish_cascade(op.selector, op.before); break;
      case PublishOp::Kind::class_made:
        index.publish_class(op.token_class, state.pending.classes[op.detail]);
        break;
      case PublishOp::Kind::class_freed: index.free_class(op.token_class); break;
      case PublishOp::Kind::api:
        publish_api(*state.registries.api(ApiNumber{op.detail}), index);
        break;
      case PublishOp::Kind::retire:
        index.retire_chunks_below(op.index.lane(), op.index.counter());
        break;
      case PublishOp::Kind::consent_ended: index.publish_ended(op.consent); break;
      case PublishOp::Kind::family_ended: index.publish_ended(op.family); break;
      case PublishOp::Kind::consent_freed: index.free_consent(op.consent); break;
      case PublishOp::Kind::family_freed: index.free_family(op.family); break;
    }
  }
  state.pending.clear();
}

void publish_registries(const State& state, ValidityIndex& index) {
  const auto raise = [&](SelectorKind kind, std::uint32_t id, Sequence before) {
    if (before != Sequence{}) index.publish_cascade({kind, id}, before);
  };
  for (const auto& api : state.registries.apis()) {
    publish_api(api, index);
    raise(SelectorKind::api, api.number.value(), api.revoked_before);
  }
  for (const auto& client : state.registries.clients())
    raise(SelectorKind::client, client.number.value(), client.revoked_before);
  for (const auto& grant : state.registries.grants())
    raise(SelectorKind::grant, grant.number.value(), grant.revoked_before);
  for (const auto& key : state.registries.keys())
    raise(SelectorKind::key, key.number.value(), key.revoked_before);
  raise(SelectorKind::all, 0, state.registries.all_revoked_before());
  publish_ended(state.people, index);
  for (std::uint32_t i = 0; i < state.classes.size(); ++i) {
    if (state.classes[i].tokens != 0)
      index.publish_class(ClassNumber{i + 1}, state.classes[i].token_class);
  }
}

}  // namespace tokenledger
