#include "storage/family_numbers.hpp"

#include "storage/ledger_core.hpp"

namespace tokenledger {

Result<FamilyNumber> FamilyNumbers::take() {
  const std::scoped_lock lock{mutex_};
  if (taken_.size() >= kFamilyNumbersAheadMax) return Errc::queue_full;
  FamilyNumber number;
  core_.people.with_people([&](const People& people) {
    do {  // past those that are taken, so at most kFamilyNumbersAheadMax steps
      number = people.free_after(number);
    } while (number != FamilyNumber{} && taken_.contains(number));
  });
  if (number == FamilyNumber{}) return Errc::limit_reached;
  taken_.insert(number);
  return number;
}

void FamilyNumbers::give_back(FamilyNumber number) {
  const std::scoped_lock lock{mutex_};
  taken_.erase(number);
}

}  // namespace tokenledger
