// Events of users, groups and consents.
#include <algorithm>

#include "core/people_folder.hpp"
#include "core/people_keys.hpp"

namespace tokenledger {
namespace {

bool is_new(std::uint64_t added, std::uint64_t present) { return (added & present) == 0; }

bool is_identity_mask(std::uint64_t mask) { return (mask & ~kIdentityMaskAll) == 0; }

}  // namespace

UserRecord* PeopleFolder::changeable(UserNumber number) {
  if (people_.user(number) == nullptr) return nullptr;
  auto& record = people_.at(number);
  return record.status == UserStatus::erased ? nullptr : &record;
}

UserRecord* PeopleFolder::enabled(UserNumber number) {
  auto* record = changeable(number);
  return record != nullptr && record->status == UserStatus::enabled ? record : nullptr;
}

ConsentRecord* PeopleFolder::granted(ConsentNumber number) {
  if (people_.consent(number) == nullptr) return nullptr;
  auto& record = people_.at(number);
  return record.state == ConsentState::granted ? &record : nullptr;
}

Result<void> PeopleFolder::operator()(const UserRegistered& payload) {
  if (payload.user.value() != parts_.users.size() + 1) return Errc::log_corrupt;
  if (parts_.users.size() >= kUsersMax || payload.id == UserId{}) return Errc::log_corrupt;
  if (people_.find_user(payload.id) != UserNumber{}) return Errc::log_corrupt;
  parts_.users.push_back({.id = payload.id,
                          .created_at = event_.recorded_at,
                          .profile_seq = event_.seq,
                          .updated_seq = event_.seq});
  people_.user_by_id_.insert(payload.user.value(), [this](std::uint32_t number) {
    return people_keys::hash_of(parts_.users[number - 1].id);
  });
  return {};
}

Result<void> PeopleFolder::operator()(const UserUpdated& payload) {
  auto* user = changeable(payload.user);
  if (user == nullptr) return Errc::log_corrupt;
  user->profile_seq = event_.seq;
  user->updated_seq = event_.seq;
  return {};
}

// The families that end with the old password follow, each with its own event.
Result<void> PeopleFolder::operator()(const UserPasswordSet& payload) {
  auto* user = changeable(payload.user);
  if (user == nullptr || payload.generation != user->password_generation.next())
    return Errc::log_corrupt;
  user->password_generation = payload.generation;
  user->codes_ended_before = event_.seq;
  user->updated_seq = event_.seq;
  return {};
}

Result<void> PeopleFolder::operator()(const UserDisabled& payload) {
  auto* user = enabled(payload.user);
  if (user == nullptr) return Errc::log_corrupt;
  // Families first: they hold consents.
  for (const auto number : people_.families_of(payload.user)) people_.end(number, ops_);
  for (const auto number : people_.consents_of(payload.user)) people_.end(number, ops_);
  user->status = UserStatus::disabled;
  user->codes_ended_before = event_.seq;
  user->updated_seq = event_.seq;
  return {};
}

// Brings nothing back (Z21): what ended stays ended.
Result<void> PeopleFolder::operator()(const UserEnabled& payload) {
  auto* user = changeable(payload.user);
  if (user == nullptr || user->status != UserStatus::disabled) return Errc::log_corrupt;
  user->status = UserStatus::enabled;
  user->updated_seq = event_.seq;
  return {};
}

Result<void> PeopleFolder::operator()(const UserGroupsSet& payload) {
  auto* user = changeable(payload.user);
  if (user == nullptr || payload.groups.size() > kUserGroupsMax) return Errc::log_corrupt;
  const auto is_live = [this](GroupNumber group) { return people_.is_live(group); };
  if (!std::ranges::all_of(payload.groups, is_live)) return Errc::log_corrupt;
  if (std::ranges::adjacent_find(payload.groups, std::ranges::greater_equal{}) !=
      payload.groups.end())
    return Errc::log_corrupt;
  user->groups = {};
  std::ranges::copy(payload.groups, user->groups.begin());
  user->updated_seq = event_.seq;
  return {};
}

// Of an owner that is no user there is nothing here. A user is disabled first, by an event that
// names the number: so every cascade does.
Result<void> PeopleFolder::operator()(const OwnerErased& payload) {
  const auto number = people_.find_user(payload.owner);
  if (number == UserNumber{}) return {};
  auto& user = people_.at(number);
  if (user.status != UserStatus::disabled) return Errc::log_corrupt;
  user.status = UserStatus::erased;
  user.updated_seq = event_.seq;
  return {};
}

Result<void> PeopleFolder::operator()(const GroupCreated& payload) {
  if (payload.group.value() != parts_.groups.size() + 1 || parts_.groups.size() >= kGroupsMax)
    return Errc::log_corrupt;
  if (!people_.group_by_name_.emplace(payload.name, payload.group).second) return Errc::log_corrupt;
  parts_.groups.push_back({.name = payload.name, .created_at = event_.recorded_at});
  return {};
}

// What was granted to it in advance was withdrawn by the same command.
Result<void> PeopleFolder::operator()(const GroupDeleted& payload) {
  if (!people_.is_live(payload.group)) return Errc::log_corrupt;
  auto& group = parts_.groups[payload.group.value() - 1];
  if (group.consents != 0) return Errc::log_corrupt;
  group.deleted = true;
  people_.group_by_name_.erase(group.name);
  return {};
}

void PeopleFolder::grant(ConsentNumber number, const ConsentRecord& record) {
  people_.take(number);
  people_.at(number) = record;
  people_.link(number);
}

Result<void> PeopleFolder::operator()(const ConsentGranted& payload) {
  const auto* user = enabled(payload.user);
  if (user == nullptr || user->consents >= kConsentsPerUserMax) return Errc::log_corrupt;
  if (payload.consent == ConsentNumber{} || payload.consent != people_.next_consent())
    return Errc::log_corrupt;
  if (!is_identity_mask(payload.identity_mask)) return Errc::log_corrupt;
  if (people_.find_consent(payload.user, payload.client, payload.api) != ConsentNumber{})
    return Errc::log_corrupt;
  grant(payload.consent, {.scope_mask = payload.scope_mask,
                          .user = payload.user,
                          .client = payload.client,
                          .api = payload.api,
                          .granted_at = to_seconds(event_.recorded_at),
                          .identity_mask = static_cast<std::uint8_t>(payload.identity_mask),
                          .state = ConsentState::granted});
  return {};
}

Result<void> PeopleFolder::operator()(const ConsentExtended& payload) {
  auto* consent = granted(payload.consent);
  if (consent == nullptr || enabled(consent->user) == nullptr) return Errc::log_corrupt;
  if (!is_identity_mask(payload.identity_mask)) return Errc::log_corrupt;
  if ((payload.scope_mask | payload.identity_mask) == 0) return Errc::log_corrupt;
  if (!is_new(payload.scope_mask, consent->scope_mask) ||
      !is_new(payload.identity_mask, consent->identity_mask))
    return Errc::log_corrupt;
  consent->scope_mask |= payload.scope_mask;
  consent->identity_mask |= static_cast<std::uint8_t>(payload.identity_mask);
  return {};
}

Result<void> PeopleFolder::operator()(const ConsentPreconfigured& payload) {
  if (!people_.is_live(payload.group)) return Errc::log_corrupt;
  if (payload.consent == ConsentNumber{} || payload.consent != people_.next_consent())
    return Errc::log_corrupt;
  if (!is_identity_mask(payload.identity_mask)) return Errc::log_corrupt;
  if (parts_.pre_consents >= kPreConsentsMax) return Errc::log_corrupt;
  if (people_.find_pre_consent(payload.group, payload.client, payload.api) != ConsentNumber{})
    return Errc::log_corrupt;
  grant(payload.consent, {.scope_mask = payload.scope_mask,
                          .client = payload.client,
                          .api = payload.api,
                          .granted_at = to_seconds(event_.recorded_at),
                          .group = payload.group,
                          .identity_mask = static_cast<std::uint8_t>(payload.identity_mask),
                          .state = ConsentState::granted});
  return {};
}

Result<void> PeopleFolder::operator()(const ConsentWithdrawn& payload) {
  if (granted(payload.consent) == nullptr) return Errc::log_corrupt;
  people_.end(payload.consent, ops_);
  return {};
}

}  // namespace tokenledger
