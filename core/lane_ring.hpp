// LaneRing: the index entries, revocation bits and bindings of one lifetime lane.
//
// The token with counter c lives in slot c mod capacity. Memory is taken and given back in chunks
// of kChunkTokens slots; a table names, per chunk slot, the chunk that it serves now. Counters only
// grow, so a chunk slot serves chunk k, then none, then k + chunk count, and never k again.
//
// Threads: one writer, any number of readers; reads are wait-free. A reader
//   1. asks serves(counter), 2. loads the entry, the bit and what hangs on them (the class record),
//   3. asks serves(counter) again and forgets everything it read if that is false.
// Every word is stored with release and loaded with acquire, and retiring clears the table before
// it touches a word: whoever read a word of the slot's next life, or of its return to zero, sees in
// step 3 that the table has moved on. (Acquire loads, not fences: TSan does not model fences.)
//
// Bindings stand in small pages that only tokens of users write: a stretch of other tokens takes
// none.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "core/address_space.hpp"
#include "core/entry_words.hpp"
#include "core/errc.hpp"

namespace tokenledger {

inline constexpr std::size_t kChunkEntryWords = std::size_t{kChunkTokens} * kEntryWords;
inline constexpr std::size_t kChunkBitWords = kChunkTokens / 64;
inline constexpr std::size_t kChunkBytes =  // without its pages of bindings
    std::size_t{kChunkTokens} * kEntryBytes + kChunkTokens / 8;
inline constexpr std::size_t kBindingPageBytes = 4096;
inline constexpr std::size_t kBindingPageTokens = kBindingPageBytes / sizeof(AtomicWord);
inline constexpr std::size_t kChunkBindingPages = kChunkTokens / kBindingPageTokens;
inline constexpr std::uint64_t kLaneCapacityMax = std::uint64_t{1} << 34;

// Chunk numbers [first, end): chunk k holds the counters [k * kChunkTokens, (k + 1) *
// kChunkTokens).
struct ChunkRange {
  std::uint64_t first = 0;
  std::uint64_t end = 0;
  friend constexpr bool operator==(const ChunkRange&, const ChunkRange&) = default;
};

// The words of one chunk, all of them or copies of all of them.
template <class Word>
struct ChunkWords {
  std::span<Word, kChunkEntryWords> entries;
  std::span<Word, kChunkBitWords> bits;
  std::span<Word, kChunkTokens> bindings;  // zero where the entry is not bound
};

class alignas(64) LaneRing {
 public:
  // Reserves address space only. capacity: a power of two, kChunkTokens <= capacity <=
  // kLaneCapacityMax. Throws std::bad_alloc.
  explicit LaneRing(std::uint64_t capacity);

  // --- any thread, wait-free ---

  [[nodiscard]] bool serves(std::uint64_t counter) const noexcept {
    return served(counter).load(std::memory_order_acquire) == mark_of(chunk_of(counter));
  }
  // All zero when the slot holds no issued entry.
  [[nodiscard]] EntryWords load_entry(std::uint64_t counter) const noexcept {
    const AtomicWord* const entry = entry_at(counter);
    const std::uint64_t mark = entry[3].load(std::memory_order_acquire);
    if (mark == 0) return {};
    return {{entry[0].load(std::memory_order_acquire), entry[1].load(std::memory_order_acquire),
             entry[2].load(std::memory_order_acquire), mark}};
  }
  // Of a bound entry that was loaded before.
  [[nodiscard]] TokenBinding load_binding(std::uint64_t counter) const noexcept {
    return unpack_binding(bindings_[counter & slot_mask_].load(std::memory_order_acquire));
  }
  // Of any entry: without a look where there is none.
  [[nodiscard]] TokenBinding load_binding(std::uint64_t counter,
                                          const EntryWords& entry) const noexcept {
    return entry.is_bound() ? load_binding(counter) : TokenBinding{};
  }
  [[nodiscard]] bool load_bit(std::uint64_t counter) const noexcept {
    return (bit_word(counter).load(std::memory_order_acquire) >> (counter & 63)) & 1;
  }
  void prefetch(std::uint64_t counter) const noexcept {
    __builtin_prefetch(entry_at(counter));
    __builtin_prefetch(&bit_word(counter));
    // A lane without users has no such page, and looking for one would cost a page walk.
    if (binding_pages_.load(std::memory_order_relaxed) != 0)
      __builtin_prefetch(bindings_ + (counter & slot_mask_));
  }
  // The chunks that may be in use. Chunks inside the range may never have been used.
  [[nodiscard]] ChunkRange chunks() const noexcept;
  [[nodiscard]] std::uint64_t chunks_in_use() const noexcept {
    return chunks_in_use_.load(std::memory_order_relaxed);
  }
  // Memory of the chunks in use, with their pages of bindings.
  [[nodiscard]] std::size_t committed_bytes() const noexcept {
    return chunks_in_use() * kChunkBytes +
           binding_pages_.load(std::memory_order_relaxed) * kBindingPageBytes;
  }
  [[nodiscard]] std::uint64_t capacity() const noexcept { return slot_mask_ + 1; }
  // Copies one chunk while it is live: every bit that is copied as set belongs to an entry that is
  // copied too. False (and unspecified contents) when the chunk is not in use, or retired
  // meanwhile.
  [[nodiscard]] bool copy_chunk(std::uint64_t chunk,
                                const ChunkWords<std::uint64_t>& to) const noexcept;
  // Its revocation bits alone; false as above.
  [[nodiscard]] bool copy_bits(std::uint64_t chunk,
                               std::span<std::uint64_t, kChunkBitWords> bits) const noexcept;

