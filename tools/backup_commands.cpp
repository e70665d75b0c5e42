// `tokenledger backup` and `tokenledger restore`.
#include <boost/json.hpp>

#include "api/rfc3339.hpp"
#include "core/note_key.hpp"
#include "core/signed_note.hpp"
#include "replay/backup.hpp"
#include "replay/restore.hpp"
#include "tools/answer.hpp"
#include "tools/audit_closed.hpp"
#include "tools/offline_ledger.hpp"

namespace tokenledger {
namespace {

namespace json = boost::json;

struct BackupCommandOptions {
  std::string to;
  std::string name;
};
struct RestoreCommandOptions {
  std::string from;
  std::string to;
  std::string checkpoint;
  std::string anchor;
  std::string vkey;
};

// A refusal before anything was made, or a difference that was found: each has its exit code.
[[noreturn]] void refuse(const boost::system::error_code& error, const std::string& why) {
  const auto code = to_errc(error);
  const auto exit_code = [&] {
    switch (code) {
      case Errc::audit_corrupt:
      case Errc::root_mismatch: return ExitCode::difference;
      case Errc::not_a_ledger:
      case Errc::keyring_missing:
      case Errc::keyring_wrong_key:
      case Errc::keyring_corrupt: return ExitCode::cannot_open;
      case Errc::invalid_argument: return ExitCode::usage;
      case Errc::unknown_outcome: return ExitCode::unknown_outcome;
      default: return ExitCode::refused;
    }
  }();
  throw Failure{exit_code, why.empty() ? explain(code) : escape_control(why)};
}

ExitCode back_up_directory(const CommandLine& line, const BackupCommandOptions& options) {
  if (!options.name.empty())
    throw Failure{ExitCode::usage, "--name is for --url; a directory's backup goes --to a path"};
  if (options.to.empty()) throw Failure{ExitCode::usage, "where --to? Name a new directory"};
  const auto ledger = open_offline(line);
  std::string why;
  const auto backup = [&] {
    ProgressLine progress;
    return make_backup(*ledger,
                       {.target = options.to,
                        .progress =
                            [&](const BackupProgress& at) {
                              progress.show(at.stage, at.done, at.end);
                              return true;
                            }},
                       why);
  }();
  if (!backup) refuse(backup.error(), why);
  const bool has_checkpoint = !backup->checkpoint.empty();
  print(
      render(Record{{"directory", options.to},
                    {"seq", backup->seq.value()},
                    {"checkpoint_size", has_checkpoint ? Value{backup->checkpoint_size} : Value{}},
                    {"checkpoint", has_checkpoint ? Value{backup->checkpoint} : Value{}},
                    {"files", backup->files},
                    {"bytes", backup->bytes}},
             line.format));
  return ExitCode::ok;
}

ExitCode back_up(CommandLine& line, const BackupCommandOptions& options) {
  if (line.url.empty()) return back_up_directory(line, options);
  if (!options.to.empty()) {
    throw Failure{ExitCode::usage,
                  "a server writes below its own --backup-directory: give a --name, not --to"};
  }
  json::object body;
  if (!options.name.empty()) body["name"] = options.name;
  return ask_and_show(line, Needs::log,
                      {.method = "POST", .target = "/v1/backups", .body = json::serialize(body)});
}

Record restored_record(const Restored& restored, const std::string& to) {
  return {{"directory", to},
          {"end_seq", restored.seq.value()},
          {"backup_made_at", format_rfc3339(restored.made_at)},
          {"keeps_checkpoint_key", restored.keeps_key},
          {"vkey", restored.vkey},
          {"superseded_size",
           restored.superseded_size == 0 ? Value{} : Value{restored.superseded_size}},
          {"superseded_checkpoint",
           restored.superseded.empty() ? Value{} : Value{restored.superseded}}};
}

// To stderr: a person reads it, a script reads the record.
std::string advice(const Restored& restored, const RestoreCommandOptions& options) {
  std::string text = "what was done after seq " + std::to_string(restored.seq.value()) +
                     " is not in the backup: tokens issued since are unknown, revocations and "
                     "other changes since are undone; repeat the revocations before serving\n"
                     "owners erased since then stand in this backup: erase them again\n"
                     "the admin token's file is not in it: see `tokenledger admin-token`\n";
  if (restored.keeps_key) {
    return text +
           "the checkpoint key stays: the anchor shows that nothing beyond the backup was "
           "signed, if it is the file that was in use last and no copy of it; the old ledger must "
           "never run again; serve with --anchor " +
           escape_control(options.anchor) + "\n";
  }
  text +=
      restored.has_anchor && !restored.had_anchor
          ? "the checkpoint key is new, because the ledger had no anchor when it was backed up, "
            "so the one given need not have seen all that was signed\n"
      : restored.has_anchor
          ? "the checkpoint key is new, because more was signed than the backup holds, or the "
            "anchor is not the newest checkpoint known\n"
          : "the checkpoint key is new, because without an --anchor nobody can show that the "
            "old one signed nothing beyond the backup\n";
  return text +
         "hand out the new vkey, keep the superseded checkpoint as evidence, and begin a new "
         "anchor with an empty file\n";
}

ExitCode restore(const CommandLine& line, const RestoreCommandOptions& options) {
  RestoreOptions restoring{.backup = options.from,
                           .target = options.to,
                           .keyring_key_file = line.keyring_key_file,
                           .vkey = read_vkey(options.vkey),
                           .checkpoint = {},
                           .anchor = options.anchor,
                           .files = {},
                           .progress = {}};
  if (!options.checkpoint.empty())
    restoring.checkpoint = read_text(options.checkpoint, kNoteBytesMax);
  std::string why;
  const auto restored = [&] {
    ProgressLine progress;
    restoring.progress = [&](const BackupProgress& at) {
      progress.show(at.stage, at.done, at.end);
    };
    return restore_backup(restoring, why);
  }();
  if (!restored) refuse(restored.error(), why);
  print(render(restored_record(*restored, options.to), line.format));
  std::fputs(advice(*restored, options).c_str(), stderr);
  return ExitCode::ok;
}

}  // namespace

void add_backup_command(CommandLine& line) {
  static BackupCommandOptions options;
  auto* command = line.add_anywhere(
      line.app,
      {"backup",
       "Copy a ledger while it works and verify the copy; it is called a backup only then. It "
       "holds all keys: guard it like the ledger. It keeps personal data that is erased later. "
       "Interrupted, it leaves TARGET.partial, which holds keys, too: the next backup of that "
       "name uses it up, or remove it",
       "backup --data ./data --to ./backup-1", [&line] { return back_up(line, options); }});
  command->add_option("--to", options.to, "With --data: a new directory, outside of DIR");
  command->add_option("--name", options.name,
                      "With --url: its name below the server's --backup-directory, of a-z, 0-9 "
                      "and -; absent: made of seq and time");
}

void add_restore_command(CommandLine& line) {
  static RestoreCommandOptions options;
  auto* command = line.add(
      line.app,
      {"restore",
       "Make a ledger of a backup, verified again. Unless --anchor shows that nothing beyond the "
       "backup was signed, it gets a new checkpoint key and notes the old one's last checkpoint",
       "restore --from ./backup-1 --to ./data --anchor ./anchor",
       [&line] { return restore(line, options); }});
  command->add_option("--from", options.from, "The backup; it is only read")->required();
  command->add_option("--to", options.to, "A new directory")->required();
  command->add_option("--keyring-key-file", line.keyring_key_file,
                      "32 bytes, raw or as 64 hex digits, that open the keyring");
  command->add_option("--checkpoint", options.checkpoint,
                      "A checkpoint that somebody kept: the backup must agree with it; - is stdin");
  command->add_option("--anchor", options.anchor,
                      "The file that `serve --anchor` kept: the one in use last, never a copy of "
                      "it, which would not know what was signed since; it is only read");
  command->add_option("--vkey", options.vkey, "The log's public key, or its file");
  CommandLine::add_format_option(command, line.format);
}

}  // namespace tokenledger
