// Totals of lists: from counters where classes decide, else by looking.
#include "storage/views_filter.hpp"
#include "storage/views_impl.hpp"
#include "storage/views_plan.hpp"
#include "storage/views_rows.hpp"

namespace tokenledger::views {
namespace {

// Nothing but client, API and origin: whole classes are in the list.
bool is_by_class_alone(const ListQuery& query) {
  return !query.status && query.issued.is_open() && query.expires.is_open() &&
         query.expired.is_open() && query.revoked.is_open() && !query.owner && !query.subject &&
         !query.consent && !query.text;
}

}  // namespace

Result<std::uint64_t> ViewsImpl::count_class(const ClassEntry& entry, Sequence upto) const {
  const auto issued = entry.issued();
  if (entry.newest() <= upto) return issued;
  WorkMeter work;  // one seek
  const auto rows =
      rows_of_classes(*database_, ViewKind::by_class, {{&entry, {Sequence{1}, upto}}}, false, work);
  return ordinal_of_next(*rows);
}

Result<std::uint64_t> ViewsImpl::deleted_upto(Sequence class_id, Sequence upto) const {
  const auto prefix = class_prefix(ViewKind::deleted, class_id);
  const Database::Bounds bounds{ViewKind::deleted};
  const auto found = database_->iterate(bounds);
  found->Seek(deleted_key(class_id, upto).view());
  if (!found->Valid()) {
    if (!found->status().ok()) return to_view_errc(found->status());
    return std::uint64_t{0};
  }
  if (!found->key().ToStringView().starts_with(prefix.view())) return std::uint64_t{0};
  const auto count = decode_u64(found->value().ToStringView());
  if (!count) return Errc::view_corrupt;
  return *count;
}

Result<void> ViewsImpl::count_total(const ListQuery& query, ListPage& page) const {
  if (!is_by_class_alone(query)) return count_matches(query, page);
  const auto add = [&](const Result<std::uint64_t>& issued,
                       const Result<std::uint64_t>& hidden) -> Result<void> {
    if (!issued) return issued.error();
    if (!hidden) return hidden.error();
    page.total += *issued - std::min(*issued, *hidden);
    return {};
  };
  const auto hidden_of = [&](Sequence class_id, bool has_some) -> Result<std::uint64_t> {
    if (query.include_deleted || !has_some) return std::uint64_t{0};
    return deleted_upto(class_id, query.as_of_seq);
  };
  if (!query.client && !query.apis && !query.origin) {
    const auto rows = issue_order(*database_, tables_, {Sequence{1}, query.as_of_seq}, false);
    return add(ordinal_of_next(*rows), hidden_of(Sequence{}, true));
  }
  const auto classes_max = options_.list_bounds.plan_classes_max;
  const auto entries = query.client ? tables_.of_client(*query.client, classes_max)
                       : query.apis ? tables_.of_apis(*query.apis, classes_max)
                                    : tables_.all(classes_max);
  if (!entries) return count_matches(query, page);
  WorkMeter work;
  const auto status = scan(query.as_of_seq, query.as_of_time, work);
  RowTest test{*database_, tables_, query, *status, work};
  for (const auto* const entry : *entries) {
    if (!test.takes(*entry)) continue;
    const auto added =
        add(count_class(*entry, query.as_of_seq), hidden_of(entry->id, entry->deleted() != 0));
    if (!added) return added;
  }
  return {};
}

Result<void> ViewsImpl::count_matches(const ListQuery& query, ListPage& page) const {
  auto all = query;
  all.sort = ListSort::issued_descending;
  all.after.reset();
  all.limit = options_.list_bounds.count_rows_max;  // the plan is to be good for many rows
  WorkMeter work;
  const auto status = scan(query.as_of_seq, query.as_of_time, work);
  RowTest test{*database_, tables_, all, *status, work};
  Planner planner{*database_, tables_, options_.list_bounds, all, test, work};
  const auto rows = planner.make(true);
  if (!rows) return rows.error();
  for (;;) {
    const auto more = (*rows)->next();
    if (!more) return more.error();
    if (!*more) return {};
    if (work.spent() >= options_.list_bounds.count_rows_max) {
      page.total_is_lower_bound = true;
      return {};
    }
    work.rows(1);
    RowTest::Match match;
    const auto taken = test.takes(**rows, match);
    if (!taken) return taken.error();
    page.total += *taken ? 1 : 0;
  }
}

}  // namespace tokenledger::views
