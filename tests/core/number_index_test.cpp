// NumberIndex against a plain set, with hashes that collide often.
#include "core/number_index.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <random>
#include <set>

namespace tokenledger {
namespace {

TEST(NumberIndex, INV3FindsExactlyWhatIsInItThroughAnyHistory) {
  const char* given = std::getenv("SEED");
  const std::uint64_t seed = given ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  std::cout << "SEED=" << seed << "\n";
  std::mt19937_64 random{seed};
  // The last one puts everything into two places at the end of the table, so that runs wrap round.
  const std::uint64_t masks[] = {~std::uint64_t{0}, 0xF, 0x3};
  for (const auto mask : masks) {
    const auto hash_of = [&](std::uint32_t number) {
      const auto hash = NumberIndex::mix(number) & mask;
      return mask == 0x3 ? ~hash : hash;
    };
    NumberIndex index;
    std::set<std::uint32_t> want;
    for (int step = 0; step < 20'000; ++step) {
      const auto number = static_cast<std::uint32_t>(random() % 200 + 1);
      if (want.insert(number).second) {
        index.insert(number, hash_of);
      } else if (random() % 2 == 0) {
        want.erase(number);
        index.erase(number, hash_of);
      }
      const auto asked = static_cast<std::uint32_t>(random() % 200 + 1);
      const auto found = index.find(hash_of(asked), [&](auto n) { return n == asked; });
      ASSERT_EQ(found, want.contains(asked) ? asked : 0) << step;
      ASSERT_EQ(index.size(), want.size());
    }
    for (const auto number : want)
      ASSERT_EQ(index.find(hash_of(number), [&](auto n) { return n == number; }), number);
  }
}

TEST(NumberIndex, TakesAboutEightBytesPerNumber) {
  NumberIndex index;
  const auto hash_of = [](std::uint32_t number) { return NumberIndex::mix(number); };
  for (std::uint32_t number = 1; number <= 100'000; ++number) index.insert(number, hash_of);
  EXPECT_LE(index.memory_bytes(), 100'000u * 11);
  EXPECT_EQ(index.find(hash_of(100'001), [](auto n) { return n == 100'001; }), 0u);
}

}  // namespace
}  // namespace tokenledger
