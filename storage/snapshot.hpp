// Snapshots: State and the validity index saved at a seq, so that opening folds only what came
// after.
//
// A snapshot is a cache of the log (INV-3): a damaged or foreign one is ignored and the log is read
// instead. State is frozen exactly at S; the index arrays are copied while the commit thread goes
// on (they are monotone), and E is the last seq published when copying ended. Loading keeps only
// entries issued at or before S and forgets revocation bits set in (S, E], which the fold of (S,
// end] sets again. While a copy runs the sweeper must not retire chunks.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "core/errc.hpp"
#include "core/ids.hpp"

namespace tokenledger {

class EventLog;
class FileLayer;
class State;
class ValidityIndex;

inline constexpr std::size_t kSnapshotsKept = 2;

// What the commit thread freezes at S, quickly: the encoded State (core/state_codec.hpp) and the
// compact range.
struct FrozenState {
  Sequence seq;               // S
  std::string state;          // encode_state()
  std::string compact_range;  // Merkle compact range of size S, serialized
};

// Writes snapshot-<S> (temp, fsync, rename, fsync directory; CRC per chunk) and removes all but the
// newest kSnapshotsKept. `published` returns the last seq published, asked after the arrays were
// copied. Any thread.
[[nodiscard]] Result<void> write_snapshot(FileLayer& files, const std::filesystem::path& directory,
                                          const FrozenState& frozen, const ValidityIndex& index,
                                          const std::function<Sequence()>& published);

struct LoadedSnapshot {
  Sequence seq;  // S
  std::string compact_range;
};

// A file that was passed over, and why: outdated_format (an older layout), else it is damaged.
using IgnoredSnapshot = std::function<void(const std::filesystem::path&, Errc)>;

// Loads the newest intact snapshot into an empty state and index. nullopt: there is none that is
// intact. snapshot_beyond_log: the log ends before E: acknowledged events are missing.
// unsupported_format: a newer program wrote it. The caller folds (S, end].
[[nodiscard]] Result<std::optional<LoadedSnapshot>> load_snapshot(
    FileLayer& files, const std::filesystem::path& directory,
    const std::array<std::uint8_t, 16>& ledger_id, const EventLog& log, State& state,
    ValidityIndex& index, const IgnoredSnapshot& on_ignored);

}  // namespace tokenledger
