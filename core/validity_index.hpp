// ValidityIndex answers "is this token good right now?" without a lock, an allocation or a
// signature.
//
// Per token it keeps 32 bytes and one revocation bit (LaneRing), and of a user's token 8 bytes that
// name its consent and family, which end by one bit each (EndedBits). What tokens have in common
// stands in their class (ClassTable); cascades are one word per selector (Watermarks); audiences
// and scopes are compared by name (NameTable). It is a function of the log (INV-3): fold's results
// are published here after the batch is durable and before its callers are answered (INV-2).
//
// Threads: the "writer" functions belong to one thread at a time; everything else is wait-free on
// any thread, noexcept, and never allocates. Publishing is release, reading acquire: a check that
// begins after a publish returned (with any synchronisation between the two) sees it. A doubt reads
// as not good (INV-6): unknown, hostile and retired indexes are "not found".
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "core/class_table.hpp"
#include "core/ended_bits.hpp"
#include "core/lane_ring.hpp"
#include "core/live_token.hpp"
#include "core/name_table.hpp"
#include "core/watermarks.hpp"

namespace tokenledger {

enum class Verdict : std::uint8_t {
  good,
  not_good,            // the reason always comes from status()
  insufficient_scope,  // the token is good, a required scope is missing (RFC 6750 §3.1)
  ask_status,          // not refused here, but its entry carries a flag: only status() may decide
};

class ValidityIndex {
 public:
  struct Options {
    // Slots per lane: address space, not memory. Powers of two, at least kChunkTokens.
    std::array<std::uint64_t, kLaneCount> lane_capacities{
        std::uint64_t{1} << 28, std::uint64_t{1} << 28, std::uint64_t{1} << 27,
        std::uint64_t{1} << 26};
  };

  ValidityIndex();
  // Reserves address space only. Throws std::bad_alloc if the system refuses it.
  explicit ValidityIndex(const Options& options);

  // --- readers: any thread ---

  // Refuses in this order: not found, another fingerprint, revoked or on an ended consent or
  // family, under a watermark, expired (now >= expires_at, A21): not_good; any entry flag:
  // ask_status; `audience` is not byte-identical to the identifier of one of the token's APIs
  // (A20): not_good; a required scope that the token lacks at that API (A23, A18c):
  // insufficient_scope.
  [[nodiscard]] Verdict check(TokenIndex index, const Fingerprint& fingerprint,
                              std::string_view audience,
                              std::span<const std::string_view> required_scopes,
                              UnixSeconds now) const noexcept;
  // The same with names resolved before: find_api() and scope_mask() of names().
  [[nodiscard]] Verdict check(TokenIndex index, const Fingerprint& fingerprint, ApiNumber audience,
                              std::uint64_t required_scope_mask, UnixSeconds now) const noexcept;
  // The same for callers that have no token, only its index: the answer is about the index, and
  // says nothing about who presents it.
  [[nodiscard]] Verdict check_without_fingerprint(TokenIndex index, std::string_view audience,
                                                  std::span<const std::string_view> required_scopes,
                                                  UnixSeconds now) const noexcept;
  [[nodiscard]] Verdict check_without_fingerprint(TokenIndex index, ApiNumber audience,
                                                  std::uint64_t required_scope_mask,
                                                  UnixSeconds now) const noexcept;
  // The same for callers that want to know what they found, whatever its audience: none wherever a
  // check would not be good, any entry flag included. A null fingerprint is not compared.
  [[nodiscard]] std::optional<LiveToken> find_live(TokenIndex index, const Fingerprint* fingerprint,
                                                   UnixSeconds now) const noexcept;
  // find_live() whatever the time: the token may have expired.
  [[nodiscard]] std::optional<LiveToken> find_unrevoked(
      TokenIndex index, const Fingerprint* fingerprint) const noexcept;
  // Whether the index lies in a chunk that was returned: only the views know of it then.
  [[nodiscard]] bool is_retired(TokenIndex index) const noexcept {
    return index.has_lane() && lane(index).is_retired(index.counter());
  }
  // Starts loading what a check of this index will read. Any value is harmless.
  void prefetch(TokenIndex index) const noexcept {
    if (index.has_lane()) lane(index).prefetch(index.counter());
  }

