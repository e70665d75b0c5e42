// EntryWords: an index entry as the four 64-bit words it has in memory and in snapshots.
//
//   word 0, 1   the fingerprint
//   word 2      expires_at (32 bits, high) | class number (32)
//   word 3      issued_seq (48 bits, high) | origin (4) | bound (1) | kind (3) | flags (8);
//               0 means "not issued"
//
// A bound entry is a user's token: it has a binding word beside it, family (32 bits, high) |
// consent (32). Other tokens have none, so that they cost 32 bytes as ever.
#pragma once

#include <array>
#include <cstdint>

#include "core/token_class.hpp"

namespace tokenledger {

inline constexpr std::size_t kEntryWords = 4;
inline constexpr std::size_t kEntryBytes = kEntryWords * sizeof(std::uint64_t);
inline constexpr std::uint64_t kIssuedSequenceMax = (std::uint64_t{1} << 48) - 1;
inline constexpr std::uint64_t kEntryFlagsMask = 0xFF;
inline constexpr std::uint8_t kEntryFlagsKnown = 0x07;
inline constexpr std::uint64_t kEntryBound = std::uint64_t{1} << 11;

// The word beside a bound entry.
[[nodiscard]] constexpr std::uint64_t pack_binding(TokenBinding binding) noexcept {
  return (std::uint64_t{binding.family.value()} << 32) | binding.consent.value();
}
[[nodiscard]] constexpr TokenBinding unpack_binding(std::uint64_t word) noexcept {
  return {ConsentNumber{static_cast<std::uint32_t>(word)},
          FamilyNumber{static_cast<std::uint32_t>(word >> 32)}};
}

struct EntryWords {
  std::array<std::uint64_t, kEntryWords> words{};

  [[nodiscard]] constexpr bool is_issued() const noexcept { return words[3] != 0; }
  [[nodiscard]] constexpr bool matches(const Fingerprint& fingerprint) const noexcept {
    return words[0] == fingerprint.word0 && words[1] == fingerprint.word1;
  }
  [[nodiscard]] constexpr UnixSeconds expires_at() const noexcept {
    return UnixSeconds{static_cast<std::uint32_t>(words[2] >> 32)};
  }
  [[nodiscard]] constexpr ClassNumber token_class() const noexcept {
    return ClassNumber{static_cast<std::uint32_t>(words[2])};
  }
  [[nodiscard]] constexpr Sequence issued_seq() const noexcept { return Sequence{words[3] >> 16}; }
  [[nodiscard]] constexpr std::uint8_t kind() const noexcept {
    return static_cast<std::uint8_t>(words[3] >> 8) & 0x07;
  }
  [[nodiscard]] constexpr bool is_bound() const noexcept { return (words[3] & kEntryBound) != 0; }
  [[nodiscard]] constexpr std::uint8_t origin() const noexcept {
    return static_cast<std::uint8_t>(words[3] >> 12) & 0x0F;
  }
  [[nodiscard]] constexpr std::uint8_t flags() const noexcept {
    return static_cast<std::uint8_t>(words[3]);
  }
  friend constexpr bool operator==(const EntryWords&, const EntryWords&) = default;
};

// Requires issued_seq <= kIssuedSequenceMax.
[[nodiscard]] constexpr EntryWords pack_entry(const IndexEntry& entry) noexcept {
  return {{entry.fingerprint.word0, entry.fingerprint.word1,
           (std::uint64_t{entry.expires_at.value()} << 32) | entry.token_class.value(),
           (entry.issued_seq.value() << 16) |
               (std::uint64_t{static_cast<std::uint8_t>(entry.origin)} << 12) |
               (entry.binding.consent.value() != 0 ? kEntryBound : 0) |
               (std::uint64_t{static_cast<std::uint8_t>(entry.kind)} << 8) |
               static_cast<std::uint8_t>(entry.flags)}};
}

// Requires is_issued(), and the binding of this very entry.
[[nodiscard]] constexpr IndexEntry unpack_entry(const EntryWords& packed,
                                                TokenBinding binding) noexcept {
  return {.fingerprint = {packed.words[0], packed.words[1]},
          .expires_at = packed.expires_at(),
          .token_class = packed.token_class(),
          .issued_seq = packed.issued_seq(),
          .kind = static_cast<TokenKind>(packed.kind()),
          .origin = static_cast<Origin>(packed.origin()),
          .flags = static_cast<EntryFlags>(packed.flags()),
          .binding = binding};
}

}  // namespace tokenledger
