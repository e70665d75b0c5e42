#include "storage/views_row_sum.hpp"

#include <sodium.h>

#include <cstring>

#include "core/invariant.hpp"

namespace tokenledger::views {

static_assert(crypto_shorthash_siphashx24_KEYBYTES == sizeof(RowSum::HashKey));
static_assert(crypto_shorthash_siphashx24_BYTES == 2 * sizeof(std::uint64_t));

void RowSum::add(std::string_view key, std::string_view value) {
  // The key's length in front, so that no byte can move from the key to the value.
  const auto key_bytes = static_cast<std::uint32_t>(key.size());
  LEDGER_INVARIANT(key_bytes == key.size());
  row_.assign(reinterpret_cast<const char*>(&key_bytes), sizeof key_bytes);
  row_.append(key);
  row_.append(value);
  std::array<std::uint8_t, crypto_shorthash_siphashx24_BYTES> hash;
  crypto_shorthash_siphashx24(hash.data(), reinterpret_cast<const unsigned char*>(row_.data()),
                              row_.size(), key_.data());
  std::array<std::uint64_t, 2> halves;
  std::memcpy(halves.data(), hash.data(), hash.size());
  halves_[0] += halves[0];
  halves_[1] += halves[1];
  ++rows_;
}

void RowSum::add(const RowSum& other) {
  LEDGER_INVARIANT(key_ == other.key_);
  halves_[0] += other.halves_[0];
  halves_[1] += other.halves_[1];
  rows_ += other.rows_;
}

}  // namespace tokenledger::views
