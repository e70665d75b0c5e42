// People from a snapshot: nothing is believed that fold could not have made.
#include <algorithm>
#include <limits>

#include "core/people.hpp"
#include "core/people_keys.hpp"

namespace tokenledger {
namespace {

class PartsChecker {
 public:
  explicit PartsChecker(const People::Parts& parts)
      : parts_{parts},
        consent_seen_(parts.consents.size() + 1),
        family_seen_(parts.families.size() + 1) {}

  bool agree() {
    return std::ranges::all_of(parts_.users, [&](const auto& user) { return user_fits(user); }) &&
           chains_fit() && consents_fit() && families_fit() && codes_fit() && groups_fit() &&
           parts_.looked_at.value() <= parts_.families.size();
  }

 private:
  bool user_fits(const UserRecord& user) const {
    if (user.id == UserId{}) return false;
    const auto end = std::ranges::find(user.groups, GroupNumber{});
    const auto count = end - user.groups.begin();
    for (std::ptrdiff_t i = 0; i < std::ssize(user.groups); ++i) {
      const auto group = user.groups[static_cast<std::size_t>(i)];
      if (i >= count && group != GroupNumber{}) return false;
      if (group.value() > parts_.groups.size()) return false;
      if (i > 0 && i < count && group <= user.groups[static_cast<std::size_t>(i - 1)]) return false;
    }
    const bool has_nothing = user.first_consent == ConsentNumber{} && user.consents == 0 &&
                             user.first_family == FamilyNumber{} && user.families == 0;
    return user.consents <= kConsentsPerUserMax && user.families <= kFamiliesPerUserMax &&
           (user.status == UserStatus::enabled || has_nothing);
  }

  // Every list ends, and no record stands in two of them.
  bool chains_fit() {
    for (std::uint32_t i = 0; i < parts_.users.size(); ++i) {
      const UserNumber number{i + 1};
      const auto& user = parts_.users[i];
      const auto own_consent = [&](const ConsentRecord& record) {
        return record.state == ConsentState::granted && record.user == number;
      };
      const auto own_family = [&](const FamilyRecord& record) {
        return record.state == FamilyState::live && record.user == number;
      };
      if (walk(user.first_consent, own_consent) != user.consents) return false;
      if (walk(user.first_family, own_family) != user.families) return false;
    }
    const auto is_free = [](const auto& record) {
      auto rest = record;
      rest.next = {};
      if constexpr (requires { rest.previous; }) rest.previous = {};
      return rest == decltype(rest){};
    };
    return walk(parts_.free_consent, is_free) >= 0 && walk(parts_.free_family, is_free) >= 0;
  }

  // How many consents stand behind `first`; -1: one that does not fit, or was seen before.
  template <class Fits>
  std::int64_t walk(ConsentNumber first, Fits&& fits) {
    std::int64_t count = 0;
    for (auto number = first; number != ConsentNumber{}; ++count) {
      const auto* record = people_keys::at(parts_.consents, number);
      if (record == nullptr || !fits(*record) || consent_seen_[number.value()]) return -1;
      consent_seen_[number.value()] = true;
      number = record->next;
    }
    return count;
  }
  template <class Fits>
  std::int64_t walk(FamilyNumber first, Fits&& fits) {
    std::int64_t count = 0;
    FamilyNumber previous;
    for (auto number = first; number != FamilyNumber{}; ++count) {
      const auto* record = people_keys::at(parts_.families, number);
      if (record == nullptr || !fits(*record) || family_seen_[number.value()]) return -1;
      if (record->previous != previous) return -1;
      family_seen_[number.value()] = true;
      previous = number;
      number = record->next;
    }
    return count;
  }

  bool consents_fit() {
    holders_.assign(parts_.consents.size() + 1, 0);
    for (const auto& family : parts_.families) {
      if (!note_holder(family.state != FamilyState::free, family.consent)) return false;
    }
    for (const auto& code : parts_.codes) {
      if (!note_holder(true, code.consent)) return false;
    }
    std::uint32_t pre_consents = 0;
    for (std::uint32_t i = 0; i < parts_.consents.size(); ++i) {
      const auto& consent = parts_.consents[i];
      const bool is_groups = consent.user == UserNumber{};
      if (consent.holders != holders_[i + 1]) return false;
      // Granted ones of groups stand in no list of the records.
      const bool in_list = consent.state == ConsentState::free ||
                           (consent.state == ConsentState::granted && !is_groups);
      if (consent_seen_[i + 1] != in_list) return false;
      if (consent.state == ConsentState::free) continue;
      if (!in_list && consent.next != ConsentNumber{}) return false;
      if (!owner_fits(consent)) return false;
      const bool is_named = consent.tokens != 0 || consent.holders != 0;
      if (consent.state == ConsentState::ended && !is_named) return false;
      pre_consents += is_groups && consent.state == ConsentState::granted;
    }
    return pre_consents == parts_.pre_consents && pre_consents <= kPreConsentsMax;
  }

  bool note_holder(bool holds, ConsentNumber consent) {
    if (!holds) return true;
    const auto* record = people_keys::at(parts_.consents, consent);
    if (record == nullptr || record->state == ConsentState::free) return false;
    ++holders_[consent.value()];
    return true;
  }

