// What the validity index tests share: a small index with one API and one kind of token.
#pragma once

#include <string_view>

#include "core/validity_index.hpp"

namespace tokenledger::testing_support {

inline constexpr UnixSeconds kNow{1'700'000'000};
inline constexpr UnixSeconds kLater{1'700'003'600};
inline constexpr std::string_view kAudience = "https://api.example.com/calendar/v1/";
inline constexpr std::string_view kOtherAudience = "https://api.example.com/billing";
inline constexpr ApiNumber kApi{7};
inline constexpr ApiNumber kOtherApi{9};
inline constexpr ClassNumber kClass{3};

// Two chunks per lane, so that every test can wrap the ring.
inline constexpr std::uint64_t kSmallCapacity = 2 * std::uint64_t{kChunkTokens};
inline constexpr ValidityIndex::Options kSmallIndex{
    .lane_capacities = {kSmallCapacity, kSmallCapacity, kSmallCapacity, kSmallCapacity}};

// The client 5 with grant 11, signed with key 2; "read" and "write" (bits 0 and 1) at kApi.
inline TokenClass calendar_class() {
  TokenClass token_class{.client = ClientNumber{5}, .grant = GrantNumber{11}, .key = KeyNumber{2}};
  token_class.apis[0] = {kApi, 0b011};
  return token_class;
}

inline Fingerprint fingerprint_of(std::uint64_t counter) {
  return {counter * 0x9E3779B97F4A7C15u + 1, counter ^ 0x5DEECE66D};
}

inline IndexEntry entry_of(std::uint64_t counter, ClassNumber token_class = kClass) {
  return {.fingerprint = fingerprint_of(counter),
          .expires_at = kLater,
          .token_class = token_class,
          .issued_seq = Sequence{(counter & 0xFFFF'FFFF) + 100},
          .kind = TokenKind::jwt,
          .flags = EntryFlags::none};
}

// The same token, a user's.
inline IndexEntry user_entry_of(std::uint64_t counter, ConsentNumber consent, FamilyNumber family) {
  IndexEntry entry = entry_of(counter);
  entry.binding = {consent, family};
  return entry;
}

// Names and the class of calendar tokens; kOtherApi exists and is not the token's.
inline void publish_calendar(ValidityIndex& index) {
  index.publish_api(kApi, kAudience);
  index.publish_scope(kApi, 0, "read");
  index.publish_scope(kApi, 1, "write");
  index.publish_scope(kApi, 2, "delete");
  index.publish_api(kOtherApi, kOtherAudience);
  index.publish_scope(kOtherApi, 0, "read");
  index.publish_class(kClass, calendar_class());
}

inline TokenIndex hour(std::uint64_t counter) { return {Lane::hour, counter}; }

inline Verdict check(const ValidityIndex& index, std::uint64_t counter) {
  return index.check(hour(counter), fingerprint_of(counter), kAudience, {}, kNow);
}

}  // namespace tokenledger::testing_support
