// Numbers of consents and families: given out, put back, and chained to their user.
#include <algorithm>

#include "core/people.hpp"
#include "core/people_keys.hpp"

namespace tokenledger {
namespace {

auto consent_hash(const std::deque<ConsentRecord>& consents) {
  return [&consents](std::uint32_t number) {
    return people_keys::hash_of(people_keys::key_of(consents[number - 1]));
  };
}

}  // namespace

// Requires next_consent().
void People::take(ConsentNumber number) {
  LEDGER_INVARIANT(number == next_consent());
  if (parts_.free_consent == number) {
    parts_.free_consent = at(number).next;
  } else {
    parts_.consents.emplace_back();
  }
  at(number) = {};
}

// Requires a number that is free. Those that it leaves out become free ones of the list.
void People::take(FamilyNumber number) {
  LEDGER_INVARIANT(is_free(number));
  while (parts_.families.size() < number.value()) {
    parts_.families.emplace_back();
    put_back(FamilyNumber{static_cast<std::uint32_t>(parts_.families.size())});
  }
  const auto& record = at(number);
  if (record.next != FamilyNumber{}) at(record.next).previous = record.previous;
  if (record.previous != FamilyNumber{}) at(record.previous).next = record.next;
  if (parts_.free_family == number) parts_.free_family = record.next;
  at(number) = {};
}

void People::put_back(ConsentNumber number) {
  at(number) = {};
  at(number).next = parts_.free_consent;
  parts_.free_consent = number;
}

void People::put_back(FamilyNumber number) {
  at(number) = {};
  at(number).next = parts_.free_family;
  if (parts_.free_family != FamilyNumber{}) at(parts_.free_family).previous = number;
  parts_.free_family = number;
}

// A granted consent becomes one that is found: by user, client and API, or by client and API when
// it is a group's.
void People::link(ConsentNumber number) {
  auto& record = at(number);
  if (record.user == UserNumber{}) {
    auto& numbers = pre_consents_by_pair_[people_keys::pair_of(record.client, record.api)];
    numbers.insert(std::ranges::lower_bound(numbers, number), number);
    ++parts_.groups[record.group.value() - 1].consents;
    ++parts_.pre_consents;
    return;
  }
  auto& user = at(record.user);
  record.next = user.first_consent;
  user.first_consent = number;
  ++user.consents;
  consent_by_key_.insert(number.value(), consent_hash(parts_.consents));
}

// Cost: the user's granted consents.
void People::unlink(ConsentNumber number) {
  auto& record = at(number);
  if (record.user == UserNumber{}) {
    const auto found = pre_consents_by_pair_.find(people_keys::pair_of(record.client, record.api));
    std::erase(found->second, number);
    if (found->second.empty()) pre_consents_by_pair_.erase(found);
    --parts_.groups[record.group.value() - 1].consents;
    --parts_.pre_consents;
    return;
  }
  auto& user = at(record.user);
  auto* link = &user.first_consent;
  while (*link != number) {
    LEDGER_INVARIANT(*link != ConsentNumber{});
    link = &at(*link).next;
  }
  *link = record.next;
  record.next = {};
  --user.consents;
  consent_by_key_.erase(number.value(), consent_hash(parts_.consents));
}

void People::link(FamilyNumber number) {
  auto& record = at(number);
  auto& user = at(record.user);
  record.next = user.first_family;
  if (user.first_family != FamilyNumber{}) at(user.first_family).previous = number;
  user.first_family = number;
  ++user.families;
}

void People::unlink(FamilyNumber number) {
  auto& record = at(number);
  auto& user = at(record.user);
  if (record.next != FamilyNumber{}) at(record.next).previous = record.previous;
  if (record.previous != FamilyNumber{}) at(record.previous).next = record.next;
  if (user.first_family == number) user.first_family = record.next;
  record.next = {};
  record.previous = {};
  --user.families;
}

std::size_t People::memory_bytes() const {
  std::size_t codes = 0;
  for (const auto& code : parts_.codes) codes += sizeof code + code.nonce.capacity();
  return parts_.users.size() * sizeof(UserRecord) + parts_.consents.size() * sizeof(ConsentRecord) +
         parts_.families.size() * sizeof(FamilyRecord) + codes + user_by_id_.memory_bytes() +
         consent_by_key_.memory_bytes();
}

}  // namespace tokenledger
