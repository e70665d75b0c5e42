// State: what decisions need, in memory. A function of the log (INV-3); only the commit thread
// touches it.
//
// There is no per-token map: tokens are looked up in the validity index, which lags behind by the
// events folded in the current batch. Those stand in `pending` until publish() moves them into the
// index, after they are durable.
#pragma once

#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>
#include <deque>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "core/people.hpp"
#include "core/publish_op.hpp"
#include "core/registries.hpp"

namespace tokenledger {

class ValidityIndex;

inline constexpr std::uint32_t kClassesPerClientMax = 1'000;
inline constexpr std::uint32_t kIdempotencyKeysMax = 1u << 17;
// Erasures over a ledger's life: beyond it EraseOwner is refused (limit_reached).
inline constexpr std::uint32_t kErasedOwnersMax = 1u << 20;
inline constexpr std::uint64_t kIdempotencyLifetimeNs = 24 * 3600 * kNanosecondsPerSecond;

struct Pending {
  std::vector<PublishOp> ops;
  std::vector<TokenClass> classes;
  boost::unordered_flat_map<TokenIndex, std::uint32_t> issued;  // position in ops
  boost::unordered_flat_set<TokenIndex> revoked;
  void clear();
};

struct ClassSlot {
  TokenClass token_class;
  std::uint32_t tokens = 0;  // issued and not yet retired; 0: the number is free
  friend bool operator==(const ClassSlot&, const ClassSlot&) = default;
};

struct IdempotencyRecord {
  std::array<std::uint8_t, 16> body{};
  Sequence seq;
  LedgerTime at;
  friend bool operator==(const IdempotencyRecord&, const IdempotencyRecord&) = default;
};

struct ArrayHash {
  std::size_t operator()(const std::array<std::uint8_t, 16>& bytes) const noexcept;
};
struct ClassHash {
  std::size_t operator()(const TokenClass& token_class) const noexcept;
};

struct IncarnationRecord {
  Incarnation incarnation;
  std::array<std::uint64_t, kLaneCount> lane_start{};
  friend bool operator==(const IncarnationRecord&, const IncarnationRecord&) = default;
};

// Openings that issued tokens, over a ledger's life: beyond it OpenLedger is refused
// (limit_reached).
inline constexpr std::uint32_t kIncarnationsMax = 1u << 20;
// The incarnation that owned an index: the last one whose lane start is not above the counter;
// nullptr: none. `incarnations` is State's list or a copy of it; the cost is logarithmic.
[[nodiscard]] const IncarnationRecord* owner_of(std::span<const IncarnationRecord> incarnations,
                                                TokenIndex index) noexcept;

// One lane's chunks that are not retired. Chunk i holds counters from oldest + i * kChunkTokens.
struct LaneState {
  std::uint64_t oldest = 0;  // chunk-aligned; everything below is retired
  std::uint64_t next = 0;    // greatest issued counter + 1
  std::deque<UnixSeconds>
      chunk_expires_at;  // greatest expires_at per chunk; 0: nothing issued there
  friend bool operator==(const LaneState&, const LaneState&) = default;
};

class State {
 public:
  std::array<std::uint8_t, 16> ledger_id{};
  std::uint32_t format_version = 0;  // 0: no LedgerCreated yet
  Sequence last_seq;
  LedgerTime last_recorded_at;
  Registries registries;
  People people;

  // Oldest first, lane starts never descend. One that issued nothing gave its place to the next.
  std::vector<IncarnationRecord> incarnations;
  std::array<LaneState, kLaneCount> lanes;

  std::vector<ClassSlot> classes;         // class number n at [n - 1]
  std::vector<ClassNumber> free_classes;  // a stack
  boost::unordered_flat_map<TokenClass, ClassNumber, ClassHash> class_numbers;
  boost::unordered_flat_map<std::uint32_t, std::uint32_t>
      classes_of_client;  // client number -> live classes

  UnixSeconds expired_upto;  // every token with expires_at <= this was named by a sweep
  std::map<std::uint32_t, std::uint32_t> expiring;  // unexpired tokens per expires_at

  boost::unordered_flat_map<std::uint32_t, std::uint32_t>
      live_tokens_of_client;  // client number -> its unexpired tokens, revoked ones included

  boost::unordered_flat_map<std::array<std::uint8_t, 16>, IdempotencyRecord, ArrayHash> idempotency;
  std::deque<std::array<std::uint8_t, 16>> idempotency_order;  // oldest first

  // In the order of the log. Every open sees to it that their keys are gone, whatever a crash or an
  // old copy of the key store brought back (INV-8).
  std::vector<OwnerKeyId> erased_owners;
  boost::unordered_flat_set<OwnerKeyId, ArrayHash> erased_owner_set;  // the same

  std::uint64_t tokens_issued = 0;
  std::uint64_t tokens_swept = 0;

  Pending pending;  // not part of the state's value

  // The entry of an issued, not retired token, seen through pending.
  [[nodiscard]] std::optional<IndexEntry> find(const ValidityIndex& index, TokenIndex token) const;
  // Whether the lane's ring has a place for this index once all that is pending was published.
  // Depends on nothing but the state and the rings' capacities, so it is the same wherever batches
  // end: for the commit thread, for recovery that publishes seldom, for another node.
  [[nodiscard]] bool has_room(const ValidityIndex& index, TokenIndex token) const;
  // Whether the token's own revocation bit is set, seen through pending.
  [[nodiscard]] bool is_revoked(const ValidityIndex& index, TokenIndex token) const;
  // Whether some cascade ends what was issued at `entry`, or what it stands on ended.
  [[nodiscard]] bool is_cascaded(const IndexEntry& entry) const;
  // Whether the client may have one more token that has not expired (INV-7).
  [[nodiscard]] bool has_live_room(const ClientRecord& client) const;
  // nullptr: free or never used.
  [[nodiscard]] const TokenClass* find_class(ClassNumber number) const;
  [[nodiscard]] bool is_erased(const OwnerKeyId& owner) const;
  // false: it stands there already, and nothing was changed.
  [[nodiscard]] bool note_erased(const OwnerKeyId& owner);
  // Keys older than 24 h of ledger time no longer count.
  [[nodiscard]] const IdempotencyRecord* find_idempotent(const Idempotency& idempotency,
                                                         LedgerTime now) const;

  // Equal values: everything but `pending`.
  friend bool operator==(const State& a, const State& b);
};

// Moves what is pending into the index, with release stores, in order. Call after the batch is
// durable (INV-2).
void publish(State& state, ValidityIndex& index);

// Fills an empty index with the registries, classes and watermarks of a state that was read from a
// snapshot; the tokens themselves are loaded chunk by chunk by the caller.
void publish_registries(const State& state, ValidityIndex& index);

}  // namespace tokenledger
