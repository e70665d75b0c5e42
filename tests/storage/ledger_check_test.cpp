// D05: Ledger::check, from the token's text to the answer, allocates nothing and takes no lock.
#include <gtest/gtest.h>

#include "tests/core/tripwires.hpp"
#include "tests/storage/ledger_fixture.hpp"

namespace tokenledger {
namespace {

using testing_support::LedgerTest;

class D05LedgerCheck : public LedgerTest {
 protected:
  // Checks a good, a revoked, an unknown and a malformed token, each once before counting.
  void expect_free(TokenKind format) {
    if (!TOKENLEDGER_OWNS_ALLOCATOR) GTEST_SKIP() << "a sanitizer owns the allocator and the locks";
    add_api(format);
    add_client("a");
    const auto good = issue("a");
    const auto revoked = issue("a");
    ASSERT_TRUE(ledger_->revoke(revoked.index, {}));
    auto unknown = good.token;
    unknown.back() = unknown.back() == 'A' ? 'B' : 'A';
    const std::string malformed(kTokenBytesMax + 1, 'x');
    const std::string_view scopes[] = {"read", "write"};
    const auto check_all = [&] {
      return std::array{ledger_->check(good.token, kApi, scopes),
                        ledger_->check(revoked.token, kApi, scopes), ledger_->check(unknown, kApi),
                        ledger_->check(malformed, kApi)};
    };
    ASSERT_EQ(check_all(), (std::array{true, false, false, false}));
    const auto allocations_before = allocations;
    const auto locks_before = locks;
    for (int i = 0; i < 1'000; ++i) ASSERT_EQ(check_all(), (std::array{true, false, false, false}));
    EXPECT_EQ(allocations, allocations_before);
    EXPECT_EQ(locks, locks_before);
    // The wires do trip on this very thread.
    static_cast<void>(ledger_->check_detailed(revoked.token, kApi));
    EXPECT_GT(allocations, allocations_before);
    EXPECT_GT(locks, locks_before);
  }
};

TEST_F(D05LedgerCheck, JwtsAreCheckedWithoutAllocationOrLock) { expect_free(TokenKind::jwt); }
TEST_F(D05LedgerCheck, OpaqueTokensAreCheckedWithoutAllocationOrLock) {
  expect_free(TokenKind::opaque);
}

}  // namespace
}  // namespace tokenledger
