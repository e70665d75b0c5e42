// Verifies a whole ledger directory that nobody has open, byte by byte, from the events up.
//
// Everything that follows from the events is made again and compared: State and validity index with
// each snapshot, every hash of the tree with the level files, the root with each signed checkpoint
// and both slots of HEAD, the views row by row. What does not follow from them is held against its
// checksum: WAL, MANIFEST, tables, key store, keyring.
//
// What this can show is tamper-evidence relative to a retained checkpoint. Who holds directory and
// keys can write another history that agrees with itself, or put an older copy in place: only a
// checkpoint kept elsewhere (`checkpoint`, `anchor`, a witness) can tell.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/errc.hpp"
#include "core/ids.hpp"

namespace tokenledger {

class FileLayer;

inline constexpr std::size_t kAuditDifferencesMax = 100;

struct AuditProgress {
  const char* stage = "";  // "files", "log", "views"
  std::uint64_t done = 0;
  std::uint64_t end = 0;
  double per_second = 0;
};

struct AuditVerifyOptions {
  std::filesystem::path directory;
  std::filesystem::path keyring_key_file;  // as LedgerOptions::keyring_key_file
  // The log's public key, known from elsewhere. Needed where the keyring is protected and its key
  // is not at hand: values of the key store then stay sealed. Empty: the keyring's own.
  std::string vkey;
  std::string checkpoint;        // a signed checkpoint somebody kept; empty: none
  std::filesystem::path anchor;  // the file that `serve --anchor` keeps; empty: none
  // From the newest snapshot on: tables, older events, snapshots and views are passed over.
  bool quick = false;
  // The root of so many events goes to AuditReport::root_then. 0: not asked for. Not with `quick`.
  Sequence root_wanted_at;
  // Stops after so many, from 1 to kAuditDifferencesMax.
  std::size_t differences_max = kAuditDifferencesMax;
  std::shared_ptr<FileLayer> files;  // null: the operating system's
  std::function<void(const AuditProgress&)> progress;
  // Asked between the steps, between the files of RocksDB, and while the log is read; true ends it
  // with shutting_down and is not asked again. May be empty.
  std::function<bool()> stops;
  bool is_locked = false;  // the caller holds the directory's lock
};

// `place`: a file below the directory, with a byte, record, key or seq in `what`.
struct AuditFinding {
  std::string place;
  std::string what;
};

struct AuditReport {
  std::vector<AuditFinding> differences;  // empty: everything agrees
  std::vector<AuditFinding> notes;        // not wrong, but not nothing
  std::string origin;                     // of the checkpoints; empty: not known
  Sequence from;                          // the first event that was read
  Sequence end;                           // the last one
  Digest root{};                          // of all events up to `end`
  std::optional<Digest> root_then;        // as `root_wanted_at` asked; nullopt: not reached
  std::uint32_t log_format = 0;           // that its events activated; 0: not all could be folded
  bool is_log_newer = false;              // an event is a newer program's
  std::uint64_t checkpoints = 0;          // with signature and root
  std::uint64_t newest_checkpoint = 0;    // its size
  std::uint64_t tile_hashes = 0;          // compared with the level files
  std::uint64_t snapshots = 0;
  std::uint64_t data_keys = 0;  // values of the key store
  std::uint64_t files = 0;      // of RocksDB
  bool has_compared_views = false;
  bool extends_kept = false;  // the checkpoint or anchor that was given
  double events_per_second = 0;
};

// Takes the directory's lock, unless the caller has it; changes nothing but RocksDB's LOG, and
// where the views differ makes and removes DIR/views.verify, which takes as much space as they do,
// to say in which row. At most two threads at work. Damage is in the report, never an error.
// not_a_ledger, directory_locked, shutting_down, keyring_wrong_key (and no vkey), invalid_argument
// (a malformed vkey or bound), io_error; `why` then holds a sentence that says what to do.
[[nodiscard]] Result<AuditReport> verify_audit(const AuditVerifyOptions& options, std::string& why);

}  // namespace tokenledger
