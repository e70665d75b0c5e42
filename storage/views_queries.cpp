// Reads of one token, of expiries and of names, and the count of everything.
#include "storage/views_ends.hpp"
#include "storage/views_impl.hpp"
#include "storage/views_rows.hpp"

namespace tokenledger::views {

TokenRow to_row(Sequence issued_seq, const ClassEntry& entry, const TokenRowFacts& facts) {
  TokenRow row;
  row.index = facts.index;
  row.issued_seq = issued_seq;
  row.recorded_at = facts.recorded_at;
  row.issued_at = facts.issued_at;
  row.expires_at = facts.expires_at;
  row.token_class = entry.token_class;
  row.kind = facts.kind;
  row.origin = entry.content.origin;
  row.subject = facts.subject;
  row.binding = facts.binding;
  row.issued_by = facts.issued_by;
  return row;
}

void set_own(TokenRow& row, RevocationRow own) {
  row.own_revocation = own.revocation;
  row.own_reason = std::move(own.reason);
}

void set_details(TokenRow& row, const TokenDetails& details) {
  row.name = details.name;
  row.owner.bytes = details.owner;
  row.extra_fields.bytes = details.extra_fields;
}

Result<std::optional<RevocationRow>> ViewsImpl::own_revocation(TokenIndex index) const {
  const auto bytes = database_->get(revoked_key(index).view());
  if (!bytes) return bytes.error();
  if (!*bytes) return std::optional<RevocationRow>{};
  auto row = decode_revocation(**bytes);
  if (!row) return Errc::view_corrupt;
  return row;
}

Result<std::optional<TokenRow>> ViewsImpl::token(TokenIndex index) const {
  const std::shared_lock alive{lifetime_};
  if (!database_) return Errc::view_behind;
  const auto bytes = database_->get(index_key(index).view());
  if (!bytes) return bytes.error();
  if (!*bytes) return std::optional<TokenRow>{};
  const auto seq = decode_seq(**bytes);
  if (!seq) return Errc::view_corrupt;
  const auto found = read_token(*database_, tables_, *seq);
  if (!found) return found.error();
  if (found->facts.index != index) return Errc::view_corrupt;
  auto row = to_row(*seq, *found->entry, found->facts);
  if (found->facts.has_details) {
    const auto bytes_of_details = read_details(*database_, *seq);
    if (!bytes_of_details) return bytes_of_details.error();
    const auto details = decode_details(*bytes_of_details);
    if (!details) return Errc::view_corrupt;
    set_details(row, *details);
  }
  auto own = own_revocation(index);
  if (!own) return own.error();
  if (*own) set_own(row, std::move(**own));
  return std::optional<TokenRow>{std::move(row)};
}

Result<StatusAnswer> ViewsImpl::status_of(const TokenRow& row, Sequence at_seq,
                                          LedgerTime at_time) const {
  const std::shared_lock alive{lifetime_};
  if (!database_) return Errc::view_behind;
  const TokenFacts facts{row.issued_seq,     row.expires_at, row.token_class,
                         row.own_revocation, row.binding,    row.subject};
  auto cascades = tables_.cascades_of(row.token_class, at_seq);
  WorkMeter work;  // at most three reads
  if (auto added = EndFinder{*database_, tables_, work}.add(facts, cascades); !added)
    return added.error();
  return status(facts, cascades, at_seq, at_time);
}

Result<void> ViewsImpl::expiring(UnixSeconds from, UnixSeconds to, std::size_t count_max,
                                 std::vector<std::pair<UnixSeconds, TokenIndex>>& out,
                                 UnixSeconds& reached) const {
  out.clear();
  reached = from;
  if (to <= from) return {};
  const std::shared_lock alive{lifetime_};
  if (!database_) return Errc::view_behind;
  const Database::Bounds bounds{ViewKind::expiry};
  const auto rows = database_->iterate(bounds);
  std::size_t whole = 0;  // rows of complete seconds
  for (rows->Seek(expiry_key(from.next(), {}).view()); rows->Valid(); rows->Next()) {
    const auto key = parse_expiry_key(rows->key().ToStringView());
    if (!key) return Errc::view_corrupt;
    if (key->expires_at > to) break;
    if (!out.empty() && out.back().first != key->expires_at) {
      whole = out.size();
      reached = out.back().first;
      if (whole >= count_max) return {};
    }
    if (out.size() >= count_max && whole != 0) {
      out.resize(whole);
      return {};
    }
    out.emplace_back(key->expires_at, key->index);
  }
  if (!rows->status().ok()) return to_view_errc(rows->status());
  reached = to;
  return {};
}

Result<StatusTotals> ViewsImpl::totals(Sequence at_seq, LedgerTime at_time) const {
  const std::shared_lock alive{lifetime_};
  if (!database_ || at_seq > cursor()) return Errc::view_behind;
  StatusTotals totals;
  WorkMeter work;  // counts every token: no budget
  const auto decide = scan(at_seq, at_time, work);
  const auto rows = issue_order(*database_, tables_, {Sequence{1}, at_seq}, false);
  for (;;) {
    const auto more = rows->next();
    if (!more) return more.error();
    if (!*more) return totals;
    const auto verdict = decide->decide(*rows);
    if (!verdict) return verdict.error();
    ++totals.issued;
    switch (verdict->answer.status) {
      case TokenStatus::active: ++totals.active; break;
      case TokenStatus::revoked: ++totals.revoked; break;
      case TokenStatus::expired: ++totals.expired; break;
      case TokenStatus::unknown: return Errc::view_corrupt;
    }
  }
}

Result<std::vector<TokenIndex>> ViewsImpl::named(std::string_view prefix,
                                                 std::size_t count_max) const {
  const std::shared_lock alive{lifetime_};
  if (!database_) return Errc::view_behind;
  const std::string first = static_cast<char>(ViewKind::names) + fold_name(prefix);
  const Database::Bounds bounds{ViewKind::names};
  const auto rows = database_->iterate(bounds);
  std::vector<TokenIndex> found;
  for (rows->Seek(first); rows->Valid() && found.size() < count_max; rows->Next()) {
    const auto key = rows->key().ToStringView();
    if (!key.starts_with(first)) break;
    const auto index = parse_name_key(key);
    if (!index) return Errc::view_corrupt;
    found.push_back(*index);
  }
  if (!rows->status().ok()) return to_view_errc(rows->status());
  return found;
}

Result<std::optional<Sealed>> ViewsImpl::reason_of_cascade(Sequence seq) const {
  const std::shared_lock alive{lifetime_};
  if (!database_) return Errc::view_behind;
  auto bytes = database_->get(cascade_key(seq).view());
  if (!bytes) return bytes.error();
  if (!*bytes) {
    const auto place = database_->get(end_place_key(seq).view());
    if (!place) return place.error();
    if (!*place) return std::optional<Sealed>{};
    const auto selector = decode_end_place(**place);
    if (!selector) return Errc::view_corrupt;
    bytes = database_->get(end_key(*selector, seq).view());
    if (!bytes) return bytes.error();
    if (!*bytes) return Errc::view_corrupt;
  }
  auto row = decode_cascade(**bytes);
  if (!row) return Errc::view_corrupt;
  return std::optional<Sealed>{std::move(row->reason)};
}

std::uint64_t ViewsImpl::bytes_on_disk() const {
  const std::shared_lock alive{lifetime_};
  std::uint64_t bytes = 0;
  if (database_) {
    database_->db().GetIntProperty(rocksdb::DB::Properties::kTotalSstFilesSize, &bytes);
  }
  return bytes;
}

}  // namespace tokenledger::views
