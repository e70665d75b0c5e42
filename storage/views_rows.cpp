#include "storage/views_rows.hpp"

#include <algorithm>

namespace tokenledger::views {
namespace {

// Class entries by id, looked up once per query.
class EntryFinder {
 public:
  explicit EntryFinder(const Tables& tables) : tables_{tables} {}
  // nullptr: no such class.
  [[nodiscard]] const ClassEntry* find(Sequence class_id) {
    if (last_ != nullptr && last_->id == class_id) return last_;
    auto& entry = entries_[class_id.value()];
    if (entry == nullptr) entry = tables_.find(class_id);
    last_ = entry;
    return entry;
  }

 private:
  const Tables& tables_;
  const ClassEntry* last_ = nullptr;
  boost::unordered_flat_map<std::uint64_t, const ClassEntry*> entries_;
};

bool is_of_ended(ViewKind kind) noexcept {
  return kind == ViewKind::ended_tokens || kind == ViewKind::ended_by_class;
}

// A row that holds class id, in the view of ended tokens the revocation, and facts.
Result<GatheredRow> read_row(const Database& database, const Tables& tables, const Key& key,
                             Sequence issued_seq) {
  const auto bytes = database.get(key.view());
  if (!bytes) return bytes.error();
  if (!*bytes) return Errc::view_corrupt;
  std::string_view rest = **bytes;
  const auto class_id = take_class_id(rest);
  const auto* const entry = class_id ? tables.find(*class_id) : nullptr;
  if (entry == nullptr) return Errc::view_corrupt;
  GatheredRow row{issued_seq, entry, {}};
  if (is_of_ended(static_cast<ViewKind>(key.view()[0]))) {
    row.ended = take_ended(rest);
    if (!row.ended) return Errc::view_corrupt;
  }
  const auto facts = decode_facts(rest, entry->token_class.client);
  if (!facts) return Errc::view_corrupt;
  row.facts = *facts;
  return row;
}

// Keys of one prefix, each ending in newest(seq), within a range of seqs.
class SeqWalk {
 public:
  SeqWalk(const Database& database, const Key& prefix, SeqRange range, bool oldest_first)
      : prefix_{prefix},
        range_{range},
        oldest_first_{oldest_first},
        bounds_{static_cast<ViewKind>(prefix.view()[0])} {
    if (!range_.is_empty()) iterator_ = database.iterate(bounds_);
  }

  // Moves on; false at the end.
  [[nodiscard]] Result<bool> next() {
    if (!iterator_) return false;
    step();
    if (iterator_->Valid()) {
      const auto seq = parse_newest_key(prefix_.view(), iterator_->key().ToStringView());
      const bool is_inside = seq && range_.first <= *seq && *seq <= range_.last;
      if (is_inside) {
        seq_ = *seq;
        return true;
      }
    }
    if (!iterator_->status().ok()) return to_view_errc(iterator_->status());
    iterator_.reset();
    return false;
  }
  [[nodiscard]] Sequence seq() const noexcept { return seq_; }
  [[nodiscard]] std::string_view value() const { return iterator_->value().ToStringView(); }

 private:
  void step() {
    if (started_) {
      oldest_first_ ? iterator_->Prev() : iterator_->Next();
      return;
    }
    started_ = true;
    auto key = prefix_;
    if (oldest_first_) {
      iterator_->SeekForPrev(key.add_u64(newest(range_.first)).view());
    } else {
      iterator_->Seek(key.add_u64(newest(range_.last)).view());
    }
  }

  const Key prefix_;
  const SeqRange range_;
  const bool oldest_first_;
  const Database::Bounds bounds_;
  std::unique_ptr<rocksdb::Iterator> iterator_;
  bool started_ = false;
  Sequence seq_;
};

class TokenRows final : public RowSource {
 public:
  TokenRows(const Database& database, const Tables& tables, const Key& prefix, SeqRange range,
            bool oldest_first)
      : entries_{tables},
        is_of_ended_{is_of_ended(static_cast<ViewKind>(prefix.view()[0]))},
        walk_{database, prefix, range, oldest_first} {}

  Result<bool> next() override {
    const auto more = walk_.next();
    if (!more || !*more) return more;
    auto value = walk_.value();
    const auto class_id = take_class_id(value);
    if (!class_id) return Errc::view_corrupt;
    entry_ = entries_.find(*class_id);
    if (entry_ == nullptr) return Errc::view_corrupt;
    if (is_of_ended_) {
      ended_ = take_ended(value);
      if (!ended_) return Errc::view_corrupt;
    }
    const auto facts = decode_facts(value, entry_->token_class.client);
    if (!facts) return Errc::view_corrupt;
    seq_ = walk_.seq();
    facts_ = *facts;
    return true;
  }

