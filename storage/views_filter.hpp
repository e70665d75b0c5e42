// RowTest: whether a row is in the list, asked in the order of what the answer costs.
//
// Belongs to one query on one thread, like the sources it looks at.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <optional>
#include <string>

#include "storage/list_query.hpp"
#include "storage/views_rows.hpp"

namespace tokenledger::views {

class RowTest {
 public:
  RowTest(const Database& database, const Tables& tables, const ListQuery& query,
          StatusScan& status, WorkMeter& work)
      : database_{database}, tables_{tables}, query_{query}, status_{status}, work_{work} {}

  // Whether tokens of this class can be in the list.
  [[nodiscard]] bool takes(const ClassEntry& entry);

  // What was found out about a row that is in the list.
  struct Match {
    TokenRowFacts facts;
    StatusScan::Verdict verdict;
    std::string details;  // empty: not read, or there are none
  };
  [[nodiscard]] Result<bool> takes(const RowSource& row, Match& match);

 private:
  [[nodiscard]] bool takes_verdict(const StatusScan::Verdict& verdict) const;
  [[nodiscard]] bool is_text_match(const RowSource& row) const;
  [[nodiscard]] Result<bool> takes_details(const RowSource& row, Match& match) const;

  const Database& database_;
  const Tables& tables_;
  const ListQuery& query_;
  StatusScan& status_;
  WorkMeter& work_;
  boost::unordered_flat_map<const ClassEntry*, bool> classes_;
  const ClassEntry* last_class_ = nullptr;
  bool takes_last_class_ = false;
};

}  // namespace tokenledger::views
