#include "storage/views_plan.hpp"

#include <algorithm>
#include <limits>

namespace tokenledger::views {
namespace {

constexpr std::int64_t kSecondsMax = std::numeric_limits<std::uint32_t>::max();
// What opening a class costs, in rows of a scan.
constexpr std::uint64_t kSeekRows = 12;

// A query may name times beyond those that a token can have.
std::int64_t seconds_of(LedgerTime time) noexcept {
  return static_cast<std::int64_t>(
      std::min<std::uint64_t>(time.value() / kNanosecondsPerSecond, kSecondsMax));
}

// Orders rows that were gathered, and drops those that came twice.
std::vector<GatheredRow> in_order(std::vector<GatheredRow> rows, bool oldest_first) {
  std::ranges::sort(rows, [&](const GatheredRow& a, const GatheredRow& b) {
    return oldest_first ? a.seq < b.seq : a.seq > b.seq;
  });
  const auto repeated = std::ranges::unique(rows, {}, &GatheredRow::seq);
  rows.erase(repeated.begin(), repeated.end());
  return rows;
}

}  // namespace

Planner::Planner(const Database& database, const Tables& tables, const ListBounds& bounds,
                 const ListQuery& query, RowTest& test, WorkMeter& work)
    : database_{database},
      tables_{tables},
      bounds_{bounds},
      query_{query},
      test_{test},
      work_{work} {}

Result<std::unique_ptr<RowSource>> Planner::make(bool whole) {
  page_ = {Sequence{1}, query_.as_of_seq};
  if (is_by_expiry(query_.sort)) return in_expiry_order();
  oldest_first_ = !is_descending(query_.sort);
  if (query_.after && !whole) {
    const auto at = query_.after->number;
    if (oldest_first_) {
      page_.first = Sequence{at}.next();
    } else {
      page_.last = std::min(page_.last, Sequence{at == 0 ? 0 : at - 1});
    }
  }
  return in_issue_order();
}

bool Planner::wants_revoked() const {
  return query_.status == TokenStatus::revoked || !query_.revoked.is_open();
}

// iat = recorded - lag and expires_at = recorded + life, lag and life within the spread.
Planner::Seconds Planner::issue_seconds(const Spread& spread) const {
  Seconds seconds{0, kSecondsMax};
  const auto issued_from = [&](std::int64_t time) {
    seconds.first = std::max(seconds.first, time + spread.lag_min);
  };
  const auto issued_to = [&](std::int64_t time) {
    seconds.last = std::min(seconds.last, time - 1 + spread.lag_max);
  };
  const auto expires_from = [&](std::int64_t time) {
    seconds.first = std::max(seconds.first, time - spread.life_max);
  };
  const auto expires_to = [&](std::int64_t time) {
    seconds.last = std::min(seconds.last, time - 1 - spread.life_min);
  };
  if (query_.issued.from) issued_from(query_.issued.from->value());
  if (query_.issued.to) issued_to(query_.issued.to->value());
  for (const auto* range : {&query_.expires, &query_.expired}) {
    if (range->from) expires_from(range->from->value());
    if (range->to) expires_to(range->to->value());
  }
  const auto after_now = seconds_of(query_.as_of_time) + 1;
  if (query_.status == TokenStatus::active) expires_from(after_now);
  if (query_.status == TokenStatus::expired || !query_.expired.is_open()) expires_to(after_now);
  // Revoked means unexpired then, and issued before.
  if (query_.revoked.from) expires_from(seconds_of(*query_.revoked.from) + 1);
  if (query_.revoked.to) seconds.last = std::min(seconds.last, seconds_of(*query_.revoked.to));
  return seconds;
}

SeqRange Planner::range_of(const ClassEntry& entry) const {
  if (entry.issued() == 0) return {Sequence{1}, Sequence{}};
  const auto seconds = issue_seconds(entry.spread.load());
  auto range = page_ & SeqRange{entry.id, entry.newest()} &
               tables_.issued_between(seconds.first, seconds.last);
  if (query_.status == TokenStatus::active && tables_.has_cascades()) {
    // Whatever was issued before is revoked, or had expired by then.
    for (const auto& cascade : tables_.cascades_of(entry.token_class, query_.as_of_seq)) {
      if (cascade.revocation.at <= query_.as_of_time)
        range.first = std::max(range.first, cascade.before);
    }
  }
  return range;
}

// nullopt: too many to look at.
std::optional<std::vector<const ClassEntry*>> Planner::candidates() {
  const auto classes_max = bounds_.plan_classes_max;
  auto entries = query_.client ? tables_.of_client(*query_.client, classes_max)
                 : query_.apis ? tables_.of_apis(*query_.apis, classes_max)
                               : tables_.all(classes_max);
  if (entries) std::erase_if(*entries, [&](const auto* entry) { return !test_.takes(*entry); });
  return entries;
}

Planner::Source Planner::issue_order_of(SeqRange range) const {
  return issue_order(database_, tables_, range, oldest_first_);
}

Planner::Source Planner::classes_of(ViewKind kind, const std::vector<ClassRange>& classes) const {
  return rows_of_classes(database_, kind, classes, oldest_first_, work_);
}

Result<Planner::Source> Planner::in_issue_order() {
  if (query_.owner)
    return rows_below(database_, tables_, owner_prefix(*query_.owner), page_, oldest_first_);
  if (query_.subject && *query_.subject != SubjectNumber{})
    return rows_below(database_, tables_, subject_prefix(*query_.subject), page_, oldest_first_);
  if (query_.text && !query_.client) {
    auto found = by_text();
    if (!found) return found.error();
    if (*found) return std::move(**found);
  }
  if (wants_revoked()) return by_revocation();
  return by_class();
}

// nullopt: too much matches for a merge, so that it is found soon in any order.
Result<std::optional<Planner::Source>> Planner::by_text() {
  const auto& text = *query_.text;
  std::vector<ClassRange> classes;
  for (const auto client : text.clients) {
    const auto entries = tables_.of_client(client, bounds_.plan_classes_max);
    if (!entries) return std::optional<Source>{};
    for (const auto* entry : *entries) {
      if (!test_.takes(*entry)) continue;
      if (const auto range = range_of(*entry); !range.is_empty()) classes.push_back({entry, range});
    }
    if (classes.size() > bounds_.merge_classes_max) return std::optional<Source>{};
  }
  std::vector<GatheredRow> rows;
  const auto is_all = gather_names(rows);
  if (!is_all) return is_all.error();
  if (!*is_all) return std::optional<Source>{};
  if (text.index) {
    const auto bytes = database_.get(index_key(*text.index).view());
    if (!bytes) return bytes.error();
    if (*bytes) {
      const auto seq = decode_seq(**bytes);
      if (!seq) return Errc::view_corrupt;
      work_.random_read();
      auto row = read_token(database_, tables_, *seq);
      if (!row) return row.error();
      rows.push_back(*row);
    }
  }
  std::erase_if(
      rows, [&](const GatheredRow& row) { return row.seq < page_.first || row.seq > page_.last; });
  std::vector<Source> sources;
  sources.push_back(gathered_rows(in_order(std::move(rows), oldest_first_)));
  sources.push_back(classes_of(ViewKind::by_class, classes));
  return std::optional{merged_rows(std::move(sources), oldest_first_)};
}

// False: there are too many.
Result<bool> Planner::gather_names(std::vector<GatheredRow>& rows) const {
  const std::string first =
      static_cast<char>(ViewKind::names) + fold_name(query_.text->name_prefix);
  const Database::Bounds bounds{ViewKind::names};
  const auto found = database_.iterate(bounds);
  for (found->Seek(first); found->Valid(); found->Next()) {
    if (!found->key().ToStringView().starts_with(first)) break;
    if (rows.size() == bounds_.gather_rows_max) return false;
    work_.rows(1);
    auto value = found->value().ToStringView();
    const auto place = take_place(value);
    const auto* entry = place ? tables_.find(place->class_id) : nullptr;
    const auto facts = entry != nullptr ? decode_facts(value, entry->token_class.client)
                                        : std::optional<TokenRowFacts>{};
    if (!facts) return Errc::view_corrupt;
    rows.push_back({place->seq, entry, *facts});
  }
  if (!found->status().ok()) return to_view_errc(found->status());
  return true;
}

// Which tokens of a class ended with a consent, family or user, no index says: they are found by
// looking at those that were issued before the last such end and had not expired at the first.
std::optional<EndsSpan> Planner::ends_looked_for() const {
  auto ends = tables_.ends();
  if (!ends || ends->first_at > query_.as_of_time) return std::nullopt;
  if (query_.revoked.to && ends->first_at >= *query_.revoked.to) return std::nullopt;
  if (query_.revoked.from) ends->first_at = std::max(ends->first_at, *query_.revoked.from);
  return ends;
}

// Tokens revoked one by one, and those that a cascade may have ended.
Result<Planner::Source> Planner::by_revocation() {
  const auto seconds = issue_seconds(tables_.spread());
  const auto all = page_ & tables_.issued_between(seconds.first, seconds.last);
  const auto entries = candidates();
  if (!entries) return issue_order_of(all);
  const auto ends = ends_looked_for();
  std::vector<ClassRange> own;
  std::vector<ClassRange> cascaded;
  for (const auto* const entry : *entries) {
    const auto range = range_of(*entry);
    if (range.is_empty()) continue;
    own.push_back({entry, range});
    Sequence before;
    std::int64_t earliest = kSecondsMax;
    if (tables_.has_cascades()) {
      for (const auto& cascade : tables_.cascades_of(entry->token_class, query_.as_of_seq)) {
        const auto at = cascade.revocation.at;
        if (at > query_.as_of_time || !query_.revoked.contains(at)) continue;
        before = std::max(before, cascade.before);
        earliest = std::min(earliest, seconds_of(at));
      }
    }
    if (ends && entry->has_users()) {
      before = std::max(before, ends->last);
      earliest = std::min(earliest, seconds_of(ends->first_at));
    }
    if (before <= Sequence{1}) continue;
    // Unexpired then.
    const auto alive =
        tables_.issued_between(earliest - entry->spread.load().life_max, kSecondsMax);
    const auto ended = range & alive & SeqRange{Sequence{1}, Sequence{before.value() - 1}};
    if (!ended.is_empty()) cascaded.push_back({entry, ended});
  }
  if (cascaded.size() > bounds_.merge_classes_max) return issue_order_of(all);
  std::vector<Source> sources;
  if (!cascaded.empty()) sources.push_back(classes_of(ViewKind::by_class, cascaded));
  auto gathered = by_revocation_time();
  if (!gathered) return gathered.error();
  if (*gathered) {
    sources.push_back(std::move(**gathered));
  } else if (own.size() <= bounds_.merge_classes_max &&
             (query_.client || query_.apis || query_.origin)) {
    sources.push_back(classes_of(ViewKind::ended_by_class, own));
  } else {
    sources.push_back(
        rows_below(database_, tables_, Key{ViewKind::ended_tokens}, all, oldest_first_));
  }
  return merged_rows(std::move(sources), oldest_first_);
}

// nullopt: no time range, or too many revocations in it.
Result<std::optional<Planner::Source>> Planner::by_revocation_time() const {
  if (query_.revoked.is_open()) return std::optional<Source>{};
  const auto from = query_.revoked.from.value_or(LedgerTime{});
  const auto to = query_.revoked.to.value_or(query_.as_of_time.next());
  const auto seqs = tables_.issued_between(seconds_of(from), seconds_of(to));
  const Database::Bounds bounds{ViewKind::ended};
  const auto found = database_.iterate(bounds);
  std::vector<Sequence> issued;
  std::uint32_t looked_at = 0;  // kept or not: late pages keep few of many
  for (found->Seek(ended_key(seqs.first, {}).view()); found->Valid(); found->Next()) {
    const auto seq = parse_ended_key(found->key().ToStringView());
    const auto issued_seq = decode_seq(found->value().ToStringView());
    if (!seq || !issued_seq) return Errc::view_corrupt;
    if (*seq > seqs.last || *seq > query_.as_of_seq) break;
    if (looked_at++ == bounds_.gather_revocations_max) return std::optional<Source>{};
    work_.rows(1);
    if (page_.first <= *issued_seq && *issued_seq <= page_.last) issued.push_back(*issued_seq);
  }
  if (!found->status().ok()) return to_view_errc(found->status());
  // Only as many are read as one request may need; the order of issue decides which.
  std::ranges::sort(issued, [&](Sequence a, Sequence b) { return oldest_first_ ? a < b : a > b; });
  return std::optional{listed_rows(database_, tables_, std::move(issued), work_)};
}

Planner::Source Planner::by_class() {
  const auto entries = candidates();
  if (!entries) {
    const auto seconds = issue_seconds(tables_.spread());
    return issue_order_of(page_ & tables_.issued_between(seconds.first, seconds.last));
  }
  std::vector<ClassRange> classes;
  SeqRange hull{page_.last.next(), Sequence{}};
  double expected = 0;  // matching rows in the hull, as far as classes and times decide
  for (const auto* const entry : *entries) {
    const auto range = range_of(*entry);
    if (range.is_empty()) continue;
    classes.push_back({entry, range});
    hull = {std::min(hull.first, range.first), std::max(hull.last, range.last)};
    const auto life = tables_.about({entry->id, entry->newest()});
    expected += static_cast<double>(entry->issued()) *
                std::min(1.0, static_cast<double>(tables_.about(range)) /
                                  static_cast<double>(std::max<std::uint64_t>(life, 1)));
  }
  if (classes.empty()) return gathered_rows({});
  const auto scan_rows = static_cast<double>(query_.limit) *
                         static_cast<double>(tables_.about(hull)) / std::max(expected, 1.0);
  const auto merge_rows = static_cast<double>(kSeekRows * classes.size() + query_.limit);
  if (classes.size() <= bounds_.merge_classes_max && merge_rows < scan_rows)
    return classes_of(ViewKind::by_class, classes);
  return issue_order_of(hull);
}

Result<Planner::Source> Planner::in_expiry_order() {
  auto sorted = sorted_by_expiry();
  if (!sorted) return sorted.error();
  if (*sorted) return std::move(**sorted);
  std::int64_t first = 0;
  std::int64_t last = kSecondsMax;
  for (const auto* range : {&query_.expires, &query_.expired}) {
    if (range->from) first = std::max(first, std::int64_t{range->from->value()});
    if (range->to) last = std::min(last, std::int64_t{range->to->value()} - 1);
  }
  const auto now = seconds_of(query_.as_of_time);
  if (query_.status == TokenStatus::active) first = std::max(first, now + 1);
  if (query_.status == TokenStatus::expired || !query_.expired.is_open())
    last = std::min(last, now);
  if (first > last) return gathered_rows({});
  return expiry_order(database_, tables_,
                      {UnixSeconds{static_cast<std::uint32_t>(first)},
                       UnixSeconds{static_cast<std::uint32_t>(last)}, query_.after},
                      is_descending(query_.sort));
}

// What the other views give, when it is little. nullopt: it is much.
Result<std::optional<Planner::Source>> Planner::sorted_by_expiry() {
  const bool is_narrow = query_.owner || query_.text || wants_revoked() ||
                         (query_.subject && *query_.subject != SubjectNumber{});
  if (!is_narrow) {
    std::uint64_t issued = 0;
    const auto entries = candidates();
    if (!entries) return std::optional<Source>{};
    for (const auto* const entry : *entries) issued += entry->issued();
    if (issued > bounds_.gather_rows_max) return std::optional<Source>{};
  }
  auto source = in_issue_order();
  if (!source) return source.error();
  std::vector<GatheredRow> rows;
  for (std::size_t looked_at = 0;; ++looked_at) {
    const auto more = (*source)->next();
    if (!more) return more.error();
    if (!*more) break;
    if (looked_at == bounds_.gather_rows_max) return std::optional<Source>{};
    work_.rows(1);
    if (!test_.takes((*source)->token_class())) continue;
    rows.push_back(
        {(*source)->seq(), &(*source)->token_class(), (*source)->facts(), (*source)->ended()});
  }
  const auto place = [](const GatheredRow& row) {
    return std::pair{row.facts.expires_at, row.facts.index};
  };
  const bool descending = is_descending(query_.sort);
  std::ranges::sort(rows, [&](const GatheredRow& a, const GatheredRow& b) {
    return descending ? place(a) > place(b) : place(a) < place(b);
  });
  if (query_.after) {
    const std::pair after{query_.after->expires_at, TokenIndex::from_value(query_.after->number)};
    std::erase_if(rows, [&](const GatheredRow& row) {
      return descending ? place(row) >= after : place(row) <= after;
    });
  }
  return std::optional{gathered_rows(std::move(rows))};
}

}  // namespace tokenledger::views
