// Whether a copy of a ledger may be called a backup, or become a ledger: the one question that
// backup and restore both ask before anything gets its name. Internal to replay/.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "core/errc.hpp"
#include "core/ids.hpp"
#include "replay/backup.hpp"

namespace tokenledger {

class FileLayer;

struct CopyCheck {
  std::filesystem::path directory;  // the caller holds its lock
  std::filesystem::path keyring_key_file;
  std::string vkey;                  // must be its log's key; empty: the keyring's own
  std::string checkpoint;            // of its log, and its events must agree; empty: none
  Sequence end;                      // must be its last event
  std::shared_ptr<FileLayer> files;  // not null
  // Told where it stands and asked, between the tables of the log and while events are read,
  // whether to go on; false is not asked again. May be empty.
  std::function<bool(const BackupProgress&)> progress;
};

// Reads every byte as `audit verify` does. audit_corrupt: it does not verify, or ends elsewhere;
// shutting_down: `progress` said so; else the errors of verify_audit(). `why` then holds a
// sentence, the same one whoever asks.
[[nodiscard]] Result<void> check_copy(const CopyCheck& check, std::string& why);

}  // namespace tokenledger
