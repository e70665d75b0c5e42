// `tokenledger completion`: what a shell needs to complete commands, options and their words.
#include "tools/command_line.hpp"
#include "tools/command_tree.hpp"

namespace tokenledger {
namespace {

using Tree = std::vector<CommandText>;

// A group's line is its subcommands; a command's, its options.
std::vector<std::string> words_at(const CommandText& command) {
  auto words = command.children;
  for (const auto& option : command.options)
    if (!option.is_positional) words.push_back(option.name);
  return words;
}

std::string joined(const std::vector<std::string>& words, const char* between) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : between) + word;
  return text;
}

// Inside single quotes of all three shells; backslashes matter to fish only.
std::string quoted(const std::string& text, bool is_fish = false) {
  std::string out = "'";
  for (const char character : text) {
    if (character == '\'') {
      out += is_fish ? "\\'" : "'\\''";
    } else if (character == '\\' && is_fish) {
      out += "\\\\";
    } else {
      out += character;
    }
  }
  return out + "'";
}

// The paths as patterns of `case`: 'client'|'client list'|...
std::string path_patterns(const Tree& tree) {
  std::string patterns;
  for (const auto& command : tree) {
    if (command.path.empty()) continue;
    patterns += (patterns.empty() ? "" : "|") + quoted(" " + command.path);
  }
  return patterns;
}

std::string case_label(const CommandText& command) {
  return quoted(command.path.empty() ? "" : " " + command.path);
}

// `case` branches for "path:--option" whose next word is a value: its choices, or a file's name.
std::string value_branches(const Tree& tree, const char* choices_head, const char* choices_tail,
                           const char* files) {
  std::string out;
  for (const auto& command : tree) {
    for (const auto& option : command.options) {
      if (option.is_positional || option.value.empty()) continue;
      const auto path = command.path.empty() ? "" : " " + command.path;
      out += "    " + quoted(path + ":" + option.name) + ") ";
      out += option.choices.empty() ? files
                                    : choices_head + joined(option.choices, " ") + choices_tail;
      out += " ;;\n";
    }
  }
  return out;
}

std::string bash_script(const Tree& tree) {
  std::string out =
      "# bash completion of tokenledger, made by: tokenledger completion bash\n"
      "_tokenledger() {\n"
      "  local word=\"${COMP_WORDS[COMP_CWORD]}\" previous=\"${COMP_WORDS[COMP_CWORD-1]}\"\n"
      "  local where=\"\" words=\"\" at\n"
      "  COMPREPLY=()\n"
      "  for ((at = 1; at < COMP_CWORD; at++)); do\n"
      "    case \"$where ${COMP_WORDS[at]}\" in\n      " +
      path_patterns(tree) +
      ") where=\"$where ${COMP_WORDS[at]}\" ;;\n"
      "    esac\n"
      "  done\n"
      "  case \"$where:$previous\" in\n" +
      value_branches(tree, "COMPREPLY=($(compgen -W '", "' -- \"$word\")); return", "return") +
      "  esac\n"
      "  case \"$where\" in\n";
  for (const auto& command : tree)
    out += "    " + case_label(command) + ") words=" + quoted(joined(words_at(command), " ")) +
           " ;;\n";
  return out +
         "  esac\n"
         "  COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
         "}\n"
         "complete -o default -F _tokenledger tokenledger\n";
}

// NAME:DESCRIPTION, where a colon of the description needs no escape but one of the name does.
std::string zsh_item(const std::string& name, const std::string& description) {
  return quoted(name + ":" + description);
}

std::string zsh_script(const Tree& tree) {
  std::string out =
      "#compdef tokenledger\n"
      "# zsh completion of tokenledger, made by: tokenledger completion zsh\n"
      "_tokenledger() {\n"
      "  local where=\"\" at\n"
      "  local -a items\n"
      "  for ((at = 2; at < CURRENT; at++)); do\n"
      "    case \"$where ${words[at]}\" in\n      " +
      path_patterns(tree) +
      ") where=\"$where ${words[at]}\" ;;\n"
      "    esac\n"
      "  done\n"
      "  case \"$where:${words[CURRENT-1]}\" in\n" +
      value_branches(tree, "compadd -- ", "; return", "_files; return") +
      "  esac\n"
      "  case \"$where\" in\n";
  for (const auto& command : tree) {
    out += "    " + case_label(command) + ")\n      items=(";
    for (const auto& child : tree) {
      const bool is_child =
          !child.path.empty() &&
          child.path == (command.path.empty() ? "" : command.path + " ") + child.name();
      if (is_child) out += "\n        " + zsh_item(child.name(), child.description);
    }
    for (const auto& option : command.options)
      if (!option.is_positional) out += "\n        " + zsh_item(option.name, option.description);
    out += ")\n      ;;\n";
  }
  return out +
         "  esac\n"
         "  _describe tokenledger items || _files\n"
         "}\n"
         "compdef _tokenledger tokenledger\n";
}

std::string fish_script(const Tree& tree) {
  std::vector<std::string> paths;
  for (const auto& command : tree)
    if (!command.path.empty()) paths.push_back(quoted(" " + command.path, true));
  std::string out =
      "# fish completion of tokenledger, made by: tokenledger completion fish\n"
      "function __tokenledger_at\n"
      "  set -l known " +
      joined(paths, " ") +
      "\n"
      "  set -l where ''\n"
      "  for word in (commandline -opc)[2..-1]\n"
      "    contains -- \"$where $word\" $known; and set where \"$where $word\"\n"
      "  end\n"
      "  test \"$where\" = \"$argv[1]\"\n"
      "end\n";
  for (const auto& command : tree) {
    const auto where = command.path.empty() ? "" : " " + command.path;
    const auto head = "complete -c tokenledger -n \"__tokenledger_at '" + where + "'\" ";
    for (const auto& child : tree) {
      const auto parent = command.path.empty() ? child.name() : command.path + " " + child.name();
      if (!child.path.empty() && child.path == parent)
        out += head + "-f -a " + child.name() + " -d " + quoted(child.description, true) + "\n";
    }
    for (const auto& option : command.options) {
      if (option.is_positional) continue;
      out += head + "-l " + option.name.substr(2);
      if (!option.shortcut.empty()) out += " -s " + option.shortcut.substr(1);
      if (!option.value.empty()) out += " -r";
      if (!option.choices.empty()) out += " -f -a " + quoted(joined(option.choices, " "), true);
      out += " -d " + quoted(option.description, true) + "\n";
    }
  }
  return out;
}

}  // namespace

void add_completion_command(CommandLine& line) {
  static std::string shell;
  line.add(line.app,
           {"completion", "Print the completion script of a shell; load it from its start-up file",
            "completion bash >/etc/bash_completion.d/tokenledger",
            [&line] {
              const auto tree = command_tree(*line.app);
              print(shell == "bash"  ? bash_script(tree)
                    : shell == "zsh" ? zsh_script(tree)
                                     : fish_script(tree));
              return ExitCode::ok;
            }})
      ->add_option("shell", shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
}

}  // namespace tokenledger
