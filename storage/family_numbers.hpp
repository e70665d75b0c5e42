// FamilyNumbers: which free numbers of families are spoken for, from the moment a refresh token is
// made until its command was decided. Two signers at once thus never choose the same one; what one
// did not use is free for the next. Threads: any.
#pragma once

#include <mutex>
#include <set>

#include "core/errc.hpp"
#include "core/people.hpp"

namespace tokenledger {

class LedgerCore;

class FamilyNumbers {
 public:
  explicit FamilyNumbers(LedgerCore& core) : core_{core} {}

  // Free, as people stand now, and nobody else's. queue_full: kFamilyNumbersAheadMax are spoken for
  // already; limit_reached: there is none.
  [[nodiscard]] Result<FamilyNumber> take();
  // Of take(), whatever became of it.
  void give_back(FamilyNumber number);

 private:
  LedgerCore& core_;
  std::mutex mutex_;
  std::set<FamilyNumber> taken_;  // guarded by mutex_
};

}  // namespace tokenledger
