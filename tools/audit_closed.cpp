#include "tools/audit_closed.hpp"

#include <utility>

#include "core/byte_view.hpp"
#include "core/note_key.hpp"
#include "storage/durable_file.hpp"
#include "storage/ledger_core.hpp"
#include "tools/output.hpp"
#include "tools/small_file.hpp"

namespace tokenledger {
ClosedAudit ClosedAudit::open(const CommandLine& line) {
  std::string why;
  auto ledger = ClosedLedger::open({line.data, line.keyring_key_file, {}}, why);
  if (!ledger) throw Failure{ExitCode::cannot_open, why};
  ClosedAudit closed{std::move(*ledger), nullptr};
  const auto& keys = closed.ledger.keys();
  const LedgerPaths paths{closed.ledger.directory()};
  auto key = require("find the log's public key",
                     checkpoint_key_of(closed.ledger.log(), keys.checkpoint_seed()));
  auto audit = AuditFiles::open(closed.ledger.files(), closed.ledger.log(),
                                {paths.audit, std::move(key), keys.ledger_id()});
  if (audit.has_error() && audit.error() == Errc::file_not_found) {
    throw Failure{ExitCode::refused, "no checkpoint was ever signed at " + paths.audit.string() +
                                         ": start the ledger once"};
  }
  closed.audit = require("read the checkpoints", std::move(audit));
  return closed;
}

std::string read_text(const std::string& path, std::size_t bytes_max) {
  auto text = read_small_file(path, bytes_max);
  if (!text) throw Failure{ExitCode::usage, "can't read " + escape_control(path)};
  return std::move(*text);
}

std::string read_vkey(const std::string& text) {
  if (text.empty() || NoteVerifier::from_vkey(text)) return text;
  auto line = read_text(text, kVerifierKeyTextBytesMax + 2);
  while (line.ends_with('\n') || line.ends_with('\r')) line.pop_back();
  return line;
}

void write_text(const std::string& path, std::string_view text) {
  if (path.empty() || path == "-") return print(text);
  const auto files = make_posix_file_layer();
  const auto written = create_durably(*files, path, bytes_of(text));
  if (!written) fail("write " + escape_control(path), written.error());
}

}  // namespace tokenledger
