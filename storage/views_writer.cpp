#include "storage/views_writer.hpp"

#include "core/class_table.hpp"
#include "core/invariant.hpp"
#include "storage/views_keys.hpp"

namespace tokenledger::views {
namespace {

std::uint64_t ordinal_if_marked(std::uint64_t ordinal) noexcept {
  return ordinal % kOrdinalStride == 1 ? ordinal : 0;
}

TokenBinding binding_of(const TokenIssued& issued) noexcept {
  return issued.user ? TokenBinding{issued.user->consent, issued.user->family} : TokenBinding{};
}

// Empty: none was given, or the kind has none.
const Sealed& reason_of(const Payload& payload) {
  static const Sealed kNone;
  if (const auto* event = std::get_if<TokensRevoked>(&payload)) return event->reason;
  if (const auto* event = std::get_if<ConsentWithdrawn>(&payload)) return event->reason;
  if (const auto* event = std::get_if<FamilyEnded>(&payload)) return event->reason;
  if (const auto* event = std::get_if<UserDisabled>(&payload)) return event->reason;
  if (const auto* event = std::get_if<KeyRevoked>(&payload)) return event->reason;
  return kNone;
}

}  // namespace

Result<void> BatchBuilder::add(const Event& event) {
  LEDGER_INVARIANT(event.seq == meta_.cursor.next());
  meta_.cursor = event.seq;
  if (const auto* issued = std::get_if<TokenIssued>(&event.payload)) {
    return add_token(event, *issued);
  }
  if (const auto* revoked = std::get_if<TokenRevoked>(&event.payload)) {
    return add_revocation(event, *revoked);
  }
  const auto cascade = cascade_of(event);
  return cascade ? add_cascade(event, *cascade) : Result<void>{};
}

// Two numbers never mean the same content at a time, but a freed content may come back under
// another number: it keeps its first class id, so that a client's list merges few classes.
ClassEntry* BatchBuilder::intern(const Event& event, const TokenIssued& issued) {
  if (!is_class_number(issued.token_class)) return nullptr;
  auto* meant = tables_.class_of(issued.token_class);
  if (issued.new_class) {
    meant = &tables_.set_number(issued.token_class, *issued.new_class);
    row_.clear();
    append_number(row_, *issued.new_class);
    sink_.put(number_key(issued.token_class).view(), row_);
  }
  if (meant == nullptr) return nullptr;
  const auto bucket = lifetime_bucket(issued.issued_at, issued.expires_at);
  auto* entry = Tables::find(*meant, issued.origin, bucket);
  if (entry != nullptr) return entry;
  const ClassContent content{meant->token_class, issued.origin, bucket};
  entry = tables_.add_class(event.seq, content);
  LEDGER_INVARIANT(entry != nullptr);
  row_.clear();
  append_class(row_, content);
  sink_.put(class_key(entry->id).view(), row_);
  return entry;
}

void BatchBuilder::touch(ClassEntry& entry) {
  if (entry.touched) return;
  entry.touched = true;
  touched_.push_back(&entry);
}

Result<void> BatchBuilder::add_token(const Event& event, const TokenIssued& issued) {
  ClassEntry* const entry = intern(event, issued);
  if (entry == nullptr) return Errc::log_corrupt;
  touch(*entry);
  const auto recorded_at = to_seconds(event.recorded_at);
  const auto lag = std::int64_t{recorded_at.value()} - issued.issued_at.value();
  const auto life = std::int64_t{issued.expires_at.value()} - recorded_at.value();
  const Spread spread{lag, lag, life, life};
  entry->spread.widen(spread, entry->issued() == 0);
  tables_.widen(spread);
  entry->count(event.seq);
  if (++meta_.issued % kMarkStride == 1) {
    tables_.add_mark(event.seq, recorded_at);
    row_.clear();
    append_u64(row_, recorded_at.value());
    sink_.put(mark_key(event.seq).view(), row_);
  }

  TokenRowFacts facts{.index = issued.index,
                      .issued_at = issued.issued_at,
                      .expires_at = issued.expires_at,
                      .recorded_at = event.recorded_at,
                      .kind = issued.kind,
                      .subject = issued.subject,
                      .binding = binding_of(issued),
                      .issued_by = event.actor};
  facts.has_details =
      !issued.name.empty() || !issued.owner.bytes.empty() || !issued.extra_fields.bytes.empty();
  if (facts.is_users()) entry->count_user();
  if (remembers_(issued.index))
    remembered_.insert_or_assign(issued.index, KnownToken{event.seq, entry, facts});
  add_token_rows(event, *entry, facts);
  if (facts.has_details) add_details_rows(event, *entry, facts);
  if (facts.subject != SubjectNumber{}) {
    row_.clear();
    append_token(row_, entry->id, facts, entry->token_class.client);
    sink_.put(subject_key(facts.subject, event.seq).view(), row_);
  }
  return {};
}

void BatchBuilder::add_token_rows(const Event& event, const ClassEntry& entry,
                                  TokenRowFacts facts) {
  const auto client = entry.token_class.client;
  facts.ordinal = ordinal_if_marked(meta_.issued);
  row_.clear();
  append_token(row_, entry.id, facts, client);
  sink_.put(token_key(event.seq).view(), row_);

  facts.ordinal = ordinal_if_marked(entry.issued());
  row_.clear();
  append_facts(row_, facts, client);
  sink_.put(by_class_key(entry.id, event.seq).view(), row_);

  row_.clear();
  append_seq(row_, event.seq);
  sink_.put(index_key(facts.index).view(), row_);
  row_.clear();
  append_expiry(row_, {event.seq, entry.id}, facts);
  sink_.put(expiry_key(facts.expires_at, facts.index).view(), row_);
}

void BatchBuilder::add_details_rows(const Event& event, const ClassEntry& entry,
                                    const TokenRowFacts& facts) {
  const auto& issued = std::get<TokenIssued>(event.payload);
  row_.clear();
  append_details(row_, {issued.name, issued.owner.bytes, issued.extra_fields.bytes});
  sink_.put(details_key(event.seq).view(), row_);
  if (const auto owner = owner_handle(issued.owner)) {
    row_.clear();
    append_token(row_, entry.id, facts, entry.token_class.client);
    sink_.put(owner_key(*owner, event.seq).view(), row_);
  }
  if (!issued.name.empty()) {
    row_.clear();
    append_seq(row_, event.seq);
    append_token(row_, entry.id, facts, entry.token_class.client);
    sink_.put(name_key(issued.name, issued.index), row_);
  }
}

std::size_t BatchBuilder::forget_revoked() {
  std::size_t forgotten = 0;
  for (const auto index : revoked_) forgotten += remembered_.erase(index);
  revoked_.clear();
  return forgotten;
}

Result<void> BatchBuilder::add_revocation(const Event& event, const TokenRevoked& revoked) {
  KnownToken token;
  if (const auto here = remembered_.find(revoked.index); here != remembered_.end()) {
    token = here->second;
  } else {
    auto found = find_(revoked.index);
    if (!found) return found.error();
    if (!*found) return Errc::log_corrupt;
    token = **found;
  }
  token.facts.ordinal = 0;
  const auto client = token.entry->token_class.client;
  row_.clear();
  append_revocation(row_, {revoked.cause, event.actor, event.seq, event.recorded_at},
                    revoked.reason);
  sink_.put(revoked_key(revoked.index).view(), row_);
  row_.clear();
  append_seq(row_, token.seq);
  sink_.put(ended_key(event.seq, revoked.index).view(), row_);
  const EndedFacts ended{{revoked.cause, event.actor, event.seq, event.recorded_at},
                         !revoked.reason.bytes.empty()};
  row_.clear();
  append_seq(row_, token.entry->id);
  append_ended(row_, ended);
  append_facts(row_, token.facts, client);
  sink_.put(ended_token_key(token.seq).view(), row_);
  row_.clear();
  append_ended(row_, ended);
  append_facts(row_, token.facts, client);
  sink_.put(ended_by_class_key(token.entry->id, token.seq).view(), row_);
  if (revoked.cause == Cause::deleted) add_deletion(event.seq, *token.entry);
  revoked_.push_back(revoked.index);
  return {};
}

void BatchBuilder::add_deletion(Sequence seq, ClassEntry& entry) {
  touch(entry);
  row_.clear();
  append_u64(row_, entry.count_deleted());
  sink_.put(deleted_key(entry.id, seq).view(), row_);
  row_.clear();
  append_u64(row_, ++meta_.deleted);
  sink_.put(deleted_key(Sequence{}, seq).view(), row_);
}

Result<void> BatchBuilder::add_cascade(const Event& event, const Cascade& cascade) {
  const CascadeRow row{cascade, reason_of(event.payload)};
  if (ends_by_number(cascade.selector.kind)) return add_end(row);
  row_.clear();
  append_cascade(row_, row);
  sink_.put(cascade_key(event.seq).view(), row_);
  tables_.add_cascade(cascade);
  return {};
}

Result<void> BatchBuilder::add_end(const CascadeRow& row) {
  const auto& end = row.cascade;
  // A key has one seq, which says both when it came and what it ends.
  if (end.before != end.revocation.seq || !tables_.add_end(end)) return Errc::log_corrupt;
  row_.clear();
  append_cascade(row_, row);
  sink_.put(end_key(end.selector, end.before).view(), row_);
  row_.clear();
  append_end_place(row_, end.selector);
  sink_.put(end_place_key(end.before).view(), row_);
  return {};
}

void BatchBuilder::finish() {
  for (auto* const entry : touched_) {
    entry->touched = false;
    row_.clear();
    append_count(row_, entry->counted());
    sink_.put(count_key(entry->id).view(), row_);
  }
  touched_.clear();
  row_.clear();
  append_meta(row_, meta_);
  sink_.put(meta_key().view(), row_);
}

}  // namespace tokenledger::views