  // --- the writer only ---

  // The ring has a place for this counter: its chunk is not retired and lies within one capacity of
  // the oldest one.
  [[nodiscard]] bool can_hold(std::uint64_t counter) const noexcept;
  [[nodiscard]] bool is_retired(std::uint64_t counter) const noexcept;
  // Requires can_hold(counter), that the slot is empty or holds the same entry, and a binding, not
  // beyond kEndedNumberEnd, exactly if the entry is bound.
  void publish_issue(std::uint64_t counter, const EntryWords& entry,
                     TokenBinding binding = {}) noexcept;
  // Both require an issued entry.
  void publish_revoke(std::uint64_t counter) noexcept;
  void publish_flags(std::uint64_t counter, EntryFlags flags) noexcept;
  // Ends every chunk that lies wholly below the counter; returns their memory. Idempotent.
  void retire_below(std::uint64_t counter) noexcept;
  // Fills a chunk from a copy. snapshot_corrupt, and nothing changed, if the chunk has no place or
  // is in use, or the words could not have come from copy_chunk.
  [[nodiscard]] Result<void> load_chunk(std::uint64_t chunk,
                                        const ChunkWords<const std::uint64_t>& from) noexcept;
  // Back to an empty ring, after a load that failed half way; before any reader is let in.
  void unload() noexcept;

 private:
  [[nodiscard]] static constexpr std::uint64_t chunk_of(std::uint64_t counter) noexcept {
    return counter / kChunkTokens;
  }
  // What the table holds while a chunk is served; 0 is "none".
  [[nodiscard]] static constexpr std::uint64_t mark_of(std::uint64_t chunk) noexcept {
    return chunk + 1;
  }
  [[nodiscard]] AtomicWord& served(std::uint64_t counter) const noexcept {
    return served_[(counter & slot_mask_) / kChunkTokens];
  }
  [[nodiscard]] AtomicWord* entry_at(std::uint64_t counter) const noexcept {
    return entries_ + (counter & slot_mask_) * kEntryWords;
  }
  [[nodiscard]] AtomicWord& bit_word(std::uint64_t counter) const noexcept {
    return bits_[(counter & slot_mask_) / 64];
  }
  void commit_chunk(std::uint64_t chunk) noexcept;
  void discard_chunk(std::uint64_t chunk) noexcept;
  void store_binding(std::uint64_t counter, TokenBinding binding) noexcept;

  // Read by every check; never changed after construction.
  std::uint64_t slot_mask_;
  AtomicWord* entries_;
  AtomicWord* bits_;
  AtomicWord* bindings_;
  AtomicWord* served_;
  AddressSpace entry_space_;
  AddressSpace bit_space_;
  AddressSpace binding_space_;
  AddressSpace served_space_;
  // Stored by the writer once per chunk; readers only need a recent value.
  AtomicWord floor_{0};  // chunks below are retired
  AtomicWord end_{0};    // chunks at or above were never used
  AtomicWord chunks_in_use_{0};
  // Pages of bindings that were written, and of each chunk slot which: for the count alone.
  AtomicWord binding_pages_{0};
  AddressSpace page_mark_space_;
};

}  // namespace tokenledger
