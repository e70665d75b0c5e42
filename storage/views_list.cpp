// Pages of tokens and their totals.
#include "storage/views_impl.hpp"
#include "storage/views_rows.hpp"

namespace tokenledger::views {

std::optional<CountCache::Count> CountCache::find(const Key& key) const {
  const std::scoped_lock lock{mutex_};
  const auto found = counts_.find(key);
  if (found == counts_.end()) return std::nullopt;
  return found->second;
}

void CountCache::store(const Key& key, const Count& count) {
  const std::scoped_lock lock{mutex_};
  if (counts_.size() >= kCountsMax) counts_.clear();
  counts_.emplace(key, count);
}

void CountCache::clear() {
  const std::scoped_lock lock{mutex_};
  counts_.clear();
}

std::unique_ptr<RowSource> ViewsImpl::rows_of(std::optional<ClientNumber> client,
                                              Sequence end) const {
  if (!client) return all_rows(*database_, tables_, end);
  return rows_of_classes(*database_, tables_.of_client(*client), end);
}

std::unique_ptr<StatusScan> ViewsImpl::scan(Sequence at_seq, LedgerTime at_time) const {
  return std::make_unique<StatusScan>(
      *database_, tables_, revoked_bits_,
      [this](TokenIndex first, RevokedChunk& chunk) { return load_revoked(first, chunk); }, at_seq,
      at_time);
}

Result<void> ViewsImpl::load_revoked(TokenIndex first, RevokedChunk& chunk) const {
  const Database::Bounds bounds{ViewKind::revoked};
  const auto rows = database_->iterate(bounds);
  const auto last = TokenIndex::from_value(first.value() + kChunkTokens - 1);
  for (rows->Seek(revoked_key(last).view()); rows->Valid(); rows->Next()) {
    const auto index = parse_revoked_key(rows->key().ToStringView());
    if (!index) return Errc::view_corrupt;
    if (*index < first || *index > last) break;
    chunk.set(*index);
  }
  if (!rows->status().ok()) return to_view_errc(rows->status());
  return {};
}

Result<std::uint64_t> ViewsImpl::count_of(std::optional<ClientNumber> client,
                                          Sequence as_of) const {
  if (!client) {
    const auto rows = all_rows(*database_, tables_, as_of.next());
    return ordinal_of_next(*rows);
  }
  std::uint64_t total = 0;
  for (const auto* const entry : tables_.of_client(*client)) {
    const auto issued = entry->issued();
    if (entry->newest() <= as_of) {
      total += issued;
      continue;
    }
    const auto rows = rows_of_classes(*database_, {entry}, as_of.next());
    const auto count = ordinal_of_next(*rows);
    if (!count) return count.error();
    total += *count;
  }
  return total;
}

Result<CountCache::Count> ViewsImpl::count_matches(const ListQuery& query) const {
  const CountCache::Key key{query.client.value_or(ClientNumber{}).value(), *query.status,
                            query.as_of_seq, query.as_of_time};
  if (const auto known = counts_.find(key)) return *known;
  CountCache::Count count;
  const auto decide = scan(query.as_of_seq, query.as_of_time);
  const auto rows = rows_of(query.client, query.as_of_seq.next());
  for (std::uint32_t scanned = 0;; ++scanned) {
    const auto more = rows->next();
    if (!more) return more.error();
    if (!*more) break;
    if (scanned == kCountRowsMax) {
      count.is_lower_bound = true;
      break;
    }
    const auto verdict = decide->decide(*rows);
    if (!verdict) return verdict.error();
    if (verdict->answer.status == *query.status) ++count.total;
  }
  counts_.store(key, count);
  return count;
}

Result<void> ViewsImpl::fill_page(const ListQuery& query, ListPage& page) const {
  auto end = query.as_of_seq.next();
  if (query.below && *query.below < end) end = *query.below;
  const auto decide = scan(query.as_of_seq, query.as_of_time);
  const auto rows = rows_of(query.client, end);
  for (std::uint32_t scanned = 0;; ++scanned) {
    const auto last = rows->seq();
    const auto more = rows->next();
    if (!more) return more.error();
    if (!*more) return {};
    if (scanned == kScanRowsMax || page.tokens.size() == query.limit) {
      page.below = last;
      return {};
    }
    auto verdict = decide->decide(*rows);
    if (!verdict) return verdict.error();
    if (query.status && verdict->answer.status != *query.status) continue;
    auto& listed = page.tokens.emplace_back();
    if (rows->facts().has_details) {
      auto row = row_at(rows->seq());
      if (!row) return row.error();
      listed.row = std::move(*row);
    } else {
      listed.row = to_row(rows->seq(), rows->token_class(), rows->facts());
    }
    listed.answer = verdict->answer;
    if (verdict->own) set_own(listed.row, std::move(*verdict->own));
  }
}

Result<ListPage> ViewsImpl::list(const ListQuery& query) const {
  if (query.limit == 0 || query.limit > kPageRowsMax) return Errc::invalid_argument;
  if (query.client == ClientNumber{}) return Errc::invalid_argument;
  if (query.status == TokenStatus::unknown) return Errc::invalid_argument;
  const std::shared_lock alive{lifetime_};
  if (!database_ || query.as_of_seq > cursor()) return Errc::view_behind;
  ListPage page;
  if (const auto filled = fill_page(query, page); !filled) return filled.error();
  if (query.status) {
    const auto count = count_matches(query);
    if (!count) return count.error();
    page.total = count->total;
    page.total_is_lower_bound = count->is_lower_bound;
  } else {
    const auto count = count_of(query.client, query.as_of_seq);
    if (!count) return count.error();
    page.total = *count;
  }
  return page;
}

}  // namespace tokenledger::views
