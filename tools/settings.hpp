// Settings: options from the environment and from a configuration file. A flag wins over the
// environment, the environment over the file.
//
// The file is TOML: top-level keys are the options that commands share (data, url, token-file, ca,
// keyring-key-file, format), a section such as [serve] or [token.list] holds
// the options of one command and wins over the top level. Every key must be an option that exists:
// a mistyped one is refused, also for a command that does not run. Secrets have no key: files that
// hold them have.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace tokenledger {

enum class PlaceKind : std::uint8_t { none, directory, anywhere };

// "token list" for that subcommand, "" for the program.
[[nodiscard]] std::string command_path(const CLI::App& command);

// TOKENLEDGER_DATA, TOKENLEDGER_TOKEN_LIST_LIMIT; "" for an option that has none.
[[nodiscard]] std::string environment_variable(const CLI::App& command, const CLI::Option& option);

// What the manual says about files and environment.
[[nodiscard]] std::string configuration_text();

class Settings {
 public:
  // Call when the whole tree is there and before parsing. Gives every option its environment
  // variable and the program --config. The file is
  // read while CLI11 parses; what is wrong with it is a CLI::ParseError.
  void attach(CLI::App& app);

  // Exactly one of `data` and `url` afterwards, from the first of flags, environment and file that
  // names any; a Failure with usage when that names both, or nothing does.
  void settle_place(PlaceKind kind, const CLI::App& command, std::string& data,
                    std::string& url) const;

  // Of --data and --url, which the parser must not fill in: they exclude each other. By command
  // path, then name.
  using Places = std::map<std::string, std::map<std::string, std::string>>;

 private:
  Places file_places_;
};

}  // namespace tokenledger
