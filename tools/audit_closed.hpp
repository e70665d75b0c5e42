// What the audit commands share: a closed ledger with its transparency log, and small text files.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "replay/audit_files.hpp"
#include "replay/closed_ledger.hpp"
#include "tools/command_line.hpp"

namespace tokenledger {

struct ClosedAudit {
  ClosedLedger ledger;
  std::unique_ptr<AuditFiles> audit;

  // The line's directory. A Failure that says what to do when it can't be opened or signs no
  // checkpoints.
  [[nodiscard]] static ClosedAudit open(const CommandLine& line);
};

// A whole file, "-" for stdin; a Failure with usage when it is missing or longer than the bound.
[[nodiscard]] std::string read_text(const std::string& path, std::size_t bytes_max);
// A vkey as typed (it holds a '+'), or the one line of a file; empty stays empty.
[[nodiscard]] std::string read_vkey(const std::string& text);
// Into a new file, durably; an empty path or "-" is stdout.
void write_text(const std::string& path, std::string_view text);

}  // namespace tokenledger
