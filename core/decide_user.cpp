// The rules on users, their groups and passwords.
#include <algorithm>
#include <functional>

#include "core/decider.hpp"

namespace tokenledger {
namespace {

// A login is what a user is found by, so it is never absent; a name may be.
Result<void> check_profile(const Sealed& login, const Sealed& display_name) {
  if (login.bytes.empty()) return Errc::invalid_argument;
  const bool fits =
      login.bytes.size() <= kSealedBytesMax && display_name.bytes.size() <= kSealedBytesMax;
  return fits ? Result<void>{} : Errc::too_large;
}

}  // namespace

Result<const UserRecord*> Decider::authenticated_user() const {
  const auto* user = state_.people.user(command_.actor.user);
  if (user == nullptr || user->status == UserStatus::erased) return Errc::unauthorized_actor;
  if (user->password_generation != command_.actor.generation) return Errc::unauthorized_actor;
  if (user->status == UserStatus::disabled) return Errc::user_disabled;
  return user;
}

Result<const UserRecord*> Decider::known_user(UserNumber number) const {
  const auto* user = state_.people.user(number);
  if (user == nullptr || user->status == UserStatus::erased) return Errc::user_not_found;
  return user;
}

bool Decider::is_user(UserNumber number) const {
  return command_.actor.kind == ActorKind::user && command_.actor.user == number;
}

Result<void> Decider::operator()(const RegisterUser& add) {
  if (add.id == UserId{}) return Errc::invalid_argument;
  if (auto checked = check_profile(add.login, add.display_name); !checked) return checked;
  if (auto allowed = require_scope(ManagementScope::users_write); !allowed) return allowed;
  if (state_.is_erased(add.id) || state_.people.find_user(add.id) != UserNumber{})
    return Errc::user_exists;
  const auto number = state_.people.users().size() + 1;
  if (number > kUsersMax) return Errc::limit_reached;
  return emit(UserRegistered{UserNumber{static_cast<std::uint32_t>(number)}, add.id, add.login,
                             add.display_name});
}

Result<void> Decider::operator()(const UpdateUser& update) {
  if (auto checked = check_profile(update.login, update.display_name); !checked) return checked;
  if (auto allowed = require_scope(ManagementScope::users_write); !allowed) return allowed;
  const auto user = known_user(update.user);
  if (!user) return user.error();
  if (!is_current((*user)->updated_seq, update.based_on)) return Errc::stale_policy;
  return emit(UserUpdated{update.user, update.login, update.display_name});
}

// Whoever knew the old password may hold refresh tokens, so these end with it; access tokens
// without a family run out by themselves.
Result<void> Decider::operator()(const SetPassword& set) {
  if (!is_user(set.user)) {
    if (auto allowed = require_scope(ManagementScope::users_write); !allowed) return allowed;
  }
  const auto user = known_user(set.user);
  if (!user) return user.error();
  if (set.generation != (*user)->password_generation.next()) return Errc::stale_policy;
  if (auto emitted = emit(UserPasswordSet{set.user, set.generation}); !emitted) return emitted;
  for (const auto family : state_.people.families_of(set.user)) {
    if (auto ended = emit(FamilyEnded{family, Cause::password_changed, {}}); !ended) return ended;
  }
  return {};
}

Result<void> Decider::operator()(const DisableUser& disable) {
  if (disable.reason.bytes.size() > kSealedBytesMax) return Errc::too_large;
  if (auto allowed = require_scope(ManagementScope::users_write); !allowed) return allowed;
  const auto user = known_user(disable.user);
  if (!user) return user.error();
  if ((*user)->status == UserStatus::disabled) return Errc::already_in_state;
  return emit(UserDisabled{disable.user, disable.reason});
}

Result<void> Decider::operator()(const EnableUser& enable) {
  if (auto allowed = require_scope(ManagementScope::users_write); !allowed) return allowed;
  const auto user = known_user(enable.user);
  if (!user) return user.error();
  if ((*user)->status == UserStatus::enabled) return Errc::already_in_state;
  return emit(UserEnabled{enable.user});
}

// What a user got on a group's consent ends when the user leaves the group; every token of it has a
// family of its own (check_new_family), so nobody else's ends.
Result<void> Decider::operator()(const SetUserGroups& set) {
  if (set.groups.size() > kUserGroupsMax) return Errc::too_large;
  const bool is_ascending =
      std::ranges::adjacent_find(set.groups, std::greater_equal{}) == set.groups.end();
  if (!is_ascending) return Errc::invalid_argument;
  if (auto allowed = require_scope(ManagementScope::users_write); !allowed) return allowed;
  const auto user = known_user(set.user);
  if (!user) return user.error();
  for (const auto group : set.groups) {
    if (!state_.people.is_live(group)) return Errc::group_not_found;
  }
  if (!is_current((*user)->updated_seq, set.based_on)) return Errc::stale_policy;
  if (auto emitted = emit(UserGroupsSet{set.user, set.groups}); !emitted) return emitted;
  for (const auto family : state_.people.families_of(set.user)) {
    const auto* consent = state_.people.consent(state_.people.family(family)->consent);
    const bool is_groups = consent != nullptr && consent->user == UserNumber{};
    if (!is_groups || std::ranges::binary_search(set.groups, consent->group)) continue;
    if (auto ended = emit(FamilyEnded{family, Cause::group_left, {}}); !ended) return ended;
  }
  return {};
}

Result<void> Decider::operator()(const CreateGroup& create) {
  if (!is_label(create.name, kLabelBytesMax)) return Errc::invalid_argument;
  if (auto allowed = require_scope(ManagementScope::users_write); !allowed) return allowed;
  if (state_.people.find_group(create.name) != GroupNumber{}) return Errc::group_exists;
  const auto number = state_.people.groups().size() + 1;
  if (number > kGroupsMax) return Errc::limit_reached;
  return emit(GroupCreated{GroupNumber{static_cast<std::uint16_t>(number)}, create.name});
}

// What was allowed for the group in advance ends first: nobody can be in it any more.
Result<void> Decider::operator()(const DeleteGroup& erase) {
  if (auto allowed = require_scope(ManagementScope::users_write); !allowed) return allowed;
  if (!state_.people.is_live(erase.group)) return Errc::group_not_found;
  for (const auto consent : state_.people.pre_consents_of(erase.group)) {
    if (auto ended = emit(ConsentWithdrawn{consent, {}}); !ended) return ended;
  }
  return emit(GroupDeleted{erase.group});
}

}  // namespace tokenledger