 private:
  EntryFinder entries_;
  const bool is_of_ended_;
  SeqWalk walk_;
};

// Which of two seqs comes first in the list.
struct Before {
  bool oldest_first;
  bool operator()(Sequence a, Sequence b) const noexcept { return oldest_first ? a < b : a > b; }
};

class ClassRows final : public RowSource {
 public:
  ClassRows(const Database& database, ViewKind kind, const std::vector<ClassRange>& classes,
            bool oldest_first, WorkMeter& work)
      : database_{database}, kind_{kind}, later_{{oldest_first}}, work_{work} {
    for (const auto& wanted : classes) {
      const auto issued = wanted.range & SeqRange{wanted.entry->id, wanted.entry->newest()};
      if (issued.is_empty()) continue;
      heap_.push_back({oldest_first ? issued.first : issued.last, wanted.entry, issued, nullptr});
    }
    std::ranges::make_heap(heap_, later_);
  }

  Result<bool> next() override {
    if (current_.walk) {
      if (const auto back = put_back(); !back) return to_errc(back.error());
    }
    while (!heap_.empty()) {
      work_.rows(heap_.size() > 1 ? 1 : 0);  // the heap takes as long as the row
      std::ranges::pop_heap(heap_, later_);
      current_ = std::move(heap_.back());
      heap_.pop_back();
      if (current_.walk) return take();
      work_.random_read();
      current_.walk = std::make_unique<SeqWalk>(database_, class_prefix(kind_, current_.entry->id),
                                                current_.range, later_.before.oldest_first);
      if (const auto back = put_back(); !back) return to_errc(back.error());
    }
    return false;
  }

 private:
  // A class and its next row; without a walk, the seq is only a bound.
  struct Branch {
    Sequence seq;
    const ClassEntry* entry = nullptr;
    SeqRange range;
    std::unique_ptr<SeqWalk> walk;
  };
  struct Later {
    Before before;
    bool operator()(const Branch& a, const Branch& b) const { return before(b.seq, a.seq); }
  };

  // Returns the current branch to the heap under its next seq, or drops it at its end.
  Result<void> put_back() {
    auto branch = std::move(current_);
    current_ = {};
    const auto more = branch.walk->next();
    if (!more) return more.error();
    if (!*more) return {};
    branch.seq = branch.walk->seq();
    heap_.push_back(std::move(branch));
    std::ranges::push_heap(heap_, later_);
    return {};
  }
  Result<bool> take() {
    auto value = current_.walk->value();
    if (is_of_ended(kind_)) {
      ended_ = take_ended(value);
      if (!ended_) return Errc::view_corrupt;
    }
    const auto facts = decode_facts(value, current_.entry->token_class.client);
    if (!facts) return Errc::view_corrupt;
    seq_ = current_.seq;
    entry_ = current_.entry;
    facts_ = *facts;
    return true;
  }

  const Database& database_;
  const ViewKind kind_;
  const Later later_;
  WorkMeter& work_;
  std::vector<Branch> heap_;
  Branch current_;
};

class GatheredRows final : public RowSource {
 public:
  explicit GatheredRows(std::vector<GatheredRow> rows) : rows_{std::move(rows)} {}
  Result<bool> next() override {
    if (position_ == rows_.size()) return false;
    const auto& row = rows_[position_++];
    seq_ = row.seq;
    entry_ = row.entry;
    facts_ = row.facts;
    ended_ = row.ended;
    return true;
  }

 private:
  const std::vector<GatheredRow> rows_;
  std::size_t position_ = 0;
};

class ListedRows final : public RowSource {
 public:
  ListedRows(const Database& database, const Tables& tables, std::vector<Sequence> issued,
             WorkMeter& work)
      : database_{database}, tables_{tables}, issued_{std::move(issued)}, work_{work} {}
  Result<bool> next() override {
    if (position_ == issued_.size()) return false;
    seq_ = issued_[position_++];
    work_.random_read();
    const auto row = read_row(database_, tables_, ended_token_key(seq_), seq_);
    if (!row) return to_errc(row.error());
    entry_ = row->entry;
    facts_ = row->facts;
    ended_ = row->ended;
    return true;
  }

 private:
  const Database& database_;
  const Tables& tables_;
  const std::vector<Sequence> issued_;
  WorkMeter& work_;
  std::size_t position_ = 0;
};

class MergedRows final : public RowSource {
 public:
  MergedRows(std::vector<std::unique_ptr<RowSource>> sources, bool oldest_first)
      : sources_{std::move(sources)}, before_{oldest_first} {}

  // Few sources: looking at each is quicker than a heap.
  Result<bool> next() override {
    if (!started_) {
      started_ = true;
      for (std::size_t i = sources_.size(); i > 0; --i) {
        if (const auto moved = move(i - 1); !moved) return to_errc(moved.error());
      }
    } else {
      for (std::size_t i = sources_.size(); i > 0; --i) {
        if (sources_[i - 1]->seq() != seq_) continue;
        if (const auto moved = move(i - 1); !moved) return to_errc(moved.error());
      }
    }
    if (sources_.empty()) return false;
    const auto& first = **std::ranges::min_element(
        sources_, before_, [](const std::unique_ptr<RowSource>& source) { return source->seq(); });
    seq_ = first.seq();
    entry_ = &first.token_class();
    facts_ = first.facts();
    ended_ = first.ended();
    return true;
  }

