// `tokenledger migrate`: brings the files of a closed ledger to the formats of this program.
#include "core/proof_text.hpp"
#include "replay/audit_verify.hpp"
#include "replay/migration.hpp"
#include "tools/offline_ledger.hpp"

namespace tokenledger {
namespace {

struct MigrateOptions {
  bool dry_run = false;
};

const char* step_text(MigrationStep step) {
  switch (step) {
    case MigrationStep::none: return "nothing to do";
    case MigrationStep::activate_format: return "append format_activated";
    case MigrationStep::make_anew: return "make anew";
    case MigrationStep::write_again: return "write again";
    case MigrationStep::upgrade_program: return "upgrade tokenledger";
  }
  return "";
}

Listing listing_of(const MigrationSurvey& survey, bool dry_run, bool migrated) {
  Listing listing{.table_columns = {"part", "version", "newest", "step"},
                  .all_columns = {"part", "version", "newest", "step"}};
  for (const auto& found : survey.parts) {
    listing.items.push_back(
        {{"part", found.part},
         {"version", found.version ? Value{std::uint64_t{*found.version}} : Value{}},
         {"newest", std::uint64_t{found.newest}},
         {"step", std::string{step_text(found.step)}}});
  }
  const bool was_read = survey.end != Sequence{};
  listing.summary = {{"dry_run", dry_run},
                     {"migrated", migrated},
                     {"end_seq", was_read ? Value{survey.end.value()} : Value{}},
                     {"root", was_read ? Value{digest_to_base64(survey.root)} : Value{}}};
  return listing;
}

MigrationSurvey survey_or_fail(const MigrationOptions& options) {
  std::string why;
  auto survey = survey_formats(options, why);
  if (!survey) throw Failure{ExitCode::cannot_open, why};
  return std::move(*survey);
}

// Every file, byte by byte; `moment` is "before" or "after".
void verify_or_fail(const CommandLine& line, const char* moment, ExitCode code) {
  std::string why;
  ProgressLine progress;
  AuditVerifyOptions options{.directory = line.data, .keyring_key_file = line.keyring_key_file};
  options.progress = [&](const AuditProgress& at) { progress.show(at.stage, at.done, at.end); };
  const auto report = verify_audit(options, why);
  if (!report) throw Failure{ExitCode::cannot_open, why};
  if (report->differences.empty()) return;
  const auto& first = report->differences.front();
  throw Failure{code, std::string{"the ledger does not verify "} + moment +
                          " the migration; first at " + escape_control(first.place) + ": " +
                          escape_control(first.what) + "; see `tokenledger audit verify`"};
}

ExitCode migrate_ledger(const CommandLine& line, const MigrateOptions& options) {
  ProgressLine progress;
  const MigrationOptions migration{.directory = line.data,
                                   .keyring_key_file = line.keyring_key_file,
                                   .files = {},
                                   .progress = [&](const char* stage, Sequence done, Sequence end) {
                                     progress.show(stage, done.value(), end.value());
                                   }};
  const auto survey = survey_or_fail(migration);
  if (survey.has(MigrationStep::upgrade_program)) {
    print(render(listing_of(survey, options.dry_run, false), line.format));
    throw Failure{ExitCode::cannot_open,
                  "the ledger was made by a newer version of tokenledger: upgrade this program; "
                  "nothing was changed"};
  }
  verify_or_fail(line, "before", ExitCode::difference);
  if (options.dry_run || survey.is_done()) {
    print(render(listing_of(survey, options.dry_run, false), line.format));
    return ExitCode::ok;
  }
  std::string why;
  if (const auto migrated = migrate(migration, survey, why); !migrated) {
    if (migrated.error() == Errc::unknown_outcome) throw Failure{ExitCode::unknown_outcome, why};
    const bool is_different = migrated.error() == Errc::root_mismatch;
    throw Failure{is_different ? ExitCode::difference : ExitCode::cannot_open, why};
  }
  verify_or_fail(line, "after", ExitCode::difference);
  print(render(listing_of(survey_or_fail(migration), false, true), line.format));
  return ExitCode::ok;
}

}  // namespace

void add_migrate_command(CommandLine& line) {
  static MigrateOptions options;
  auto* command = line.add_offline(
      line.app,
      {"migrate",
       "Bring a ledger that an older version made to this program's formats: lists each part with "
       "its version, verifies everything before and after, and shows that the old events are "
       "unchanged. A program of the older version can't open the ledger any more afterwards. A "
       "newer "
       "program's first start alone may write the keyring again, too: copy the directory before "
       "that",
       "migrate --data ./data --dry-run\n  tokenledger migrate --data ./data",
       [&line] { return migrate_ledger(line, options); }});
  command->add_flag("--dry-run", options.dry_run, "Only say what would be done");
  CommandLine::add_format_option(command, line.format);
}

}  // namespace tokenledger
