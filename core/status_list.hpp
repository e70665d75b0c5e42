// Token Status List: arrays of statuses (draft-ietf-oauth-status-list-21 §4), and where the bit of
// a token of this ledger stands.
//
// The place of a token is computed from its index and incarnation alone, so nothing is stored per
// token and no event names it. Counters of one lane come in sets of kStatusSetTokens, which fill
// kListsPerSet lists at once: a keyed permutation scatters the set over them, so that a place tells
// neither the order nor the number of tokens. A counter is used once in a history, and another
// history (a restored copy, a cut tail) has another incarnation: no place is given twice.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/aes128.hpp"
#include "core/byte_view.hpp"
#include "core/ids.hpp"

namespace tokenledger {

// --- arrays of statuses ---

inline constexpr std::uint8_t kStatusValid = 0x00;    // §7.1
inline constexpr std::uint8_t kStatusInvalid = 0x01;  // revoked, for good

// 1, 2, 4 or 8 bits for one status.
[[nodiscard]] constexpr bool is_status_bits(std::uint64_t bits) noexcept {
  return bits == 1 || bits == 2 || bits == 4 || bits == 8;
}
// nullopt: beyond the array (§8.3: such a token is refused). Requires is_status_bits.
[[nodiscard]] std::optional<std::uint8_t> status_at(ByteView array, unsigned bits,
                                                    std::uint64_t index) noexcept;
// Requires is_status_bits, a status that fits in them, and an index within the array.
void set_status(std::span<std::uint8_t> array, unsigned bits, std::uint64_t index,
                std::uint8_t status) noexcept;

// --- places ---

inline constexpr unsigned kStatusListBits = 20;
inline constexpr std::uint32_t kStatusListEntries = std::uint32_t{1} << kStatusListBits;
inline constexpr std::size_t kStatusListBytes = kStatusListEntries / 8;
inline constexpr std::uint8_t kListsPerSet = 4;
inline constexpr unsigned kStatusSetBits = 22;
inline constexpr std::uint64_t kStatusSetTokens = std::uint64_t{1} << kStatusSetBits;
static_assert(kStatusSetTokens == std::uint64_t{kListsPerSet} * kStatusListEntries);
static_assert(kStatusSetTokens % kChunkTokens == 0, "a set is whole chunks");

inline constexpr std::size_t kStatusListIdLength = 22;

// One list: the tokens of one set that one incarnation made, a quarter of them.
struct StatusListName {
  Incarnation incarnation;
  Lane lane = Lane::hour;
  std::uint64_t set = 0;  // counter / kStatusSetTokens
  std::uint8_t list = 0;  // < kListsPerSet
  friend constexpr auto operator<=>(const StatusListName&, const StatusListName&) = default;
};

struct StatusPlace {
  StatusListName name;
  std::uint32_t index = 0;  // < kStatusListEntries; `idx` of the claim
  friend constexpr bool operator==(const StatusPlace&, const StatusPlace&) = default;
};

// Immutable; any thread, no allocation but for texts. place_of takes about 0.1 us with AES
// instructions.
class StatusListPlaces {
 public:
  // Keys of its own are derived from the ledger's seal key.
  explicit StatusListPlaces(ByteView seal_key) noexcept;

  // Requires index.has_lane().
  [[nodiscard]] StatusPlace place_of(TokenIndex index, Incarnation incarnation) const noexcept;

  // The list's name in its URI: 22 characters of base64url that say nothing without the key.
  // Requires name.list < kListsPerSet.
  [[nodiscard]] std::string id_of(const StatusListName& name) const;
  // nullopt: not written by id_of with this key. A made-up text passes with a chance of 2^-58.
  [[nodiscard]] std::optional<StatusListName> find(std::string_view id) const noexcept;

 private:
  Aes128 permutation_;
  Aes128 ids_;
};

// The URI of a list, `sub` of its token and `uri` of the claim, is this prefix and the list's id.
[[nodiscard]] std::string status_list_uri_prefix(std::string_view issuer);

}  // namespace tokenledger
