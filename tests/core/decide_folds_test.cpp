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
  for (int life = 0; life < kLives; ++life) {
    std::cout << "seed " << first + static_cast<unsigned>(life) << std::endl;
    RandomPeopleLedger ledger{first + static_cast<unsigned>(life)};
    for (int step = 0; step < kSteps; ++step) {
      if (ledger.below(20) == 0) ledger.RandomLedger::step();
      ledger.step_of_people();
    }
    for (const auto& event : ledger.events) ++counts[event_kind_name(event.payload.index())];
  }
  for (const auto& [kind, count] : counts) std::cout << kind << ' ' << count << '\n';
  for (const auto* kind : {"code_redeemed", "code_reused", "refresh_rotated", "family_ended",
                           "user_password_set", "user_groups_set", "consent_withdrawn"})
    EXPECT_GT(counts[kind], 100u) << kind;
}

}  // namespace
}  // namespace tokenledger
