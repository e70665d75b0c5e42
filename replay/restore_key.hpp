// The checkpoint key of a restored ledger: whether it stays, by the rules of replay/restore.hpp.
// Internal to replay/.
#pragma once

#include <filesystem>
#include <string>

#include "replay/restore.hpp"
#include "storage/file_layer.hpp"

namespace tokenledger {

// `directory` was verified and nobody else has it open. Fills in what `restored` says of keys. A
// crash in between is no matter: the directory has no name yet. Errors as restore_backup().
[[nodiscard]] Result<void> settle_checkpoint_key(const std::shared_ptr<FileLayer>& files,
                                                 const std::filesystem::path& directory,
                                                 const RestoreOptions& options, Restored& restored,
                                                 std::string& why);

}  // namespace tokenledger
