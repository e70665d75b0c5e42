// The oracle's rules about clients, APIs, grants, keys and the ledger itself.
#include <algorithm>
#include <set>

#include "tests/core/oracle_model.hpp"

namespace oracle {
namespace {

// The commands the oracle sees contain ASCII, or bytes that are no UTF-8 at all.
bool is_label(const std::string& text, std::size_t size_max) {
  return !text.empty() && text.size() <= size_max &&
         std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}
bool is_word(const std::string& text, std::size_t size_max) {
  return is_label(text, size_max) && text.find_first_of(" \"\\") == std::string::npos;
}

void remember_names(Api& api) {
  for (const auto& name : api.settings.scopes) {
    if (std::ranges::count(api.names_ever, name) == 0) api.names_ever.push_back(name);
  }
}

}  // namespace

std::string Model::settable(const ClientSettings& settings) const {
  if (!is_label(settings.name, 200) || settings.grant_types < 0 || settings.grant_types > 15)
    return "invalid_argument";
  if (settings.redirect_uris.size() > 16) return "too_large";
  for (const auto& uri : settings.redirect_uris) {
    if (!is_word(uri, 1000)) return "invalid_argument";
  }
  // 2 and 8 bring people's browsers back to the client.
  if ((settings.grant_types & 10) != 0 && settings.redirect_uris.empty()) return "invalid_argument";
  if (settings.live_tokens_max > 1u << 24) return "invalid_argument";
  return settings.token_format <= 3 ? "" : "algorithm_not_allowed";
}

std::string Model::settable(const ApiSettings& settings) const {
  if (!is_label(settings.name, 200)) return "invalid_argument";
  if (settings.scopes.size() > 64) return "too_large";
  for (const auto& scope : settings.scopes) {
    if (!is_word(scope, 200)) return "invalid_argument";
  }
  if (std::set(settings.scopes.begin(), settings.scopes.end()).size() != settings.scopes.size())
    return "invalid_argument";
  if (settings.lifetime == 0 || settings.lifetime > settings.lifetime_max)
    return "invalid_argument";
  if (settings.lifetime_max > 10 * 365 * 86'400) return "lifetime_too_long";
  if (settings.introspectors.size() > 32) return "too_large";
  for (const auto& client : settings.introspectors) {
    if (!is_word(client, 200)) return "invalid_argument";
  }
  for (const auto origin : settings.kept_origins) {
    if (origin > 5) return "invalid_argument";
  }
  if (settings.algorithm < 1 || settings.algorithm > 4) return "algorithm_not_allowed";
  if (settings.token_format < 1 || settings.token_format > 3) return "algorithm_not_allowed";
  return settings.algorithm == 4 && settings.token_format != 1 ? "algorithm_not_allowed" : "";
}

std::string Model::changeable(const std::string& client_id, std::uint32_t& number) const {
  if (!may("clients:write")) return "insufficient_scope";
  number = live_client(client_id);
  if (number == 0) return "client_not_found";
  return clients[number - 1].built_in ? "client_built_in" : "";
}

// Who decides about a client decides about the management scopes it holds.
bool Model::covers_what_is_held(std::uint32_t client) const {
  const auto management = live_api(kManagement);
  const auto grant = management == 0 ? 0 : live_grant(client, management);
  return grant == 0 || covers(management, grants[grant - 1].scopes);
}

std::string Model::on(const CreateLedger& create) {
  if (command_->who.kind != 1) return "insufficient_scope";
  if (create.issuer.size() > 500) return "too_large";
  log("ledger_created");
  created = true;
  return {};
}

std::string Model::on(const OpenLedger&) {
  if (command_->who.kind != 1) return "insufficient_scope";
  log("ledger_opened");
  // An opening that used no index up is forgotten: nothing was ever named by it.
  const std::array<std::uint64_t, kLanes> starts = {next_counter(0), next_counter(1),
                                                    next_counter(2), next_counter(3)};
  if (!openings.empty() && openings.back() == starts) openings.pop_back();
  openings.push_back(starts);
  return {};
}

std::string Model::on(const RegisterClient& add) {
  if (add.built_in ? !is_host() : !may("clients:write")) return "insufficient_scope";
  if (!is_word(add.client_id, 200) || add.client_id.starts_with("usr_")) return "invalid_argument";
  if (auto no = settable(add.settings); !no.empty()) return no;
  if (find_client(add.client_id) != 0) return "client_exists";
  log("client_registered");
  clients.push_back({add.client_id, add.built_in, "enabled", add.settings, 1, last_at, last_seq});
  return {};
}

std::string Model::on(const UpdateClient& update) {
  std::uint32_t number = 0;
  if (!may("clients:write")) return "insufficient_scope";
  if (auto no = settable(update.settings); !no.empty()) return no;
  if (auto no = changeable(update.client_id, number); !no.empty()) return no;
  if (!covers_what_is_held(number)) return "insufficient_scope";
  if (update.read_at != 0 && clients[number - 1].updated_seq != update.read_at)
    return "stale_policy";
  log("client_updated");
  clients[number - 1].settings = update.settings;
  clients[number - 1].updated_seq = last_seq;
  return {};
}

std::string Model::on(const DisableClient& disable) {
  std::uint32_t number = 0;
  if (auto no = changeable(disable.client_id, number); !no.empty()) return no;
  auto& client = clients[number - 1];
  if (client.status == "disabled") return "already_in_state";
  log("client_disabled");
  client.status = "disabled";
  client.updated_seq = last_seq;
  cascade(1, number, last_seq, "client_disabled");
  return {};
}

// Z21: old tokens stay ended.
std::string Model::on(const EnableClient& enable) {
  std::uint32_t number = 0;
  if (auto no = changeable(enable.client_id, number); !no.empty()) return no;
  if (!covers_what_is_held(number)) return "insufficient_scope";
  auto& client = clients[number - 1];
  if (client.status == "enabled") return "already_in_state";
  log("client_enabled");
  client.status = "enabled";
  client.updated_seq = last_seq;
  return {};
}

std::string Model::on(const DeleteClient& erase) {
  std::uint32_t number = 0;
  if (auto no = changeable(erase.client_id, number); !no.empty()) return no;
  log("client_deleted");
  clients[number - 1].status = "deleted";
  clients[number - 1].updated_seq = last_seq;
  cascade(1, number, last_seq, "client_deleted");
  return {};
}

std::string Model::on(const RotateSecret& rotate) {
  std::uint32_t number = 0;
  if (auto no = changeable(rotate.client_id, number); !no.empty()) return no;
  if (!covers_what_is_held(number)) return "insufficient_scope";
  log("client_secret_rotated");
  ++clients[number - 1].generation;
  clients[number - 1].updated_seq = last_seq;
  return {};
}

std::string Model::on(const CreateApi& create) {
  if (create.built_in ? command_->who.kind != 1 : !may("apis:write")) return "insufficient_scope";
  if (!is_word(create.identifier, 500)) return "invalid_argument";
  const bool reserved =
      create.identifier == kManagement || create.identifier == "urn:tokenledger:userinfo";
  if (create.built_in != reserved) return "invalid_argument";
  if (auto no = settable(create.settings); !no.empty()) return no;
  if (live_api(create.identifier) != 0) return "api_exists";
  Api api{create.identifier, create.built_in, false, create.settings, {}, 0, 0};
  if (create.settings.algorithm == 4) {
    if (!is_word(create.kid, 200)) return "invalid_argument";
    if (find_key(create.kid) != 0) return "key_exists";
    log("key_added");
    keys.push_back({4, create.kid, static_cast<std::uint32_t>(apis.size() + 1), false});
    api.own_key = static_cast<std::uint32_t>(keys.size());
  } else if (!create.kid.empty()) {
    return "invalid_argument";
  }
  log("api_created");
  api.updated_seq = last_seq;
  remember_names(api);
  apis.push_back(api);
  return {};
}

std::string Model::on(const UpdateApi& update) {
  if (!may("apis:write")) return "insufficient_scope";
  if (auto no = settable(update.settings); !no.empty()) return no;
  const auto number = live_api(update.identifier);
  if (number == 0) return "api_not_found";
  auto& api = apis[number - 1];
  if (api.built_in && command_->who.kind != 1) return "api_built_in";
  if (update.read_at != 0 && api.updated_seq != update.read_at) return "stale_policy";
  // HS256 only for an API created with it.
  if ((api.settings.algorithm == 4) != (update.settings.algorithm == 4))
    return "algorithm_not_allowed";
  auto changed = api;
  changed.settings = update.settings;
  remember_names(changed);
  if (changed.names_ever.size() > 64) return "limit_reached";
  log("api_updated");
  changed.updated_seq = last_seq;
  api = changed;
  return {};
}

std::string Model::on(const DeleteApi& erase) {
  if (!may("apis:write")) return "insufficient_scope";
  const auto number = live_api(erase.identifier);
  if (number == 0) return "api_not_found";
  if (apis[number - 1].built_in) return "api_built_in";
  log("api_deleted");
  apis[number - 1].deleted = true;
  apis[number - 1].updated_seq = last_seq;
  cascade(2, number, last_seq, "api_deleted");
  return {};
}

std::string Model::grantable(std::uint32_t number, const std::vector<std::string>& scopes) const {
  if (scopes.size() > 64) return "too_large";
  for (const auto& scope : scopes) {
    if (std::ranges::count(api(number)->settings.scopes, scope) == 0) return "scope_unknown";
  }
  return covers(number, scopes) ? "" : "insufficient_scope";
}

std::string Model::known_grant(const std::string& client_id, const std::string& audience,
                               std::uint32_t& number) const {
  if (!may("clients:write")) return "insufficient_scope";
  const auto client = live_client(client_id);
  if (client == 0) return "client_not_found";
  const auto on_api = live_api(audience);
  if (on_api == 0) return "api_not_found";
  number = live_grant(client, on_api);
  return number == 0 ? "grant_not_found" : "";
}

std::string Model::on(const AddGrant& add) {
  std::uint32_t client = 0;
  if (auto no = changeable(add.client_id, client); !no.empty()) return no;
  const auto on_api = live_api(add.audience);
  if (on_api == 0) return "api_not_found";
  if (auto no = grantable(on_api, add.scopes); !no.empty()) return no;
  if (live_grant(client, on_api) != 0) return "grant_exists";
  log("client_grant_added");
  grants.push_back({client, on_api, add.scopes, false, last_seq});
  return {};
}

std::string Model::on(const UpdateGrant& update) {
  std::uint32_t number = 0;
  if (auto no = known_grant(update.client_id, update.audience, number); !no.empty()) return no;
  auto& grant = grants[number - 1];
  if (auto no = grantable(grant.api, update.scopes); !no.empty()) return no;
  log("client_grant_updated");
  grant.scopes = update.scopes;
  grant.updated_seq = last_seq;
  return {};
}

std::string Model::on(const RemoveGrant& remove) {
  std::uint32_t number = 0;
  if (auto no = known_grant(remove.client_id, remove.audience, number); !no.empty()) return no;
  log("client_grant_removed");
  grants[number - 1].removed = true;
  grants[number - 1].updated_seq = last_seq;
  cascade(3, number, last_seq, "grant_removed");
  return {};
}

std::string Model::on(const AddKey& add) {
  if (!is_host()) return "insufficient_scope";
  if (add.algorithm < 1 || add.algorithm > 3 || !is_word(add.kid, 200)) return "invalid_argument";
  if (add.public_key.empty() || add.public_key.size() > 1024) return "invalid_argument";
  if (find_key(add.kid) != 0) return "key_exists";
  log("key_added");
  keys.push_back({add.algorithm, add.kid, 0, false});
  return {};
}

std::string Model::on(const RetireKey& retire) {
  if (!may("keys:write")) return "insufficient_scope";
  const auto number = find_key(retire.kid);
  if (number == 0 || keys[number - 1].api != 0) return "key_not_found";
  if (keys[number - 1].retired) return "already_in_state";
  // Outsiders retire what does not sign: an older one of those in use.
  bool is_newest = true;
  for (std::size_t i = number; i < keys.size(); ++i) {
    const auto& later = keys[i];
    if (later.api == 0 && !later.retired && later.algorithm == keys[number - 1].algorithm)
      is_newest = false;
  }
  if (is_newest && !is_host()) return "key_signs";
  log("key_retired");
  keys[number - 1].retired = true;
  return {};
}

std::string Model::on(const Note& note) {
  if (!may("notes:write")) return "insufficient_scope";
  if (!is_label(note.topic, 100)) return "invalid_argument";
  if (note.body.size() > 8192) return "too_large";
  log("note_appended");
  return {};
}

std::string Model::on(const EraseOwner& erase) {
  if (erase.reason.size() > 8192) return "too_large";
  if (!may("owners:erase")) return "insufficient_scope";
  if (erase.owner == 0) return "owner_not_found";
  for (const auto owner : erased)
    if (owner == erase.owner) return "already_in_state";
  log("owner_erased");
  erased.push_back(erase.owner);
  return {};
}

}  // namespace oracle
