// CommandLine: the program's subcommands as CLI11 knows them, and what they have in common.
//
// Each group of subcommands is a file of its own with one add_*_commands(). Parsing only stores
// values and the action to run; main() runs it afterwards. Help, completion and the man page are
// all made from this one tree.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>

#include "tools/failure.hpp"
#include "tools/output.hpp"
#include "tools/settings.hpp"

namespace tokenledger {

struct CommandLine {
  explicit CommandLine(CLI::App* root) : app{root} {}

  CLI::App* app;
  Settings settings;
  std::function<ExitCode()> action;
  // Something was committed: a failure after that must not say that nothing was changed.
  bool was_changed = false;

  // Options shared by many subcommands; only one subcommand runs. Of data and url, exactly one is
  // set when the action of a command with place options runs.
  std::string data;
  std::string keyring_key_file;
  std::string url;
  std::string token_file;
  std::string ca_file;
  bool allow_insecure_http = false;
  OutputFormat format = OutputFormat::table;

  // A group such as `client`, whose subcommands do the work; `example` is one of them.
  CLI::App* add_group(const std::string& name, const std::string& description,
                      const std::string& example);

  struct Command {
    std::string name;
    std::string description;
    std::string example;  // without the leading "tokenledger "
    std::function<ExitCode()> run;
  };
  // With no options yet.
  CLI::App* add(CLI::App* parent, Command command);
  // For a directory only: --data and --keyring-key-file.
  CLI::App* add_offline(CLI::App* parent, Command command);
  // For a directory or a running server, with --format.
  CLI::App* add_anywhere(CLI::App* parent, Command command);

  static void add_format_option(CLI::App* command, OutputFormat& format);

 private:
  CLI::App* add_with(CLI::App* parent, Command command, PlaceKind kind);
  void add_data_options(CLI::App* command);
};

void add_admin_token_command(CommandLine& line);
void add_client_commands(CommandLine& line);
void add_key_commands(CommandLine& line);
void add_api_commands(CommandLine& line);
void add_grant_commands(CommandLine& line);
void add_token_commands(CommandLine& line);
void add_token_list_command(CommandLine& line, CLI::App* group);
void add_introspect_command(CommandLine& line);
void add_revoke_all_command(CommandLine& line);
void add_events_command(CommandLine& line);
void add_note_commands(CommandLine& line);
void add_owner_commands(CommandLine& line);
void add_user_commands(CommandLine& line);
void add_group_commands(CommandLine& line);
void add_consent_commands(CommandLine& line);
void add_status_command(CommandLine& line);
void add_replay_commands(CommandLine& line);
void add_views_commands(CommandLine& line);
void add_audit_commands(CommandLine& line);
void add_recover_command(CommandLine& line);
void add_migrate_command(CommandLine& line);
void add_backup_command(CommandLine& line);
void add_restore_command(CommandLine& line);
void add_witness_commands(CommandLine& line);
void add_serve_command(CommandLine& line);
void add_completion_command(CommandLine& line);
void add_man_command(CommandLine& line);

}  // namespace tokenledger
