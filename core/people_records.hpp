// What State keeps of users, groups, consents, families of refresh tokens, and codes.
//
// Consents and families are the many: their records are packed, and their sizes are part of what
// a token of a user costs in memory. Numbers that stand for "none" are 0. Links between records
// are numbers, too; core/people.hpp walks them.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "core/event_parts.hpp"
#include "core/ids.hpp"

namespace tokenledger {

enum class UserStatus : std::uint8_t { enabled = 1, disabled = 2, erased = 3 };

// Number n stands at position n - 1.
struct UserRecord {
  UserId id{};
  LedgerTime created_at;
  Sequence profile_seq;  // of the event that holds login and name, sealed
  Sequence updated_seq;  // of the last change of the user's own record
  // Codes issued before this seq are good no more: of the last disabling or password; 0: none.
  Sequence codes_ended_before;
  std::array<GroupNumber, kUserGroupsMax> groups{};  // ascending, then zeros
  SecretGeneration password_generation;              // 0: no password was ever set
  ConsentNumber first_consent;                       // newest of those that are granted
  FamilyNumber first_family;                         // newest of those that have not ended
  std::uint16_t consents = 0;
  std::uint16_t families = 0;
  UserStatus status = UserStatus::enabled;
  friend bool operator==(const UserRecord&, const UserRecord&) = default;
};
static_assert(sizeof(UserRecord) == 104);

struct GroupRecord {
  std::string name;
  bool deleted = false;
  std::uint16_t consents = 0;  // granted in advance
  LedgerTime created_at;
  friend bool operator==(const GroupRecord&, const GroupRecord&) = default;
};

enum class ConsentState : std::uint8_t {
  free = 0,     // the number may be given out
  granted = 1,  // good
  ended = 2,    // withdrawn; kept until nothing names it
};

struct ConsentRecord {
  std::uint64_t scope_mask = 0;
  UserNumber user;  // 0: granted in advance, to `group`
  ClientNumber client;
  ApiNumber api;
  std::uint32_t tokens = 0;  // issued on it and not yet retired
  // Families and codes that name it. They keep the number from being given out again, so that none
  // of them ever stands on somebody else's consent.
  std::uint32_t holders = 0;
  ConsentNumber next;      // granted: of the same user; free: the next free one
  UnixSeconds granted_at;  // the first time
  GroupNumber group;
  std::uint8_t identity_mask = 0;
  ConsentState state = ConsentState::free;
  friend bool operator==(const ConsentRecord&, const ConsentRecord&) = default;
};
static_assert(sizeof(ConsentRecord) == 40);

enum class FamilyState : std::uint8_t {
  free = 0,
  live = 1,   // not ended; it may be past its time
  ended = 2,  // kept until its last token is retired
};

struct FamilyRecord {
  std::uint64_t scope_mask = 0;  // what was granted: no refresh goes beyond
  Fingerprint fingerprint;       // of the current refresh token; zero: it has none
  Sequence issued_seq;           // of the event that brought the current refresh token
  UserNumber user;
  ConsentNumber consent;
  std::uint32_t tag = 0;
  std::uint32_t generation = 0;  // of the current refresh token, from 1
  UnixSeconds rotated_at;        // when the current refresh token was made
  UnixSeconds expires_at;        // no refresh from this second on
  std::uint32_t idle_s = 0;      // nor when unused for so long; 0: no such bound
  UnixSeconds auth_time;
  std::uint32_t tokens = 0;  // issued in it and not yet retired
  FamilyNumber next;         // live: the user's next older one; free: the next free one
  FamilyNumber previous;
  std::uint8_t identity_mask = 0;
  FamilyState state = FamilyState::free;
  friend bool operator==(const FamilyRecord&, const FamilyRecord&) = default;

  [[nodiscard]] bool has_refresh() const { return fingerprint != Fingerprint{}; }
  // Whether a refresh at `now` comes too late.
  [[nodiscard]] bool is_past(UnixSeconds now) const {
    const bool is_idle = idle_s != 0 && now.value() >= std::uint64_t{rotated_at.value()} + idle_s;
    return now >= expires_at || is_idle;
  }
};
static_assert(sizeof(FamilyRecord) == 80);

enum class CodeState : std::uint8_t {
  issued = 1,
  redeemed = 2,
  reused = 3,  // a second redemption came and ended what the first one made
};

struct CodeRecord {
  Digest sha256{};
  Digest redirect_sha256{};
  std::optional<Digest> challenge;
  std::uint64_t scope_mask = 0;
  Sequence issued_seq;
  UserNumber user;
  ClientNumber client;
  ConsentNumber consent;
  ApiNumber api;
  UnixSeconds auth_time;
  UnixSeconds expires_at;
  std::string nonce;
  bool has_redirect = false;
  std::uint8_t identity_mask = 0;
  CodeState state = CodeState::issued;
  // What its redemption made: both 0 while it is not redeemed.
  FamilyNumber family;           // 0: none
  std::uint32_t family_tag = 0;  // tells this use of the family's number from later ones
  std::optional<TokenIndex> token;
  friend bool operator==(const CodeRecord&, const CodeRecord&) = default;
};

}  // namespace tokenledger