 private:
  // Drops the source at its end.
  Result<void> move(std::size_t position) {
    const auto more = sources_[position]->next();
    if (!more) return more.error();
    if (!*more) sources_.erase(sources_.begin() + static_cast<std::ptrdiff_t>(position));
    return {};
  }

  std::vector<std::unique_ptr<RowSource>> sources_;
  const Before before_;
  bool started_ = false;
};

class ExpiryRows final : public RowSource {
 public:
  ExpiryRows(const Database& database, const Tables& tables, const ExpiryRange& range,
             bool descending)
      : entries_{tables},
        range_{range},
        descending_{descending},
        iterator_{database.iterate(bounds_)} {
    is_short_ = true;
  }

  Result<bool> next() override {
    step();
    if (!iterator_->Valid()) {
      if (!iterator_->status().ok()) return to_view_errc(iterator_->status());
      return false;
    }
    const auto key = parse_expiry_key(iterator_->key().ToStringView());
    if (!key) {
      // Backwards there is no bound: another view's key is the end.
      if (iterator_->key()[0] != static_cast<char>(ViewKind::expiry)) return false;
      return Errc::view_corrupt;
    }
    if (key->expires_at < range_.first || key->expires_at > range_.last) return false;
    IssuedPlace place;
    if (!decode_expiry(iterator_->value().ToStringView(), place, facts_)) return Errc::view_corrupt;
    seq_ = place.seq;
    entry_ = entries_.find(place.class_id);
    if (entry_ == nullptr) return Errc::view_corrupt;
    facts_.index = key->index;
    facts_.expires_at = key->expires_at;
    return true;
  }

 private:
  void step() {
    if (started_) {
      if (iterator_->Valid()) descending_ ? iterator_->Prev() : iterator_->Next();
      return;
    }
    started_ = true;
    const auto seek = [&](const Key& key) {
      descending_ ? iterator_->SeekForPrev(key.view()) : iterator_->Seek(key.view());
    };
    if (range_.after) {
      const auto key =
          expiry_key(range_.after->expires_at, TokenIndex::from_value(range_.after->number));
      seek(key);
      if (iterator_->Valid() && iterator_->key() == key.view()) {
        descending_ ? iterator_->Prev() : iterator_->Next();
      }
    } else if (descending_) {
      seek(expiry_key(range_.last, TokenIndex::from_value(~std::uint64_t{0})));
    } else {
      seek(expiry_key(range_.first, {}));
    }
  }

  EntryFinder entries_;
  const ExpiryRange range_;
  const bool descending_;
  const Database::Bounds bounds_{ViewKind::expiry};
  std::unique_ptr<rocksdb::Iterator> iterator_;
  bool started_ = false;
};

}  // namespace

std::unique_ptr<RowSource> issue_order(const Database& database, const Tables& tables,
                                       SeqRange range, bool oldest_first) {
  return rows_below(database, tables, Key{ViewKind::tokens}, range, oldest_first);
}

std::unique_ptr<RowSource> rows_below(const Database& database, const Tables& tables,
                                      const Key& prefix, SeqRange range, bool oldest_first) {
  return std::make_unique<TokenRows>(database, tables, prefix, range, oldest_first);
}

std::unique_ptr<RowSource> rows_of_classes(const Database& database, ViewKind kind,
                                           const std::vector<ClassRange>& classes,
                                           bool oldest_first, WorkMeter& work) {
  return std::make_unique<ClassRows>(database, kind, classes, oldest_first, work);
}

std::unique_ptr<RowSource> gathered_rows(std::vector<GatheredRow> rows) {
  return std::make_unique<GatheredRows>(std::move(rows));
}

std::unique_ptr<RowSource> listed_rows(const Database& database, const Tables& tables,
                                       std::vector<Sequence> issued, WorkMeter& work) {
  return std::make_unique<ListedRows>(database, tables, std::move(issued), work);
}

std::unique_ptr<RowSource> merged_rows(std::vector<std::unique_ptr<RowSource>> sources,
                                       bool oldest_first) {
  if (sources.size() == 1) return std::move(sources.front());
  return std::make_unique<MergedRows>(std::move(sources), oldest_first);
}

std::unique_ptr<RowSource> expiry_order(const Database& database, const Tables& tables,
                                        const ExpiryRange& range, bool descending) {
  return std::make_unique<ExpiryRows>(database, tables, range, descending);
}

Result<GatheredRow> read_token(const Database& database, const Tables& tables,
                               Sequence issued_seq) {
  return read_row(database, tables, token_key(issued_seq), issued_seq);
}

Result<std::string> read_details(const Database& database, Sequence issued_seq) {
  auto bytes = database.get(details_key(issued_seq).view());
  if (!bytes) return bytes.error();
  if (!*bytes) return Errc::view_corrupt;
  return std::move(**bytes);
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

}  // namespace tokenledger::views
