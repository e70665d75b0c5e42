#include "core/registries.hpp"

#include <algorithm>

namespace tokenledger {
namespace {

template <class Number, class Record>
const Record* at(const std::deque<Record>& records, Number number) {
  if (number.value() == 0 || number.value() > records.size()) return nullptr;
  return &records[number.value() - 1];
}

std::uint64_t pair_key(ClientNumber client, ApiNumber api) {
  return std::uint64_t{client.value()} << 32 | api.value();
}

bool lists(const ApiSettings& settings, std::string_view name) {
  return std::ranges::any_of(settings.scopes,
                             [&](const auto& scope) { return scope.name == name; });
}

// Gives every new name its bit. Names keep their bits for ever, so that masks in old events stay
// readable.
bool grow_scope_names(ApiRecord& api) {
  auto names = api.scope_names;
  for (const auto& scope : api.settings.scopes) {
    if (std::ranges::find(names, scope.name) == names.end()) names.push_back(scope.name);
  }
  if (names.size() > kScopesPerApiMax) return false;
  api.scope_names = std::move(names);
  return true;
}

bool authenticates_alike(const ClientSettings& a, const ClientSettings& b) {
  return a.is_public == b.is_public && a.authentication == b.authentication && a.keys == b.keys;
}

std::size_t position_of(SignatureAlgorithm algorithm) {
  return static_cast<std::size_t>(algorithm) - static_cast<std::size_t>(SignatureAlgorithm::rs256);
}

void raise(Sequence& watermark, Sequence before) { watermark = std::max(watermark, before); }

}  // namespace

bool has_secret(const ClientSettings& settings) noexcept {
  return !settings.is_public && settings.authentication != ClientAuthentication::private_key_jwt &&
         settings.authentication != ClientAuthentication::none;
}

Result<std::uint64_t> ApiRecord::mask_of(const std::vector<std::string>& names) const {
  std::uint64_t mask = 0;
  for (const auto& name : names) {
    const auto found = std::ranges::find(scope_names, name);
    if (found == scope_names.end() || !lists(settings, name)) return Errc::scope_unknown;
    mask |= std::uint64_t{1} << (found - scope_names.begin());
  }
  return mask;
}

std::string ApiRecord::scope_string(std::uint64_t mask) const {
  std::string text;
  for (std::size_t bit = 0; bit < scope_names.size(); ++bit) {
    if ((mask >> bit & 1) == 0) continue;
    if (!text.empty()) text += ' ';
    text += scope_names[bit];
  }
  return text;
}

std::uint64_t ApiRecord::listed_mask() const {
  std::uint64_t mask = 0;
  for (std::size_t bit = 0; bit < scope_names.size(); ++bit) {
    if (lists(settings, scope_names[bit])) mask |= std::uint64_t{1} << bit;
  }
  return mask;
}

Result<void> Registries::apply(const Event& event) {
  return std::visit([&](const auto& payload) { return on(payload, event); }, event.payload);
}

template <class Other>
Result<void> Registries::on(const Other&, const Event&) {
  return {};
}

const ClientRecord* Registries::client(ClientNumber number) const { return at(clients_, number); }
const ApiRecord* Registries::api(ApiNumber number) const { return at(apis_, number); }
const GrantRecord* Registries::grant(GrantNumber number) const { return at(grants_, number); }
const KeyRecord* Registries::key(KeyNumber number) const { return at(keys_, number); }

const ClientRecord* Registries::find_client(std::string_view client_id) const {
  const auto found = client_by_id_.find(client_id);
  return found == client_by_id_.end() ? nullptr : client(found->second);
}
const ApiRecord* Registries::find_api(std::string_view identifier) const {
  const auto found = api_by_identifier_.find(identifier);
  return found == api_by_identifier_.end() ? nullptr : api(found->second);
}
const GrantRecord* Registries::find_grant(ClientNumber client, ApiNumber api) const {
  const auto found = grant_by_pair_.find(pair_key(client, api));
  return found == grant_by_pair_.end() ? nullptr : grant(found->second);
}
const KeyRecord* Registries::find_key(std::string_view kid) const {
  const auto found = key_by_kid_.find(kid);
  return found == key_by_kid_.end() ? nullptr : key(found->second);
}
const KeyRecord* Registries::signing_key(SignatureAlgorithm algorithm) const {
  const auto at = position_of(algorithm);
  return at < signing_keys_.size() ? key(signing_keys_[at]) : nullptr;
}

void Registries::choose_signing_keys() {
  signing_keys_ = {};
  for (const auto& candidate : keys_) {
    const auto at = position_of(candidate.algorithm);
    const bool signs = candidate.status == KeyStatus::active && candidate.api == ApiNumber{};
    if (!signs || at >= signing_keys_.size()) continue;
    const auto* newest = key(signing_keys_[at]);
    if (newest == nullptr || candidate.activated_at > newest->activated_at)
      signing_keys_[at] = candidate.number;
  }
}

ClientRecord* Registries::live_client(ClientNumber number) {
  auto* record = const_cast<ClientRecord*>(client(number));
  return record != nullptr && record->status != ClientStatus::deleted ? record : nullptr;
}
ApiRecord* Registries::live_api(ApiNumber number) {
  auto* record = const_cast<ApiRecord*>(api(number));
  return record != nullptr && !record->deleted ? record : nullptr;
}
GrantRecord* Registries::live_grant(GrantNumber number) {
  auto* record = const_cast<GrantRecord*>(grant(number));
  return record != nullptr && !record->removed ? record : nullptr;
}

// Of those that sign for any API: nothing but its API ends an API's own key.
KeyRecord* Registries::changeable_key(KeyNumber number) {
  auto* record = const_cast<KeyRecord*>(key(number));
  return record != nullptr && record->api == ApiNumber{} ? record : nullptr;
}

Result<void> Registries::on(const ClientRegistered& payload, const Event& event) {
  if (payload.client.value() != clients_.size() + 1 || clients_.size() >= kClientsMax)
    return Errc::log_corrupt;
  if (client_by_id_.contains(payload.client_id)) return Errc::log_corrupt;
  clients_.push_back({.number = payload.client,
                      .client_id = payload.client_id,
                      .built_in = payload.built_in,
                      .settings = payload.settings,
                      .secret_hash = payload.secret_hash,
                      .created_at = event.recorded_at,
                      .updated_seq = event.seq});
  client_by_id_.emplace(payload.client_id, payload.client);
  return {};
}

Result<void> Registries::on(const ClientUpdated& payload, const Event& event) {
  auto* client = live_client(payload.client);
  if (client == nullptr) return Errc::log_corrupt;
  if (!authenticates_alike(client->settings, payload.settings)) {
    client->generation = client->generation.next();
    client->previous_hash = {};
    client->previous_until = {};
  }
  // A secret from before is not the way in again after another change: it takes a new one.
  if (!has_secret(payload.settings)) client->secret_hash = {};
  client->settings = payload.settings;
  client->updated_seq = event.seq;
  return {};
}

Result<void> Registries::on(const ClientDisabled& payload, const Event& event) {
  auto* client = live_client(payload.client);
  if (client == nullptr || client->status != ClientStatus::enabled) return Errc::log_corrupt;
  client->status = ClientStatus::disabled;
  client->updated_seq = event.seq;
  raise(client->revoked_before, event.seq);
  return {};
}

// Enabling changes nothing for old tokens: the watermark stays (Z21).
Result<void> Registries::on(const ClientEnabled& payload, const Event& event) {
  auto* client = live_client(payload.client);
  if (client == nullptr || client->status != ClientStatus::disabled) return Errc::log_corrupt;
  client->status = ClientStatus::enabled;
  client->updated_seq = event.seq;
  return {};
}

Result<void> Registries::on(const ClientDeleted& payload, const Event& event) {
  auto* client = live_client(payload.client);
  if (client == nullptr) return Errc::log_corrupt;
  client->status = ClientStatus::deleted;
  client->updated_seq = event.seq;
  raise(client->revoked_before, event.seq);
  return {};
}

Result<void> Registries::on(const ClientSecretRotated& payload, const Event& event) {
  auto* client = live_client(payload.client);
  if (client == nullptr || payload.generation != client->generation.next())
    return Errc::log_corrupt;
  client->generation = payload.generation;
  const bool overlaps = payload.previous_until != UnixSeconds{};
  client->previous_hash = overlaps ? client->secret_hash : Digest{};
  client->previous_until = payload.previous_until;
  client->secret_hash = payload.secret_hash;
  client->updated_seq = event.seq;
  return {};
}

Result<void> Registries::on(const ApiCreated& payload, const Event& event) {
  if (payload.api.value() != apis_.size() + 1 || apis_.size() >= kApisMax) return Errc::log_corrupt;
  if (api_by_identifier_.contains(payload.identifier)) return Errc::log_corrupt;
  ApiRecord api{.number = payload.api,
                .identifier = payload.identifier,
                .built_in = payload.built_in,
                .settings = payload.settings,
                .secret_key = payload.secret_key,
                .created_at = event.recorded_at,
                .updated_seq = event.seq};
  if (!grow_scope_names(api)) return Errc::log_corrupt;
  apis_.push_back(std::move(api));
  api_by_identifier_.emplace(payload.identifier, payload.api);
  return {};
}

Result<void> Registries::on(const ApiUpdated& payload, const Event& event) {
  auto* api = live_api(payload.api);
  if (api == nullptr) return Errc::log_corrupt;
  ApiRecord changed = *api;
  changed.settings = payload.settings;
  changed.updated_seq = event.seq;
  if (!grow_scope_names(changed)) return Errc::log_corrupt;
  *api = std::move(changed);
  return {};
}

Result<void> Registries::on(const ApiDeleted& payload, const Event& event) {
  auto* api = live_api(payload.api);
  if (api == nullptr) return Errc::log_corrupt;
  api->deleted = true;
  api->updated_seq = event.seq;
  raise(api->revoked_before, event.seq);
  api_by_identifier_.erase(api->identifier);
  return {};
}

Result<void> Registries::on(const ClientGrantAdded& payload, const Event& event) {
  if (payload.grant.value() != grants_.size() + 1 || grants_.size() >= kGrantsMax)
    return Errc::log_corrupt;
  if (live_client(payload.client) == nullptr || live_api(payload.api) == nullptr)
    return Errc::log_corrupt;
  if (!grant_by_pair_.emplace(pair_key(payload.client, payload.api), payload.grant).second)
    return Errc::log_corrupt;
  grants_.push_back({.number = payload.grant,
                     .client = payload.client,
                     .api = payload.api,
                     .scope_mask = payload.scope_mask,
                     .created_at = event.recorded_at,
                     .updated_seq = event.seq});
  return {};
}

Result<void> Registries::on(const ClientGrantUpdated& payload, const Event& event) {
  auto* grant = live_grant(payload.grant);
  if (grant == nullptr) return Errc::log_corrupt;
  grant->scope_mask = payload.scope_mask;
  grant->updated_seq = event.seq;
  return {};
}

Result<void> Registries::on(const ClientGrantRemoved& payload, const Event& event) {
  auto* grant = live_grant(payload.grant);
  if (grant == nullptr) return Errc::log_corrupt;
  grant->removed = true;
  grant->updated_seq = event.seq;
  raise(grant->revoked_before, event.seq);
  grant_by_pair_.erase(pair_key(grant->client, grant->api));
  return {};
}

Result<void> Registries::on(const KeyAdded& payload, const Event& event) {
  if (payload.key.value() != keys_.size() + 1 || keys_.size() >= kKeysMax) return Errc::log_corrupt;
  if (payload.is_next && payload.api != ApiNumber{}) return Errc::log_corrupt;
  if (!key_by_kid_.emplace(payload.kid, payload.key).second) return Errc::log_corrupt;
  keys_.push_back({.number = payload.key,
                   .algorithm = payload.algorithm,
                   .kid = payload.kid,
                   .public_key = payload.public_key,
                   .api = payload.api,
                   .status = payload.is_next ? KeyStatus::next : KeyStatus::active,
                   .imported = payload.imported,
                   .created_at = event.recorded_at,
                   .activated_at = payload.is_next ? LedgerTime{} : event.recorded_at});
  choose_signing_keys();
  return {};
}

Result<void> Registries::on(const KeyRetired& payload, const Event& event) {
  auto* record = changeable_key(payload.key);
  const bool fits = record != nullptr && record->status != KeyStatus::retired &&
                    record->status != KeyStatus::revoked;
  if (!fits) return Errc::log_corrupt;
  record->status = KeyStatus::retired;
  record->ended_at = event.recorded_at;
  choose_signing_keys();
  return {};
}

Result<void> Registries::on(const KeyActivated& payload, const Event& event) {
  auto* record = changeable_key(payload.key);
  if (record == nullptr || record->status != KeyStatus::next) return Errc::log_corrupt;
  record->status = KeyStatus::active;
  record->activated_at = event.recorded_at;
  choose_signing_keys();
  return {};
}

Result<void> Registries::on(const KeyRevoked& payload, const Event& event) {
  auto* record = changeable_key(payload.key);
  if (record == nullptr || record->status == KeyStatus::revoked) return Errc::log_corrupt;
  if (record->status != KeyStatus::retired) record->ended_at = event.recorded_at;
  record->status = KeyStatus::revoked;
  choose_signing_keys();
  raise(record->revoked_before, event.seq);
  return {};
}

// Changes nothing: what is suspected is for people to judge.
Result<void> Registries::on(const ForgerySuspected& payload, const Event&) {
  return key(payload.key) != nullptr ? Result<void>{} : Errc::log_corrupt;
}

Result<void> Registries::on(const TokensRevoked& payload, const Event& event) {
  if (payload.before > event.seq) return Errc::log_corrupt;
  return raise_watermark(payload.selector, payload.before);
}

Result<void> Registries::raise_watermark(Selector selector, Sequence before) {
  const auto raise_in = [&](auto& records) -> Result<void> {
    if (selector.id == 0 || selector.id > records.size()) return Errc::log_corrupt;
    raise(records[selector.id - 1].revoked_before, before);
    return {};
  };
  switch (selector.kind) {
    case SelectorKind::client: return raise_in(clients_);
    case SelectorKind::api: return raise_in(apis_);
    case SelectorKind::grant: return raise_in(grants_);
    case SelectorKind::key: return raise_in(keys_);
    case SelectorKind::all: return raise(all_revoked_before_, before), Result<void>{};
    case SelectorKind::consent:
    case SelectorKind::family:
    case SelectorKind::user: break;  // people's, not registered here
  }
  return Errc::log_corrupt;
}

Sequence Registries::revoked_before(const TokenClass& token_class) const {
  Sequence greatest = all_revoked_before_;
  if (const auto* record = client(token_class.client)) raise(greatest, record->revoked_before);
  if (const auto* record = grant(token_class.grant)) raise(greatest, record->revoked_before);
  if (const auto* record = key(token_class.key)) raise(greatest, record->revoked_before);
  for (const auto& scopes : token_class.apis) {
    if (const auto* record = api(scopes.api)) raise(greatest, record->revoked_before);
  }
  return greatest;
}

Result<void> Registries::restore(std::deque<ClientRecord> clients, std::deque<ApiRecord> apis,
                                 std::deque<GrantRecord> grants, std::deque<KeyRecord> keys,
                                 Sequence all_revoked_before) {
  Registries fresh;
  const auto dense = [](const auto& records) {
    for (std::size_t i = 0; i < records.size(); ++i) {
      if (records[i].number.value() != i + 1) return false;
    }
    return true;
  };
  if (!dense(clients) || !dense(apis) || !dense(grants) || !dense(keys)) return Errc::log_corrupt;
  for (const auto& client : clients) {
    if (!fresh.client_by_id_.emplace(client.client_id, client.number).second)
      return Errc::log_corrupt;
  }
  for (const auto& api : apis) {
    if (api.scope_names.size() > kScopesPerApiMax) return Errc::log_corrupt;
    if (!api.deleted && !fresh.api_by_identifier_.emplace(api.identifier, api.number).second)
      return Errc::log_corrupt;
  }
  for (const auto& grant : grants) {
    if (grant.removed) continue;
    if (!fresh.grant_by_pair_.emplace(pair_key(grant.client, grant.api), grant.number).second)
      return Errc::log_corrupt;
  }
  for (const auto& key : keys) {
    if (!fresh.key_by_kid_.emplace(key.kid, key.number).second) return Errc::log_corrupt;
  }
  fresh.clients_ = std::move(clients);
  fresh.apis_ = std::move(apis);
  fresh.grants_ = std::move(grants);
  fresh.keys_ = std::move(keys);
  fresh.all_revoked_before_ = all_revoked_before;
  fresh.choose_signing_keys();
  *this = std::move(fresh);
  return {};
}

}  // namespace tokenledger
