// Whatever decide() accepts, fold() takes: a ledger whose own event does not fold stops for good.
// Many short lives of few people, in which codes and refresh tokens meet passwords, groups,
// withdrawals and cascades within seconds. SEED=N repeats from there.
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <map>
#include <random>

#include "tests/core/random_people_ledger.hpp"

namespace tokenledger {
namespace {

using testing_support::RandomPeopleLedger;

constexpr int kLives = 2'000;
constexpr int kSteps = 400;

std::uint64_t first_seed() {
  const char* given = std::getenv("SEED");
  return given != nullptr ? std::stoull(given) : std::random_device{}();
}

// run() ends the program when an event does not fold; the seed printed last says in which life.
TEST(DecideFolds, WhateverHappensToPeopleWithinSeconds_INV3) {
  const auto first = first_seed();
  std::map<std::string, std::uint64_t> counts;
  std::uint64_t implicit = 0;
  for (int life = 0; life < kLives; ++life) {
    std::cout << "seed " << first + static_cast<unsigned>(life) << std::endl;
    RandomPeopleLedger ledger{first + static_cast<unsigned>(life)};
    for (int step = 0; step < kSteps; ++step) {
      if (ledger.below(20) == 0) ledger.RandomLedger::step();
      ledger.step_of_people();
      if (ledger.below(8) == 0) implicit += ledger.issue_implicitly() ? 1 : 0;
    }
    for (const auto& event : ledger.events) ++counts[event_kind_name(event.payload.index())];
  }
  std::cout << implicit << " implicit tokens\n";
  EXPECT_GT(implicit, 1'000u);
  for (const auto& [kind, count] : counts) std::cout << kind << ' ' << count << '\n';
  for (const auto* kind : {"code_redeemed", "code_reused", "refresh_rotated", "family_ended",
                           "user_password_set", "user_groups_set", "consent_withdrawn"})
    EXPECT_GT(counts[kind], 100u) << kind;
}

// Of one user alone, so that there is no room for families, and codes are redeemed in the last
// nanoseconds of their lives.
TEST(DecideFolds, WhatHappensToAUserWithAsManyFamiliesAsThereMayBe_INV3) {
  constexpr int kLivesOfOne = 30;
  constexpr int kSignIns = 1'500;
  const auto first = first_seed();
  std::uint64_t full = 0;
  for (int life = 0; life < kLivesOfOne; ++life) {
    std::cout << "seed " << first + static_cast<unsigned>(life) << std::endl;
    RandomPeopleLedger ledger{first + static_cast<unsigned>(life)};
    ledger.users_at_most = 1;
    for (int step = 0; step < kSignIns; ++step) {
      ledger.sign_in();
      if (ledger.below(8) == 0) ledger.issue_implicitly();
      if (ledger.below(8) == 0) ledger.redeem_at_the_last_moment();
      if (ledger.below(400) == 0) ledger.step_of_people();
      full += ledger.state.people.user(UserNumber{1})->families == kFamiliesPerUserMax ? 1 : 0;
    }
  }
  std::cout << full << " steps without room\n";
  EXPECT_GT(full, 1'000u);
}

}  // namespace
}  // namespace tokenledger
