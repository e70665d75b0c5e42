#include <algorithm>

#include "core/decider.hpp"
#include "core/identity_scopes.hpp"
#include "core/user_id.hpp"

namespace tokenledger {
namespace {

bool has_duplicates(std::vector<std::string_view> names) {
  std::ranges::sort(names);
  return std::ranges::adjacent_find(names) != names.end();
}

Result<void> check_scopes(const std::vector<ScopeDefinition>& scopes) {
  if (scopes.size() > kScopesPerApiMax) return Errc::too_large;
  std::vector<std::string_view> names;
  for (const auto& scope : scopes) {
    if (!is_scope_name(scope.name)) return Errc::invalid_argument;
    if (!scope.description.empty() && !is_label(scope.description, kDescriptionBytesMax))
      return Errc::invalid_argument;
    names.push_back(scope.name);
  }
  return has_duplicates(std::move(names)) ? Errc::invalid_argument : Result<void>{};
}

Result<void> check_settings(const ApiSettings& settings) {
  if (!is_label(settings.name, kLabelBytesMax)) return Errc::invalid_argument;
  if (auto scopes = check_scopes(settings.scopes); !scopes) return scopes;
  if (settings.token_lifetime_s == 0 || settings.token_lifetime_s > settings.token_lifetime_max_s) {
    return Errc::invalid_argument;
  }
  if (settings.token_lifetime_max_s > kTokenLifetimeSecondsMax) return Errc::lifetime_too_long;
  if (settings.introspectors.size() > kIntrospectorsMax) return Errc::too_large;
  for (const auto& client_id : settings.introspectors) {
    if (!is_visible_ascii(client_id, kLabelBytesMax)) return Errc::invalid_argument;
  }
  if ((settings.origins_kept & ~kOriginBitsAll) != 0) return Errc::invalid_argument;
  const auto algorithm = settings.signing_alg;
  if (algorithm < SignatureAlgorithm::rs256 || algorithm > SignatureAlgorithm::hs256)
    return Errc::algorithm_not_allowed;
  if (settings.token_format < TokenKind::jwt || settings.token_format > TokenKind::jwe)
    return Errc::algorithm_not_allowed;
  const bool is_jwt = settings.token_format == TokenKind::jwt;
  if (algorithm == SignatureAlgorithm::hs256 && !is_jwt) return Errc::algorithm_not_allowed;
  return {};
}

// The names of all scopes this API ever had, with those of `settings`, must still fit in one mask.
bool scope_names_fit(const ApiRecord& api, const ApiSettings& settings) {
  auto count = api.scope_names.size();
  for (const auto& scope : settings.scopes) {
    if (std::ranges::find(api.scope_names, scope.name) == api.scope_names.end()) ++count;
  }
  return count <= kScopesPerApiMax;
}

}  // namespace

bool is_current(Sequence updated_seq, Sequence based_on) noexcept {
  return based_on == Sequence{} || based_on == updated_seq;
}

Result<void> check_values(const CreateApi& create) {
  if (!is_visible_ascii(create.identifier, kIdentifierBytesMax)) return Errc::invalid_argument;
  // Their scopes are compared by bit: there is one of each, and no other API may bear its name, not
  // even before it was made.
  const bool is_reserved =
      create.identifier == kManagementAudience || create.identifier == kIdentityAudience;
  if (create.built_in != is_reserved) return Errc::invalid_argument;
  return check_settings(create.settings);
}

Result<void> Decider::operator()(const RegisterClient& add) {
  if (add.built_in) {
    if (auto allowed = require_host(); !allowed) return allowed;
  } else if (auto allowed = require_scope(ManagementScope::clients_write); !allowed) {
    return allowed;
  }
  if (!is_visible_ascii(add.client_id, kLabelBytesMax)) return Errc::invalid_argument;
  // It is the `sub` of the client's own tokens: one that reads like a user's would pass for that
  // user (RFC 9068 §5).
  if (add.client_id.starts_with(kUserIdPrefix)) return Errc::invalid_argument;
  if (auto checked = check_settings(add.settings); !checked) return checked;
  if (!has_secret(add.settings) && add.secret_hash != Digest{}) return Errc::invalid_argument;
  if (state_.registries.find_client(add.client_id) != nullptr) return Errc::client_exists;
  // It is the `aud` of the client's id tokens: an API of that name might take one for an access
  // token (RFC 9068 §4).
  if (state_.registries.find_api(add.client_id) != nullptr) return Errc::client_exists;
  const auto number = state_.registries.clients().size() + 1;
  if (number > kClientsMax) return Errc::limit_reached;
  return emit(ClientRegistered{ClientNumber{static_cast<std::uint32_t>(number)}, add.client_id,
                               add.built_in, add.settings, add.secret_hash});
}

// Its redirect URIs and grant types say who gets what the client holds, so whoever changes them
// must hold that itself.
Result<void> Decider::operator()(const UpdateClient& update) {
  if (auto allowed = require_scope(ManagementScope::clients_write); !allowed) return allowed;
  if (auto checked = check_settings(update.settings); !checked) return checked;
  const auto client = changeable_client(update.client_id);
  if (!client) return client.error();
  if (auto covered = require_covers_client(**client); !covered) return covered;
  if (!is_current((*client)->updated_seq, update.based_on)) return Errc::stale_policy;
  return emit(ClientUpdated{(*client)->number, update.settings});
}

Result<void> Decider::operator()(const DisableClient& disable) {
  if (auto allowed = require_scope(ManagementScope::clients_write); !allowed) return allowed;
  const auto client = changeable_client(disable.client_id);
  if (!client) return client.error();
  if ((*client)->status == ClientStatus::disabled) return Errc::already_in_state;
  return emit(ClientDisabled{(*client)->number});
}

// Hands all that the client holds back to it, as granting it would.
Result<void> Decider::operator()(const EnableClient& enable) {
  if (auto allowed = require_scope(ManagementScope::clients_write); !allowed) return allowed;
  const auto client = changeable_client(enable.client_id);
  if (!client) return client.error();
  if (auto covered = require_covers_client(**client); !covered) return covered;
  if ((*client)->status == ClientStatus::enabled) return Errc::already_in_state;
  return emit(ClientEnabled{(*client)->number});
}

Result<void> Decider::operator()(const DeleteClient& erase) {
  if (auto allowed = require_scope(ManagementScope::clients_write); !allowed) return allowed;
  const auto client = changeable_client(erase.client_id);
  if (!client) return client.error();
  return emit(ClientDeleted{(*client)->number});
}

// Whoever resets a secret can use all that the client holds, so it must hold that itself.
Result<void> Decider::operator()(const RotateClientSecret& rotate) {
  if (rotate.overlap_s > kSecretOverlapSecondsMax) return Errc::invalid_argument;
  if (auto allowed = require_scope(ManagementScope::clients_write); !allowed) return allowed;
  const auto client = changeable_client(rotate.client_id);
  if (!client) return client.error();
  if (auto covered = require_covers_client(**client); !covered) return covered;
  if (!has_secret((*client)->settings)) return Errc::client_has_no_secret;
  const auto previous_until = rotate.overlap_s == 0
                                  ? UnixSeconds{}
                                  : UnixSeconds{to_seconds(now_).value() + rotate.overlap_s};
  return emit(ClientSecretRotated{(*client)->number, (*client)->generation.next(),
                                  rotate.secret_hash, previous_until});
}

Result<void> Decider::operator()(const CreateApi& create) {
  if (create.built_in) {
    if (auto allowed = require_system(); !allowed) return allowed;
  } else if (auto allowed = require_scope(ManagementScope::apis_write); !allowed) {
    return allowed;
  }
  if (auto checked = check_values(create); !checked) return checked;
  if (state_.registries.find_api(create.identifier) != nullptr) return Errc::api_exists;
  if (state_.registries.find_client(create.identifier) != nullptr) return Errc::api_exists;
  const auto number = ApiNumber{static_cast<std::uint32_t>(state_.registries.apis().size() + 1)};
  if (number.value() > kApisMax) return Errc::limit_reached;
  const bool has_secret = create.settings.signing_alg == SignatureAlgorithm::hs256;
  if (!has_secret) {
    if (!create.hs256_kid.empty()) return Errc::invalid_argument;
    return emit(ApiCreated{number, create.identifier, create.built_in, create.settings, {}});
  }
  if (!is_visible_ascii(create.hs256_kid, kLabelBytesMax)) return Errc::invalid_argument;
  if (state_.registries.find_key(create.hs256_kid) != nullptr) return Errc::key_exists;
  const auto key = KeyNumber{static_cast<std::uint32_t>(state_.registries.keys().size() + 1)};
  if (key.value() > kKeysMax) return Errc::limit_reached;
  if (auto added = emit(KeyAdded{key, SignatureAlgorithm::hs256, create.hs256_kid, {}, number});
      !added)
    return added;
  return emit(ApiCreated{number, create.identifier, create.built_in, create.settings, key});
}

Result<void> Decider::operator()(const UpdateApi& update) {
  if (auto allowed = require_scope(ManagementScope::apis_write); !allowed) return allowed;
  if (auto checked = check_settings(update.settings); !checked) return checked;
  const auto api = known_api(update.identifier);
  if (!api) return api.error();
  // The ledger itself brings an older one up to the scopes of today.
  if ((*api)->built_in && !require_system()) return Errc::api_built_in;
  if (!is_current((*api)->updated_seq, update.based_on)) return Errc::stale_policy;
  const bool had_secret = (*api)->settings.signing_alg == SignatureAlgorithm::hs256;
  const bool has_secret = update.settings.signing_alg == SignatureAlgorithm::hs256;
  if (had_secret != has_secret)
    return Errc::algorithm_not_allowed;  // "HS256 only for an API created with it"
  if (!scope_names_fit(**api, update.settings)) return Errc::limit_reached;
  return emit(ApiUpdated{(*api)->number, update.settings});
}

Result<void> Decider::operator()(const DeleteApi& erase) {
  if (auto allowed = require_scope(ManagementScope::apis_write); !allowed) return allowed;
  const auto api = known_api(erase.identifier);
  if (!api) return api.error();
  if ((*api)->built_in) return Errc::api_built_in;
  return emit(ApiDeleted{(*api)->number});
}

Result<std::uint64_t> Decider::grantable_mask(const ApiRecord& api,
                                              const std::vector<std::string>& scopes) const {
  if (scopes.size() > kScopesPerApiMax) return Errc::too_large;
  const auto mask = api.mask_of(scopes);
  if (!mask) return mask;
  if (auto covered = require_covers(api.number, *mask); !covered) return covered.error();
  return mask;
}

Result<void> Decider::operator()(const AddClientGrant& add) {
  if (auto allowed = require_scope(ManagementScope::clients_write); !allowed) return allowed;
  const auto client = changeable_client(add.client_id);
  if (!client) return client.error();
  const auto api = known_api(add.audience);
  if (!api) return api.error();
  const auto mask = grantable_mask(**api, add.scopes);
  if (!mask) return mask.error();
  if (state_.registries.find_grant((*client)->number, (*api)->number) != nullptr)
    return Errc::grant_exists;
  const auto number = state_.registries.grants().size() + 1;
  if (number > kGrantsMax) return Errc::limit_reached;
  return emit(ClientGrantAdded{GrantNumber{static_cast<std::uint32_t>(number)}, (*client)->number,
                               (*api)->number, *mask});
}

Result<void> Decider::operator()(const UpdateClientGrant& update) {
  if (auto allowed = require_scope(ManagementScope::clients_write); !allowed) return allowed;
  const auto grant = known_grant(update.client_id, update.audience);
  if (!grant) return grant.error();
  const auto mask = grantable_mask(*state_.registries.api((*grant)->api), update.scopes);
  if (!mask) return mask.error();
  return emit(ClientGrantUpdated{(*grant)->number, *mask});
}

Result<void> Decider::operator()(const RemoveClientGrant& remove) {
  if (auto allowed = require_scope(ManagementScope::clients_write); !allowed) return allowed;
  const auto grant = known_grant(remove.client_id, remove.audience);
  if (!grant) return grant.error();
  return emit(ClientGrantRemoved{(*grant)->number});
}

}  // namespace tokenledger
