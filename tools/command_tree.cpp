#include "tools/command_tree.hpp"

#include "tools/settings.hpp"

namespace tokenledger {
namespace {

// "TEXT:{active,revoked}" or "value in {csv->2,json->1} OR ..." : the words in the first braces.
std::vector<std::string> choices_in(const std::string& type) {
  std::vector<std::string> choices;
  const auto begin = type.find('{');
  const auto end = type.find('}');
  if (begin == std::string::npos || end == std::string::npos) return choices;
  for (auto at = begin + 1; at < end;) {
    const auto comma = std::min(type.find(',', at), end);
    const auto word = type.substr(at, comma - at);
    choices.push_back(word.substr(0, word.find("->")));
    at = comma + 1;
  }
  return choices;
}

OptionText text_of(const CLI::App& command, const CLI::Option& option) {
  OptionText text;
  text.is_positional = option.get_positional() && option.get_lnames().empty();
  text.name = text.is_positional ? option.get_name() : "--" + option.get_lnames().front();
  if (!option.get_snames().empty()) text.shortcut = "-" + option.get_snames().front();
  text.description = option.get_description();
  text.environment = environment_variable(command, option);
  text.is_required = option.get_required();
  const auto type = option.get_type_name();
  text.choices = choices_in(type);
  if (option.get_expected_max() > 0) text.value = type.substr(0, type.find_first_of(": "));
  if (!text.choices.empty() && !text.is_positional) text.value = "WORD";
  return text;
}

void append(const CLI::App& command, std::vector<CommandText>& tree) {
  const auto children = command.get_subcommands([](const CLI::App*) { return true; });
  CommandText text;
  text.path = command_path(command);
  text.description = command.get_description();
  text.example = command.get_footer();
  for (const auto* option : command.get_options())
    if (!option->get_name().empty()) text.options.push_back(text_of(command, *option));
  for (const auto* child : children) text.children.push_back(child->get_name());
  tree.push_back(std::move(text));
  for (const auto* child : children) append(*child, tree);
}

}  // namespace

std::string CommandText::name() const {
  const auto space = path.rfind(' ');
  return space == std::string::npos ? path : path.substr(space + 1);
}

std::vector<CommandText> command_tree(const CLI::App& app) {
  std::vector<CommandText> tree;
  append(app, tree);
  return tree;
}

}  // namespace tokenledger