  // The entry as issued (with its present flags), revoked or not; none if never issued or retired.
  [[nodiscard]] std::optional<IndexEntry> find(TokenIndex index) const noexcept;
  // Its own revocation bit; cascades are not looked at. False if never issued or retired.
  [[nodiscard]] bool is_revoked_individually(TokenIndex index) const noexcept {
    if (!index.has_lane()) return false;
    const LaneRing& ring = lane(index);
    const std::uint64_t counter = index.counter();
    if (!ring.serves(counter)) return false;
    const bool revoked = ring.load_bit(counter);
    return ring.serves(counter) && revoked;
  }
  // Whether tokens on it are good no more. False for 0, and once the number was freed.
  [[nodiscard]] bool is_ended(ConsentNumber consent) const noexcept {
    return ended_consents_.test(consent.value());
  }
  [[nodiscard]] bool is_ended(FamilyNumber family) const noexcept {
    return ended_families_.test(family.value());
  }
  // Whether it was revoked, by its own bit or by a cascade, whatever the time. False if never
  // issued or retired.
  [[nodiscard]] bool is_ended(TokenIndex index) const noexcept;
  // The class of an issued, unretired token; never that of another token.
  [[nodiscard]] std::optional<TokenClass> find_class(TokenIndex index) const noexcept;
  [[nodiscard]] Sequence watermark(Selector selector) const noexcept {
    return watermarks_.of(selector);
  }
  [[nodiscard]] const NameTable& names() const noexcept { return names_; }

  // The chunks of a lane that may be in use; and a copy of one while it is live, see LaneRing.
  [[nodiscard]] ChunkRange chunks(Lane lane) const noexcept { return ring(lane).chunks(); }
  [[nodiscard]] bool copy_chunk(Lane lane, std::uint64_t chunk,
                                const ChunkWords<std::uint64_t>& to) const noexcept {
    return ring(lane).copy_chunk(chunk, to);
  }
  [[nodiscard]] bool copy_bits(Lane lane, std::uint64_t chunk,
                               std::span<std::uint64_t, kChunkBitWords> bits) const noexcept {
    return ring(lane).copy_bits(chunk, bits);
  }
  // Memory of the chunks in use with their bindings, of the class records and of the ended bits.
  [[nodiscard]] std::size_t committed_bytes() const noexcept;

  // --- the writer ---

  // Invariant failures, not errors: decide() has already refused what does not fit. Every publish
  // may be repeated, so that a log can be folded again over a snapshot copied later; what is meant
  // for a retired chunk is then ignored.
  void publish_class(ClassNumber number, const TokenClass& token_class) noexcept {
    classes_.publish(number, token_class);
  }
  // Only after every chunk that holds a token of this class was retired.
  void free_class(ClassNumber number) noexcept { classes_.free(number); }
  // Requires can_hold(index) or a retired chunk, and a published class.
  void publish_issue(TokenIndex index, const IndexEntry& entry) noexcept;
  // Both require an issued token or a retired chunk. Bits only go 0 -> 1.
  void publish_revoke(TokenIndex index) noexcept;
  void publish_flags(TokenIndex index, EntryFlags flags) noexcept;
  // Ends every token of the selector issued before `revoked_before`; never lowers.
  void publish_cascade(Selector selector, Sequence revoked_before) noexcept {
    watermarks_.publish(selector, revoked_before);
  }
  // Ends every token on this consent, or of this family, until the number is freed; only after
  // every chunk that holds such a token was retired. All are idempotent and require a number in (0,
  // kEndedNumberEnd).
  void publish_ended(ConsentNumber consent) noexcept { ended_consents_.set(consent.value()); }
  void publish_ended(FamilyNumber family) noexcept { ended_families_.set(family.value()); }
  void free_consent(ConsentNumber consent) noexcept { ended_consents_.clear(consent.value()); }
  void free_family(FamilyNumber family) noexcept { ended_families_.clear(family.value()); }
  void publish_api(ApiNumber number, std::string_view identifier) {
    names_.publish_api(number, identifier);
  }
  void publish_scope(ApiNumber number, std::uint32_t bit, std::string_view name) {
    names_.publish_scope(number, bit, name);
  }
  // False when the lane does not exist, the chunk is retired or the ring has no room.
  [[nodiscard]] bool can_hold(TokenIndex index) const noexcept {
    return index.has_lane() && lane(index).can_hold(index.counter());
  }
  // Ends every chunk wholly below the counter: its tokens are then not found. Idempotent.
  void retire_chunks_below(Lane lane, std::uint64_t counter) noexcept {
    rings_[static_cast<std::size_t>(lane)].retire_below(counter);
  }
  // The oldest chunk that is not retired; its counters start at this times kChunkTokens.
  [[nodiscard]] std::uint64_t oldest_chunk(Lane lane) const noexcept {
    return ring(lane).chunks().first;
  }
  // Calls visit(TokenIndex, const IndexEntry&) in index order for what is issued and not retired in
  // [from, to). Cost: that of the chunks in use there.
  template <class Visit>
  void for_each_entry(Lane lane, std::uint64_t from, std::uint64_t to, Visit&& visit) const;
  // Fills a chunk from copy_chunk's words, before any reader is let in; snapshot_corrupt and
  // nothing changed if it has no place or the words are impossible. Retire first, to the floor seen
  // when copying ended.
  [[nodiscard]] Result<void> load_chunk(Lane lane, std::uint64_t chunk,
                                        const ChunkWords<const std::uint64_t>& from) noexcept {
    return rings_[static_cast<std::size_t>(lane)].load_chunk(chunk, from);
  }
  // Forgets every chunk and every retirement, after a load that failed half way; before any reader
  // is let in.
  void unload_chunks() noexcept {
    for (LaneRing& ring : rings_) ring.unload();
  }

