// `tokenledger audit`: verify a whole directory, and hand out what others verify it with.
#include <cstdio>

#include "core/proof_text.hpp"
#include "replay/audit_export.hpp"
#include "replay/audit_verify.hpp"
#include "replay/closed_ledger.hpp"
#include "storage/ledger_core.hpp"
#include "tools/answer.hpp"
#include "tools/audit_closed.hpp"
#include "tools/audit_proof_commands.hpp"
#include "tools/offline_ledger.hpp"

namespace tokenledger {
namespace {

struct AuditCommandOptions {
  std::string checkpoint;
  std::string anchor;
  std::string vkey;
  bool quick = false;
  std::string directory;
  bool with_entries = false;
  std::string out;
};

void print_findings(const std::vector<AuditFinding>& findings, const char* kind) {
  for (const auto& finding : findings) {
    std::fprintf(stderr, "%s: %s: %s\n", kind, escape_control(finding.place).c_str(),
                 escape_control(finding.what).c_str());
  }
}

// What a person may conclude, and what not.
std::string meaning_of(const AuditReport& report, const AuditCommandOptions& options) {
  if (report.extends_kept)
    return "tamper-evident: nothing before the kept checkpoint was changed, added or removed";
  if (!options.checkpoint.empty() || !options.anchor.empty())
    return "not shown to extend the kept checkpoint";
  return "tamper-evident only relative to a retained checkpoint: without --checkpoint or --anchor "
         "an older copy of the directory, or one rewritten with its keys, can't be told";
}

Record report_record(const AuditReport& report, const AuditCommandOptions& options) {
  return {{"verified", report.differences.empty()},
          {"differences", std::uint64_t{report.differences.size()}},
          {"origin", report.origin.empty() ? Value{} : Value{report.origin}},
          {"from_seq", report.from.value()},
          {"end_seq", report.end.value()},
          {"root", digest_to_base64(report.root)},
          {"checkpoints", report.checkpoints},
          {"newest_checkpoint", report.newest_checkpoint},
          {"tile_hashes", report.tile_hashes},
          {"snapshots", report.snapshots},
          {"data_keys", report.data_keys},
          {"database_files", report.files},
          {"views_compared", report.has_compared_views},
          {"events_per_second", static_cast<std::uint64_t>(report.events_per_second)},
          {"meaning", meaning_of(report, options)}};
}

ExitCode verify(const CommandLine& line, const AuditCommandOptions& options) {
  AuditVerifyOptions verify_options{.directory = line.data,
                                    .keyring_key_file = line.keyring_key_file,
                                    .vkey = read_vkey(options.vkey),
                                    .anchor = options.anchor,
                                    .quick = options.quick};
  if (!options.checkpoint.empty())
    verify_options.checkpoint = read_text(options.checkpoint, kNoteBytesMax);
  std::string why;
  const auto report = [&] {
    ProgressLine progress;
    verify_options.progress = [&](const AuditProgress& at) {
      auto stage = std::string{at.stage};
      if (at.per_second > 0)
        stage += " " + std::to_string(static_cast<std::uint64_t>(at.per_second)) + " events/s";
      progress.show(stage, at.done, at.end);
    };
    return verify_audit(verify_options, why);
  }();
  if (!report) {
    if (why.empty()) fail("verify the ledger", report.error());
    const bool is_usage = report.error() == Errc::invalid_argument;
    throw Failure{is_usage ? ExitCode::usage : ExitCode::cannot_open, why};
  }
  print_findings(report->notes, "note");
  print_findings(report->differences, "difference");
  print(render(report_record(*report, options), line.format));
  if (report->differences.empty()) return ExitCode::ok;
  const auto& first = report->differences.front();
  throw Failure{ExitCode::difference, "the ledger does not verify; first at " +
                                          escape_control(first.place) + ": " +
                                          escape_control(first.what)};
}

ExitCode export_tiles(const CommandLine& line, const AuditCommandOptions& options) {
  const auto closed = ClosedAudit::open(line);
  const auto exported = [&] {
    ProgressLine progress;
    return export_audit(*closed.ledger.files(), closed.ledger.log(), *closed.audit,
                        {.directory = options.directory,
                         .with_entries = options.with_entries,
                         .progress = [&](std::uint64_t done, std::uint64_t end) {
                           progress.show("tiles", done, end);
                         }});
  }();
  if (exported.has_error() && exported.error() == Errc::directory_not_empty)
    throw Failure{ExitCode::refused, escape_control(options.directory) +
                                         " is not empty: name a directory that is not there yet"};
  if (!exported) fail("export the log", exported.error());
  print(std::to_string(exported->tiles) + " tiles and " + std::to_string(exported->bundles) +
        " entry bundles of " + std::to_string(exported->size) + " events in " +
        escape_control(options.directory) + "\n");
  return ExitCode::ok;
}

ExitCode show_checkpoint(CommandLine& line, const AuditCommandOptions& options) {
  std::string note;
  if (line.url.empty()) {
    note = require("read the newest checkpoint", ClosedAudit::open(line).audit->newest()).note;
  } else {
    note = ask_for_text(line, *open_door(line, Needs::log),
                        {.method = "GET", .target = "/v1/audit/checkpoint"})
               .body;
    if (!parse_note(note))
      throw Failure{ExitCode::cannot_open, "the answer is no checkpoint: is this tokenledger?"};
  }
  write_text(options.out, note);
  return ExitCode::ok;
}

ExitCode show_vkey(CommandLine& line) {
  if (line.url.empty()) {
    print(ClosedAudit::open(line).audit->key().vkey() + "\n");
    return ExitCode::ok;
  }
  auto text = ask_for_text(line, *open_door(line, Needs::log),
                           {.method = "GET", .target = "/v1/audit/vkey"})
                  .body;
  if (text.ends_with('\n')) text.pop_back();
  if (!NoteVerifier::from_vkey(text))
    throw Failure{ExitCode::cannot_open, "the answer is no public key: is this tokenledger?"};
  print(text + "\n");
  return ExitCode::ok;
}

void add_verify(CommandLine& line, CLI::App* group, AuditCommandOptions& options) {
  auto* command = line.add_offline(
      group,
      {"verify",
       "Derive everything again from the events and compare it with every file: tree, signed "
       "checkpoints, HEAD, snapshots, views, checksums; exit code 4: a difference, each named on "
       "stderr with its place. Tamper-evident relative to a retained checkpoint: without "
       "--checkpoint or --anchor an older copy can't be seen",
       "audit verify --data ./data --checkpoint kept.txt",
       [&line, &options] { return verify(line, options); }});
  command->add_option("--checkpoint", options.checkpoint,
                      "FILE with a signed checkpoint kept elsewhere, which the log must extend");
  command->add_option("--anchor", options.anchor, "The FILE that serve --anchor keeps");
  command->add_option("--vkey", options.vkey,
                      "The log's public key, or a file that holds it, known from elsewhere");
  command->add_flag("--quick", options.quick,
                    "Only from the newest snapshot on; tables, older snapshots and views unread");
  CommandLine::add_format_option(command, line.format);
}

}  // namespace

void add_audit_commands(CommandLine& line) {
  static AuditCommandOptions options;
  auto* group = line.add_group("audit", "Proofs, and verifying a ledger offline",
                               "audit verify --data ./data");
  add_verify(line, group, options);
  add_audit_proof_commands(line, group);
  auto* exported = line.add_offline(
      group,
      {"export",
       "Write the log's hash tiles and newest checkpoint as plain files (C2SP tlog-tiles) "
       "for other people's tools; the checkpoint comes last, so a directory without one is "
       "an interrupted export",
       "audit export ./tiles --data ./data", [&line] { return export_tiles(line, options); }});
  exported->add_option("directory", options.directory, "Where to write; new or empty")->required();
  exported->add_flag("--with-entries", options.with_entries,
                     "The events too: names in plain text, personal fields encrypted");
  auto* checkpoint = line.add_anywhere(
      group, {"checkpoint",
              "The newest signed checkpoint; keep it on another machine for audit verify "
              "--checkpoint",
              "audit checkpoint --data ./data --out kept.txt",
              [&line] { return show_checkpoint(line, options); }});
  checkpoint->add_option("--out", options.out, "A new FILE; absent or -: stdout");
  line.add_anywhere(group, {"vkey", "The public key that checkpoints are verified with",
                            "audit vkey --data ./data", [&line] { return show_vkey(line); }});
}

}  // namespace tokenledger
