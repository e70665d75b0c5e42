// The checkpoint key of a restored ledger: whether it stays, by the rules of replay/restore.hpp.
// Internal to replay/.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "replay/restore.hpp"
#include "storage/file_layer.hpp"

namespace tokenledger {

// What somebody kept outside of the ledger: a signed checkpoint by its form, of whatever log.
struct KeptNote {
  std::string note;
  std::string who;         // names it in a sentence
  bool is_anchor = false;  // one of them at most
};

struct KeyDecisionOptions {
  std::filesystem::path directory;
  std::filesystem::path keyring_key_file;  // as LedgerOptions::keyring_key_file
  std::vector<KeptNote> kept;
};

// `directory` was verified and nobody else has it open. Fills in what `restored` says of keys. A
// crash in between is no matter: the directory has no name yet. Errors as restore_backup().
[[nodiscard]] Result<void> settle_checkpoint_key(const std::shared_ptr<FileLayer>& files,
                                                 const KeyDecisionOptions& options,
                                                 Restored& restored, std::string& why);

}  // namespace tokenledger
