// LedgerOptions: how a ledger directory is opened. The defaults suit a server and an embedding
// program alike.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "core/errc.hpp"
#include "core/ids.hpp"

namespace tokenledger {

class Clock;
class FileLayer;

enum class Durability : std::uint8_t {
  normal,    // every batch is fsynced before anybody is answered; HEAD is fsynced each second
  paranoid,  // HEAD is fsynced with every batch too: a cleanly cut WAL tail never goes unnoticed
};

struct OpenProgress {
  const char* stage = "";  // "snapshot", "log", "views"
  Sequence seq;            // reached
  Sequence end;
};

// What confirm_newest is asked about; valid during the call.
struct NewestCheckpoint {
  std::string note;  // signed; empty: none was signed yet
  std::string vkey;  // of the key that signs
  // Whether that key signed a checkpoint of this size here: everybody who holds one of another size
  // holds one of another history. audit_corrupt, io_error.
  std::function<Result<bool>(std::uint64_t size)> was_signed;
  // That checkpoint. file_not_found: none was signed, or what was is known from the anchor alone.
  std::function<Result<std::string>(std::uint64_t size)> checkpoint_of;
};

struct LedgerOptions {
  std::filesystem::path directory;
  // Make a new ledger when the directory is missing or empty. A directory that holds something else
  // is refused.
  bool create_if_missing = true;
  // Take an older ledger over to kFormatVersion while opening it, as `tokenledger migrate` does
  // with one at rest. A program that knows only the older format can't open it from then on. A new
  // ledger begins with the newest.
  bool activate_format = false;
  // `iss` of the tokens (RFC 8414 §2: an https URL without query and fragment; not enforced for
  // loopback). A ledger keeps the one it was created with: another one is refused. Empty: its own,
  // and for a new ledger `issuer_when_new`.
  std::string issuer;
  std::string issuer_when_new = "http://127.0.0.1:8080";
  Durability durability = Durability::normal;

  // Commands waiting for the commit thread; beyond: queue_full.
  std::uint32_t queue_commands_max = 16'384;
  // How long after an event at most a signed checkpoint covers it; 0: none are made, and proofs
  // answer audit_stopped. At the same time the least between two of them, but no more than
  // kCheckpointGapMin (100 ms): each is kept for ever, in 128 bytes.
  std::chrono::milliseconds checkpoint_every{500};
  // A file, best on another disk, that keeps the newest checkpoint: an older copy of the directory
  // is refused then (older_than_checkpoint). Must exist unless the ledger is new; an empty file
  // begins an anchor. Empty: no file outside the directory can tell. A ledger that was opened with
  // one, or with confirm_newest, remembers it: opened without (an anchor does for confirm_newest,
  // not the other way round), it signs no checkpoints (and warns), because whoever keeps one that
  // is not the newest would show too little.
  std::filesystem::path anchor;
  // Forgets which of the two the ledger had; what is given now counts from now on. Throw away the
  // file of an anchor that it does without.
  bool is_unwatched = false;
  // Asked once while opening, before anything is signed or noted in the keyring. For those who can
  // learn elsewhere that the directory is an older copy: an error refuses the opening, with `why`
  // as the reason. May wait.
  std::function<Result<void>(const NewestCheckpoint& newest, std::string& why)> confirm_newest;
  // Events between snapshots; 0: only at a clean stop.
  std::uint64_t snapshot_every = 5'000'000;
  // How often expired tokens are swept into the log; 0: never (the caller sweeps).
  std::chrono::milliseconds sweep_every{1'000};
  // Every JWT names its place in a Token Status List, and the lists are kept (see
  // storage/status_lists.hpp). False: neither.
  bool status_lists = true;
  // Below this much free space new tokens are refused with storage_low; revocations are still
  // accepted.
  std::uint64_t free_bytes_min = 512ull * 1024 * 1024;
  // Tokens per lane that can be live at once: address space, not memory. Powers of two >= 65536.
  std::array<std::uint64_t, kLaneCount> lane_capacities{1ull << 28, 1ull << 28, 1ull << 27,
                                                        1ull << 26};

  // 32 bytes (raw or 64 hex digits) that protect the keyring; empty: TOKENLEDGER_KEYRING_KEY, then
  // the systemd credential tokenledger-keyring-key, else the keyring is written unprotected and
  // says so.
  std::filesystem::path keyring_key_file;

  std::function<void(const OpenProgress&)> progress;  // called from the opening thread
  // Called at most once, from any thread, when a write failed: the ledger answers unknown_outcome
  // from then on and checks fail closed. The host decides what to do; `serve` exits.
  std::function<void(const std::string& what)> on_poisoned;
  // Warnings a person should see (an unprotected keyring, a damaged snapshot, a stopped view). Any
  // thread.
  std::function<void(const std::string& what)> on_warning;

  // --- for tests ---
  std::shared_ptr<FileLayer> files;    // null: the operating system's
  std::shared_ptr<const Clock> clock;  // null: the system's
  bool sync = true;                    // false shows that the crash test notices a missing fsync
};

}  // namespace tokenledger
