// One random life of a ledger, lived by the product and by the oracle at once.
//
// Batches of 1 to 8 commands are decided and folded before anything is published, as the commit
// thread does it. Each answer is compared when it is given, everything else after each batch.
#pragma once

#include "core/errc.hpp"
#include "tests/core/oracle_compare.hpp"

namespace oracle {

// How often what happened, over all runs of a test.
struct Tally {
  std::map<std::string, std::uint64_t> events;
  std::map<std::string, std::uint64_t> rejections;
  std::map<std::string, std::uint64_t> conflicts;  // of kinds that the issue names
  std::uint64_t commands = 0;
  std::uint64_t prefixes = 0;
  std::uint64_t token_checks = 0;
};

class Run {
 public:
  static constexpr std::uint64_t kChunksPerLane = 4;
  static constexpr std::uint64_t kLaneCapacity = kChunksPerLane * tokenledger::kChunkTokens;
  static constexpr tokenledger::ValidityIndex::Options kIndexOptions{
      .lane_capacities = {kLaneCapacity, kLaneCapacity, kLaneCapacity, kLaneCapacity}};

  Run(std::uint64_t seed, Tally& tally)
      : model{kChunksPerLane}, random{seed, model}, chooser{~seed, model}, tally{tally} {}

  // Lives through one batch; the first difference, or empty. `batch` then holds its events.
  std::string next_batch();
  // Everything agrees with the model, at the end of the last batch.
  std::string compare();

  Model model;
  Generator random;
  Generator chooser;  // what to look at; apart, so that looking changes no command
  tokenledger::State state;
  tokenledger::ValidityIndex index{kIndexOptions};
  Facts facts;
  std::vector<tokenledger::Event> events;  // of the whole life
  std::vector<tokenledger::Event> batch;
  std::uint64_t commands = 0;

 private:
  std::string submit(const Command& command);
  std::string compare_events(const Command& command, const Answer& want, std::uint64_t now,
                             std::size_t first);
  void count_conflicts(const Command& command);
  void count_cascade(const tokenledger::Event& event);

  Tally& tally;
  std::uint64_t clock_ = 1'800'000'000 * kSecond;
  bool in_prologue_ = true;
};

}  // namespace oracle
