// RevokedBits: which tokens have a revocation of their own, one bit each, loaded when first asked.
//
// A list decides the status of tens of thousands of rows; a bit spares most of them a read. A set
// bit only says "look": a revocation later than the query's seq is sorted out by status(). One
// writer, any number of readers.
#pragma once

#include <array>
#include <atomic>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>

#include "core/errc.hpp"
#include "core/ids.hpp"

namespace tokenledger::views {

class RevokedChunk {
 public:
  void set(TokenIndex index) noexcept {
    word(index).fetch_or(mask(index), std::memory_order_relaxed);
  }
  [[nodiscard]] bool test(TokenIndex index) const noexcept {
    return (words_[position(index)].load(std::memory_order_relaxed) & mask(index)) != 0;
  }

 private:
  friend class RevokedBits;
  static std::size_t position(TokenIndex index) noexcept {
    return index.counter() % kChunkTokens / 64;
  }
  static std::uint64_t mask(TokenIndex index) noexcept {
    return std::uint64_t{1} << (index.counter() % 64);
  }
  std::atomic<std::uint64_t>& word(TokenIndex index) noexcept { return words_[position(index)]; }

  std::array<std::atomic<std::uint64_t>, kChunkTokens / 64> words_{};
  std::mutex loading_;
  std::atomic<bool> loaded_{false};
};

class RevokedBits {
 public:
  static constexpr std::size_t kChunksMax = 4'096;  // 32 MiB; beyond it all are let go

  // Sets the bits of [first, first + kChunkTokens) that the database knows at the call.
  using Load = std::function<Result<void>(TokenIndex first, RevokedChunk& chunk)>;

  // The chunk of this index, loaded. Complete for all that was applied when it is returned.
  [[nodiscard]] Result<std::shared_ptr<const RevokedChunk>> chunk_of(TokenIndex index,
                                                                     const Load& load);
  // The writer, only after the row is in the database: a chunk that is being loaded meanwhile
  // either is in the map already, or its load finds the row.
  void set(TokenIndex index);
  void clear();

  [[nodiscard]] static std::uint64_t chunk_number(TokenIndex index) noexcept {
    return index.value() / kChunkTokens;
  }

 private:
  std::mutex mutex_;
  boost::unordered_flat_map<std::uint64_t, std::shared_ptr<RevokedChunk>> chunks_;
};

}  // namespace tokenledger::views
