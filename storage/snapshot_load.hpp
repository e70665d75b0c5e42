// One snapshot of several, for whoever looks at each: recovery takes the newest intact one
// (storage/snapshot.hpp).
#pragma once

#include <array>
#include <filesystem>
#include <vector>

#include "core/errc.hpp"
#include "storage/snapshot.hpp"

namespace tokenledger {

// The seqs of the snapshots in the directory, newest first; none where there is no directory.
[[nodiscard]] Result<std::vector<Sequence>> list_snapshots(FileLayer& files,
                                                           const std::filesystem::path& directory);

struct SnapshotPlace {
  std::filesystem::path directory;
  Sequence seq;
  std::array<std::uint8_t, 16> ledger_id{};
};

// Into an empty state and index, which then are as of `seq`. unsupported_format: written by
// a newer program; outdated_format: of an older layout; snapshot_corrupt: not whole, or another
// ledger's; snapshot_beyond_log: the log ends before what it saw;
// log_corrupt: of the events that it must look at; io_error. After an error the index is empty.
[[nodiscard]] Result<LoadedSnapshot> load_snapshot_at(FileLayer& files, const SnapshotPlace& place,
                                                      const EventLog& log, State& state,
                                                      ValidityIndex& index);

}  // namespace tokenledger
