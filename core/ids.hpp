// The ids of the ledger: positions, numbers of registered things, times, digests.
//
// "Number" is always a dense integer that the ledger gave out itself, from 1, in log order; 0 means
// "none". The strings that callers know (client_id, an API's identifier, a jti) are mapped to
// numbers once.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "core/strong_number.hpp"

namespace tokenledger {

// Position of an event in the log. The first event is 1; 0 means "nothing applied yet". Merkle leaf
// = seq - 1.
using Sequence = StrongNumber<struct SequenceTag, std::uint64_t>;
using ClientNumber = StrongNumber<struct ClientNumberTag, std::uint32_t>;
using ApiNumber = StrongNumber<struct ApiNumberTag, std::uint32_t>;
using GrantNumber =
    StrongNumber<struct GrantNumberTag, std::uint32_t>;  // a client grant or a user's grant
using KeyNumber = StrongNumber<struct KeyNumberTag, std::uint32_t>;  // a signing key
using ClassNumber =
    StrongNumber<struct ClassNumberTag, std::uint32_t>;  // reused after the class is freed
using SubjectNumber = StrongNumber<struct SubjectNumberTag, std::uint32_t>;
using UserNumber = SubjectNumber;  // the only subjects there are
// What one user, or one group of users, allowed one client at one API. Reused after it is freed.
using ConsentNumber = StrongNumber<struct ConsentNumberTag, std::uint32_t>;
// One sign-in and all refresh tokens that follow from it. Reused after it is freed.
using FamilyNumber = StrongNumber<struct FamilyNumberTag, std::uint32_t>;
using CodeNumber = StrongNumber<struct CodeNumberTag, std::uint32_t>;    // never reused
using GroupNumber = StrongNumber<struct GroupNumberTag, std::uint16_t>;  // never reused
using SecretGeneration =
    StrongNumber<struct SecretGenerationTag, std::uint32_t>;  // of a client or a password, from 1
// Random, drawn at every open; a jti whose incarnation did not own its index names no token.
using Incarnation = StrongNumber<struct IncarnationTag, std::uint32_t>;

// Whole seconds since the Unix epoch (NumericDate of RFC 7519 §2), until 2106.
using UnixSeconds = StrongNumber<struct UnixSecondsTag, std::uint32_t>;
// Ledger time: nanoseconds since the Unix epoch, strictly increasing over the log (INV-4).
using LedgerTime = StrongNumber<struct LedgerTimeTag, std::uint64_t>;

inline constexpr std::uint64_t kNanosecondsPerSecond = 1'000'000'000;

// The second that holds this instant (rounded down).
[[nodiscard]] constexpr UnixSeconds to_seconds(LedgerTime time) noexcept {
  return UnixSeconds{static_cast<std::uint32_t>(time.value() / kNanosecondsPerSecond)};
}
// The first instant of this second.
[[nodiscard]] constexpr LedgerTime to_time(UnixSeconds seconds) noexcept {
  return LedgerTime{seconds.value() * kNanosecondsPerSecond};
}

// Tokens of like lifetime share a lane, so that memory is returned in whole chunks (design: token
// index).
enum class Lane : std::uint8_t { hour = 0, day = 1, month = 2, longer = 3 };
inline constexpr std::size_t kLaneCount = 4;

// <= 1 h, <= 1 day, <= 31 days, longer.
[[nodiscard]] constexpr Lane lane_for_lifetime(std::uint32_t lifetime_s) noexcept {
  if (lifetime_s <= 3600) return Lane::hour;
  if (lifetime_s <= 86'400) return Lane::day;
  if (lifetime_s <= 31 * 86'400) return Lane::month;
  return Lane::longer;
}

// A token's 64-bit index: lane in the top byte, a dense counter from 0 below it. Lanes beyond
// kLaneCount do not exist; decoders refuse them.
class TokenIndex {
 public:
  static constexpr std::uint64_t kCounterMax = (std::uint64_t{1} << 56) - 1;
  constexpr TokenIndex() = default;
  constexpr TokenIndex(Lane lane, std::uint64_t counter)
      : value_{(static_cast<std::uint64_t>(lane) << 56) | (counter & kCounterMax)} {}
  [[nodiscard]] static constexpr TokenIndex from_value(std::uint64_t value) noexcept {
    TokenIndex index;
    index.value_ = value;
    return index;
  }
  [[nodiscard]] constexpr std::uint64_t value() const noexcept { return value_; }
  [[nodiscard]] constexpr std::uint64_t lane_number() const noexcept { return value_ >> 56; }
  [[nodiscard]] constexpr bool has_lane() const noexcept { return lane_number() < kLaneCount; }
  [[nodiscard]] constexpr Lane lane() const noexcept { return static_cast<Lane>(lane_number()); }
  [[nodiscard]] constexpr std::uint64_t counter() const noexcept { return value_ & kCounterMax; }
  friend constexpr auto operator<=>(TokenIndex, TokenIndex) = default;
  friend constexpr std::size_t hash_value(TokenIndex index) noexcept {
    return static_cast<std::size_t>(index.value_) * 0x9E3779B97F4A7C15u;
  }

 private:
  std::uint64_t value_ = 0;
};
static_assert(sizeof(TokenIndex) == 8, "stored as 8 bytes");

// Tokens per chunk of a lane: memory is taken and returned in chunks.
inline constexpr std::uint32_t kChunkTokens = 64 * 1024;

using Digest = std::array<std::uint8_t, 32>;  // SHA-256

// The first 16 bytes of SHA-256 of a token string, as two words in memory order.
struct Fingerprint {
  std::uint64_t word0 = 0;
  std::uint64_t word1 = 0;
  [[nodiscard]] static Fingerprint of(const Digest& digest) noexcept {
    Fingerprint fingerprint;
    std::memcpy(&fingerprint.word0, digest.data(), 8);
    std::memcpy(&fingerprint.word1, digest.data() + 8, 8);
    return fingerprint;
  }
  friend constexpr bool operator==(const Fingerprint&, const Fingerprint&) = default;
};

static_assert(sizeof(Sequence) == 8, "stored as 8 bytes");
static_assert(!std::is_convertible_v<std::uint64_t, Sequence>, "a bare integer must not pass");

}  // namespace tokenledger

template <>
struct std::hash<tokenledger::TokenIndex> {
  std::size_t operator()(tokenledger::TokenIndex index) const noexcept { return hash_value(index); }
};
