#include "core/validity_index.hpp"

#include "core/invariant.hpp"

namespace tokenledger {
namespace {

Verdict check_scopes(std::uint64_t held, std::uint64_t required) noexcept {
  return (required & ~held) == 0 ? Verdict::good : Verdict::insufficient_scope;
}

Verdict check_numbered(const ClassRecord& record, ApiNumber audience,
                       std::uint64_t required_scope_mask) noexcept {
  if (audience.value() == 0) return Verdict::not_good;
  for (std::size_t position = 0; position < kApisPerTokenMax; ++position) {
    if (record.api(position) == audience.value()) {
      return check_scopes(record.scope_mask(position), required_scope_mask);
    }
  }
  return Verdict::not_good;
}

}  // namespace

ValidityIndex::ValidityIndex() : ValidityIndex{Options{}} {}

ValidityIndex::ValidityIndex(const Options& options)
    : rings_{LaneRing{options.lane_capacities[0]}, LaneRing{options.lane_capacities[1]},
             LaneRing{options.lane_capacities[2]}, LaneRing{options.lane_capacities[3]}} {}

// Entry, bits, binding and class record between two looks at the chunk table: if the table did not
// move, none of them belongs to a later life of the slot or of the class number.
inline std::optional<ValidityIndex::TokenFacts> ValidityIndex::read(
    TokenIndex index) const noexcept {
  if (!index.has_lane()) return std::nullopt;
  const LaneRing& ring = lane(index);
  const std::uint64_t counter = index.counter();
  if (!ring.serves(counter)) return std::nullopt;
  bool revoked = ring.load_bit(counter);  // first: its miss then overlaps the entry's
  const EntryWords entry = ring.load_entry(counter);
  if (!entry.is_issued()) return std::nullopt;
  if (entry.token_class().value() >= kClassesMax) return std::nullopt;
  TokenBinding binding;
  if (entry.is_bound()) {
    binding = ring.load_binding(counter);
    // Here, before the second look: a bit that was cleared because its number was freed.
    revoked |= has_ended(binding);
  }
  const ClassRecord record = classes_.load(entry.token_class());
  if (!ring.serves(counter)) return std::nullopt;
  if (!record.exists()) return std::nullopt;
  return TokenFacts{entry, record, binding, revoked};
}

template <class Finish>
inline Verdict ValidityIndex::check_token(TokenIndex index, const Fingerprint* fingerprint,
                                          UnixSeconds now, Finish&& finish) const noexcept {
  const std::optional<TokenFacts> facts = read(index);
  if (!facts) return Verdict::not_good;
  if (fingerprint != nullptr && !facts->entry.matches(*fingerprint)) return Verdict::not_good;
  if (facts->revoked) return Verdict::not_good;
  if (facts->entry.issued_seq() < watermarks_.greatest_of(facts->record)) return Verdict::not_good;
  if (now >= facts->entry.expires_at()) return Verdict::not_good;
  if (facts->entry.flags() != 0) return Verdict::ask_status;
  return finish(facts->record);
}

Verdict ValidityIndex::check_named(const ClassRecord& record, std::string_view audience,
                                   std::span<const std::string_view> required) const noexcept {
  if (audience.empty()) return Verdict::not_good;
  for (std::size_t position = 0; position < kApisPerTokenMax; ++position) {
    const ApiNumber api{record.api(position)};
    if (names_.api(api) != audience) continue;
    const std::uint64_t held = record.scope_mask(position);
    return names_.scope_mask(api, required, held) ? Verdict::good : Verdict::insufficient_scope;
  }
  return Verdict::not_good;
}

Verdict ValidityIndex::check(TokenIndex index, const Fingerprint& fingerprint,
                             std::string_view audience,
                             std::span<const std::string_view> required_scopes,
                             UnixSeconds now) const noexcept {
  return check_token(index, &fingerprint, now, [&](const ClassRecord& record) {
    return check_named(record, audience, required_scopes);
  });
}

Verdict ValidityIndex::check(TokenIndex index, const Fingerprint& fingerprint, ApiNumber audience,
                             std::uint64_t required_scope_mask, UnixSeconds now) const noexcept {
  return check_token(index, &fingerprint, now, [&](const ClassRecord& record) {
    return check_numbered(record, audience, required_scope_mask);
  });
}

Verdict ValidityIndex::check_without_fingerprint(TokenIndex index, std::string_view audience,
                                                 std::span<const std::string_view> required_scopes,
                                                 UnixSeconds now) const noexcept {
  return check_token(index, nullptr, now, [&](const ClassRecord& record) {
    return check_named(record, audience, required_scopes);
  });
}

Verdict ValidityIndex::check_without_fingerprint(TokenIndex index, ApiNumber audience,
                                                 std::uint64_t required_scope_mask,
                                                 UnixSeconds now) const noexcept {
  return check_token(index, nullptr, now, [&](const ClassRecord& record) {
    return check_numbered(record, audience, required_scope_mask);
  });
}

std::optional<LiveToken> ValidityIndex::find_live(TokenIndex index, const Fingerprint* fingerprint,
                                                  UnixSeconds now) const noexcept {
  auto found = find_unrevoked(index, fingerprint);
  if (found && now >= found->entry.expires_at) found.reset();
  return found;
}

std::optional<LiveToken> ValidityIndex::find_unrevoked(
    TokenIndex index, const Fingerprint* fingerprint) const noexcept {
  const std::optional<TokenFacts> facts = read(index);
  if (!facts) return std::nullopt;
  if (fingerprint != nullptr && !facts->entry.matches(*fingerprint)) return std::nullopt;
  if (facts->revoked) return std::nullopt;
  if (facts->entry.issued_seq() < watermarks_.greatest_of(facts->record)) return std::nullopt;
  if (facts->entry.flags() != 0) return std::nullopt;
  return LiveToken{unpack_entry(facts->entry, facts->binding), unpack_class(facts->record)};
}

std::optional<IndexEntry> ValidityIndex::find(TokenIndex index) const noexcept {
  if (!index.has_lane()) return std::nullopt;
  const LaneRing& ring = lane(index);
  if (!ring.serves(index.counter())) return std::nullopt;
  const EntryWords entry = ring.load_entry(index.counter());
  if (!entry.is_issued()) return std::nullopt;
  const TokenBinding binding = ring.load_binding(index.counter(), entry);
  if (!ring.serves(index.counter())) return std::nullopt;
  return unpack_entry(entry, binding);
}

bool ValidityIndex::is_ended(TokenIndex index) const noexcept {
  const std::optional<TokenFacts> facts = read(index);
  if (!facts) return false;
  return facts->revoked || facts->entry.issued_seq() < watermarks_.greatest_of(facts->record);
}

std::optional<TokenClass> ValidityIndex::find_class(TokenIndex index) const noexcept {
  const std::optional<TokenFacts> facts = read(index);
  if (!facts) return std::nullopt;
  return unpack_class(facts->record);
}

std::size_t ValidityIndex::committed_bytes() const noexcept {
  std::size_t bytes = classes_.committed_bytes() + ended_consents_.committed_bytes() +
                      ended_families_.committed_bytes();
  for (const LaneRing& ring : rings_) bytes += ring.committed_bytes();
  return bytes;
}

void ValidityIndex::publish_issue(TokenIndex index, const IndexEntry& entry) noexcept {
  LEDGER_INVARIANT(index.has_lane());
  LEDGER_INVARIANT(entry.issued_seq.value() <= kIssuedSequenceMax);
  LaneRing& ring = lane(index);
  if (ring.is_retired(index.counter())) return;
  LEDGER_INVARIANT(is_class_number(entry.token_class));
  LEDGER_INVARIANT(classes_.load(entry.token_class).exists());
  ring.publish_issue(index.counter(), pack_entry(entry), entry.binding);
}

void ValidityIndex::publish_revoke(TokenIndex index) noexcept {
  LEDGER_INVARIANT(index.has_lane());
  LaneRing& ring = lane(index);
  if (!ring.is_retired(index.counter())) ring.publish_revoke(index.counter());
}

void ValidityIndex::publish_flags(TokenIndex index, EntryFlags flags) noexcept {
  LEDGER_INVARIANT(index.has_lane());
  LaneRing& ring = lane(index);
  if (!ring.is_retired(index.counter())) ring.publish_flags(index.counter(), flags);
}

}  // namespace tokenledger
