// A client assertion proves something once.
#include "api/assertion_memory.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace tokenledger {
namespace {

constexpr UnixSeconds kStart{1'800'000'000};
constexpr ClientNumber kClient{3};
constexpr ClientNumber kOther{4};

UnixSeconds at(std::int64_t seconds) {
  return UnixSeconds{static_cast<std::uint32_t>(kStart.value() + seconds)};
}
VerifiedAssertion assertion(std::string id, std::int64_t issued = 0, std::int64_t expires = 60) {
  return {.id = std::move(id), .expires_at = at(expires), .issued_at = at(issued)};
}

TEST(AssertionMemory, Rfc7523TheSameIdOfTheSameClientIsAReplayUntilItExpires) {
  AssertionMemory memory{kStart};
  EXPECT_EQ(memory.use(kClient, assertion("a"), at(1)), AssertionUse::first);
  EXPECT_EQ(memory.use(kClient, assertion("a"), at(1)), AssertionUse::replayed);
  EXPECT_EQ(memory.use(kClient, assertion("a", 50, 110), at(59)), AssertionUse::replayed)
      << "also inside another assertion";
  EXPECT_EQ(memory.use(kOther, assertion("a"), at(1)), AssertionUse::first);
  EXPECT_EQ(memory.use(kClient, assertion("b"), at(1)), AssertionUse::first);
  EXPECT_EQ(memory.size(), 3u);
  EXPECT_EQ(memory.use(kClient, assertion("a", 60, 120), at(60)), AssertionUse::first)
      << "the earlier one is no good any more";
  EXPECT_EQ(memory.size(), 1u);
}

TEST(AssertionMemory, WhatMayHaveBeenUsedBeforeARestartIsRefused) {
  AssertionMemory memory{kStart};
  EXPECT_EQ(memory.use(kClient, assertion("a", -1), at(5)), AssertionUse::from_before_us);
  EXPECT_EQ(memory.use(kClient, assertion("a", 0), at(5)), AssertionUse::first);
  // Without iat it may be as old as its exp lets it: 600 s.
  const auto without_iat = [](std::int64_t expires) {
    return VerifiedAssertion{.id = "b", .expires_at = at(expires), .issued_at = {}};
  };
  EXPECT_EQ(memory.use(kClient, without_iat(599), at(5)), AssertionUse::from_before_us);
  EXPECT_EQ(memory.use(kClient, without_iat(600), at(5)), AssertionUse::first);
  EXPECT_EQ(memory.use(kClient, {.id = "c", .expires_at = UnixSeconds{5}}, UnixSeconds{1}),
            AssertionUse::from_before_us);
}

TEST(AssertionMemory, AClockThatStepsBackLetsNothingThroughTwice) {
  AssertionMemory memory{kStart};
  EXPECT_EQ(memory.use(kClient, assertion("a", 0, 60), at(30)), AssertionUse::first);
  EXPECT_EQ(memory.use(kClient, assertion("b", 60, 120), at(60)), AssertionUse::first);
  EXPECT_EQ(memory.use(kClient, assertion("a", 0, 60), at(50)), AssertionUse::replayed);
}

TEST(AssertionMemory, INV7AFullClientIsRefusedAndForgetsNothing) {
  AssertionMemory memory{kStart};
  for (std::size_t index = 0; index < kAssertionIdsPerClientMax; ++index)
    ASSERT_EQ(memory.use(kClient, assertion(std::to_string(index)), at(1)), AssertionUse::first);
  EXPECT_EQ(memory.use(kClient, assertion("one more"), at(1)), AssertionUse::too_many);
  EXPECT_EQ(memory.use(kClient, assertion("0"), at(1)), AssertionUse::replayed);
  EXPECT_EQ(memory.use(kOther, assertion("one more"), at(1)), AssertionUse::first);
  EXPECT_EQ(memory.use(kClient, assertion("one more", 60, 120), at(60)), AssertionUse::first);
}

TEST(AssertionMemory, INV7AFullTableIsRefusedAndForgetsNothing) {
  AssertionMemory memory{kStart};
  constexpr std::size_t kClients = kAssertionIdsMax / kAssertionIdsPerClientMax;
  for (std::uint32_t client = 1; client <= kClients; ++client) {
    for (std::size_t index = 0; index < kAssertionIdsPerClientMax; ++index)
      ASSERT_EQ(memory.use(ClientNumber{client}, assertion(std::to_string(index)), at(1)),
                AssertionUse::first);
  }
  EXPECT_EQ(memory.size(), kAssertionIdsMax);
  const ClientNumber newcomer{kClients + 1};
  EXPECT_EQ(memory.use(newcomer, assertion("a"), at(1)), AssertionUse::too_many);
  EXPECT_EQ(memory.size(), kAssertionIdsMax);
  EXPECT_EQ(memory.use(newcomer, assertion("a", 60, 120), at(60)), AssertionUse::first);
  EXPECT_EQ(memory.size(), 1u);
}

TEST(AssertionMemory, OfManyCallersAtOnceOneIsFirst) {
  AssertionMemory memory{kStart};
  for (int round = 0; round < 50; ++round) {
    std::atomic<int> first{0};
    std::vector<std::thread> threads;
    for (int thread = 0; thread < 4; ++thread) {
      threads.emplace_back([&] {
        const auto verdict = memory.use(kClient, assertion(std::to_string(round)), at(1));
        if (verdict == AssertionUse::first) ++first;
      });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(first.load(), 1);
  }
}

}  // namespace
}  // namespace tokenledger
