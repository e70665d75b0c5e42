#include "storage/views_writer.hpp"

#include "core/class_table.hpp"
#include "core/invariant.hpp"
#include "storage/views_keys.hpp"

namespace tokenledger::views {
namespace {

std::uint64_t ordinal_if_marked(std::uint64_t ordinal) noexcept {
  return ordinal % kOrdinalStride == 1 ? ordinal : 0;
}

}  // namespace

Result<void> BatchBuilder::add(const Event& event) {
  LEDGER_INVARIANT(event.seq == meta_.cursor.next());
  meta_.cursor = event.seq;
  if (const auto* issued = std::get_if<TokenIssued>(&event.payload)) {
    return add_token(event, *issued);
  }
  if (const auto* revoked = std::get_if<TokenRevoked>(&event.payload)) {
    add_revocation(event, *revoked);
  } else if (const auto cascade = cascade_of(event)) {
    add_cascade(event, *cascade);
  }
  return {};
}

// Two numbers never mean the same content at a time, but a freed content may come back under
// another number: it keeps its first class id, so that a client's list merges few classes.
ClassEntry* BatchBuilder::intern(const Event& event, const TokenIssued& issued) {
  if (!is_class_number(issued.token_class)) return nullptr;
  if (!issued.new_class) return tables_.class_of(issued.token_class);
  auto* entry = tables_.find_content(*issued.new_class);
  if (entry == nullptr) {
    entry = &tables_.add_class(event.seq, *issued.new_class);
    row_.clear();
    append_class(row_, *issued.new_class);
    sink_.put(class_key(entry->id).view(), row_);
  }
  tables_.set_number(issued.token_class, *entry);
  row_.clear();
  append_seq(row_, entry->id);
  sink_.put(number_key(issued.token_class).view(), row_);
  return entry;
}

Result<void> BatchBuilder::add_token(const Event& event, const TokenIssued& issued) {
  ClassEntry* const entry = intern(event, issued);
  if (entry == nullptr) return Errc::log_corrupt;
  const auto client = entry->token_class.client;
  if (!entry->touched) {
    entry->touched = true;
    touched_.push_back(entry);
  }
  entry->count(event.seq);
  ++meta_.issued;

  TokenRowFacts facts{.index = issued.index,
                      .issued_at = issued.issued_at,
                      .expires_at = issued.expires_at,
                      .recorded_at = event.recorded_at,
                      .kind = issued.kind,
                      .origin = issued.origin,
                      .subject = issued.subject,
                      .issued_by = event.actor};
  facts.has_details =
      !issued.name.empty() || !issued.owner.bytes.empty() || !issued.extra_fields.bytes.empty();
  facts.ordinal = ordinal_if_marked(meta_.issued);
  row_.clear();
  append_token(row_, entry->id, facts, client,
               {issued.name, issued.owner.bytes, issued.extra_fields.bytes});
  sink_.put(token_key(event.seq).view(), row_);

  facts.ordinal = ordinal_if_marked(entry->issued());
  row_.clear();
  append_facts(row_, facts, client);
  sink_.put(by_class_key(entry->id, event.seq).view(), row_);

  row_.clear();
  append_seq(row_, event.seq);
  sink_.put(index_key(issued.index).view(), row_);
  sink_.put(expiry_key(issued.expires_at, issued.index).view(), {});
  if (!issued.name.empty()) sink_.put(name_key(issued.name, issued.index), {});
  return {};
}

void BatchBuilder::add_revocation(const Event& event, const TokenRevoked& revoked) {
  row_.clear();
  append_revocation(row_, {revoked.cause, event.actor, event.seq, event.recorded_at},
                    revoked.reason);
  sink_.put(revoked_key(revoked.index).view(), row_);
  sink_.put(ended_key(event.seq, revoked.index).view(), {});
  revoked_.push_back(revoked.index);
}

void BatchBuilder::add_cascade(const Event& event, const Cascade& cascade) {
  CascadeRow row{cascade, {}};
  if (const auto* selected = std::get_if<TokensRevoked>(&event.payload)) {
    row.reason = selected->reason;
  }
  row_.clear();
  append_cascade(row_, row);
  sink_.put(cascade_key(event.seq).view(), row_);
  tables_.add_cascade(cascade);
}

void BatchBuilder::finish() {
  for (auto* const entry : touched_) {
    entry->touched = false;
    row_.clear();
    append_count(row_, {entry->issued(), entry->newest()});
    sink_.put(count_key(entry->id).view(), row_);
  }
  touched_.clear();
  row_.clear();
  append_meta(row_, meta_);
  sink_.put(meta_key().view(), row_);
}

}  // namespace tokenledger::views
