#include "core/seal_key.hpp"

#include <bit>
#include <cstring>

#include "core/base64url.hpp"

namespace tokenledger {
namespace {
static_assert(std::endian::native == std::endian::little,
              "the block is copied as it lies in memory");
static_assert(base64url_length(kSealedBytes) == kJtiLength);
}  // namespace

SealKey::SealKey(const Aes128::Key& key, Aes128::Implementation implementation) noexcept
    : aes_{key, implementation} {}

SealKey::Bytes SealKey::seal_bytes(TokenIndex index, Incarnation incarnation) const noexcept {
  Bytes block{};
  const std::uint64_t index_value = index.value();
  const std::uint32_t incarnation_value = incarnation.value();
  std::memcpy(block.data(), &index_value, 8);
  std::memcpy(block.data() + 8, &incarnation_value, 4);
  return aes_.encrypt(block);
}

Jti SealKey::seal(TokenIndex index, Incarnation incarnation) const noexcept {
  Jti jti;
  base64url_encode_to(seal_bytes(index, incarnation), jti.data());
  return jti;
}

std::optional<SealedJti> SealKey::unseal_bytes(const Bytes& sealed) const noexcept {
  const Bytes block = aes_.decrypt(sealed);
  std::uint64_t index_value = 0;
  std::uint32_t incarnation_value = 0;
  std::uint32_t zeros = 0;
  std::memcpy(&index_value, block.data(), 8);
  std::memcpy(&incarnation_value, block.data() + 8, 4);
  std::memcpy(&zeros, block.data() + 12, 4);
  const auto index = TokenIndex::from_value(index_value);
  if (zeros != 0 || !index.has_lane()) return std::nullopt;
  return SealedJti{.index = index, .incarnation = Incarnation{incarnation_value}};
}

std::optional<SealedJti> SealKey::unseal(std::string_view jti) const noexcept {
  if (jti.size() != kJtiLength) return std::nullopt;
  Bytes sealed;
  if (!base64url_decode_to(jti, sealed.data())) return std::nullopt;
  return unseal_bytes(sealed);
}

}  // namespace tokenledger
