// D05: the check path takes no lock and allocates nothing. This program replaces operator new and
// the pthread lock functions by counting ones; a tripwire that is never seen to trip proves
// nothing, so the first test trips each.
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <pthread.h>

#include <atomic>
#include <cstdlib>
#include <mutex>
#include <new>
#include <shared_mutex>

#include "tests/core/validity_index_fixture.hpp"

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define TOKENLEDGER_OWNS_ALLOCATOR 0
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#define TOKENLEDGER_OWNS_ALLOCATOR 0
#endif
#endif
#ifndef TOKENLEDGER_OWNS_ALLOCATOR
#define TOKENLEDGER_OWNS_ALLOCATOR 1
#endif

namespace {
std::atomic<std::uint64_t> allocations{0};
std::atomic<std::uint64_t> locks{0};
}  // namespace

#if TOKENLEDGER_OWNS_ALLOCATOR
namespace {
void* count_and_allocate(std::size_t bytes) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  if (void* const memory = std::malloc(bytes == 0 ? 1 : bytes)) return memory;
  throw std::bad_alloc{};
}
template <class Function>
Function* next_symbol(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}
}  // namespace

void* operator new(std::size_t bytes) { return count_and_allocate(bytes); }
void* operator new[](std::size_t bytes) { return count_and_allocate(bytes); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

extern "C" int pthread_mutex_lock(pthread_mutex_t* mutex) noexcept {
  static const auto next = next_symbol<int(pthread_mutex_t*)>("pthread_mutex_lock");
  locks.fetch_add(1, std::memory_order_relaxed);
  return next(mutex);
}
extern "C" int pthread_rwlock_rdlock(pthread_rwlock_t* lock) noexcept {
  static const auto next = next_symbol<int(pthread_rwlock_t*)>("pthread_rwlock_rdlock");
  locks.fetch_add(1, std::memory_order_relaxed);
  return next(lock);
}
#endif

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
  for (std::uint64_t counter = 0; counter < 1000; ++counter) {
    index.publish_issue(hour(counter), entry_of(counter));
    if (counter % 3 == 0) index.publish_revoke(hour(counter));
  }
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
    good += index.find_class(token).has_value();
    good += index.is_revoked_individually(token);
    good += index.watermark({SelectorKind::client, 5}).value();
    good += index.names().find_api(kAudience) == kApi;
  }
  EXPECT_EQ(allocations - allocations_before, 0u);
  EXPECT_EQ(locks - locks_before, 0u);
  EXPECT_EQ(good, 3 * 666u + 2 * 1000u + 334u + 2000u);
}

}  // namespace
}  // namespace tokenledger
