#include "tools/command_line.hpp"

#include <map>
#include <utility>

namespace tokenledger {

CLI::App* CommandLine::add_group(const std::string& name, const std::string& description) {
  auto* group = app->add_subcommand(name, description);
  group->require_subcommand(1);
  group->footer("Example: tokenledger " + name + " list --data ./data");
  return group;
}

CLI::App* CommandLine::add(CLI::App* parent, const std::string& name,
                           const std::string& description, const std::string& example,
                           std::function<ExitCode()> run) {
  auto* command = parent->add_subcommand(name, description);
  command->footer("Example:\n  tokenledger " + example);
  command->callback([this, run = std::move(run)] { action = run; });
  return command;
}

void CommandLine::add_data_options(CLI::App* command, bool is_required) {
  auto* option = command->add_option("--data", data, "The ledger's directory, not open elsewhere");
  if (is_required) option->required();
  command->add_option("--keyring-key-file", keyring_key_file,
                      "File with the 32-byte key of the keyring (raw or 64 hex digits); without "
                      "it TOKENLEDGER_KEYRING_KEY");
}

void CommandLine::add_format_option(CLI::App* command) {
  static const std::map<std::string, OutputFormat> kNames{
      {"table", OutputFormat::table}, {"json", OutputFormat::json}, {"csv", OutputFormat::csv}};
  command->add_option("--format", format, "table, json or csv")
      ->transform(CLI::CheckedTransformer(kNames))
      ->option_text("FORMAT");
}

}  // namespace tokenledger
