// Migration: which format version each part of a closed ledger directory has, and what brings it to
// this program's.
//
// Three kinds of parts differ. The log moves by an event (FormatActivated), which nothing takes
// back: a program of the older version refuses the ledger from then on. Of the files that keep what
// the log does not, the keyring is written again, and HEAD, key store and checkpoint history have
// one version each so far. Caches (snapshots, views) are made anew. Level files have no version:
// they are hashes in the order of C2SP tiles.
//
// Nothing is migrated that does not verify, but for views: damaged ones are made anew, too. What
// making them anew does not mend (a file in views/ that RocksDB does not know, a disk that refuses
// to be read) stops it, and so does a damaged snapshot: remove that file, the log has what it says.
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
#include "replay/audit_verify.hpp"

namespace tokenledger {

class FileLayer;

struct MigrationOptions {
  std::filesystem::path directory;
  std::filesystem::path keyring_key_file;                               // as in LedgerOptions
  std::shared_ptr<FileLayer> files;                                     // null: the system's
  std::function<void(const char* stage, Sequence, Sequence)> progress;  // may be empty
};

enum class MigrationStep : std::uint8_t {
  none,             // the version is this program's, or there is no such part
  activate_format,  // append FormatActivated
  make_anew,        // a cache of an older layout
  write_again,      // the same content in this program's layout
  upgrade_program,  // newer than this program: nothing can be done here
};

struct FormatFound {
  std::string part;                      // "HEAD", "log", "snapshots/snapshot-…"
  std::optional<std::uint32_t> version;  // nullopt: there is none, or it can't be told
  std::uint32_t newest = 0;              // that this program reads and writes
  MigrationStep step = MigrationStep::none;
};

struct MigrationSurvey {
  std::vector<FormatFound> parts;
  Sequence end;  // of the log; 0 when a newer part, or damage, kept it from being read
  Digest root{};
  // What does not verify and no step mends, strange files in views/ among it: nothing is migrated
  // before that is settled.
  std::vector<AuditFinding> damage;
  // What does not verify in the views, the first of it. They are a cache, so the step of the part
  // "views" is make_anew then, whatever their layout.
  std::optional<AuditFinding> views_damage;
  [[nodiscard]] bool has(MigrationStep step) const noexcept;
  [[nodiscard]] bool is_done() const noexcept;  // no part has a step left
};

// Reads every byte as verify_audit() does, the log once, and holds the directory's lock meanwhile;
// changes as little as that. not_a_ledger, directory_locked, keyring_*, io_error: `why` says what
// to do. A newer part is no error, its step says so, and nothing else was verified then; nor is
// damage.
[[nodiscard]] Result<MigrationSurvey> survey_formats(const MigrationOptions& options,
                                                     std::string& why);

// Takes the steps that `survey`, made just now, names: removes damaged views, opens the ledger,
// which makes views anew and adds a few events of its own, activates the format, writes a snapshot,
// closes, writes the keyring again, removes outdated snapshots. Then surveys again, which is
// returned: the first survey.end events must have survey.root. unsupported_format: a step is
// upgrade_program, nothing was changed. audit_corrupt: the survey found damage, and nothing was
// changed, or what was made of it does not verify. root_mismatch: the events of before are not
// there any more. unknown_outcome: it stopped half-way; taking the steps again goes on. Other
// errors are those of opening, and nothing but views was changed.
[[nodiscard]] Result<MigrationSurvey> migrate(const MigrationOptions& options,
                                              const MigrationSurvey& survey, std::string& why);

}  // namespace tokenledger
