// EndFinder: what ended a token apart from its class: the end of its consent or family, or of its
// user.
//
// There is one row for each such event, for ever; so only a bit per number stands in memory
// (Tables::may_have_ended), and the row is read when a token's bit is set. Belongs to one query on
// one thread and must be gone before the database is closed.
#pragma once

#include <memory>
#include <vector>

#include "storage/views_database.hpp"
#include "storage/views_tables.hpp"
#include "storage/views_work.hpp"

namespace tokenledger::views {

class EndFinder {
 public:
  EndFinder(const Database& database, const Tables& tables, WorkMeter& work)
      : database_{database}, tables_{tables}, work_{work} {}

  // Whether the token has a consent, family or user that may have ended.
  [[nodiscard]] bool may_have_ended(const TokenFacts& token) const noexcept;
  // Appends, for each of the three, the first end after the token's issue: those that come later
  // can't be what ended it. At most three reads. view_corrupt, io_error.
  [[nodiscard]] Result<void> add(const TokenFacts& token, std::vector<Cascade>& found);

 private:
  [[nodiscard]] Result<void> add(Selector selector, Sequence issued, std::vector<Cascade>& found);

  const Database& database_;
  const Tables& tables_;
  WorkMeter& work_;
  const Database::Bounds bounds_{ViewKind::ends};
  std::unique_ptr<rocksdb::Iterator> rows_;  // made when first needed
};

}  // namespace tokenledger::views
