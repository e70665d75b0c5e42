// D05: the check path takes no lock and allocates nothing. This program replaces operator new and
// the pthread lock functions by counting ones; a tripwire that is never seen to trip proves
// nothing, so the first test trips each.
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <shared_mutex>

#include "tests/core/tripwires.hpp"
#include "tests/core/validity_index_fixture.hpp"

namespace tokenledger {
namespace {

using namespace testing_support;

static_assert(std::atomic<std::uint64_t>::is_always_lock_free, "D05");
static_assert(noexcept(std::declval<const ValidityIndex&>().find(TokenIndex{})));

class D05CheckPath : public testing::Test {
 protected:
  void SetUp() override {
    if (!TOKENLEDGER_OWNS_ALLOCATOR) GTEST_SKIP() << "a sanitizer owns the allocator and the locks";
  }
};

TEST_F(D05CheckPath, TripwiresTrip) {
  const std::uint64_t allocations_before = allocations;
  const std::uint64_t locks_before = locks;
  std::mutex mutex;
  mutex.lock();
  mutex.unlock();
  std::shared_mutex shared_mutex;
  shared_mutex.lock_shared();
  shared_mutex.unlock_shared();
  ::operator delete(::operator new(16));
  EXPECT_EQ(allocations - allocations_before, 1u);
  EXPECT_EQ(locks - locks_before, 2u);
}

TEST_F(D05CheckPath, NeitherAllocatesNorLocks) {
  ValidityIndex index{kSmallIndex};
  publish_calendar(index);
  // A third each: revoked; a machine's; a user's, every second of which is on an ended consent.
  const ConsentNumber ended{7};
  for (std::uint64_t counter = 0; counter < 1000; ++counter) {
    const ConsentNumber consent = counter % 2 == 0 ? ConsentNumber{3} : ended;
    index.publish_issue(hour(counter), counter % 3 == 2
                                           ? user_entry_of(counter, consent, FamilyNumber{5})
                                           : entry_of(counter));
    if (counter % 3 == 0) index.publish_revoke(hour(counter));
  }
  index.publish_ended(ended);
  const std::string_view scopes[] = {"read", "write"};
  std::uint64_t good = 0;
  const std::uint64_t allocations_before = allocations;
  const std::uint64_t locks_before = locks;
  for (std::uint64_t counter = 0; counter < 2000; ++counter) {
    const TokenIndex token = hour(counter);
    const Fingerprint fingerprint = fingerprint_of(counter);
    index.prefetch(token);
    const Verdict verdicts[] = {
        index.check(token, fingerprint, kAudience, scopes, kNow),
        index.check(token, fingerprint, kOtherAudience, scopes, kNow),
        index.check(token, fingerprint, kApi, 0b11, kNow),
        index.check_without_fingerprint(token, kAudience, scopes, kNow),
        index.check_without_fingerprint(token, kApi, 0b111, kNow),
        index.check(TokenIndex::from_value(~counter), fingerprint, kAudience, scopes, kNow),
    };
    for (const Verdict verdict : verdicts) good += verdict == Verdict::good;
    good += index.find(token).has_value();
    good += index.find_live(token, &fingerprint, kNow).has_value();
    good += index.is_ended(FamilyNumber{5});
    good += index.find_class(token).has_value();
    good += index.is_revoked_individually(token);
    good += index.watermark({SelectorKind::client, 5}).value();
    good += index.names().find_api(kAudience) == kApi;
  }
  EXPECT_EQ(allocations - allocations_before, 0u);
  EXPECT_EQ(locks - locks_before, 0u);
  // 333 machine's tokens and 167 of users are good.
  EXPECT_EQ(good, 4 * 500u + 2 * 1000u + 334u + 2000u);
}

}  // namespace
}  // namespace tokenledger