 private:
  // What one token's check reads, taken together: no part belongs to another token.
  struct TokenFacts {
    EntryWords entry;
    ClassRecord record;
    TokenBinding binding;
    bool revoked = false;  // by its own bit, or by that of its consent or family
  };

  [[nodiscard]] const LaneRing& ring(Lane lane) const noexcept {
    return rings_[static_cast<std::size_t>(lane)];
  }
  [[nodiscard]] const LaneRing& lane(TokenIndex index) const noexcept {
    return rings_[index.lane_number()];
  }
  [[nodiscard]] LaneRing& lane(TokenIndex index) noexcept { return rings_[index.lane_number()]; }
  [[nodiscard]] std::optional<TokenFacts> read(TokenIndex index) const noexcept;
  // Of a bound entry. A binding that is missing reads as ended: every user's token has a consent.
  [[nodiscard]] bool has_ended(TokenBinding binding) const noexcept {
    return binding.consent.value() == 0 || is_ended(binding.consent) || is_ended(binding.family);
  }
  // Everything but audience and scopes, for which `good` goes on with finish(class record).
  template <class Finish>
  [[nodiscard]] Verdict check_token(TokenIndex index, const Fingerprint* fingerprint,
                                    UnixSeconds now, Finish&& finish) const noexcept;
  [[nodiscard]] Verdict check_named(const ClassRecord& record, std::string_view audience,
                                    std::span<const std::string_view> required) const noexcept;

  std::array<LaneRing, kLaneCount> rings_;
  ClassTable classes_;
  Watermarks watermarks_;
  EndedBits ended_consents_;
  EndedBits ended_families_;
  NameTable names_;
};

template <class Visit>
void ValidityIndex::for_each_entry(Lane lane, std::uint64_t from, std::uint64_t to,
                                   Visit&& visit) const {
  const ChunkRange used = chunks(lane);
  const std::uint64_t end = std::min(to, used.end * kChunkTokens);
  std::uint64_t counter = std::max(from, used.first * kChunkTokens);
  while (counter < end) {
    const std::uint64_t chunk_end = (counter / kChunkTokens + 1) * kChunkTokens;
    const std::uint64_t stop = ring(lane).serves(counter) ? std::min(end, chunk_end) : counter;
    for (; counter < stop; ++counter) {
      const EntryWords entry = ring(lane).load_entry(counter);
      if (!entry.is_issued()) continue;
      visit(TokenIndex{lane, counter},
            unpack_entry(entry, ring(lane).load_binding(counter, entry)));
    }
    counter = std::max(counter, std::min(end, chunk_end));
  }
}

}  // namespace tokenledger
