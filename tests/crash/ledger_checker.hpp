// LedgerChecker: holds an open, idle ledger against everything that was acknowledged before.
//
// Its own reading of the log is deliberately simple: a list of tokens, a list of endings, a loop.
// Checked: INV-1 (each acknowledged event stands where it was promised, and nothing that was read
// once has changed), INV-2 (what was ended is active for nobody, what was not ended still is),
// INV-3 (state, index, root and views equal those of a replay from the first event) and INV-4
// (dense seqs, rising times).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/ids.hpp"
#include "tests/crash/acknowledged.hpp"

namespace tokenledger {
class Ledger;
}

namespace tokenledger::crash_testing {

struct CheckedCounts {
  std::uint64_t events = 0;
  std::uint64_t acknowledged = 0;
  std::uint64_t tokens = 0;        // acknowledged tokens presented again
  std::uint64_t tokens_ended = 0;  // of these: ended by an acknowledged event
};

// For one ledger directory over its life.
class LedgerChecker {
 public:
  // Nobody else may submit meanwhile, and nothing may sweep. Sentences about what is wrong; empty:
  // nothing.
  [[nodiscard]] std::vector<std::string> check(Ledger& ledger,
                                               const std::vector<Acknowledged>& promises);
  [[nodiscard]] const CheckedCounts& counts() const { return counts_; }

 private:
  std::vector<Digest> known_events_;  // SHA-256 of the bytes of seq i + 1, as of the last check
  CheckedCounts counts_;
};

}  // namespace tokenledger::crash_testing
