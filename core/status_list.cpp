#include "core/status_list.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "core/base64url.hpp"
#include "core/invariant.hpp"
#include "core/sha256.hpp"

namespace tokenledger {
namespace {

static_assert(std::endian::native == std::endian::little,
              "blocks are copied as they lie in memory");

constexpr unsigned kHalfBits = kStatusSetBits / 2;
constexpr std::uint32_t kHalfMask = (std::uint32_t{1} << kHalfBits) - 1;
// Four would do for a random function (Luby and Rackoff); halves are as short as 11 bits here.
constexpr std::uint8_t kRounds = 6;
constexpr std::uint64_t kSetMax = TokenIndex::kCounterMax / kStatusSetTokens;

Aes128 derived_cipher(ByteView seal_key, std::string_view purpose) noexcept {
  Digest digest = hmac_sha256(seal_key, bytes_of(purpose));
  Aes128::Key key;
  std::copy_n(digest.begin(), key.size(), key.begin());
  const Aes128 made{key};
  wipe(digest);
  wipe(key);
  return made;
}

// One round's function: the tweak makes each set a permutation of its own.
//   half (2) | round (1) | lane (1) | incarnation (4) | set (8)
std::uint32_t scramble(const Aes128& cipher, Aes128::Block tweak, std::uint8_t round,
                       std::uint32_t half) noexcept {
  const auto short_half = static_cast<std::uint16_t>(half);
  std::memcpy(tweak.data(), &short_half, sizeof short_half);
  tweak[2] = round;
  const auto sealed = cipher.encrypt(tweak);
  std::uint16_t drawn = 0;
  std::memcpy(&drawn, sealed.data(), sizeof drawn);
  return drawn & kHalfMask;
}

// A Feistel network: whatever the round function is, this is a permutation of 22 bits.
std::uint32_t permute(const Aes128& cipher, const StatusListName& name,
                      std::uint32_t offset) noexcept {
  Aes128::Block tweak{};
  const auto incarnation = name.incarnation.value();
  tweak[3] = static_cast<std::uint8_t>(name.lane);
  std::memcpy(tweak.data() + 4, &incarnation, sizeof incarnation);
  std::memcpy(tweak.data() + 8, &name.set, sizeof name.set);
  std::uint32_t left = offset >> kHalfBits;
  std::uint32_t right = offset & kHalfMask;
  for (std::uint8_t round = 0; round < kRounds; ++round) {
    const std::uint32_t mixed = left ^ scramble(cipher, tweak, round, right);
    left = right;
    right = mixed;
  }
  return left << kHalfBits | right;
}

}  // namespace

std::optional<std::uint8_t> status_at(ByteView array, unsigned bits, std::uint64_t index) noexcept {
  LEDGER_INVARIANT(is_status_bits(bits));
  if (index >= std::uint64_t{array.size()} * (8 / bits)) return std::nullopt;
  const std::uint64_t at = index * bits;
  const unsigned mask = (1u << bits) - 1;
  return static_cast<std::uint8_t>(array[at / 8] >> (at % 8) & mask);
}

void set_status(std::span<std::uint8_t> array, unsigned bits, std::uint64_t index,
                std::uint8_t status) noexcept {
  LEDGER_INVARIANT(is_status_bits(bits));
  LEDGER_INVARIANT(index < std::uint64_t{array.size()} * (8 / bits));
  const unsigned mask = (1u << bits) - 1;
  LEDGER_INVARIANT(status <= mask);
  const std::uint64_t at = index * bits;
  auto& byte = array[at / 8];
  byte = static_cast<std::uint8_t>((byte & ~(mask << (at % 8))) | (unsigned{status} << (at % 8)));
}

StatusListPlaces::StatusListPlaces(ByteView seal_key) noexcept
    : permutation_{derived_cipher(seal_key, "status list")},
      ids_{derived_cipher(seal_key, "status list id")} {}

StatusPlace StatusListPlaces::place_of(TokenIndex index, Incarnation incarnation) const noexcept {
  LEDGER_INVARIANT(index.has_lane());
  StatusPlace place;
  place.name = {.incarnation = incarnation,
                .lane = index.lane(),
                .set = index.counter() / kStatusSetTokens,
                .list = 0};
  const auto offset = static_cast<std::uint32_t>(index.counter() % kStatusSetTokens);
  const std::uint32_t permuted = permute(permutation_, place.name, offset);
  place.name.list = static_cast<std::uint8_t>(permuted >> kStatusListBits);
  place.index = permuted & (kStatusListEntries - 1);
  return place;
}

// lane (1) | list (1) | zeros (2) | incarnation (4) | set (8)
std::string StatusListPlaces::id_of(const StatusListName& name) const {
  LEDGER_INVARIANT(name.list < kListsPerSet);
  Aes128::Block block{};
  const auto incarnation = name.incarnation.value();
  block[0] = static_cast<std::uint8_t>(name.lane);
  block[1] = name.list;
  std::memcpy(block.data() + 4, &incarnation, sizeof incarnation);
  std::memcpy(block.data() + 8, &name.set, sizeof name.set);
  return base64url_encode(ids_.encrypt(block));
}

std::optional<StatusListName> StatusListPlaces::find(std::string_view id) const noexcept {
  static_assert(base64url_length(sizeof(Aes128::Block)) == kStatusListIdLength);
  if (id.size() != kStatusListIdLength) return std::nullopt;
  Aes128::Block sealed;
  if (!base64url_decode_to(id, sealed.data())) return std::nullopt;
  const auto block = ids_.decrypt(sealed);
  std::uint32_t incarnation = 0;
  StatusListName name;
  std::memcpy(&incarnation, block.data() + 4, sizeof incarnation);
  std::memcpy(&name.set, block.data() + 8, sizeof name.set);
  const bool is_ours = block[0] < kLaneCount && block[1] < kListsPerSet && block[2] == 0 &&
                       block[3] == 0 && name.set <= kSetMax;
  if (!is_ours) return std::nullopt;
  name.incarnation = Incarnation{incarnation};
  name.lane = static_cast<Lane>(block[0]);
  name.list = block[1];
  return name;
}

std::string status_list_uri_prefix(std::string_view issuer) {
  if (issuer.ends_with('/')) issuer.remove_suffix(1);
  return std::string{issuer} + "/statuslists/";
}

}  // namespace tokenledger
