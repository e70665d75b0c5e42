#include "tools/settings.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <sstream>

#include "tools/failure.hpp"
#include "tools/output.hpp"

namespace tokenledger {
namespace {

using Items = std::vector<CLI::ConfigItem>;

constexpr const char* kSharedOptions[] = {"data",  "url", "token-file", "ca", "keyring-key-file",
                                          "format"};
constexpr std::size_t kFileBytesMax = 1u << 20;

bool is_shared(const std::string& name) {
  return std::ranges::find(kSharedOptions, name) != std::end(kSharedOptions);
}
bool is_place(const std::string& name) { return name == "data" || name == "url"; }

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

std::string environment_name(const std::string& path, const std::string& option) {
  std::string name = "TOKENLEDGER_" + (path.empty() ? "" : path + "_") + option;
  for (char& byte : name) {
    if (byte >= 'a' && byte <= 'z') byte = static_cast<char>(byte - 'a' + 'A');
    if (byte == ' ' || byte == '-') byte = '_';
  }
  return name;
}

std::string environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::string{} : value;
}

bool is_fixed(const std::string& name) {
  return name == "help" || name == "version" || name == "config" || name.empty();
}

template <class Each>
void walk(CLI::App& command, const Each& each) {
  each(command);
  for (auto* child : command.get_subcommands([](CLI::App*) { return true; })) walk(*child, each);
}

struct OpenFile {
  explicit OpenFile(int number) : descriptor{number} {}
  ~OpenFile() {
    if (descriptor >= 0) ::close(descriptor);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  const int descriptor;
};

constexpr const char* kTooLong = "the configuration file is too long";

// A file that is found and not named must be the user's own: it could send the administrator's
// token elsewhere. What is judged is what is read, not what stands at the path a moment later; a
// link may lead to a file that a program of somebody else's writes.
std::string read_own(const std::filesystem::path& path) {
  const OpenFile file{::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)};
  struct stat status{};
  const bool is_own =
      file.descriptor >= 0 && ::fstat(file.descriptor, &status) == 0 && S_ISREG(status.st_mode) &&
      (status.st_uid == ::geteuid() || status.st_uid == 0) && (status.st_mode & S_IWOTH) == 0;
  if (!is_own) {
    throw Failure{ExitCode::usage, escape_control(path.string()) +
                                       " is a link, can't be read, belongs to somebody else or is "
                                       "writable by all: say --config FILE if you mean it"};
  }
  std::string text(kFileBytesMax + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const auto count = ::read(file.descriptor, text.data() + size, text.size() - size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw CLI::FileError("the configuration file can't be read");
    if (count == 0) break;
    size += static_cast<std::size_t>(count);
  }
  if (size > kFileBytesMax) throw CLI::FileError(kTooLong);
  text.resize(size);
  return text;
}

std::string read_bounded(std::istream& input) {
  std::string text(kFileBytesMax + 1, '\0');
  input.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(input.gcount()));
  if (text.size() > kFileBytesMax) throw CLI::FileError(kTooLong);
  return text;
}

// The file's items as CLI11 shall take them: shared keys spread to every command that has them,
// sections first because the first value counts, and nothing that the environment already says.
class File final : public CLI::ConfigTOML {
 public:
  // `found`: the default that was found and not named; empty for none.
  File(CLI::App& app, Settings::Places& places, std::string found)
      : app_{app}, places_{places}, found_{std::move(found)} {}

  Items from_config(std::istream& input) const override {
    const bool is_named = app_.get_config_ptr()->count() != 0 || found_.empty();
    std::istringstream bounded{is_named ? read_bounded(input) : read_own(found_)};
    Items sections;
    Items top;
    for (auto& item : CLI::ConfigTOML::from_config(bounded)) {
      if (item.name == "++" || item.name == "--") {
        find_command(item);
      } else if (item.parents.empty()) {
        top.push_back(std::move(item));
      } else {
        add_one(std::move(item), sections);
      }
    }
    for (const auto& item : top) spread(item, sections);
    return sections;
  }

 private:
  CLI::App& find_command(const CLI::ConfigItem& item) const {
    auto* command = &app_;
    for (const auto& name : item.parents) {
      CLI::App* found = nullptr;
      for (auto* child : command->get_subcommands([](CLI::App*) { return true; }))
        if (child->get_name() == name) found = child;
      if (found == nullptr) throw CLI::ConfigError::Extras("[" + joined(item.parents) + "]");
      command = found;
    }
    return *command;
  }

  void add_one(CLI::ConfigItem item, Items& items) const {
    const auto& command = find_command(item);
    const auto* option = command.get_option_no_throw("--" + item.name);
    if (option == nullptr || is_fixed(item.name)) throw CLI::ConfigError::Extras(item.fullname());
    const auto path = joined(item.parents);
    if (is_place(item.name)) {
      if (item.inputs.size() != 1) throw CLI::ConfigError::Extras(item.fullname());
      places_[path].try_emplace(item.name, item.inputs.front());
      return;
    }
    // As above: a command that does not run must not write into the variables of one that does.
    if (command.parsed() && environment(option->get_envname()).empty())
      items.push_back(std::move(item));
  }

