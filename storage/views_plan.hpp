// plan: which view answers a list with the fewest rows looked at.
//
// A source gives every token that can be in the list, in its order, and mostly others too; RowTest
// sorts those out. In the order of preference:
//   one owner, one subject            their own view
//   text                              the clients' classes, the names and the one token, merged
//   revoked                           the tokens with a revocation of their own, and the classes
//                                     that a cascade may have ended, or the end of what users'
//                                     tokens stand on
//   client, API, origin, times, ..    the classes that remain, each cut to the seqs that its
//                                     tokens' lifetimes allow; or the order of issue, cut to what
//                                     they span, when that is cheaper
//   sorts by expiry                   what the above gives, sorted, when it is little; else the
//                                     view by expiry
#pragma once

#include <memory>
#include <vector>

#include "storage/views_filter.hpp"
#include "storage/views_rows.hpp"

namespace tokenledger::views {

class Planner {
 public:
  Planner(const Database& database, const Tables& tables, const ListBounds& bounds,
          const ListQuery& query, RowTest& test, WorkMeter& work);

  // `after` as the query says, or from the beginning when `whole`. The source refers to this
  // object's database and tables, and to the meter, only.
  [[nodiscard]] Result<std::unique_ptr<RowSource>> make(bool whole);

 private:
  using Source = std::unique_ptr<RowSource>;

  // Seconds at which the issue event of a matching token may have been recorded, both included.
  struct Seconds {
    std::int64_t first;
    std::int64_t last;
  };
  [[nodiscard]] Seconds issue_seconds(const Spread& spread) const;
  [[nodiscard]] SeqRange range_of(const ClassEntry& entry) const;
  [[nodiscard]] std::optional<std::vector<const ClassEntry*>> candidates();
  [[nodiscard]] bool wants_revoked() const;

  [[nodiscard]] Result<Source> in_issue_order();
  [[nodiscard]] Result<std::optional<Source>> by_text();
  [[nodiscard]] Result<bool> gather_names(std::vector<GatheredRow>& rows) const;
  [[nodiscard]] std::optional<EndsSpan> ends_looked_for() const;
  [[nodiscard]] Result<Source> by_revocation();
  [[nodiscard]] Result<std::optional<Source>> by_revocation_time() const;
  [[nodiscard]] Source by_class();
  [[nodiscard]] Result<Source> in_expiry_order();
  [[nodiscard]] Result<std::optional<Source>> sorted_by_expiry();
  [[nodiscard]] Source issue_order_of(SeqRange range) const;
  [[nodiscard]] Source classes_of(ViewKind kind, const std::vector<ClassRange>& classes) const;

  const Database& database_;
  const Tables& tables_;
  const ListBounds& bounds_;
  const ListQuery& query_;
  RowTest& test_;
  WorkMeter& work_;
  SeqRange page_;  // what as_of and the position leave
  bool oldest_first_ = false;
};

}  // namespace tokenledger::views
