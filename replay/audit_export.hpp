// A ledger's transparency log as plain files (C2SP tlog-tiles): any web server can serve them, and
// other people's tools read them.
//
//   DIR/tile/<L>/<N>[.p/<W>]      hash tiles; level 0 are the leaf hashes
//   DIR/tile/entries/<N>[.p/<W>]  the events themselves, only when asked for
//   DIR/checkpoint                the newest signed checkpoint
//
// Hash tiles say nothing about the events but how many there are. Events hold names of clients,
// APIs and tokens in plain text, and personal fields as ciphertext.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>

#include "core/errc.hpp"
#include "replay/audit_files.hpp"

namespace tokenledger {

struct AuditExportOptions {
  std::filesystem::path directory;  // made when missing; its parent must exist
  bool with_entries = false;
  std::function<void(std::uint64_t done, std::uint64_t end)> progress;
};

struct AuditExported {
  std::uint64_t size = 0;  // leaves
  std::uint64_t tiles = 0;
  std::uint64_t bundles = 0;
};

// Reads every event up to the newest checkpoint, hashes all of them again, and writes the
// checkpoint last, when the root came out as signed: a directory without that file is an export
// that was interrupted. Durable on success. directory_not_empty: something stands there;
// file_not_found: no checkpoint was signed; root_mismatch: the log is not the one that was signed;
// log_corrupt, io_error.
[[nodiscard]] Result<AuditExported> export_audit(FileLayer& files, const EventLog& log,
                                                 const AuditFiles& audit,
                                                 const AuditExportOptions& options);

}  // namespace tokenledger
