// `tokenledger grant`: which client may use which API, with which scopes.
#include <boost/json.hpp>

#include "tools/answer.hpp"

namespace tokenledger {
namespace {

namespace json = boost::json;

constexpr std::uint64_t kItemsMax = 4'194'304;  // as many as a ledger can have

struct GrantOptions {
  std::string client_id;
  std::string audience;
  std::vector<std::string> scopes;
};

const Columns kColumns = {{"client_id", "audience", "scopes", "created_at"},
                          {"client_id", "audience", "scopes", "created_at"}};

std::string query_of(const GrantOptions& options) {
  return "/v1/client-grants?" + query_part("client_id", options.client_id) +
         query_part("audience", options.audience);
}

ExitCode change(CommandLine& line, const char* method, const GrantOptions& options) {
  const json::object body{{"client_id", options.client_id},
                          {"audience", options.audience},
                          {"scopes", json::value_from(options.scopes)}};
  return ask_and_show(
      line, Needs::log,
      {.method = method, .target = "/v1/client-grants", .body = json::serialize(body)});
}

ExitCode remove(CommandLine& line, const GrantOptions& options) {
  auto target = query_of(options);
  target.pop_back();
  return ask_and_show(line, Needs::log, {.method = "DELETE", .target = target});
}

ExitCode list(CommandLine& line, const GrantOptions& options) {
  const auto door = open_door(line, Needs::log);
  show_pages(line, *door, {.target = query_of(options), .limit = kItemsMax, .cursor = {}},
             kColumns);
  return ExitCode::ok;
}

}  // namespace

void add_grant_commands(CommandLine& line) {
  static GrantOptions options;
  auto* group =
      line.add_group("grant", "Which client may use which API", "grant list --data ./data");
  const auto add = [&](const char* name, const char* description, const char* example,
                       std::function<ExitCode()> run) {
    auto* command = line.add_anywhere(group, {name, description, example, std::move(run)});
    command->add_option("client_id", options.client_id, "The client")->required();
    command->add_option("audience", options.audience, "The API's identifier")->required();
    return command;
  };
  const auto with_scopes = [&](CLI::App* command) {
    command->add_option("--scope", options.scopes, "May repeat; all that the client may ask for")
        ->required();
  };
  with_scopes(add("add", "Let a client use an API",
                  "grant add shop https://api.example/orders --data ./data --scope read",
                  [&line] { return change(line, "POST", options); }));
  with_scopes(
      add("update", "Replace a grant's scopes; for new tokens only",
          "grant update shop https://api.example/orders --data ./data --scope read --scope write",
          [&line] { return change(line, "PATCH", options); }));
  add("remove", "Remove a grant and revoke the tokens issued on it",
      "grant remove shop https://api.example/orders --data ./data",
      [&line] { return remove(line, options); });
  auto* list_command =
      line.add_anywhere(group, {"list", "List the grants", "grant list --data ./data --client shop",
                                [&line] { return list(line, options); }});
  list_command->add_option("--client", options.client_id, "Only this client's");
  list_command->add_option("--audience", options.audience, "Only those for this API");
}

}  // namespace tokenledger
