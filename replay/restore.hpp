// Restoring: a ledger's directory made of a backup, verified, and signing on only where that can
// contradict nothing.
//
// What the lost ledger signed after the backup was made, only something outside of it can tell. The
// checkpoint key stays when an anchor was given, which `serve --anchor` replaces before a
// checkpoint is shown, no other checkpoint is newer, and the backup has every event that the anchor
// covers. In all other cases the restored ledger draws another checkpoint key, which gives it
// another origin, sets its tree aside and notes in the log, as its first act, the last checkpoint
// that is known of the old key: two histories that went apart then never carry one signature.
// Tokens, clients and signing keys stay as they are.
//
//   anchor  other checkpoint  the backup              the key
//   none    any               covers it               new
//   newest  any               covers all of them      stays
//   newest  any               ends before one         new
//   newest  any               knows of no anchor      new
//   older   newer than it     whatever                new
//   any     any               has another root there  refused: root_mismatch
//
// The history in the backup counts as another checkpoint.
//
// The newest anchor is the file in use, and the last one in use: a copy of it, or one that was
// given up before the end, shows nothing of what was signed since, and nobody can see that here. A
// ledger that had no anchor when it was backed up may have signed without it.
//
// The directory grows as `<target>.partial` and gets its name with the mark that keeps it from
// being opened; then the mark goes. A crash before that leaves nothing that opens as a ledger, and
// the next restore to the same target uses it up. Backup and anchor are only read.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "core/errc.hpp"
#include "core/ids.hpp"
#include "replay/backup.hpp"

namespace tokenledger {

class FileLayer;

struct RestoreOptions {
  std::filesystem::path backup;
  std::filesystem::path target;            // is there not yet, or as an empty directory
  std::filesystem::path keyring_key_file;  // as LedgerOptions::keyring_key_file
  std::string vkey;                  // the log's public key, known from elsewhere; may be empty
  std::string checkpoint;            // the newest one that somebody kept; may be empty
  std::filesystem::path anchor;      // the file that `serve --anchor` kept; may be empty
  std::shared_ptr<FileLayer> files;  // null: the operating system's
  std::function<void(const BackupProgress&)> progress;
};

struct Restored {
  Sequence seq;        // the last event; what came after it is lost
  LedgerTime made_at;  // the backup
  bool keeps_key = false;
  std::string vkey;  // the checkpoint key from now on
  // The new key's reason: what was known of the old one last, as a note, and its size. Empty: no
  // checkpoint is known.
  std::string superseded;
  std::uint64_t superseded_size = 0;
  bool has_anchor = false;  // one was given, and it held a checkpoint
  bool had_anchor = false;  // the ledger, when it was backed up
};

// `why` gets a sentence on an error. not_a_ledger: no backup is there, or one that was never
// finished; audit_corrupt: it is damaged, or does not verify, or what was given is not of its log;
// root_mismatch: what was kept saw another history; directory_not_empty, directory_locked,
// storage_low; keyring_*; invalid_argument: a malformed vkey, a target that lies within the backup
// or around it, or that nothing can be renamed to; io_error. After these nothing stands under the
// target's name. unknown_outcome: it stands there, but a power cut may take its name, or bring the
// mark back, with which it does not open.
[[nodiscard]] Result<Restored> restore_backup(const RestoreOptions& options, std::string& why);

}  // namespace tokenledger
