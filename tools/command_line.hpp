// CommandLine: the program's subcommands as CLI11 knows them, and what they have in common.
//
// Each group of subcommands is a file of its own with one add_*_commands(). Parsing only stores
// values and the action to run; main() runs it afterwards.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>

#include "tools/failure.hpp"
#include "tools/output.hpp"

namespace tokenledger {

struct CommandLine {
  explicit CommandLine(CLI::App* root) : app{root} {}

  CLI::App* app;
  std::function<ExitCode()> action;

  // Options shared by many subcommands; only one subcommand runs.
  std::string data;
  std::string keyring_key_file;
  std::string url;
  std::string token_file;
  OutputFormat format = OutputFormat::table;

  // A group such as `client`, whose subcommands do the work.
  CLI::App* add_group(const std::string& name, const std::string& description);
  // A subcommand with its example; the example's leading "tokenledger " is added.
  CLI::App* add(CLI::App* parent, const std::string& name, const std::string& description,
                const std::string& example, std::function<ExitCode()> run);
  void add_data_options(CLI::App* command, bool is_required = true);
  void add_format_option(CLI::App* command);
};

void add_admin_token_command(CommandLine& line);
void add_client_commands(CommandLine& line);
void add_api_commands(CommandLine& line);
void add_grant_commands(CommandLine& line);
void add_token_commands(CommandLine& line);
void add_note_commands(CommandLine& line);
void add_replay_commands(CommandLine& line);
void add_views_commands(CommandLine& line);
void add_recover_command(CommandLine& line);
void add_serve_command(CommandLine& line);

}  // namespace tokenledger
