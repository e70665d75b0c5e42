// The log's events as leaves of its Merkle tree: tiles of level 0, entry bundles, proofs. What the
// audit tree of an open ledger and an auditor of a closed one have in common.
//
// Threads: any, as EventLog.
#pragma once

#include <cstdint>
#include <vector>

#include "core/errc.hpp"
#include "core/log_tile.hpp"
#include "core/proof_file.hpp"
#include "core/tile_hash_source.hpp"
#include "storage/audit_tree.hpp"
#include "storage/event_log.hpp"

namespace tokenledger {

// Whether a tree of `size` leaves has this tile. invalid_argument: no tile has such an id;
// sequence_in_future: not yet.
[[nodiscard]] Result<void> check_tile(const TileId& id, std::uint64_t size);

// The leaf hashes of a tile of level 0, and the events of an entry bundle (C2SP tlog-tiles), which
// must be in the log: log_corrupt otherwise. Errors of the log.
[[nodiscard]] Result<std::vector<std::uint8_t>> hash_tile_of(const EventLog& log, const TileId& id);
[[nodiscard]] Result<std::vector<std::uint8_t>> entry_bundle_of(const EventLog& log,
                                                                const TileId& id);

// The proof that the event stands in the checkpoint, with its canonical bytes as `extra`, made from
// `tiles` and checked before it is given. sequence_in_future: the checkpoint does not cover it;
// audit_corrupt: the tiles do not lead to the signed root.
[[nodiscard]] Result<ProofFile> make_proof(const EventLog& log, TileReader& tiles,
                                           const ShownCheckpoint& checkpoint, Sequence seq);

}  // namespace tokenledger
