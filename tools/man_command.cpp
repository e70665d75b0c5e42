// `tokenledger man`: the manual page, made from the subcommands themselves.
#include "tools/command_line.hpp"
#include "tools/command_tree.hpp"

namespace tokenledger {
namespace {

// Text that roff shall not read as its own: backslashes, hyphens that must stay ASCII, and a dot or
// quote where a line begins.
std::string roff(const std::string& text) {
  std::string out;
  bool begins_line = true;
  for (const char character : text) {
    if (begins_line && (character == '.' || character == '\'')) out += "\\&";
    if (character == '\\') {
      out += "\\e";
    } else if (character == '-') {
      out += "\\-";
    } else {
      out += character;
    }
    begins_line = character == '\n';
  }
  return out;
}

std::string synopsis(const CommandText& command) {
  std::string out = ".B tokenledger " + roff(command.path) + "\n";
  for (const auto& option : command.options)
    if (option.is_positional)
      out += (option.is_required ? ".I " : ".RI [ ") + roff(option.name) +
             (option.is_required ? "" : " ]") + "\n";
  return out + "[\\fIOPTIONS\\fR]\n";
}

std::string option_text(const OptionText& option) {
  std::string out = ".TP\n";
  if (!option.shortcut.empty()) out += "\\fB" + roff(option.shortcut) + "\\fR, ";
  out += "\\fB" + roff(option.name) + "\\fR";
  if (!option.value.empty() && !option.is_positional) out += " \\fI" + roff(option.value) + "\\fR";
  out += "\n" + roff(option.description);
  if (!option.environment.empty()) out += " (Env:" + roff(option.environment) + ")";
  if (option.is_required && !option.is_positional) out += " Required.";
  return out + "\n";
}

std::string example_text(const CommandText& command) {
  return ".PP\n.nf\n" + roff(command.example) + "\n.fi\n";
}

std::string page(const std::vector<CommandText>& tree) {
  std::string out = ".TH TOKENLEDGER 1 \"\" \"tokenledger " TOKENLEDGER_VERSION
                    "\" \"User Commands\"\n"
                    ".SH NAME\ntokenledger \\- " +
                    roff(tree.front().description) +
                    "\n"
                    ".SH SYNOPSIS\n.B tokenledger\n[\\fB\\-\\-config\\fR \\fIFILE\\fR]\n"
                    ".I COMMAND\n[\\fIOPTIONS\\fR]\n"
                    ".SH DESCRIPTION\n" +
                    roff(tree.front().description) +
                    ".\nEvery command on tokens, clients, APIs and grants works on a directory "
                    "that nobody has open\n(\\fB\\-\\-data\\fR) or on a running server "
                    "(\\fB\\-\\-url\\fR with \\fB\\-\\-token\\-file\\fR).\n"
                    "Secrets and tokens travel through files and pipes, never through arguments.\n"
                    ".SH OPTIONS\n";
  for (const auto& option : tree.front().options) out += option_text(option);
  out += ".SH COMMANDS\n";
  for (const auto& command : tree) {
    if (command.path.empty() || !command.children.empty()) continue;
    out += ".SS " + roff(command.path) + "\n" + synopsis(command) + ".PP\n" +
           roff(command.description) + ".\n";
    for (const auto& option : command.options) out += option_text(option);
    out += example_text(command);
  }
  out += ".SH EXIT STATUS\n.nf\n" + roff(exit_code_text()) + ".fi\n";
  out += ".SH FILES AND ENVIRONMENT\n" + roff(configuration_text());
  return out;
}

}  // namespace

void add_man_command(CommandLine& line) {
  line.add(line.app, {"man", "Print the manual page", "man | man -l -", [&line] {
                        print(page(command_tree(*line.app)));
                        return ExitCode::ok;
                      }});
}

}  // namespace tokenledger
