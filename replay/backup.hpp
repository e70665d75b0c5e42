// Backups: a verified copy of an open ledger under a name of its own.
//
// The copy (storage/ledger_copy.hpp) grows as `<target>.partial`. It is called a backup only after
// every byte of it was verified as `audit verify` does it, against the newest checkpoint, which
// covers what was committed when the backup was asked for: a ledger that is damaged gives no
// backup, and the sentence names the place. A backup is opened by nothing but `restore`; it is as
// secret as the ledger itself, because keyring and key store are in it.
//
// A crash at any point leaves the ledger as it was and nothing under the target's name; what stands
// under the partial name is used up by the next attempt, unless it is whole already: then it has
// its list of files, and the next attempt asks for it to be renamed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "core/errc.hpp"
#include "core/ids.hpp"

namespace tokenledger {

class Ledger;

struct BackupProgress {
  const char* stage = "";  // "checkpoint", "copy", "compare", or a stage of AuditProgress
  std::uint64_t done = 0;
  std::uint64_t end = 0;
};

struct BackupOptions {
  // Is there not yet, or as an empty directory; outside of the ledger's. Its parent is there.
  std::filesystem::path target;
  // False ends it with shutting_down, soon: it is asked after each block that is copied, and later
  // one table of the log is read to its end. On the calling thread. May be empty.
  std::function<bool(const BackupProgress&)> progress;
};

// A backup holds `seq` events. Its checkpoint commits to the first `checkpoint_size` of them, among
// which is all that was committed when the backup was asked for; what came while it was copied may
// stand behind.
struct Backup {
  Sequence seq;                       // the last event in it
  std::string checkpoint;             // the newest in it, as a note; empty: none was signed
  std::uint64_t checkpoint_size = 0;  // events that it covers, at most seq; 0: none was signed
  std::uint64_t bytes = 0;
  std::uint64_t files = 0;
};

// While the ledger works; any thread. invalid_argument: the target lies within the ledger;
// directory_not_empty, directory_locked, storage_low; shutting_down: the ledger is closing, or
// `progress` said so; audit_corrupt: the copy does not verify; io_error. After these there is no
// backup. unknown_outcome: the ledger is poisoned and there is none, or it stands there but its
// name may not survive a power cut. `why` gets a sentence, which says which.
[[nodiscard]] Result<Backup> make_backup(Ledger& ledger, const BackupOptions& options,
                                         std::string& why);

}  // namespace tokenledger