  bool owner_fits(const ConsentRecord& consent) const {
    if (consent.client == ClientNumber{} || consent.api == ApiNumber{}) return false;
    if (consent.user != UserNumber{})
      return consent.group == GroupNumber{} && consent.user.value() <= parts_.users.size();
    const auto* group = people_keys::at(parts_.groups, consent.group);
    return group != nullptr && (!group->deleted || consent.state == ConsentState::ended);
  }

  bool families_fit() const {
    for (std::uint32_t i = 0; i < parts_.families.size(); ++i) {
      const auto& family = parts_.families[i];
      const bool in_list = family.state != FamilyState::ended;
      if (family_seen_[i + 1] != in_list) return false;
      if (family.state == FamilyState::free) continue;
      if (!in_list && (family.next != FamilyNumber{} || family.previous != FamilyNumber{}))
        return false;
      if (family.state == FamilyState::ended && family.tokens == 0) return false;
      if (family.tag == 0 || family.generation == 0) return false;
      if (family.user == UserNumber{} || family.user.value() > parts_.users.size()) return false;
      const auto& consent = parts_.consents[family.consent.value() - 1];
      if (consent.user != UserNumber{} && consent.user != family.user) return false;
    }
    return true;
  }

  bool codes_fit() const {
    const auto last = std::uint64_t{parts_.first_code.value()} + parts_.codes.size();
    if (parts_.first_code == CodeNumber{} ||
        last > std::uint64_t{std::numeric_limits<std::uint32_t>::max()} + 1)
      return false;
    auto number = parts_.first_code.value();
    bool is_redeeming_found = parts_.redeeming == CodeNumber{};
    for (const auto& code : parts_.codes) {
      const bool is_redeeming = parts_.redeeming.value() == number++;
      is_redeeming_found = is_redeeming_found || is_redeeming;
      if (code.user == UserNumber{} || code.user.value() > parts_.users.size()) return false;
      const auto& consent = parts_.consents[code.consent.value() - 1];
      if (consent.client != code.client || consent.api != code.api) return false;
      if (is_redeeming && code.state != CodeState::redeemed) return false;
      const bool has_token = code.state != CodeState::issued && !is_redeeming;
      if (code.token.has_value() != has_token) return false;
      if ((code.family == FamilyNumber{}) != (code.family_tag == 0)) return false;
      if (code.family != FamilyNumber{} && code.state == CodeState::issued) return false;
    }
    return is_redeeming_found;
  }

  bool groups_fit() const {
    std::vector<std::uint32_t> consents(parts_.groups.size() + 1);
    for (const auto& consent : parts_.consents) {
      if (consent.state == ConsentState::granted) ++consents[consent.group.value()];
    }
    for (std::size_t i = 0; i < parts_.groups.size(); ++i) {
      if (parts_.groups[i].consents != consents[i + 1]) return false;
    }
    return true;
  }

  const People::Parts& parts_;
  std::vector<bool> consent_seen_;
  std::vector<bool> family_seen_;
  std::vector<std::uint32_t> holders_;
};

}  // namespace

Result<void> People::restore(Parts parts) {
  if (!PartsChecker{parts}.agree()) return Errc::snapshot_corrupt;
  People fresh;
  fresh.parts_ = std::move(parts);
  if (!fresh.find_again()) return Errc::snapshot_corrupt;
  *this = std::move(fresh);
  return {};
}

// Builds what follows from the parts; false: two things have the same name.
bool People::find_again() {
  const auto id_hash = [this](std::uint32_t number) {
    return people_keys::hash_of(parts_.users[number - 1].id);
  };
  for (std::uint32_t number = 1; number <= parts_.users.size(); ++number) {
    if (find_user(parts_.users[number - 1].id) != UserNumber{}) return false;
    user_by_id_.insert(number, id_hash);
  }
  const auto key_hash = [this](std::uint32_t number) {
    return people_keys::hash_of(people_keys::key_of(parts_.consents[number - 1]));
  };
  for (std::uint32_t number = 1; number <= parts_.consents.size(); ++number) {
    const auto& record = parts_.consents[number - 1];
    if (record.state != ConsentState::granted) continue;
    const auto& [user, client, api] = people_keys::key_of(record);
    if (user == UserNumber{}) {
      if (find_pre_consent(record.group, client, api) != ConsentNumber{}) return false;
      pre_consents_by_pair_[people_keys::pair_of(client, api)].push_back(ConsentNumber{number});
    } else {
      if (find_consent(user, client, api) != ConsentNumber{}) return false;
      consent_by_key_.insert(number, key_hash);
    }
  }
  for (std::size_t i = 0; i < parts_.groups.size(); ++i) {
    const auto& group = parts_.groups[i];
    const GroupNumber number{static_cast<std::uint16_t>(i + 1)};
    if (!group.deleted && !group_by_name_.emplace(group.name, number).second) return false;
  }
  auto number = parts_.first_code;
  for (const auto& code : parts_.codes) {
    if (!code_by_hash_.emplace(code.sha256, number).second) return false;
    number = number.next();
  }
  return true;
}

}  // namespace tokenledger
