#include "api/people_wire.hpp"

#include "api/rfc3339.hpp"
#include "api/wire.hpp"
#include "core/identity_scopes.hpp"
#include "core/invariant.hpp"
#include "core/user_id.hpp"

namespace tokenledger {

std::string_view user_status_name(UserStatus status) noexcept {
  switch (status) {
    case UserStatus::enabled: return "enabled";
    case UserStatus::disabled: return "disabled";
    case UserStatus::erased: return "erased";
  }
  return {};
}

std::optional<UserWire> user_wire(const People& people, UserNumber number) {
  const auto* record = people.user(number);
  if (record == nullptr || record->status == UserStatus::erased) return std::nullopt;
  UserWire wire{number, *record, {}};
  for (const auto group : record->groups) {
    if (people.is_live(group)) wire.groups.push_back(people.group(group)->name);
  }
  return wire;
}

void write_user(JsonWriter& json, const UserWire& user, const LedgerPeople::Profile& profile) {
  json.begin_object()
      .member("user_id", user_id_text(user.record.id))
      .member("login", profile.login);
  write_text_or_null(
      json, "display_name",
      profile.display_name.empty() ? std::nullopt : std::optional{profile.display_name});
  json.member("status", user_status_name(user.record.status)).name("groups").begin_array();
  for (const auto& group : user.groups) json.value(group);
  json.end_array()
      .member("has_password", user.record.password_generation != SecretGeneration{})
      .member("created_at", format_rfc3339(to_seconds(user.record.created_at)))
      .end_object();
}

void write_group(JsonWriter& json, const GroupRecord& group) {
  json.begin_object()
      .member("name", group.name)
      .member("consents", std::uint64_t{group.consents})
      .member("created_at", format_rfc3339(to_seconds(group.created_at)))
      .end_object();
}

std::optional<ConsentWire> consent_wire(const People& people, ConsentNumber number) {
  const auto* record = people.consent(number);
  if (record == nullptr || record->state != ConsentState::granted) return std::nullopt;
  ConsentWire wire{number, *record, {}, {}};
  if (const auto* user = people.user(record->user)) wire.user_id = user->id;
  if (const auto* group = people.group(record->group)) wire.group = group->name;
  return wire;
}

void write_consent(JsonWriter& json, const ConsentWire& consent, const Registries& registries) {
  const auto* client = registries.client(consent.record.client);
  const auto* api = registries.api(consent.record.api);
  // The registries are copied before people are read, or later: they know whatever consents name.
  LEDGER_INVARIANT(client != nullptr);
  LEDGER_INVARIANT(api != nullptr);
  json.begin_object().member("consent", consent.number.value());
  write_text_or_null(
      json, "user_id",
      consent.user_id == UserId{} ? std::nullopt : std::optional{user_id_text(consent.user_id)});
  write_text_or_null(json, "group",
                     consent.group.empty() ? std::nullopt : std::optional{consent.group});
  json.member("client_id", client->client_id)
      .member("audience", api->identifier)
      .name("scopes")
      .begin_array();
  for (std::size_t bit = 0; bit < api->scope_names.size(); ++bit)
    if ((consent.record.scope_mask >> bit & 1) != 0) json.value(api->scope_names[bit]);
  json.end_array().name("identity_scopes").begin_array();
  for (std::size_t bit = 0; bit < kIdentityScopes.size(); ++bit)
    if ((consent.record.identity_mask >> bit & 1) != 0) json.value(kIdentityScopes[bit].name);
  json.end_array().member("granted_at", format_rfc3339(consent.record.granted_at)).end_object();
}

}  // namespace tokenledger
