// `tokenledger user` and `tokenledger group`: who signs in, and what they are in.
//
// A password is read from a file or stdin and never stands among the arguments, which every process
// of the machine may list.
#include <boost/json.hpp>

#include "core/password.hpp"
#include "tools/answer.hpp"
#include "tools/offline_ledger.hpp"

namespace tokenledger {
namespace {

namespace json = boost::json;

constexpr std::uint64_t kItemsMax = 1'048'576;  // as many as a ledger can have

struct UserOptions {
  std::string user;  // a user_id or a login
  std::string login;
  std::string display_name;
  std::string password_file;
  std::string status;
  std::string group;
  std::string reason;
  std::vector<std::string> groups;
  bool no_groups = false;
  bool yes = false;
};

const Columns kUserColumns = {
    {"user_id", "login", "display_name", "status", "groups"},
    {"user_id", "login", "display_name", "status", "groups", "has_password", "created_at"}};
const Columns kGroupColumns = {{"name", "consents", "created_at"},
                               {"name", "consents", "created_at"}};

std::string read_password(const CommandLine& line, const UserOptions& options) {
  if (options.password_file == "-" && line.token_file == "-" && !line.url.empty())
    throw Failure{ExitCode::usage, "only one of --password-file and --token-file can be stdin"};
  auto password = read_secret(options.password_file, "a password");
  if (password.size() < kPasswordBytesMin)
    throw Failure{ExitCode::usage, "a password has at least 8 bytes"};
  return password;
}

// A user may be named by login, too: the ledger says whose it is.
std::string path_of(CommandLine& line, Door& door, const std::string& user) {
  if (user.starts_with("usr_")) return "/v1/users/" + percent_encoded(user);
  const auto found =
      ask(line, door, {.method = "GET", .target = "/v1/users?login=" + percent_encoded(user)});
  const auto* items = found.if_contains("items");
  if (items == nullptr || !items->is_array() || items->get_array().empty())
    throw Failure{ExitCode::refused, "nobody has this login"};
  const auto& first = items->get_array().front();
  return "/v1/users/" + percent_encoded(json::value_to<std::string>(first.at("user_id")));
}

// Asks about one user and shows the answer.
ExitCode change(CommandLine& line, const UserOptions& options, const char* method,
                const char* path_end, const json::object* body) {
  const auto door = open_door(line, Needs::log);
  HttpQuestion question{.method = method, .target = path_of(line, *door, options.user) + path_end};
  if (body != nullptr) question.body = json::serialize(*body);
  show(line, ask(line, *door, question));
  return ExitCode::ok;
}

ExitCode add_user(CommandLine& line, const UserOptions& options) {
  // Read first: whoever mistypes the file's name has made no user.
  const auto password =
      options.password_file.empty() ? std::string{} : read_password(line, options);
  json::object body{{"login", options.login}};
  if (!options.display_name.empty()) body["display_name"] = options.display_name;
  const auto door = open_door(line, Needs::log);
  auto user =
      ask(line, *door, {.method = "POST", .target = "/v1/users", .body = json::serialize(body)});
  if (!password.empty()) {
    const auto id = json::value_to<std::string>(user.at("user_id"));
    user = ask(line, *door,
               {.method = "POST",
                .target = "/v1/users/" + percent_encoded(id) + "/password",
                .body = json::serialize(json::object{{"password", password}})});
  }
  show(line, user);
  return ExitCode::ok;
}

ExitCode set_password(CommandLine& line, const UserOptions& options) {
  const json::object body{{"password", read_password(line, options)}};
  return change(line, options, "POST", "/password", &body);
}

ExitCode update_user(CommandLine& line, const UserOptions& options) {
  json::object body;
  if (!options.login.empty()) body["login"] = options.login;
  if (!options.display_name.empty()) body["display_name"] = options.display_name;
  return change(line, options, "PATCH", "", &body);
}

ExitCode set_groups(CommandLine& line, const UserOptions& options) {
  if (options.groups.empty() != options.no_groups)
    throw Failure{ExitCode::usage, "say --group for each group, or --none"};
  const json::object body{{"groups", json::value_from(options.groups)}};
  return change(line, options, "PUT", "/groups", &body);
}

json::object reason_of(const UserOptions& options) {
  json::object body;
  if (!options.reason.empty()) body["reason"] = options.reason;
  return body;
}

ExitCode erase_user(CommandLine& line, const UserOptions& options) {
  if (!options.yes)
    throw Failure{ExitCode::usage,
                  "this can't be taken back, by no backup of ours either: say --yes"};
  const auto body = reason_of(options);
  return change(line, options, "POST", "/erase", &body);
}

ExitCode list_users(CommandLine& line, const UserOptions& options) {
  const auto door = open_door(line, Needs::log);
  show_pages(line, *door,
             {.target = "/v1/users?" + query_part("status", options.status) +
                        query_part("group", options.group),
              .limit = kItemsMax,
              .cursor = {}},
             kUserColumns);
  return ExitCode::ok;
}

CLI::App* with_user(CLI::App* command, UserOptions& options) {
  command->add_option("user", options.user, "A user_id, or a login")->required();
  return command;
}

CLI::App* with_reason(CLI::App* command, UserOptions& options) {
  command->add_option("--reason", options.reason,
                      "Free text, stored encrypted and never erased: nothing about a person");
  return command;
}

CLI::App* with_password_file(CLI::App* command, UserOptions& options) {
  command->add_option("--password-file", options.password_file,
                      "Read the password from this file, without its final newline; - is stdin");
  return command;
}

void add_user_changes(CommandLine& line, CLI::App* group, UserOptions& options) {
  const auto add = [&](const char* name, const char* description, const char* example,
                       std::function<ExitCode()> run) {
    return with_user(line.add_anywhere(group, {name, description, example, std::move(run)}),
                     options);
  };
  add("show", "Show one user", "user show ada --data ./data",
      [&] { return change(line, options, "GET", "", nullptr); });
  auto* update = add("update", "Change what is given, keep the rest",
                     "user update ada --data ./data --display-name 'Ada King'",
                     [&] { return update_user(line, options); });
  update->add_option("--login", options.login, "A new login");
  update->add_option("--display-name", options.display_name, "What others see");
  with_password_file(
      add("set-password", "Set the password; sign-ins and refresh tokens of the earlier one end",
          "user set-password ada --data ./data --password-file -",
          [&] { return set_password(line, options); }),
      options)
      ->get_option("--password-file")
      ->required();
  auto* groups = add("set-groups", "Put the user into these groups and no others",
                     "user set-groups ada --data ./data --group staff",
                     [&] { return set_groups(line, options); });
  groups->add_option("--group", options.groups, "A group's name; may repeat");
  groups->add_flag("--none", options.no_groups, "Take the user out of all groups");
  with_reason(add("disable", "End all tokens and consents of the user and refuse to sign in",
                  "user disable ada --data ./data --reason 'left'",
                  [&] {
                    const auto body = reason_of(options);
                    return change(line, options, "POST", "/disable", &body);
                  }),
              options);
  add("enable", "Let the user sign in again; tokens and consents that ended stay ended",
      "user enable ada --data ./data",
      [&] { return change(line, options, "POST", "/enable", nullptr); });
  // A directory that nobody serves has no sessions; the answer says so.
  add("end-sessions",
      "End the sign-in sessions at the server's pages. Access tokens, refresh tokens and consents "
      "stay: set-password ends refresh tokens, disable ends all",
      "user end-sessions ada --url http://127.0.0.1:8080 --token-file admin.token",
      [&] { return change(line, options, "POST", "/end-sessions", nullptr); });
  with_reason(add("erase", "Disable the user, and erase login, name and password for good",
                  "user erase ada --data ./data --yes", [&] { return erase_user(line, options); }),
              options)
      ->add_flag("--yes", options.yes, "Erase; it can not be undone");
}

}  // namespace

void add_user_commands(CommandLine& line) {
  static UserOptions options;
  auto* group = line.add_group("user", "Users who sign in", "user list --data ./data");
  auto* adding = with_password_file(
      line.add_anywhere(group, {"add", "Register a user, who can sign in once a password is set",
                                "user add ada --data ./data --password-file ada.password",
                                [&line] { return add_user(line, options); }}),
      options);
  adding
      ->add_option("login", options.login,
                   "What the user signs in with; whoever lists processes sees it")
      ->required();
  adding->add_option("--display-name", options.display_name, "What others see");
  auto* listing =
      line.add_anywhere(group, {"list", "List the users", "user list --data ./data --group staff",
                                [&line] { return list_users(line, options); }});
  listing->add_option("--status", options.status, "enabled or disabled")
      ->check(CLI::IsMember({"enabled", "disabled"}));
  listing->add_option("--group", options.group, "Only those in this group");
  add_user_changes(line, group, options);
}

void add_group_commands(CommandLine& line) {
  static std::string name;
  auto* group = line.add_group("group", "Groups of users", "group list --data ./data");
  const auto add = [&](const char* word, const char* description, const char* example,
                       std::function<ExitCode()> run) {
    auto* command = line.add_anywhere(group, {word, description, example, std::move(run)});
    command->add_option("name", name, "The group's name, stored plain")->required();
  };
  line.add_anywhere(
      group, {"list", "List the groups", "group list --data ./data", [&line] {
                const auto door = open_door(line, Needs::log);
                show_pages(line, *door, {.target = "/v1/groups?", .limit = kItemsMax, .cursor = {}},
                           kGroupColumns);
                return ExitCode::ok;
              }});
  add("add", "Create a group", "group add staff --data ./data", [&line] {
    return ask_and_show(line, Needs::log,
                        {.method = "POST",
                         .target = "/v1/groups",
                         .body = json::serialize(json::object{{"name", name}})});
  });
  add("delete", "Delete a group; what was allowed to it in advance ends",
      "group delete staff --data ./data", [&line] {
        return ask_and_show(line, Needs::log,
                            {.method = "DELETE", .target = "/v1/groups/" + percent_encoded(name)});
      });
}

}  // namespace tokenledger
