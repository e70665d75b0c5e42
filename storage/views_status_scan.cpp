// What was true of each token of a list.
#include "storage/views_rows.hpp"

namespace tokenledger::views {
namespace {

// Steps of the revocation iterator before a seek is cheaper.
constexpr int kNearStepsMax = 8;

}  // namespace

StatusScan::StatusScan(const Database& database, const Tables& tables, RevokedBits& bits,
                       RevokedBits::Load load, Sequence at_seq, LedgerTime at_time, WorkMeter& work)
    : tables_{tables},
      bits_{bits},
      load_{std::move(load)},
      at_seq_{at_seq},
      at_time_{at_time},
      database_{database},
      work_{work},
      ends_{database, tables, work} {}

Result<StatusScan::Verdict> StatusScan::decide(const RowSource& row) {
  Verdict verdict;
  const auto& facts = row.facts();
  if (const auto& ended = row.ended()) {
    if (ended->revocation.seq <= at_seq_) {
      verdict.own = RevocationRow{ended->revocation, {}};
      verdict.lacks_reason = ended->has_reason;
    }
  } else {
    const auto look = may_be_revoked(facts.index);
    if (!look) return look.error();
    if (*look) {
      auto own = find_own(facts.index);
      if (!own) return own.error();
      verdict.own = std::move(*own);
    }
  }
  TokenFacts token{row.seq(),    facts.expires_at, row.token_class().token_class,
                   std::nullopt, facts.binding,    facts.subject};
  if (verdict.own) token.own = verdict.own->revocation;
  const auto cascades = cascades_of(row.token_class(), token);
  if (!cascades) return cascades.error();
  verdict.answer = status(token, *cascades, at_seq_, at_time_);
  return verdict;
}

Result<void> StatusScan::add_reason(TokenIndex index, Verdict& verdict) {
  if (!verdict.lacks_reason) return {};
  auto row = find_own(index);
  if (!row) return row.error();
  if (!*row) return Errc::view_corrupt;
  verdict.own->reason = std::move((*row)->reason);
  verdict.lacks_reason = false;
  return {};
}

Result<bool> StatusScan::may_be_revoked(TokenIndex index) {
  const auto number = RevokedBits::chunk_number(index);
  if (number != last_chunk_number_) {
    auto& chunk = chunks_[number];
    if (!chunk) {
      auto loaded = bits_.chunk_of(index, load_);
      if (!loaded) return to_errc(loaded.error());
      chunk = std::move(*loaded);
    }
    last_chunk_ = chunk.get();
    last_chunk_number_ = number;
  }
  return last_chunk_->test(index);
}

// Rows come newest first and so, within a lane, mostly by falling index, as these keys do.
Result<std::optional<RevocationRow>> StatusScan::find_own(TokenIndex index) {
  const auto key = revoked_key(index);
  auto& rows = revoked_[index.lane_number()];
  if (!rows) rows = database_.iterate(revoked_bounds_);
  int steps = 0;
  const bool ahead = rows->Valid() && rows->key().ToStringView() <= key.view();
  while (ahead && rows->Valid() && rows->key().ToStringView() < key.view() &&
         steps++ < kNearStepsMax) {
    rows->Next();
    work_.rows(1);
  }
  if (!rows->Valid() || rows->key().ToStringView() != key.view()) {
    rows->Seek(key.view());
    work_.random_read();
  }
  if (!rows->status().ok()) return to_view_errc(rows->status());
  // A bit may be newer than this iterator, and then than at_seq.
  if (!rows->Valid() || rows->key().ToStringView() != key.view()) {
    return std::optional<RevocationRow>{};
  }
  auto row = decode_revocation(rows->value().ToStringView());
  if (!row) return Errc::view_corrupt;
  if (row->revocation.seq > at_seq_) row.reset();
  return row;
}

Result<std::span<const Cascade>> StatusScan::cascades_of(const ClassEntry& entry,
                                                         const TokenFacts& token) {
  const auto& of_class = cascades_of(entry);
  if (!ends_.may_have_ended(token)) return std::span{of_class};
  with_ends_ = of_class;
  if (auto added = ends_.add(token, with_ends_); !added) return added.error();
  return std::span<const Cascade>{with_ends_};
}

const std::vector<Cascade>& StatusScan::cascades_of(const ClassEntry& entry) {
  if (last_class_ != &entry) {
    auto found = cascades_.find(&entry);
    if (found == cascades_.end()) {
      found = cascades_.emplace(&entry, tables_.cascades_of(entry.token_class, at_seq_)).first;
    }
    last_class_ = &entry;
    last_cascades_ = &found->second;
  }
  return *last_cascades_;
}

}  // namespace tokenledger::views
