// Pages of tokens.
#include <algorithm>

#include "storage/views_filter.hpp"
#include "storage/views_impl.hpp"
#include "storage/views_plan.hpp"
#include "storage/views_rows.hpp"

namespace tokenledger::views {
namespace {

bool is_answerable(const ListQuery& query) {
  if (query.limit == 0 || query.limit > kPageRowsMax) return false;
  if (query.client == ClientNumber{}) return false;
  if (query.consent == ConsentNumber{}) return false;
  if (query.status == TokenStatus::unknown) return false;
  if (query.text && query.text->name_prefix.empty()) return false;
  if (query.text && !std::ranges::is_sorted(query.text->clients)) return false;
  return !query.apis || std::ranges::find(*query.apis, ApiNumber{}) == query.apis->end();
}

}  // namespace

std::unique_ptr<StatusScan> ViewsImpl::scan(Sequence at_seq, LedgerTime at_time,
                                            WorkMeter& work) const {
  return std::make_unique<StatusScan>(
      *database_, tables_, revoked_bits_,
      [this, &work](TokenIndex first, RevokedChunk& chunk) {
        return load_revoked(first, chunk, work);
      },
      at_seq, at_time, work);
}

Result<void> ViewsImpl::load_revoked(TokenIndex first, RevokedChunk& chunk, WorkMeter& work) const {
  const Database::Bounds bounds{ViewKind::revoked};
  const auto rows = database_->iterate(bounds);
  const auto last = TokenIndex::from_value(first.value() + kChunkTokens - 1);
  for (rows->Seek(revoked_key(last).view()); rows->Valid(); rows->Next()) {
    const auto index = parse_revoked_key(rows->key().ToStringView());
    if (!index) return Errc::view_corrupt;
    if (*index < first || *index > last) break;
    work.rows(1);
    chunk.set(*index);
  }
  if (!rows->status().ok()) return to_view_errc(rows->status());
  return {};
}

// With the details that the list shows, whether or not a filter needed them.
Result<ListedToken> ViewsImpl::listed(const RowSource& row, StatusScan& status,
                                      RowTest::Match& match) const {
  if (const auto added = status.add_reason(match.facts.index, match.verdict); !added)
    return added.error();
  ListedToken token{to_row(row.seq(), row.token_class(), match.facts),
                    std::move(match.verdict.answer)};
  if (match.facts.has_details && match.details.empty()) {
    auto bytes = read_details(*database_, row.seq());
    if (!bytes) return bytes.error();
    match.details = std::move(*bytes);
  }
  if (match.facts.has_details) {
    const auto details = decode_details(match.details);
    if (!details) return Errc::view_corrupt;
    set_details(token.row, *details);
  }
  if (match.verdict.own) set_own(token.row, std::move(*match.verdict.own));
  return token;
}

Result<void> ViewsImpl::fill_page(const ListQuery& query, ListPage& page) const {
  const auto budget = options_.list_bounds.scan_rows_max;
  WorkMeter work;
  const auto status = scan(query.as_of_seq, query.as_of_time, work);
  RowTest test{*database_, tables_, query, *status, work};
  Planner planner{*database_, tables_, options_.list_bounds, query, test, work};
  const auto rows = planner.make(false);
  if (!rows) return rows.error();
  // However dear the plan was, a page moves on.
  work.forgive_beyond(budget / 2);
  std::optional<ListPosition> last;
  for (;;) {
    const auto more = (*rows)->next();
    if (!more) return more.error();
    if (!*more) return {};
    const bool is_spent = last && work.spent() >= budget;
    if (is_spent || page.tokens.size() == query.limit) {
      page.next = last;
      return {};
    }
    const auto& facts = (*rows)->facts();
    last = position_of(query.sort, facts.expires_at, facts.index, (*rows)->seq());
    work.rows(1);
    // What is read for a row that is shown is bounded by the limit, not by the budget.
    const auto spent = work.spent();
    RowTest::Match match;
    const auto taken = test.takes(**rows, match);
    if (!taken) return taken.error();
    if (!*taken) continue;
    auto token = listed(**rows, *status, match);
    if (!token) return token.error();
    work.forgive_beyond(spent);
    page.tokens.push_back(std::move(*token));
  }
}

Result<ListPage> ViewsImpl::list(const ListQuery& query) const {
  if (!is_answerable(query)) return Errc::invalid_argument;
  const std::shared_lock alive{lifetime_};
  if (!database_ || query.as_of_seq > cursor()) return Errc::view_behind;
  ListPage page;
  if (const auto filled = fill_page(query, page); !filled) return filled.error();
  if (query.count_total) {
    if (const auto counted = count_total(query, page); !counted) return counted.error();
  }
  return page;
}

}  // namespace tokenledger::views
