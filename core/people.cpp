#include "core/people.hpp"

#include <algorithm>
#include <limits>

#include "core/people_keys.hpp"

namespace tokenledger {
const UserRecord* People::user(UserNumber number) const {
  return people_keys::at(parts_.users, number);
}

UserNumber People::find_user(const UserId& id) const {
  return UserNumber{user_by_id_.find(people_keys::hash_of(id), [&](std::uint32_t number) {
    return parts_.users[number - 1].id == id;
  })};
}

const GroupRecord* People::group(GroupNumber number) const {
  return people_keys::at(parts_.groups, number);
}

bool People::is_live(GroupNumber number) const {
  const auto* record = group(number);
  return record != nullptr && !record->deleted;
}

GroupNumber People::find_group(std::string_view name) const {
  const auto found = group_by_name_.find(name);
  return found == group_by_name_.end() ? GroupNumber{} : found->second;
}

bool People::is_member(UserNumber number, GroupNumber group) const {
  const auto* record = user(number);
  return record != nullptr && is_live(group) &&
         std::ranges::find(record->groups, group) != record->groups.end();
}

const ConsentRecord* People::consent(ConsentNumber number) const {
  const auto* record = people_keys::at(parts_.consents, number);
  return record != nullptr && record->state != ConsentState::free ? record : nullptr;
}

ConsentNumber People::find_consent(UserNumber user, ClientNumber client, ApiNumber api) const {
  const people_keys::ConsentKey key{user, client, api};
  return ConsentNumber{consent_by_key_.find(people_keys::hash_of(key), [&](std::uint32_t number) {
    return people_keys::key_of(parts_.consents[number - 1]) == key;
  })};
}

std::vector<ConsentNumber> People::consents_of(UserNumber number) const {
  std::vector<ConsentNumber> found;
  const auto* record = user(number);
  if (record == nullptr) return found;
  for (auto next = record->first_consent; next != ConsentNumber{};
       next = parts_.consents[next.value() - 1].next)
    found.push_back(next);
  return found;
}

std::span<const ConsentNumber> People::pre_consents(ClientNumber client, ApiNumber api) const {
  const auto found = pre_consents_by_pair_.find(people_keys::pair_of(client, api));
  if (found == pre_consents_by_pair_.end()) return {};
  return found->second;
}

ConsentNumber People::find_pre_consent(GroupNumber group, ClientNumber client,
                                       ApiNumber api) const {
  for (const auto number : pre_consents(client, api)) {
    if (parts_.consents[number.value() - 1].group == group) return number;
  }
  return {};
}

std::vector<ConsentNumber> People::pre_consents_of(GroupNumber group) const {
  std::vector<ConsentNumber> found;
  for (const auto& [pair, numbers] : pre_consents_by_pair_) {
    for (const auto number : numbers) {
      if (parts_.consents[number.value() - 1].group == group) found.push_back(number);
    }
  }
  std::ranges::sort(found);
  return found;
}

bool People::covers(ConsentNumber number, UserNumber user) const {
  const auto* record = consent(number);
  if (record == nullptr || record->state != ConsentState::granted) return false;
  if (user == UserNumber{}) return false;
  return record->user == UserNumber{} ? is_member(user, record->group) : record->user == user;
}

std::vector<ConsentNumber> People::consents_for(UserNumber user, ClientNumber client,
                                                ApiNumber api) const {
  std::vector<ConsentNumber> found;
  if (const auto own = find_consent(user, client, api); own != ConsentNumber{})
    found.push_back(own);
  for (const auto number : pre_consents(client, api)) {
    if (covers(number, user)) found.push_back(number);
  }
  return found;
}

ConsentNumber People::next_consent() const {
  if (parts_.free_consent != ConsentNumber{}) return parts_.free_consent;
  const auto next = parts_.consents.size() + 1;
  return next < kConsentsMax ? ConsentNumber{static_cast<std::uint32_t>(next)} : ConsentNumber{};
}

const FamilyRecord* People::family(FamilyNumber number) const {
  const auto* record = people_keys::at(parts_.families, number);
  return record != nullptr && record->state != FamilyState::free ? record : nullptr;
}

std::vector<FamilyNumber> People::families_of(UserNumber number) const {
  std::vector<FamilyNumber> found;
  const auto* record = user(number);
  if (record == nullptr) return found;
  for (auto next = record->first_family; next != FamilyNumber{};
       next = parts_.families[next.value() - 1].next)
    found.push_back(next);
  return found;
}

bool People::is_free(FamilyNumber number) const {
  if (number == FamilyNumber{} || number.value() >= kFamiliesMax) return false;
  if (number.value() > parts_.families.size() + kFamilyNumbersAheadMax) return false;
  return family(number) == nullptr;
}

FamilyNumber People::free_after(FamilyNumber number) const {
  const auto* record = people_keys::at(parts_.families, number);
  FamilyNumber next;
  if (number == FamilyNumber{}) next = parts_.free_family;
  if (record != nullptr) next = record->next;
  if (next != FamilyNumber{}) return next;
  // The list is at its end: on with the numbers that were never used.
  const auto size = static_cast<std::uint32_t>(parts_.families.size());
  next = FamilyNumber{std::max(size, number.value()) + 1};
  return is_free(next) ? next : FamilyNumber{};
}

const CodeRecord* People::code(CodeNumber number) const {
  if (number < parts_.first_code) return nullptr;
  const auto position = number.value() - parts_.first_code.value();
  return position < parts_.codes.size() ? &parts_.codes[position] : nullptr;
}

CodeNumber People::find_code(const Digest& sha256) const {
  const auto found = code_by_hash_.find(sha256);
  return found == code_by_hash_.end() ? CodeNumber{} : found->second;
}

FamilyNumber People::live_family_of(const CodeRecord& code) const {
  const auto* record = family(code.family);
  const bool is_same =
      record != nullptr && record->state == FamilyState::live && record->tag == code.family_tag;
  return is_same ? code.family : FamilyNumber{};
}

bool People::still_stands(const CodeRecord& code) const {
  const auto* record = user(code.user);
  if (record == nullptr || record->status != UserStatus::enabled) return false;
  return code.issued_seq >= record->codes_ended_before && covers(code.consent, code.user);
}

CodeNumber People::next_code() const {
  const auto next = std::uint64_t{parts_.first_code.value()} + parts_.codes.size();
  return next <= std::numeric_limits<std::uint32_t>::max()
             ? CodeNumber{static_cast<std::uint32_t>(next)}
             : CodeNumber{};
}

bool People::has_code_room(UnixSeconds now) const {
  return parts_.codes.size() < kCodesMax || people_keys::is_forgotten(parts_.codes.front(), now);
}

bool People::is_ended(TokenBinding binding) const {
  if (binding.consent != ConsentNumber{}) {
    const auto* record = consent(binding.consent);
    if (record == nullptr || record->state != ConsentState::granted) return true;
  }
  if (binding.family != FamilyNumber{}) {
    const auto* record = family(binding.family);
    if (record == nullptr || record->state != FamilyState::live) return true;
  }
  return false;
}

}  // namespace tokenledger
