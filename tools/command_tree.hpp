// CommandTree: the subcommands and options as plain text, for the completions and the man page.
// Made from the parser itself, so neither can describe a program that does not exist.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace tokenledger {

struct OptionText {
  std::string name;      // "--limit"; "client_id" for a positional
  std::string shortcut;  // "-f", or empty
  std::string value;     // "INT", empty for a flag
  std::string description;
  std::string environment;
  std::vector<std::string> choices;  // when only these are values
  bool is_required = false;
  bool is_positional = false;
};

struct CommandText {
  std::string path;  // "token list"; "" for the program
  std::string description;
  std::string example;  // the footer
  std::vector<OptionText> options;
  std::vector<std::string> children;  // last words
  // The last word of `path`.
  [[nodiscard]] std::string name() const;
};

// Depth first, each group before its subcommands; the program itself is the first.
[[nodiscard]] std::vector<CommandText> command_tree(const CLI::App& app);

}  // namespace tokenledger
