// RecoverTool: looks at a ledger that does not open, and cuts its log when a person decides so.
//
// Looking changes nothing. Cutting first sets everything aside that it removes (the tail, HEAD,
// snapshots, a damaged WAL) in a new directory inside the ledger's, so it can be looked at later.
// Interrupted, it is started again: until it is done the ledger keeps refusing to open. Threads:
// one.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "core/errc.hpp"
#include "core/ids.hpp"
#include "storage/file_layer.hpp"

namespace tokenledger {

struct RecoverySurvey {
  enum class HeadState : std::uint8_t { intact, damaged, missing };
  HeadState head = HeadState::intact;
  Sequence head_seq;  // what was acknowledged at least; 0 unless intact
  Sequence log_end;   // the last event that RocksDB shows
  // Dense, decodable and foldable from the first event to here. With root_differs some event at or
  // before head_seq was changed all the same, and which one nobody can tell from inside.
  Sequence last_good;
  bool is_wal_damaged = false;  // RocksDB refuses the log unless what follows the damage is dropped
  bool root_differs = false;
  // The newest checkpoint that stands in the history, and the one in the anchor: what was signed at
  // least. 0: there is none, or it is damaged (`problem` says so).
  std::uint64_t checkpoint_size = 0;
  std::uint64_t anchor_size = 0;
  bool is_anchor_unseen = false;  // the ledger keeps one, and Options::anchor is empty
  std::string problem;            // a sentence; empty: everything agrees

  // Acknowledged events that keeping only `kept` would lose, at least; nullopt: HEAD can't tell.
  [[nodiscard]] std::optional<std::uint64_t> lost_after(Sequence kept) const noexcept;
};

class RecoverTool {
 public:
  struct Options {
    std::filesystem::path directory;
    std::filesystem::path keyring_key_file;
    std::filesystem::path anchor;                               // empty: none is looked at
    std::shared_ptr<FileLayer> files;                           // null: the operating system's
    std::function<void(Sequence done, Sequence end)> progress;  // may be empty
  };

  // Takes the directory's lock, opens the keyring and surveys. `why` gets a sentence on an error:
  // not_a_ledger, directory_locked, keyring_*, log_corrupt (RocksDB can't read anything),
  // unsupported_format (a newer program wrote HEAD, keyring, checkpoints or an event: what looks
  // damaged to this one may be whole).
  [[nodiscard]] static Result<std::unique_ptr<RecoverTool>> open(const Options& options,
                                                                 std::string& why);
  virtual ~RecoverTool() = default;

  [[nodiscard]] virtual const RecoverySurvey& survey() const noexcept = 0;

  // Makes the log end at `seq`, HEAD agree with it, and drops views and snapshots, which are made
  // anew at the next open. Returns the directory that holds what was cut; empty when nothing had to
  // be. invalid_argument: `seq` is 0, beyond last_good, keeps an event that HEAD's root
  // contradicts, or only some of the events of one command (`why` names the next seqs that do not);
  // the anchor is not this ledger's. log_shorter_than_head: acknowledged events (or nobody knows
  // whether) would be lost, or a checkpoint contradicted, and accept_loss is false. Nothing was
  // changed in both cases. unknown_outcome: it failed half-way, and `why` says what to do; any
  // other error left everything as it was.
  //
  // What is signed later never contradicts what was: a cut below a checkpoint draws a new key for
  // them (superseded()), and the next open notes the old one in the log. So does any cut of a
  // ledger that keeps an anchor, where options.anchor is empty.
  [[nodiscard]] virtual Result<std::filesystem::path> truncate_after(Sequence seq, bool accept_loss,
                                                                     std::string& why) = 0;

  struct Superseded {
    std::string note;                 // the old key's last checkpoint; empty: unknown
    std::filesystem::path directory;  // where it stands, with the history and tiles
  };
  // By the last truncate_after(); nullopt: the key is still the same.
  [[nodiscard]] virtual const std::optional<Superseded>& superseded() const noexcept = 0;
};

}  // namespace tokenledger
