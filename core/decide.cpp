#include "core/decide.hpp"

#include "core/decider.hpp"
#include "core/event_bounds.hpp"
#include "core/format_activation.hpp"
#include "core/format_gate.hpp"
#include "core/invariant.hpp"
#include "core/validity_index.hpp"

namespace tokenledger {

Result<void> Decider::emit(Payload payload) {
  Event event;
  event.seq = next_seq();
  const auto offset = out_.size() - first_;
  event.recorded_at = LedgerTime{now_.value() + offset};
  event.actor = command_.actor;
  event.request_id = command_.request_id;
  if (offset == 0) event.idempotency = command_.idempotency;
  event.payload = std::move(payload);
  // The encoder refuses what is out of bounds; that must be the caller's answer, never a failed
  // write.
  if (auto checked = check_event(event); !checked) return checked;
  if (auto fits = check_format(state_.format_version, event); !fits) return fits;
  // Whoever cuts the log must be able to tell where a command ends.
  if (offset != 0 && state_.format_version >= 2) out_.back().more = true;
  out_.push_back(std::move(event));
  return {};
}

Result<void> Decider::require_system() const {
  return command_.actor.kind == ActorKind::system ? Result<void>{} : Errc::insufficient_scope;
}

Result<void> Decider::require_host() const {
  const auto kind = command_.actor.kind;
  return kind == ActorKind::system || kind == ActorKind::host ? Result<void>{}
                                                              : Errc::insufficient_scope;
}

Result<std::uint64_t> Decider::token_management_mask() const {
  const auto token = command_.actor.token;
  const auto entry = state_.find(index_, token);
  if (!entry || entry->flags != EntryFlags::none) return Errc::unauthorized_actor;
  if (state_.is_revoked(index_, token) || state_.is_cascaded(*entry))
    return Errc::unauthorized_actor;
  if (to_seconds(now_) >= entry->expires_at) return Errc::unauthorized_actor;
  const auto* management = state_.registries.find_api(kManagementAudience);
  if (management == nullptr) return Errc::unauthorized_actor;
  for (const auto& scopes : state_.find_class(entry->token_class)->apis) {
    if (scopes.api == management->number) return scopes.scope_mask;
  }
  return Errc::insufficient_scope;
}

Result<const ClientRecord*> Decider::authenticated_client() const {
  const auto* client = state_.registries.client(command_.actor.client);
  if (client == nullptr || client->status == ClientStatus::deleted) return Errc::unauthorized_actor;
  const auto shown = command_.actor.generation;
  const bool is_previous =
      shown.next() == client->generation && to_seconds(now_) < client->previous_until;
  if (shown != client->generation && !is_previous) return Errc::unauthorized_actor;
  if (client->status == ClientStatus::disabled) return Errc::client_disabled;
  return client;
}

Result<std::uint64_t> Decider::management_mask() const {
  switch (command_.actor.kind) {
    case ActorKind::system:
    case ActorKind::host: return kManagementScopesAll;
    case ActorKind::client: {
      const auto client = authenticated_client();
      if (!client) return client.error();
      return std::uint64_t{0};
    }
    case ActorKind::token: return token_management_mask();
    case ActorKind::user: {
      const auto user = authenticated_user();
      if (!user) return user.error();
      return std::uint64_t{0};
    }
  }
  return Errc::unauthorized_actor;
}

Result<void> Decider::check_actor() const {
  const auto mask = management_mask();
  const bool is_known = mask.has_value() || to_errc(mask.error()) == Errc::insufficient_scope;
  return is_known ? Result<void>{} : Result<void>{mask.error()};
}

Result<void> Decider::require_scope(ManagementScope scope) const {
  const auto mask = management_mask();
  if (!mask) return mask.error();
  return (*mask & mask_of(scope)) != 0 ? Result<void>{} : Errc::insufficient_scope;
}

Result<void> Decider::require_covers(ApiNumber api, std::uint64_t mask) const {
  const auto* record = state_.registries.api(api);
  if (record == nullptr || !record->built_in) return {};
  const auto own = management_mask();
  if (!own) return own.error();
  return (mask & ~*own) == 0 ? Result<void>{} : Errc::insufficient_scope;
}

Result<void> Decider::require_covers_client(const ClientRecord& client) const {
  const auto* management = state_.registries.find_api(kManagementAudience);
  if (management == nullptr) return {};
  const auto* grant = state_.registries.find_grant(client.number, management->number);
  return grant == nullptr ? Result<void>{} : require_covers(management->number, grant->scope_mask);
}

Result<const ClientRecord*> Decider::known_client(const std::string& client_id) const {
  const auto* client = state_.registries.find_client(client_id);
  if (client == nullptr || client->status == ClientStatus::deleted) return Errc::client_not_found;
  return client;
}

Result<const ClientRecord*> Decider::changeable_client(const std::string& client_id) const {
  const auto client = known_client(client_id);
  if (client && (*client)->built_in) return Errc::client_built_in;
  return client;
}

Result<const ApiRecord*> Decider::known_api(const std::string& identifier) const {
  const auto* api = state_.registries.find_api(identifier);
  if (api == nullptr) return Errc::api_not_found;
  return api;
}

Result<const GrantRecord*> Decider::known_grant(const std::string& client_id,
                                                const std::string& audience) const {
  const auto client = known_client(client_id);
  if (!client) return client.error();
  const auto api = known_api(audience);
  if (!api) return api.error();
  const auto* grant = state_.registries.find_grant((*client)->number, (*api)->number);
  if (grant == nullptr) return Errc::grant_not_found;
  return grant;
}

namespace {

// A ledger that was not created yet accepts nothing else; one that was is never created again.
Result<void> check_created(const State& state, const Command& command) {
  const bool creates = std::holds_alternative<CreateLedger>(command.payload);
  return creates == (state.format_version == 0) ? Result<void>{} : Errc::invalid_argument;
}

// Old keys are dropped by the next event, so they take nobody's place.
bool is_full_of_live_keys(const State& state, LedgerTime now) {
  if (state.idempotency.size() < kIdempotencyKeysMax) return false;
  const auto oldest = state.idempotency.find(state.idempotency_order.front());
  return oldest->second.at.value() + kIdempotencyLifetimeNs > now.value();
}

Result<Decision> check_idempotency(const State& state, const Command& command, LedgerTime now) {
  if (!command.idempotency) return Decision{};
  if (const auto* earlier = state.find_idempotent(*command.idempotency, now)) {
    if (earlier->body != command.idempotency->body) return Errc::idempotency_mismatch;
    return Decision{.earlier = earlier->seq, .refusal = {}};
  }
  if (is_full_of_live_keys(state, now)) return Errc::idempotency_full;
  return Decision{};
}

}  // namespace

Result<Decision> decide(const State& state, const ValidityIndex& index, const Command& command,
                        LedgerTime now, std::vector<Event>& out) {
  LEDGER_INVARIANT(now > state.last_recorded_at);
  if (!command.request_id.empty() && !is_visible_ascii(command.request_id, kRequestIdBytesMax)) {
    return Errc::invalid_argument;
  }
  if (auto created = check_created(state, command); !created) return created.error();
  Decider decider{state, index, command, now, out};
  // Before the idempotency key: a revoked actor learns nothing of what it once did.
  if (auto actor = decider.check_actor(); !actor) return actor.error();
  const bool needs_format_2 = command.payload.index() >= kCommandKindsOfFormat1;
  if (needs_format_2 && state.format_version < 2) return Errc::format_not_active;
  auto earlier = check_idempotency(state, command, now);
  if (!earlier || earlier->earlier) return earlier;
  const auto size = out.size();
  if (auto decided = std::visit(decider, command.payload); !decided) {
    out.resize(size);
    return decided.error();
  }
  // A refusal beside events; one without is the error above.
  LEDGER_INVARIANT(!decider.refusal() || out.size() > size);
  return Decision{.earlier = {}, .refusal = decider.refusal()};
}

Result<void> Decider::operator()(const CreateLedger& create) {
  if (auto allowed = require_system(); !allowed) return allowed;
  if (create.issuer.size() > kIdentifierBytesMax) return Errc::too_large;
  return emit(LedgerCreated{create.ledger_id, create.issuer});
}

Result<void> Decider::operator()(const OpenLedger& open) {
  if (auto allowed = require_system(); !allowed) return allowed;
  LedgerOpened opened{open.incarnation, {}};
  for (std::size_t lane = 0; lane < kLaneCount; ++lane)
    opened.lane_start[lane] = state_.lanes[lane].next;
  const auto& known = state_.incarnations;
  const bool replaces = !known.empty() && known.back().lane_start == opened.lane_start;
  if (!replaces && known.size() >= kIncarnationsMax) return Errc::limit_reached;
  return emit(opened);
}

Result<void> Decider::operator()(const AppendNote& note) {
  if (auto allowed = require_scope(ManagementScope::notes_write); !allowed) return allowed;
  if (!is_label(note.topic, kNoteTopicBytesMax)) return Errc::invalid_argument;
  if (note.body.bytes.size() > kSealedBytesMax) return Errc::too_large;
  return emit(NoteAppended{note.topic, note.body});
}

Result<void> Decider::operator()(const EraseOwner& erase) {
  if (erase.reason.bytes.size() > kSealedBytesMax) return Errc::too_large;
  if (auto allowed = require_scope(ManagementScope::owners_erase); !allowed) return allowed;
  if (erase.owner == OwnerKeyId{}) return Errc::owner_not_found;
  if (state_.is_erased(erase.owner)) return Errc::already_in_state;
  if (state_.erased_owners.size() >= kErasedOwnersMax) return Errc::limit_reached;
  // A user is an owner, too. What was issued to one who is gone ends by an event that names the
  // user.
  const auto user = state_.people.find_user(erase.owner);
  const auto* record = state_.people.user(user);
  if (record != nullptr && record->status == UserStatus::enabled) {
    if (auto disabled = emit(UserDisabled{user, {}}); !disabled) return disabled;
  }
  return emit(OwnerErased{erase.owner, erase.reason});
}

Result<void> Decider::operator()(const ActivateFormat& activate) {
  if (auto allowed = require_host(); !allowed) return allowed;
  const auto checked = check_activation(
      {.active = state_.format_version, .wanted = activate.version, .known = kFormatVersion});
  return checked ? emit(FormatActivated{activate.version}) : checked;
}

}  // namespace tokenledger