  void spread(const CLI::ConfigItem& item, Items& items) const {
    if (!is_shared(item.name)) throw CLI::ConfigError::Extras(item.name);
    if (is_place(item.name)) {
      if (item.inputs.size() != 1) throw CLI::ConfigError::Extras(item.name);
      places_[""].try_emplace(item.name, item.inputs.front());
      return;
    }
    walk(app_, [&](CLI::App& command) {
      if (command.get_option_no_throw("--" + item.name) == nullptr) return;
      auto copy = item;
      for (const auto* at = &command; at->get_parent() != nullptr; at = at->get_parent())
        copy.parents.insert(copy.parents.begin(), at->get_name());
      add_one(std::move(copy), items);
    });
  }

  CLI::App& app_;
  Settings::Places& places_;
  std::string found_;
};

// The user's own, "" when there is none. Nothing is taken from the current directory: whoever can
// put a file there could name the server that gets the user's token.
std::string default_file() {
  const auto home = environment("HOME");
  const auto xdg = environment("XDG_CONFIG_HOME");
  // A relative XDG_CONFIG_HOME is void by its specification, and would be the current directory.
  const auto directory = std::filesystem::path{xdg}.is_absolute()
                             ? std::filesystem::path{xdg}
                             : std::filesystem::path{home} / ".config";
  if (!directory.is_absolute()) return {};
  const auto path = directory / "tokenledger/tokenledger.toml";
  std::error_code ignored;
  const auto status = std::filesystem::symlink_status(path, ignored);
  const bool is_found = std::filesystem::is_regular_file(status) ||
                        std::filesystem::is_symlink(status);  // which is refused when it is read
  return is_found ? path.string() : std::string{};
}

}  // namespace

std::string command_path(const CLI::App& command) {
  if (command.get_parent() == nullptr) return {};
  const auto parent = command_path(*command.get_parent());
  return (parent.empty() ? "" : parent + " ") + command.get_name();
}

std::string configuration_text() {
  return "Options come from flags, else from the environment, else from a TOML file: --config "
         "FILE,\n"
         "else TOKENLEDGER_CONFIG, else $XDG_CONFIG_HOME/tokenledger/tokenledger.toml\n"
         "(~/.config); none is looked for in the current directory.\n"
         "Its top-level keys are data, url, token-file, ca, keyring-key-file and format;\n"
         "a section such as [serve] or [token.list] holds the options of one command.\n"
         "Unknown keys are refused. Variables are TOKENLEDGER_DATA and so on for those, and\n"
         "TOKENLEDGER_SERVE_LISTEN, TOKENLEDGER_TOKEN_LIST_LIMIT and so on for the others.\n";
}

std::string environment_variable(const CLI::App& command, const CLI::Option& option) {
  const auto name = option.get_single_name();
  if (option.get_lnames().empty() || is_fixed(name)) return {};
  return environment_name(is_shared(name) ? "" : command_path(command), name);
}

void Settings::attach(CLI::App& app) {
  walk(app, [](CLI::App& command) {
    // Only for the command that runs: subcommands share variables, and the parser would let the
    // environment of one overwrite the flags of another.
    command.preparse_callback([&command](std::size_t) {
      for (auto* option : command.get_options()) {
        const auto variable = environment_variable(command, *option);
        if (variable.empty()) continue;
        if (is_place(option->get_single_name())) {
          option->description(option->get_description() + " (Env:" + variable + ")");
        } else {
          option->envname(variable);
        }
      }
    });
  });
  auto config = environment("TOKENLEDGER_CONFIG");
  const auto found = config.empty() ? default_file() : std::string{};
  if (config.empty()) config = found;
  // Required once there is one: defaults in place of a file that can't be read would be weaker.
  app.set_config("--config", config,
                 "Configuration file (Env:TOKENLEDGER_CONFIG); else "
                 "$XDG_CONFIG_HOME/tokenledger/tokenledger.toml",
                 !config.empty());
  app.config_formatter(std::make_shared<File>(app, file_places_, found));
  app.allow_config_extras(CLI::config_extras_mode::error);
}

void Settings::settle_place(PlaceKind kind, const CLI::App& command, std::string& data,
                            std::string& url) const {
  if (kind == PlaceKind::none) return;
  const bool takes_url = kind == PlaceKind::anywhere;
  const auto from_file = [&](const std::string& path, const char* name) -> std::string {
    const auto section = file_places_.find(path);
    if (section == file_places_.end() || !section->second.contains(name)) return {};
    return section->second.at(name);
  };
  const auto path = command_path(command);
  const std::pair<std::string, std::string> sources[] = {
      {data, url},
      {environment("TOKENLEDGER_DATA"), environment("TOKENLEDGER_URL")},
      {from_file(path, "data"), from_file(path, "url")},
      {from_file("", "data"), from_file("", "url")}};
  for (const auto& [named_data, named_url] : sources) {
    if (!named_data.empty() && !named_url.empty() && takes_url)
      throw Failure{ExitCode::usage,
                    "name a directory with --data or a server with --url, not both"};
    data = named_data;
    url = takes_url ? named_url : std::string{};
    if (!data.empty() || !url.empty()) return;
  }
  throw Failure{ExitCode::usage, takes_url ? "name the ledger with --data DIR, or a server with "
                                             "--url URL"
                                           : "name the ledger with --data DIR"};
}

}  // namespace tokenledger
