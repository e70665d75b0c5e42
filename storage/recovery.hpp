// Recovery: from the bytes of the log to State, validity index and Merkle range; the same fold as
// the running ledger.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "core/errc.hpp"
#include "core/merkle.hpp"
#include "core/state.hpp"
#include "core/validity_index.hpp"
#include "storage/event_log.hpp"

namespace tokenledger {

struct ReplayOptions {
  Sequence upto;  // stop after this event
  // When set: the tree's root at this size must be this.
  std::optional<std::pair<std::uint64_t, Digest>> expected_root;
  // Merkle leaves are hashed (false only where nobody compares roots: as-of queries).
  bool hash_leaves = true;
  std::function<void(Sequence)> progress;  // now and then
  std::function<bool()> stops;             // as often; true ends it with shutting_down
  // Sees every event before it is folded; nullptr: nobody looks.
  std::function<void(const Event&)> observe;

  // --- for whoever proves the log rather than uses it; the last two need hash_leaves ---
  // log_corrupt for an event whose bytes are not those that encode_event() writes.
  bool requires_canonical = false;
  // The nodes that tiles store, as they are completed: tile level from 1, number, hash.
  std::function<void(unsigned, std::uint64_t, const Digest&)> on_tile_hash;
  // The tree after each event, which is folded and published then.
  std::function<void(const CompactRange&)> on_leaf;
};

// Reads the log from state.last_seq + 1 to options.upto into `state`, `index` and `range`,
// publishing as it goes. The log is read and decoded on a second thread. log_corrupt (a hole, an
// undecodable or impossible event), root_mismatch; `why` then names the seq.
[[nodiscard]] Result<void> replay_log(const EventLog& log, State& state, ValidityIndex& index,
                                      CompactRange& range, const ReplayOptions& options,
                                      std::string& why);

}  // namespace tokenledger
