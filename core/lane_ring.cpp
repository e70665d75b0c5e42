#include "core/lane_ring.hpp"

#include <algorithm>
#include <bit>

#include "core/class_table.hpp"
#include "core/ended_bits.hpp"
#include "core/invariant.hpp"

namespace tokenledger {
namespace {

std::uint64_t checked_capacity(std::uint64_t capacity) noexcept {
  LEDGER_INVARIANT(std::has_single_bit(capacity));
  LEDGER_INVARIANT(capacity >= kChunkTokens);
  LEDGER_INVARIANT(capacity <= kLaneCapacityMax);
  return capacity;
}

constexpr std::size_t kPageMarkWords = kChunkBindingPages / 64;

bool is_plausible(const EntryWords& entry, TokenBinding binding) noexcept {
  if (!entry.is_bound()) return binding == TokenBinding{};
  if (binding.consent.value() == 0) return false;
  return binding.consent.value() < kEndedNumberEnd && binding.family.value() < kEndedNumberEnd;
}

// What publish_issue and publish_flags can have left in a slot.
bool is_plausible(const EntryWords& entry, TokenBinding binding, bool revoked) noexcept {
  if (!is_plausible(entry, binding)) return false;
  if (!entry.is_issued()) return entry == EntryWords{} && !revoked;
  if (entry.kind() < static_cast<std::uint8_t>(TokenKind::jwt)) return false;
  if (entry.kind() > static_cast<std::uint8_t>(TokenKind::jwe)) return false;
  if (entry.origin() < static_cast<std::uint8_t>(Origin::console)) return false;
  if (entry.origin() > static_cast<std::uint8_t>(Origin::embedded)) return false;
  if ((entry.flags() & ~kEntryFlagsKnown) != 0) return false;
  return entry.issued_seq().value() != 0 && is_class_number(entry.token_class());
}

}  // namespace

LaneRing::LaneRing(std::uint64_t capacity)
    : slot_mask_{capacity - 1},
      entry_space_{checked_capacity(capacity) * kEntryBytes, AddressSpace::Pages::huge},
      bit_space_{capacity / 8},
      binding_space_{capacity * sizeof(AtomicWord)},
      served_space_{capacity / kChunkTokens * sizeof(AtomicWord)},
      page_mark_space_{capacity / kChunkTokens * kPageMarkWords * sizeof(AtomicWord)} {
  entries_ = entry_space_.words();
  bits_ = bit_space_.words();
  bindings_ = binding_space_.words();
  served_ = served_space_.words();
}

ChunkRange LaneRing::chunks() const noexcept {
  const std::uint64_t first = floor_.load(std::memory_order_acquire);
  return {first, std::max(first, end_.load(std::memory_order_acquire))};
}

bool LaneRing::copy_chunk(std::uint64_t chunk, const ChunkWords<std::uint64_t>& to) const noexcept {
  if (chunk > chunk_of(TokenIndex::kCounterMax)) return false;
  const std::uint64_t first = chunk * kChunkTokens;
  if (!serves(first)) return false;
  // Bits before entries: a bit is set only after its entry was published.
  for (std::size_t word = 0; word < kChunkBitWords; ++word) {
    to.bits[word] = bit_word(first + word * 64).load(std::memory_order_acquire);
  }
  for (std::size_t slot = 0; slot < kChunkTokens; ++slot) {
    const EntryWords entry = load_entry(first + slot);
    std::copy(entry.words.begin(), entry.words.end(), to.entries.begin() + slot * kEntryWords);
    to.bindings[slot] = pack_binding(load_binding(first + slot, entry));
  }
  return serves(first);
}

bool LaneRing::copy_bits(std::uint64_t chunk,
                         std::span<std::uint64_t, kChunkBitWords> bits) const noexcept {
  if (chunk > chunk_of(TokenIndex::kCounterMax)) return false;
  const std::uint64_t first = chunk * kChunkTokens;
  if (!serves(first)) return false;
  for (std::size_t word = 0; word < kChunkBitWords; ++word)
    bits[word] = bit_word(first + word * 64).load(std::memory_order_acquire);
  return serves(first);
}

bool LaneRing::can_hold(std::uint64_t counter) const noexcept {
  const std::uint64_t floor = floor_.load(std::memory_order_relaxed);
  const std::uint64_t chunk = chunk_of(counter);
  return chunk >= floor && chunk - floor < capacity() / kChunkTokens;
}

bool LaneRing::is_retired(std::uint64_t counter) const noexcept {
  return chunk_of(counter) < floor_.load(std::memory_order_relaxed);
}

void LaneRing::publish_issue(std::uint64_t counter, const EntryWords& entry,
                             TokenBinding binding) noexcept {
  LEDGER_INVARIANT(can_hold(counter));
  LEDGER_INVARIANT(is_plausible(entry, binding, false));
  if (!serves(counter)) commit_chunk(chunk_of(counter));
  AtomicWord* const words = entry_at(counter);
  if (words[3].load(std::memory_order_relaxed) != 0) {
    // Replay over a snapshot that was copied later: the entry is there, its flags may be newer.
    EntryWords present = load_entry(counter);
    EntryWords wanted = entry;
    present.words[3] &= ~kEntryFlagsMask;
    wanted.words[3] &= ~kEntryFlagsMask;
    LEDGER_INVARIANT(present == wanted);
    LEDGER_INVARIANT(load_binding(counter, present) == binding);
    return;
  }
  words[0].store(entry.words[0], std::memory_order_release);
  words[1].store(entry.words[1], std::memory_order_release);
  words[2].store(entry.words[2], std::memory_order_release);
  if (entry.is_bound()) store_binding(counter, binding);
  // Last: it is the issued mark, and whoever sees it sees the three words and the binding.
  words[3].store(entry.words[3], std::memory_order_release);
}

void LaneRing::publish_revoke(std::uint64_t counter) noexcept {
  LEDGER_INVARIANT(serves(counter));
  LEDGER_INVARIANT(load_entry(counter).is_issued());
  AtomicWord& word = bit_word(counter);
  const std::uint64_t bits = word.load(std::memory_order_relaxed);
  // A plain store suffices: there is one writer.
  word.store(bits | (std::uint64_t{1} << (counter & 63)), std::memory_order_release);
}

void LaneRing::publish_flags(std::uint64_t counter, EntryFlags flags) noexcept {
  LEDGER_INVARIANT(serves(counter));
  AtomicWord& word = entry_at(counter)[3];
  const std::uint64_t mark = word.load(std::memory_order_relaxed);
  LEDGER_INVARIANT(mark != 0);
  LEDGER_INVARIANT((static_cast<std::uint8_t>(flags) & ~kEntryFlagsKnown) == 0);
  word.store((mark & ~kEntryFlagsMask) | static_cast<std::uint8_t>(flags),
             std::memory_order_release);
}

void LaneRing::retire_below(std::uint64_t counter) noexcept {
  const std::uint64_t floor = floor_.load(std::memory_order_relaxed);
  const std::uint64_t new_floor = chunk_of(counter);
  if (new_floor <= floor) return;
  floor_.store(new_floor, std::memory_order_release);
  const std::uint64_t used_end = std::min(new_floor, end_.load(std::memory_order_relaxed));
  for (std::uint64_t chunk = floor; chunk < used_end; ++chunk) {
    const std::uint64_t first = chunk * kChunkTokens;
    if (!serves(first)) continue;
    // The table first, the words after: a reader that meets a cleared word must see this in its
    // second look.
    served(first).store(0, std::memory_order_release);
    discard_chunk(chunk);
    chunks_in_use_.store(chunks_in_use() - 1, std::memory_order_relaxed);
  }
}

void LaneRing::store_binding(std::uint64_t counter, TokenBinding binding) noexcept {
  const std::uint64_t page = (counter & slot_mask_) / kBindingPageTokens;
  AtomicWord& marks = page_mark_space_.words()[page / 64];
  const std::uint64_t marked = marks.load(std::memory_order_relaxed);
  const std::uint64_t mark = std::uint64_t{1} << (page % 64);
  if ((marked & mark) == 0) {
    marks.store(marked | mark, std::memory_order_relaxed);
    binding_pages_.store(binding_pages_.load(std::memory_order_relaxed) + 1,
                         std::memory_order_relaxed);
  }
  bindings_[counter & slot_mask_].store(pack_binding(binding), std::memory_order_release);
}

Result<void> LaneRing::load_chunk(std::uint64_t chunk,
                                  const ChunkWords<const std::uint64_t>& from) noexcept {
  if (chunk > chunk_of(TokenIndex::kCounterMax)) return Errc::snapshot_corrupt;
  const std::uint64_t first = chunk * kChunkTokens;
  if (!can_hold(first) || serves(first)) return Errc::snapshot_corrupt;
  for (std::size_t slot = 0; slot < kChunkTokens; ++slot) {
    EntryWords entry;
    std::copy_n(from.entries.begin() + slot * kEntryWords, kEntryWords, entry.words.begin());
    const TokenBinding binding = unpack_binding(from.bindings[slot]);
    if (!is_plausible(entry, binding, (from.bits[slot / 64] >> (slot % 64)) & 1)) {
      discard_chunk(chunk);
      return Errc::snapshot_corrupt;
    }
    AtomicWord* const words = entry_at(first + slot);
    for (std::size_t word = 0; word < kEntryWords; ++word) {
      words[word].store(entry.words[word], std::memory_order_release);
    }
    if (entry.is_bound()) store_binding(first + slot, binding);
  }
  for (std::size_t word = 0; word < kChunkBitWords; ++word) {
    bit_word(first + word * 64).store(from.bits[word], std::memory_order_release);
  }
  commit_chunk(chunk);
  return {};
}

void LaneRing::unload() noexcept {
  retire_below(chunks().end * kChunkTokens);
  floor_.store(0, std::memory_order_release);
  end_.store(0, std::memory_order_release);
}

void LaneRing::commit_chunk(std::uint64_t chunk) noexcept {
  AtomicWord& mark = served(chunk * kChunkTokens);
  LEDGER_INVARIANT(mark.load(std::memory_order_relaxed) == 0);
  mark.store(mark_of(chunk), std::memory_order_release);
  end_.store(std::max(end_.load(std::memory_order_relaxed), chunk + 1), std::memory_order_release);
  chunks_in_use_.store(chunks_in_use() + 1, std::memory_order_relaxed);
}

void LaneRing::discard_chunk(std::uint64_t chunk) noexcept {
  const std::size_t chunk_slot = (chunk * kChunkTokens & slot_mask_) / kChunkTokens;
  entry_space_.discard(chunk_slot * kChunkTokens * kEntryBytes, kChunkTokens * kEntryBytes);
  bit_space_.discard(chunk_slot * kChunkTokens / 8, kChunkTokens / 8);
  std::uint64_t pages = 0;
  for (std::size_t word = 0; word < kPageMarkWords; ++word) {
    AtomicWord& marks = page_mark_space_.words()[chunk_slot * kPageMarkWords + word];
    pages += static_cast<std::uint64_t>(std::popcount(marks.load(std::memory_order_relaxed)));
    marks.store(0, std::memory_order_relaxed);
  }
  if (pages == 0) return;
  binding_space_.discard(chunk_slot * kChunkTokens * sizeof(AtomicWord),
                         kChunkTokens * sizeof(AtomicWord));
  binding_pages_.store(binding_pages_.load(std::memory_order_relaxed) - pages,
                       std::memory_order_relaxed);
}

}  // namespace tokenledger
