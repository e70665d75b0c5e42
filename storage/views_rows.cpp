#include "storage/views_rows.hpp"

#include <algorithm>

namespace tokenledger::views {
namespace {

// Steps of the revocation iterator before a seek is cheaper.
constexpr int kNearStepsMax = 8;

class AllRows final : public RowSource {
 public:
  AllRows(const Database& database, const Tables& tables, Sequence end)
      : tables_{tables}, iterator_{database.iterate(bounds_)} {
    if (end > Sequence{1}) iterator_->Seek(token_key(Sequence{end.value() - 1}).view());
  }

  Result<bool> next() override {
    if (started_ && iterator_->Valid()) iterator_->Next();
    started_ = true;
    if (!iterator_->Valid()) {
      if (!iterator_->status().ok()) return to_view_errc(iterator_->status());
      return false;
    }
    const auto value = iterator_->value().ToStringView();
    const auto seq = parse_token_key(iterator_->key().ToStringView());
    const auto class_id = decode_class_id(value);
    if (!seq || !class_id) return Errc::view_corrupt;
    auto& entry = classes_[class_id->value()];
    if (entry == nullptr) entry = tables_.find(*class_id);
    if (entry == nullptr) return Errc::view_corrupt;
    const auto token = decode_token(value, entry->token_class.client);
    if (!token) return Errc::view_corrupt;
    seq_ = *seq;
    entry_ = entry;
    facts_ = token->facts;
    return true;
  }

 private:
  const Tables& tables_;
  const Database::Bounds bounds_{ViewKind::tokens};
  std::unique_ptr<rocksdb::Iterator> iterator_;
  bool started_ = false;
  boost::unordered_flat_map<std::uint64_t, const ClassEntry*> classes_;
};

class RowsOfClasses final : public RowSource {
 public:
  RowsOfClasses(const Database& database, const std::vector<const ClassEntry*>& classes,
                Sequence end)
      : database_{database} {
    if (end <= Sequence{1}) return;
    for (const auto* entry : classes) {
      const auto bound = std::min(entry->newest(), Sequence{end.value() - 1});
      if (bound != Sequence{}) heap_.push_back({bound, entry, nullptr});
    }
    std::ranges::make_heap(heap_, Older{});
  }

  Result<bool> next() override {
    if (current_.iterator) {
      current_.iterator->Next();
      if (const auto back = put_back(); !back) return to_errc(back.error());
    }
    while (!heap_.empty()) {
      std::ranges::pop_heap(heap_, Older{});
      current_ = std::move(heap_.back());
      heap_.pop_back();
      if (current_.iterator) return take();
      current_.iterator = database_.iterate(bounds_);
      current_.iterator->Seek(by_class_key(current_.entry->id, current_.seq).view());
      if (const auto back = put_back(); !back) return to_errc(back.error());
    }
    return false;
  }

 private:
  // A class and its next row; without an iterator, the seq is only an upper bound.
  struct Branch {
    Sequence seq;
    const ClassEntry* entry = nullptr;
    std::unique_ptr<rocksdb::Iterator> iterator;
  };
  struct Older {
    bool operator()(const Branch& a, const Branch& b) const { return a.seq < b.seq; }
  };

  // Returns the current branch to the heap under its real seq, or drops it at its end.
  Result<void> put_back() {
    auto branch = std::move(current_);
    current_ = {};
    if (!branch.iterator->Valid()) {
      if (!branch.iterator->status().ok()) return to_view_errc(branch.iterator->status());
      return {};
    }
    const auto seq = parse_by_class_key(branch.iterator->key().ToStringView(), branch.entry->id);
    if (!seq) return {};  // the next class begins
    branch.seq = *seq;
    heap_.push_back(std::move(branch));
    std::ranges::push_heap(heap_, Older{});
    return {};
  }
  Result<bool> take() {
    const auto facts =
        decode_facts(current_.iterator->value().ToStringView(), current_.entry->token_class.client);
    if (!facts) return Errc::view_corrupt;
    seq_ = current_.seq;
    entry_ = current_.entry;
    facts_ = *facts;
    return true;
  }

  const Database& database_;
  const Database::Bounds bounds_{ViewKind::by_class};
  std::vector<Branch> heap_;
  Branch current_;
};

}  // namespace

std::unique_ptr<RowSource> all_rows(const Database& database, const Tables& tables, Sequence end) {
  return std::make_unique<AllRows>(database, tables, end);
}

std::unique_ptr<RowSource> rows_of_classes(const Database& database,
                                           const std::vector<const ClassEntry*>& classes,
                                           Sequence end) {
  return std::make_unique<RowsOfClasses>(database, classes, end);
}

Result<std::uint64_t> ordinal_of_next(RowSource& source) {
  for (std::uint64_t steps = 0; steps <= kOrdinalStride; ++steps) {
    const auto more = source.next();
    if (!more) return more.error();
    if (!*more) {
      if (steps == 0) return std::uint64_t{0};
      return Errc::view_corrupt;  // the first row of every sequence is marked
    }
    if (source.facts().ordinal != 0) return source.facts().ordinal + steps;
  }
  return Errc::view_corrupt;
}

StatusScan::StatusScan(const Database& database, const Tables& tables, RevokedBits& bits,
                       RevokedBits::Load load, Sequence at_seq, LedgerTime at_time)
    : tables_{tables},
      bits_{bits},
      load_{std::move(load)},
      at_seq_{at_seq},
      at_time_{at_time},
      database_{database} {}

Result<StatusScan::Verdict> StatusScan::decide(const RowSource& row) {
  Verdict verdict;
  const auto& facts = row.facts();
  auto look = may_be_revoked(facts.index);
  if (!look) return look.error();
  if (*look) {
    auto own = find_own(facts.index);
    if (!own) return own.error();
    verdict.own = std::move(*own);
  }
  TokenFacts token{row.seq(), facts.expires_at, row.token_class().token_class, std::nullopt};
  if (verdict.own) token.own = verdict.own->revocation;
  verdict.answer = status(token, cascades_of(row.token_class()), at_seq_, at_time_);
  return verdict;
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
  if (!revoked_) revoked_ = database_.iterate(revoked_bounds_);
  int steps = 0;
  const bool ahead = revoked_->Valid() && revoked_->key().ToStringView() <= key.view();
  while (ahead && revoked_->Valid() && revoked_->key().ToStringView() < key.view() &&
         steps++ < kNearStepsMax) {
    revoked_->Next();
  }
  if (!revoked_->Valid() || revoked_->key().ToStringView() != key.view()) {
    revoked_->Seek(key.view());
  }
  if (!revoked_->status().ok()) return to_view_errc(revoked_->status());
  // A bit may be newer than this iterator, and then than at_seq.
  if (!revoked_->Valid() || revoked_->key().ToStringView() != key.view()) {
    return std::optional<RevocationRow>{};
  }
  auto row = decode_revocation(revoked_->value().ToStringView());
  if (!row) return Errc::view_corrupt;
  if (row->revocation.seq > at_seq_) row.reset();
  return row;
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
