// The wire form of users, groups and consents under /v1.
//
// Records are copied while the lock on people is held (LedgerPeople::show_people) and written after
// it. Threads: pure functions, but for write_user(), whose caller read the profile from the log.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/json_writer.hpp"
#include "core/people.hpp"
#include "core/registries.hpp"
#include "storage/ledger_people.hpp"

namespace tokenledger {

[[nodiscard]] std::string_view user_status_name(UserStatus status) noexcept;

struct UserWire {
  UserNumber number;
  UserRecord record;
  std::vector<std::string> groups;  // names of those that are not deleted
};
// nullopt: never registered, or erased.
[[nodiscard]] std::optional<UserWire> user_wire(const People& people, UserNumber number);
// {user_id, login, display_name, status, groups, has_password, created_at}; display_name is null
// when none was given.
void write_user(JsonWriter& json, const UserWire& user, const LedgerPeople::Profile& profile);

// {name, consents, created_at}: how many consents it was given in advance.
void write_group(JsonWriter& json, const GroupRecord& group);

struct ConsentWire {
  ConsentNumber number;
  ConsentRecord record;
  UserId user_id{};   // zeros: a group's
  std::string group;  // empty: a user's own
};
// nullopt: not granted, or not any more.
[[nodiscard]] std::optional<ConsentWire> consent_wire(const People& people, ConsentNumber number);
// {consent, user_id, group, client_id, audience, scopes, identity_scopes, granted_at}; user_id or
// group is null.
void write_consent(JsonWriter& json, const ConsentWire& consent, const Registries& registries);

}  // namespace tokenledger
