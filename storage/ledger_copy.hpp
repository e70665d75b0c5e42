// A consistent copy of a ledger that is open and goes on working.
//
// The copy is the ledger as of one seq, the cut. What is copied before and what after it is the
// whole of its consistency:
//   before  the newest snapshot and the checkpoint history: neither says anything of an event that
//           was not committed when it was copied, so neither is beyond the cut
//   cut     on the commit thread, between two batches: which bytes of which files are the log
//   after   the log's files; key store and keyring, which have every key of an event before the
//           event is in the log; HEAD of exactly the cut, with the mark of the key store as copied
// An owner whose erasure is part of the copy has no key in it: the key store is copied while no
// erasure is half done. Views are left out, the admin token too. Bytes are copied, never linked: a
// backup that shares its blocks with the ledger shares their damage.
//
// Nothing of the ledger is changed, flushed or held up but for some system calls on the commit
// thread; close() waits for the copy, which then ends early. Threads: any.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "core/errc.hpp"
#include "core/ids.hpp"
#include "storage/backup_manifest.hpp"

namespace tokenledger {

class LedgerCore;

struct LedgerCopy {
  Sequence seq;                       // the last event
  std::string checkpoint;             // the newest in the copy, as a note; empty: none was signed
  std::uint64_t checkpoint_size = 0;  // events that it covers; 0: none was signed
  std::vector<BackupFile> files;      // ascending by name
};

// False ends the copy with shutting_down.
using CopyProgress = std::function<bool(std::uint64_t done, std::uint64_t end)>;

// About what a copy made now would take, in bytes.
[[nodiscard]] Result<std::uint64_t> estimate_copy(const LedgerCore& core);

// Into `directory`, which is there and has none of the files.
// Contents are durable on success, names are not. unknown_outcome, shutting_down: the ledger is
// poisoned or closed. `why` gets a sentence.
[[nodiscard]] Result<LedgerCopy> copy_ledger(LedgerCore& core,
                                             const std::filesystem::path& directory,
                                             const CopyProgress& progress, std::string& why);

}  // namespace tokenledger
