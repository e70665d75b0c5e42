// RowSum: whether two heaps of rows are the same, without putting either of them in order.
//
// Every row is hashed under a key that is drawn for one comparison (SipHash-2-4, 128 bits), and the
// hashes are added up modulo 2^64, half by half. Equal rows give equal sums in whatever order they
// come. Different rows give equal sums with a chance of about 2^-128, and nobody can arrange it,
// because the rows are written before the key is drawn. A sum can't say which row differs.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace tokenledger::views {

// One thread.
class RowSum {
 public:
  using HashKey = std::array<std::uint8_t, 16>;

  explicit RowSum(const HashKey& key) : key_{key} {}

  // A row of at most 4 GiB - 1 bytes of key.
  void add(std::string_view key, std::string_view value);
  // Everything that the other one saw, under the same key.
  void add(const RowSum& other);
  [[nodiscard]] bool is_same(const RowSum& other) const noexcept {
    return rows_ == other.rows_ && halves_ == other.halves_;
  }

 private:
  const HashKey key_;
  std::array<std::uint64_t, 2> halves_{};
  std::uint64_t rows_ = 0;
  std::string row_;  // used again, so that it keeps its memory
};

}  // namespace tokenledger::views
