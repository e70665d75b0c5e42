#include "core/state_codec.hpp"

#include <algorithm>
#include <utility>

#include "core/invariant.hpp"
#include "core/people_layout.hpp"
#include "core/state_layout.hpp"

namespace tokenledger {
namespace {

Errc fault_of(const StateReader& reader, std::uint32_t version) {
  if (!reader.ok() || version == kStateFormatVersion) return Errc::snapshot_corrupt;
  return version > kStateFormatVersion ? Errc::unsupported_format : Errc::outdated_format;
}

void encode_maps(StateWriter& writer, const State& state) {
  writer.count(state.expiring.size());
  for (const auto& [second, count] : state.expiring)
    state_layout::code_count(writer, second, count);
  const std::map<std::uint32_t, std::uint32_t> ascending{state.live_tokens_of_client.begin(),
                                                         state.live_tokens_of_client.end()};
  writer.count(ascending.size());
  for (const auto& [client, count] : ascending) state_layout::code_count(writer, client, count);
  LEDGER_INVARIANT(state.idempotency.size() == state.idempotency_order.size());
  writer.count(state.idempotency_order.size());
  for (const auto& key : state.idempotency_order) {
    const auto found = state.idempotency.find(key);
    LEDGER_INVARIANT(found != state.idempotency.end());
    state_layout::code_idempotency(writer, key, found->second);
  }
}

void decode_maps(StateReader& reader, State& state) {
  reader.repeat(state_layout::kSecondsMax, [&] {
    std::uint32_t second = 0;
    std::uint32_t count = 0;
    state_layout::code_count(reader, second, count);
    const bool ascends = state.expiring.empty() || state.expiring.rbegin()->first < second;
    reader.require(ascends && second > state.expired_upto.value());
    state.expiring.emplace_hint(state.expiring.end(), second, count);
  });
  std::uint32_t previous_client = 0;
  reader.repeat(kClientsMax, [&] {
    std::uint32_t client = 0;
    std::uint32_t count = 0;
    state_layout::code_count(reader, client, count);
    reader.require(client > previous_client && count != 0);
    reader.require(client <= state.registries.clients().size());
    state.live_tokens_of_client.emplace(client, count);
    previous_client = client;
  });
  IdempotencyRecord previous;
  reader.repeat(kIdempotencyKeysMax, [&] {
    std::array<std::uint8_t, 16> key{};
    IdempotencyRecord record;
    state_layout::code_idempotency(reader, key, record);
    reader.require(record.seq > previous.seq && record.seq <= state.last_seq);
    reader.require(record.at > previous.at && record.at <= state.last_recorded_at);
    reader.require(state.idempotency.emplace(key, record).second);
    state.idempotency_order.push_back(key);
    previous = record;
  });
}

void decode_erased_owners(StateReader& reader, State& state) {
  std::vector<OwnerKeyId> owners;
  state_layout::code_erased_owners(reader, owners);
  for (const auto& owner : owners)
    reader.require(owner != OwnerKeyId{} && state.note_erased(owner));
}

bool decode_people(StateReader& reader, People& people) {
  People::Parts parts;
  people_layout::code_people(reader, parts);
  return reader.ok() && people.restore(std::move(parts)).has_value();
}

bool decode_registries(StateReader& reader, Registries& registries) {
  std::deque<ClientRecord> clients;
  std::deque<ApiRecord> apis;
  std::deque<GrantRecord> grants;
  std::deque<KeyRecord> keys;
  Sequence all_revoked_before;
  state_layout::code_registries(reader, clients, apis, grants, keys, all_revoked_before);
  if (!reader.ok()) return false;
  const auto names_grants = [&](const GrantRecord& grant) {
    return grant.client.value() != 0 && grant.client.value() <= clients.size() &&
           grant.api.value() != 0 && grant.api.value() <= apis.size();
  };
  if (!std::ranges::all_of(grants, names_grants)) return false;
  return registries
      .restore(std::move(clients), std::move(apis), std::move(grants), std::move(keys),
               all_revoked_before)
      .has_value();
}

bool lanes_fit(const State& state) {
  return std::ranges::all_of(state.lanes, [](const LaneState& lane) {
    if (lane.oldest % kChunkTokens != 0 || lane.next < lane.oldest) return false;
    if (lane.next > TokenIndex::kCounterMax + 1) return false;
    const auto chunks = (lane.next - lane.oldest + kChunkTokens - 1) / kChunkTokens;
    return lane.chunk_expires_at.size() == chunks;
  });
}

// A class in use belongs to a client and has tokens; all other numbers are on the stack, once each.
// Builds what follows from the classes.
bool classes_fit(State& state) {
  std::size_t used = 0;
  for (std::uint32_t i = 0; i < state.classes.size(); ++i) {
    const auto& slot = state.classes[i];
    if (slot == ClassSlot{}) continue;
    if (slot.tokens == 0 || slot.token_class.client.value() == 0) return false;
    if (!is_class_number(ClassNumber{i + 1})) return false;
    if (!state.class_numbers.emplace(slot.token_class, ClassNumber{i + 1}).second) return false;
    ++state.classes_of_client[slot.token_class.client.value()];
    ++used;
  }
  std::vector<bool> seen(state.classes.size());
  for (const auto number : state.free_classes) {
    if (number.value() == 0 || number.value() > state.classes.size()) return false;
    if (state.classes[number.value() - 1] != ClassSlot{}) return false;
    if (seen[number.value() - 1]) return false;
    seen[number.value() - 1] = true;
  }
  return used + state.free_classes.size() == state.classes.size();
}

// Every unexpired token has one second and one client.
bool live_counts_fit(const State& state) {
  const auto sum = [](const auto& counts) {
    std::uint64_t total = 0;
    for (const auto& [key, count] : counts) total += count;
    return total;
  };
  return sum(state.expiring) == sum(state.live_tokens_of_client);
}

bool names_known_things(const State& state) {
  const auto& registries = state.registries;
  const auto known = [](std::uint32_t number, std::size_t count) { return number <= count; };
  for (const auto& slot : state.classes) {
    const auto& token_class = slot.token_class;
    if (!known(token_class.client.value(), registries.clients().size())) return false;
    if (!known(token_class.grant.value(), registries.grants().size())) return false;
    if (!known(token_class.key.value(), registries.keys().size())) return false;
    for (const auto& scopes : token_class.apis) {
      if (!known(scopes.api.value(), registries.apis().size())) return false;
    }
  }
  for (const auto& user : state.people.users()) {
    if ((user.status == UserStatus::erased) != state.is_erased(user.id)) return false;
  }
  for (const auto& consent : state.people.consents()) {
    if (!known(consent.client.value(), registries.clients().size())) return false;
    if (!known(consent.api.value(), registries.apis().size())) return false;
  }
  return true;
}

}  // namespace

std::string encode_state(const State& state) {
  std::string bytes;
  StateWriter writer{bytes};
  std::array<std::uint64_t, kLaneCount> lane_oldest{};
  for (std::size_t lane = 0; lane < kLaneCount; ++lane)
    lane_oldest[lane] = state.lanes[lane].oldest;
  state_layout::code_head(writer, kStateFormatVersion, state.ledger_id, state.last_seq,
                          lane_oldest);
  state_layout::code_counters(writer, state);
  const auto& registries = state.registries;
  const auto all_revoked_before = registries.all_revoked_before();
  state_layout::code_registries(writer, registries.clients(), registries.apis(),
                                registries.grants(), registries.keys(), all_revoked_before);
  state_layout::code_tokens(writer, state);
  encode_maps(writer, state);
  state_layout::code_erased_owners(writer, state.erased_owners);
  people_layout::code_people(writer, state.people.parts());
  return bytes;
}

Result<void> decode_state(std::string_view bytes, State& state) {
  StateReader reader{bytes};
  State fresh;
  std::uint32_t version = 0;
  std::array<std::uint64_t, kLaneCount> lane_oldest{};
  state_layout::code_head(reader, version, fresh.ledger_id, fresh.last_seq, lane_oldest);
  if (!reader.ok() || version != kStateFormatVersion) return fault_of(reader, version);
  for (std::size_t lane = 0; lane < kLaneCount; ++lane)
    fresh.lanes[lane].oldest = lane_oldest[lane];
  state_layout::code_counters(reader, fresh);
  if (reader.ok() && fresh.format_version > kFormatVersion) return Errc::unsupported_format;
  if (!decode_registries(reader, fresh.registries)) return Errc::snapshot_corrupt;
  state_layout::code_tokens(reader, fresh);
  decode_maps(reader, fresh);
  decode_erased_owners(reader, fresh);
  if (!decode_people(reader, fresh.people)) return Errc::snapshot_corrupt;
  if (!reader.at_end()) return Errc::snapshot_corrupt;
  const bool is_consistent =
      lanes_fit(fresh) && classes_fit(fresh) && live_counts_fit(fresh) && names_known_things(fresh);
  if (!is_consistent) return Errc::snapshot_corrupt;
  state = std::move(fresh);
  return {};
}

Result<StateSummary> summarize_state(std::string_view bytes) {
  StateReader reader{bytes};
  StateSummary summary;
  std::uint32_t version = 0;
  state_layout::code_head(reader, version, summary.ledger_id, summary.last_seq,
                          summary.lane_oldest);
  if (!reader.ok() || version != kStateFormatVersion) return fault_of(reader, version);
  return summary;
}

}  // namespace tokenledger
