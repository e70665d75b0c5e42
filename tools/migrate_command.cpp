// `tokenledger migrate`: brings the files of a closed ledger to the formats of this program.
#include "core/proof_text.hpp"
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

// To stderr: a person reads it, a script reads the step of the part "views".
void tell_of_views(const MigrationSurvey& survey, const char* advice) {
  if (!survey.views_damage) return;
  const auto& [place, what] = *survey.views_damage;
  std::fputs(("the views are damaged; first at " + escape_control(place) + ": " +
              escape_control(what) + "; they are a cache: " + advice + "\n")
                 .c_str(),
             stderr);
}

void require_undamaged(const MigrationSurvey& survey) {
  if (survey.damage.empty()) return;
  const auto& first = survey.damage.front();
  throw Failure{ExitCode::difference, "the ledger does not verify before the migration; first at " +
                                          escape_control(first.place) + ": " +
                                          escape_control(first.what) +
                                          "; nothing was changed; see `tokenledger audit verify`"};
}

MigrationSurvey migrate_or_fail(const MigrationOptions& options, const MigrationSurvey& survey) {
  std::string why;
  auto migrated = migrate(options, survey, why);
  if (migrated) return std::move(*migrated);
  switch (to_errc(migrated.error())) {
    case Errc::unknown_outcome: throw Failure{ExitCode::unknown_outcome, escape_control(why)};
    case Errc::audit_corrupt:
    case Errc::root_mismatch:
      throw Failure{ExitCode::difference, escape_control(why) + "; see `tokenledger audit verify`"};
    default: throw Failure{ExitCode::cannot_open, escape_control(why)};
  }
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
  require_undamaged(survey);
  tell_of_views(survey,
                options.dry_run ? "without --dry-run they are made anew" : "they are made anew");
  if (options.dry_run || survey.is_done()) {
    print(render(listing_of(survey, options.dry_run, false), line.format));
    return ExitCode::ok;
  }
  const auto after = migrate_or_fail(migration, survey);
  tell_of_views(after, "the log is whole and migrated; see `tokenledger views rebuild`");
  print(render(listing_of(after, false, true), line.format));
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
       "unchanged. Damaged views are made anew. A program of the older version can't open the "
       "ledger any more afterwards. A "
       "newer "
       "program's first start alone may write the keyring again, too: copy the directory before "
       "that",
       "migrate --data ./data --dry-run\n  tokenledger migrate --data ./data",
       [&line] { return migrate_ledger(line, options); }});
  command->add_flag("--dry-run", options.dry_run, "Only say what would be done");
  CommandLine::add_format_option(command, line.format);
}

}  // namespace tokenledger
