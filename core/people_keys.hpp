// By what records of people are found, and how these keys are hashed. Private to core/people*.
#pragma once

#include <cstring>

#include "core/number_index.hpp"
#include "core/people.hpp"

namespace tokenledger::people_keys {

// The record of a number in 1..size; nullptr: there is none.
template <class Number, class Record>
[[nodiscard]] const Record* at(const std::deque<Record>& records, Number number) {
  if (number.value() == 0 || number.value() > records.size()) return nullptr;
  return &records[number.value() - 1];
}

struct ConsentKey {
  UserNumber user;
  ClientNumber client;
  ApiNumber api;
  friend bool operator==(const ConsentKey&, const ConsentKey&) = default;
};
[[nodiscard]] inline ConsentKey key_of(const ConsentRecord& record) {
  return {record.user, record.client, record.api};
}
[[nodiscard]] inline std::uint64_t hash_of(const ConsentKey& key) {
  const auto pair = std::uint64_t{key.client.value()} << 32 | key.api.value();
  return NumberIndex::mix(NumberIndex::mix(pair) ^ key.user.value());
}
[[nodiscard]] inline std::uint64_t hash_of(const UserId& id) {
  std::uint64_t word;  // drawn at random: any 8 bytes are as good as all
  std::memcpy(&word, id.data(), sizeof word);
  return NumberIndex::mix(word);
}
[[nodiscard]] inline std::uint64_t pair_of(ClientNumber client, ApiNumber api) {
  return std::uint64_t{client.value()} << 32 | api.value();
}

// Whether a code that comes now need not be recognised any more.
[[nodiscard]] inline bool is_forgotten(const CodeRecord& code, UnixSeconds now) {
  return now.value() >= std::uint64_t{code.expires_at.value()} + kCodeReuseSecondsMax;
}

}  // namespace tokenledger::people_keys
