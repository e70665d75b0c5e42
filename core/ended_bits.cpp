#include "core/ended_bits.hpp"

#include <algorithm>

#include "core/invariant.hpp"

namespace tokenledger {
namespace {

constexpr std::uint64_t bit_of(std::uint32_t number) noexcept {
  return std::uint64_t{1} << (number % 64);
}

}  // namespace

EndedBits::EndedBits() : space_{kEndedNumberEnd / 8}, words_{space_.words()} {}

void EndedBits::set(std::uint32_t number) noexcept {
  LEDGER_INVARIANT(number != 0);
  LEDGER_INVARIANT(number < kEndedNumberEnd);
  AtomicWord& word = words_[number / 64];
  // A plain store suffices: there is one writer.
  word.store(word.load(std::memory_order_relaxed) | bit_of(number), std::memory_order_release);
  const std::uint64_t used = used_words_.load(std::memory_order_relaxed);
  used_words_.store(std::max<std::uint64_t>(used, number / 64 + 1), std::memory_order_relaxed);
}

void EndedBits::clear(std::uint32_t number) noexcept {
  LEDGER_INVARIANT(number != 0);
  LEDGER_INVARIANT(number < kEndedNumberEnd);
  AtomicWord& word = words_[number / 64];
  const std::uint64_t bits = word.load(std::memory_order_relaxed);
  // Without a store where nothing changes: it would take a page for a number that never ended.
  if ((bits & bit_of(number)) == 0) return;
  word.store(bits & ~bit_of(number), std::memory_order_release);
}

}  // namespace tokenledger
