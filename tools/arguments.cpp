#include "tools/arguments.hpp"

#include <algorithm>

namespace tokenledger {
namespace {

// --word, --two-words, --word=value; or one letter.
bool looks_like_option(const std::string& text) {
  if (text.size() == 2) return text[1] >= 'A';
  if (!text.starts_with("--")) return false;
  const auto name = text.substr(2, text.find('=') - 2);
  return !name.empty() && std::ranges::all_of(name, [](char byte) {
    return (byte >= 'a' && byte <= 'z') || byte == '-';
  });
}

const CLI::Option* find_option(const CLI::App& command, const std::string& text) {
  return command.get_option_no_throw(text.substr(0, text.find('=')));
}

const CLI::App* find_command(const CLI::App& parent, const std::string& name) {
  for (const auto* child : parent.get_subcommands([](const CLI::App*) { return true; }))
    if (child->get_name() == name) return child;
  return nullptr;
}

bool takes_positionals(const CLI::App& command) {
  return std::ranges::any_of(command.get_options(),
                             [](const CLI::Option* option) { return option->get_positional(); });
}

}  // namespace

std::vector<std::string> arrange_arguments(const CLI::App& app,
                                           std::vector<std::string> arguments) {
  std::vector<std::string> arranged;
  std::vector<std::string> positionals;
  const auto* command = &app;
  for (auto at = arguments.begin(); at != arguments.end(); ++at) {
    if (*at == "--") {
      positionals.insert(positionals.end(), at + 1, arguments.end());
      break;
    }
    const bool is_dashed = at->size() > 1 && at->front() == '-';
    const auto* option = is_dashed ? find_option(*command, *at) : nullptr;
    if (option != nullptr) {
      arranged.push_back(*at);
      const bool takes_next = option->get_expected_max() > 0 && at->find('=') == std::string::npos;
      if (takes_next && at + 1 != arguments.end()) arranged.push_back(*++at);
    } else if (is_dashed && looks_like_option(*at)) {
      arranged.push_back(*at);
    } else if (const auto* child = find_command(*command, *at); child != nullptr) {
      arranged.push_back(*at);
      command = child;
    } else if (!takes_positionals(*command)) {
      arranged.push_back(*at);  // a mistake, which the parser names
    } else {
      positionals.push_back(*at);
    }
  }
  if (!positionals.empty()) arranged.emplace_back("--");
  arranged.insert(arranged.end(), positionals.begin(), positionals.end());
  return arranged;
}

}  // namespace tokenledger
