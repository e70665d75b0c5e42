#include "tools/command_line.hpp"

#include <map>
#include <utility>

namespace tokenledger {
namespace {

// An empty value is a shell variable that was never set far more often than it is meant.
void refuse_empty_values(const CLI::App& command) {
  for (const auto* option : command.get_options()) {
    for (const auto& text : option->results()) {
      if (text.empty())
        throw Failure{ExitCode::usage, option->get_name() + " was given without a value"};
    }
  }
}

}  // namespace

CLI::App* CommandLine::add_group(const std::string& name, const std::string& description,
                                 const std::string& example) {
  auto* group = app->add_subcommand(name, description);
  group->require_subcommand(1);
  group->footer("Example:\n  tokenledger " + example);
  return group;
}

CLI::App* CommandLine::add(CLI::App* parent, Command command) {
  return add_with(parent, std::move(command), PlaceKind::none);
}

CLI::App* CommandLine::add_offline(CLI::App* parent, Command command) {
  auto* added = add_with(parent, std::move(command), PlaceKind::directory);
  add_data_options(added);
  return added;
}

CLI::App* CommandLine::add_anywhere(CLI::App* parent, Command command) {
  auto* added = add_with(parent, std::move(command), PlaceKind::anywhere);
  add_data_options(added);
  added->add_option("--url", url, "A running server instead of --data: https://HOST:PORT");
  added->add_option("--token-file", token_file,
                    "With --url: the file of the administrator's token; - is stdin");
  added->add_option("--ca", ca_file,
                    "With --url: PEM certificates to trust instead of the system's");
  added->add_flag("--allow-insecure-http", allow_insecure_http,
                  "With --url: send the token over plain HTTP beyond loopback");
  add_format_option(added, format);
  return added;
}

CLI::App* CommandLine::add_with(CLI::App* parent, Command command, PlaceKind kind) {
  auto* added = parent->add_subcommand(command.name, command.description);
  added->footer("Example:\n  tokenledger " + command.example);
  added->callback([this, added, kind, run = std::move(command.run)] {
    action = [this, added, kind, run] {
      refuse_empty_values(*added);
      settings.settle_place(kind, *added, data, url);
      return run();
    };
  });
  return added;
}

void CommandLine::add_data_options(CLI::App* command) {
  command->add_option("--data", data, "The ledger's directory, not open elsewhere");
  command->add_option("--keyring-key-file", keyring_key_file,
                      "File with the 32-byte key of the keyring (raw or 64 hex digits); without "
                      "it TOKENLEDGER_KEYRING_KEY");
}

void CommandLine::add_format_option(CLI::App* command, OutputFormat& format) {
  static const std::map<std::string, OutputFormat> kNames{
      {"table", OutputFormat::table}, {"json", OutputFormat::json}, {"csv", OutputFormat::csv}};
  command->add_option("--format", format, "table, json or csv")
      ->transform(CLI::CheckedTransformer(kNames))
      ->option_text("FORMAT");
}

}  // namespace tokenledger
