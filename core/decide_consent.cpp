// The rules on what users, and administrators for groups of them, let a client do.
#include <algorithm>
#include <functional>

#include "core/decider.hpp"
#include "core/identity_scopes.hpp"

namespace tokenledger {

const ApiRecord* Decider::identity_api() const {
  const auto* api = state_.registries.find_api(kIdentityAudience);
  return api != nullptr && api->built_in ? api : nullptr;
}

// Scopes of an API stay within the administrator's grant to the client; identity scopes need none,
// for the user alone has them to give.
Result<void> Decider::check_consent_scopes(ClientNumber client, ApiNumber api,
                                           std::uint64_t scope_mask,
                                           std::uint64_t identity_mask) const {
  const auto* record = state_.registries.api(api);
  if (record == nullptr || record->deleted) return Errc::api_not_found;
  const bool is_identity = record == identity_api();
  if (record->built_in && !is_identity) return Errc::api_built_in;
  if (is_identity) {
    if (scope_mask != 0) return Errc::scope_unknown;
  } else {
    const auto* grant = state_.registries.find_grant(client, api);
    if (grant == nullptr) return Errc::grant_not_found;
    if ((scope_mask & ~grant->scope_mask) != 0) return Errc::scope_not_granted;
    if ((scope_mask & ~record->listed_mask()) != 0) return Errc::scope_unknown;
  }
  if (identity_mask == 0) return {};
  const auto* identity = identity_api();
  const auto listed = identity == nullptr ? std::uint64_t{0} : identity->listed_mask();
  return (identity_mask & ~listed) == 0 ? Result<void>{} : Errc::scope_unknown;
}

Result<const ClientRecord*> Decider::client_for_users(ClientNumber number,
                                                      std::uint8_t grant_types) const {
  const auto* client = state_.registries.client(number);
  if (client == nullptr || client->status == ClientStatus::deleted) return Errc::client_not_found;
  if (client->status == ClientStatus::disabled) return Errc::client_disabled;
  if ((client->settings.grant_types & grant_types) == 0) return Errc::grant_type_refused;
  return client;
}

namespace {

constexpr auto kGrantTypesWithConsent =
    static_cast<std::uint8_t>(static_cast<unsigned>(GrantType::authorization_code) |
                              static_cast<unsigned>(GrantType::implicit));

}  // namespace

// Once granted, only what is new is asked for and becomes an event (A10, A11).
Result<void> Decider::operator()(const GrantConsent& grant) {
  if ((grant.scope_mask | grant.identity_mask) == 0) return Errc::invalid_argument;
  if (!is_user(grant.user)) return Errc::insufficient_scope;
  if (auto client = client_for_users(grant.client, kGrantTypesWithConsent); !client)
    return client.error();
  auto checked =
      check_consent_scopes(grant.client, grant.api, grant.scope_mask, grant.identity_mask);
  if (!checked) return checked;
  const auto& people = state_.people;
  const auto known = people.find_consent(grant.user, grant.client, grant.api);
  if (known != ConsentNumber{}) {
    const auto* record = people.consent(known);
    const auto scopes = grant.scope_mask & ~record->scope_mask;
    const auto identity = grant.identity_mask & ~std::uint64_t{record->identity_mask};
    if ((scopes | identity) == 0) return Errc::already_in_state;
    return emit(ConsentExtended{known, scopes, identity});
  }
  const auto number = people.next_consent();
  const bool is_full = people.user(grant.user)->consents >= kConsentsPerUserMax;
  if (is_full || number == ConsentNumber{}) return Errc::limit_reached;
  return emit(ConsentGranted{number, grant.user, grant.client, grant.api, grant.scope_mask,
                             grant.identity_mask});
}

// There is one for a client, an API and a group: to change it, withdraw it and make another.
Result<void> Decider::operator()(const PreconfigureConsent& grant) {
  if ((grant.scope_mask | grant.identity_mask) == 0) return Errc::invalid_argument;
  if (auto allowed = require_scope(ManagementScope::consents_write); !allowed) return allowed;
  const auto& people = state_.people;
  if (!people.is_live(grant.group)) return Errc::group_not_found;
  if (auto client = client_for_users(grant.client, kGrantTypesWithConsent); !client)
    return client.error();
  auto checked =
      check_consent_scopes(grant.client, grant.api, grant.scope_mask, grant.identity_mask);
  if (!checked) return checked;
  if (people.find_pre_consent(grant.group, grant.client, grant.api) != ConsentNumber{})
    return Errc::already_in_state;
  const auto number = people.next_consent();
  if (people.pre_consent_count() >= kPreConsentsMax || number == ConsentNumber{})
    return Errc::limit_reached;
  return emit(ConsentPreconfigured{number, grant.group, grant.client, grant.api, grant.scope_mask,
                                   grant.identity_mask});
}

Result<void> Decider::operator()(const WithdrawConsents& withdraw) {
  if (withdraw.reason.bytes.size() > kSealedBytesMax) return Errc::too_large;
  if (withdraw.consents.size() > kWithdrawListMax) return Errc::too_large;
  const bool is_ascending =
      std::ranges::adjacent_find(withdraw.consents, std::greater_equal{}, &SeenConsent::number) ==
      withdraw.consents.end();
  if (withdraw.consents.empty() || !is_ascending) return Errc::invalid_argument;
  const bool is_own = command_.actor.kind == ActorKind::user;
  if (!is_own) {
    if (auto allowed = require_scope(ManagementScope::consents_write); !allowed) return allowed;
  }
  for (const auto& [number, granted_at] : withdraw.consents) {
    const auto* consent = state_.people.consent(number);
    if (consent == nullptr) return Errc::consent_not_found;
    // A group's is nobody's own: it is not for one member to withdraw.
    if (is_own && consent->user != command_.actor.user) return Errc::consent_not_found;
    const bool is_it = consent->state == ConsentState::granted && consent->granted_at == granted_at;
    if (!is_it) return Errc::not_active;
    if (auto ended = emit(ConsentWithdrawn{number, withdraw.reason}); !ended) return ended;
  }
  return {};
}

}  // namespace tokenledger
