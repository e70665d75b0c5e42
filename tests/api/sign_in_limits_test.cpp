// Guessing passwords is slow, also for two hundred at once; being right costs nothing.
#include "api/sign_in_limits.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace tokenledger {
namespace {

using namespace std::chrono_literals;
using Attempt = SignInLimits::Attempt;

const RateLimiter::Clock::time_point kStart{1'000'000s};

std::string address(int number) { return "192.0.2." + std::to_string(number); }

TEST(SignInLimits, AnAccountHasFiveAttemptsThenOneInThirtySeconds) {
  SignInLimits limits{SignInRates{}};
  for (int index = 0; index < 5; ++index)
    EXPECT_EQ(limits.admit({"ada", address(index)}, kStart), 0s);
  EXPECT_EQ(limits.admit({"ada", address(9)}, kStart), 30s);
  EXPECT_EQ(limits.admit({"ada", address(9)}, kStart + 1500ms), 29s) << "rounded up";
  EXPECT_EQ(limits.admit({"bob", address(9)}, kStart), 0s);
  EXPECT_EQ(limits.admit({"ada", address(9)}, kStart + 30s), 0s);
  EXPECT_EQ(limits.admit({"ada", address(9)}, kStart + 31s), 29s);
  EXPECT_EQ(limits.counters().by_account, 3u);
}

TEST(SignInLimits, OneAccountIsOneHoweverItsNameIsTyped) {
  SignInLimits limits{SignInRates{}};
  const char* const spellings[] = {"ada@example.org", "ADA@example.org", "Ada@Example.Org",
                                   "aDA@EXAMPLE.ORG", "ada@EXAMPLE.org"};
  for (const char* login : spellings) EXPECT_EQ(limits.admit({login, "192.0.2.1"}, kStart), 0s);
  EXPECT_EQ(limits.admit({"AdA@example.org", "192.0.2.1"}, kStart), 30s);
}

// Whether an account exists is nothing that this class could know; names that nobody can have are
// counted too.
TEST(SignInLimits, AnImpossibleNameIsCountedLikeAnyOther) {
  SignInLimits limits{SignInRates{}};
  const std::string impossible = "\xFF \n";
  for (int index = 0; index < 5; ++index)
    EXPECT_EQ(limits.admit({impossible, "192.0.2.1"}, kStart), 0s);
  EXPECT_EQ(limits.admit({impossible, "192.0.2.1"}, kStart), 30s);
}

TEST(SignInLimits, AnAddressHasTwentyAttemptsThenOneASecond) {
  SignInLimits limits{SignInRates{}};
  for (int index = 0; index < 20; ++index)
    EXPECT_EQ(limits.admit({"user" + std::to_string(index), "2001:db8::1"}, kStart), 0s);
  EXPECT_EQ(limits.admit({"another", "2001:db8::2"}, kStart), 1s) << "the same /64";
  EXPECT_EQ(limits.admit({"another", "2001:db8:1::2"}, kStart), 0s);
  EXPECT_EQ(limits.admit({"another", "2001:db8::2"}, kStart + 1s), 0s);
  EXPECT_EQ(limits.counters().by_address, 1u);
}

TEST(SignInLimits, AnAddressWithoutAttemptsUsesUpNobodysAccount) {
  SignInLimits limits{SignInRates{}};
  for (int index = 0; index < 20; ++index)
    static_cast<void>(limits.admit({"user" + std::to_string(index), "192.0.2.1"}, kStart));
  for (int index = 0; index < 50; ++index)
    EXPECT_GT(limits.admit({"victim", "192.0.2.1"}, kStart), 0s);
  EXPECT_EQ(limits.admit({"victim", "192.0.2.2"}, kStart), 0s);
}

TEST(SignInLimits, WhoIsRightIsNeverLimitedAndGainsNothingForGuesses) {
  SignInLimits limits{SignInRates{}};
  const Attempt attempt{"ada", "192.0.2.1"};
  for (int index = 0; index < 100; ++index) {
    ASSERT_EQ(limits.admit(attempt, kStart), 0s) << index;
    limits.forgive(attempt);
  }
  for (int index = 0; index < 5; ++index) EXPECT_EQ(limits.admit(attempt, kStart), 0s);
  EXPECT_EQ(limits.admit(attempt, kStart), 30s) << "a hundred right ones earned no sixth guess";
}

TEST(SignInLimits, ForgivingWhatIsUnknownOrLongAgoGivesNoCredit) {
  SignInLimits limits{SignInRates{}};
  const Attempt attempt{"ada", "192.0.2.1"};
  for (int index = 0; index < 50; ++index) limits.forgive(attempt);
  EXPECT_EQ(limits.admit(attempt, kStart), 0s);
  for (int index = 0; index < 50; ++index) limits.forgive(attempt);
  int admitted = 0;
  while (admitted < 100 && limits.admit(attempt, kStart + 1h) == 0s) ++admitted;
  EXPECT_EQ(admitted, 5);
}

TEST(SignInLimits, TwoHundredAtOnceAreNoWayAround) {
  SignInLimits limits{SignInRates{}};
  std::atomic<int> admitted{0};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 8; ++thread) {
    threads.emplace_back([&, thread] {
      for (int index = 0; index < 25; ++index)
        if (limits.admit({"ada", address(thread * 25 + index)}, kStart) == 0s) ++admitted;
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(admitted.load(), 5);
  EXPECT_EQ(limits.counters().by_account, 195u);
}

}  // namespace
}  // namespace tokenledger
