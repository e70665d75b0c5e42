// `tokenledger token`: issue, show, check, revoke and delete.
#include <boost/json.hpp>
#include <chrono>
#include <memory>

#include "api/rfc3339.hpp"
#include "tools/answer.hpp"
#include "tools/offline_ledger.hpp"

namespace tokenledger {
namespace {

namespace json = boost::json;

struct TokenOptions {
  std::string jti;
  std::string name;
  std::string audience;
  std::string client_id;
  std::string owner;
  std::vector<std::string> scopes;
  std::optional<std::uint32_t> expires_in_days;
  std::optional<std::uint32_t> expires_in_seconds;
  std::string expires_at;
  std::string out;
  std::string file;
  std::string reason;
  std::string cause;
};

// Exactly one of the three (R03).
void add_expiry(const TokenOptions& options, json::object& body) {
  const int given = (options.expires_in_days ? 1 : 0) + (options.expires_in_seconds ? 1 : 0) +
                    (options.expires_at.empty() ? 0 : 1);
  if (given != 1) {
    throw Failure{ExitCode::usage,
                  "say when the token expires: --expires-in-days, --expires-in-seconds or "
                  "--expires-at, one of them"};
  }
  if (options.expires_in_days) body["expires_in_days"] = *options.expires_in_days;
  if (options.expires_in_seconds) {
    const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    const auto end = now.time_since_epoch().count() + *options.expires_in_seconds;
    body["expires_at"] = format_rfc3339(UnixSeconds{static_cast<std::uint32_t>(end)});
  }
  if (options.expires_at.empty()) return;
  if (!parse_rfc3339_or_date(options.expires_at)) {
    throw Failure{ExitCode::usage,
                  "--expires-at wants 2026-12-31T12:00:00Z, or 2026-12-31 for the end of that day "
                  "in UTC"};
  }
  body["expires_at"] = options.expires_at;
}

ExitCode issue_token(CommandLine& line, const TokenOptions& options) {
  json::object body{{"name", options.name}, {"audience", options.audience}};
  add_expiry(options, body);
  if (!options.client_id.empty()) body["client_id"] = options.client_id;
  if (!options.owner.empty()) body["owner"] = options.owner;
  if (!options.scopes.empty()) body["scopes"] = json::value_from(options.scopes);
  SecretFile file{options.out};
  const auto door = open_door(line, Needs::log);
  auto answer =
      ask(line, *door, {.method = "POST", .target = "/v1/tokens", .body = json::serialize(body)});
  hand_over_secret(file, answer, "token");
  show(line, answer);
  return ExitCode::ok;
}

std::string target_of(const std::string& jti) { return "/v1/tokens/" + percent_encoded(jti); }

ExitCode show_token(CommandLine& line, const std::string& jti) {
  return ask_and_show(line, Needs::views, {.method = "GET", .target = target_of(jti)});
}

ExitCode check_token(CommandLine& line, const TokenOptions& options) {
  if (options.file == "-" && line.token_file == "-" && !line.url.empty())
    throw Failure{ExitCode::usage, "only one of --file and --token-file can be stdin"};
  json::object body{{"token", read_secret(options.file)}, {"audience", options.audience}};
  std::string scope;
  for (const auto& name : options.scopes) scope += (scope.empty() ? "" : " ") + name;
  if (!scope.empty()) body["scope"] = scope;
  const auto door = open_door(line, Needs::views);
  const auto answer = ask(
      line, *door,
      {.method = "POST", .target = "/v1/check", .body = json::serialize(body), .changes = false});
  const auto* good = answer.if_contains("good");
  show(line, answer);
  return good != nullptr && good->is_bool() && good->get_bool() ? ExitCode::ok : ExitCode::refused;
}

ExitCode revoke_token(CommandLine& line, const TokenOptions& options) {
  json::object body;
  if (!options.reason.empty()) body["reason"] = options.reason;
  if (!options.cause.empty()) body["cause"] = options.cause;
  return ask_and_show(line, Needs::log,
                      {.method = "POST",
                       .target = target_of(options.jti) + "/revoke",
                       .body = json::serialize(body)});
}

ExitCode delete_token(CommandLine& line, const std::string& jti) {
  return ask_and_show(line, Needs::log, {.method = "DELETE", .target = target_of(jti)});
}

void add_issue(CLI::App* command, TokenOptions& options) {
  command
      ->add_option("--name", options.name,
                   "A label, stored plain and never erased: nothing about a person")
      ->required();
  command->add_option("--audience", options.audience, "The API's identifier")->required();
  command->add_option("--scope", options.scopes, "May repeat; absent: all that the grant holds");
  command->add_option("--client", options.client_id,
                      "The client it belongs to; absent: the built-in one for named tokens");
  command->add_option("--owner", options.owner,
                      "Personal: stored encrypted, and `owner erase` ends it");
  command->add_option("--expires-in-days", options.expires_in_days, "For instance 60, 90, 180, 365")
      ->check(CLI::Range(1, 3650));
  command->add_option("--expires-in-seconds", options.expires_in_seconds, "By this machine's clock")
      ->check(CLI::Range(1u, kTokenLifetimeSecondsMax));
  command->add_option("--expires-at", options.expires_at,
                      "An RFC 3339 time, or a date: the end of that day in UTC");
  command->add_option("--out", options.out,
                      "Write the token to this new 0600 file instead of stdout");
}

void add_check(CommandLine& line, CLI::App* group, TokenOptions& options) {
  auto* check = line.add_anywhere(
      group,
      {"check", "Is this token good right now? Exit code 0: yes, 1: no",
       "token check --data ./data --file nightly.token --audience urn:tokenledger:management",
       [&line, &options] { return check_token(line, options); }});
  check->add_option("--file", options.file, "File that holds the token; - is stdin")->required();
  check->add_option("--audience", options.audience, "The API's identifier")->required();
  check->add_option("--scope", options.scopes, "A scope that it must have; may repeat");
}

}  // namespace

void add_token_commands(CommandLine& line) {
  // Lives as long as the actions that refer to it: as long as the program.
  static TokenOptions options;
  auto* group = line.add_group("token", "Tokens", "token list --data ./data --status active");
  const auto with_jti = [&](CLI::App* command) {
    command->add_option("jti", options.jti, "The token's jti")->required();
    return command;
  };
  add_issue(line.add_anywhere(
                group, {"issue", "Make a token; it is shown once and stored nowhere",
                        "token issue --data ./data --name nightly --audience "
                        "urn:tokenledger:management --scope check --expires-in-days 90 --out "
                        "nightly.token",
                        [&line] { return issue_token(line, options); }}),
            options);
  add_token_list_command(line, group);
  with_jti(line.add_anywhere(
      group, {"show", "Show one token's row; header and claims too while it is active",
              "token show JTI --data ./data", [&line] { return show_token(line, options.jti); }}));
  add_check(line, group, options);
  auto* revoke =
      with_jti(line.add_anywhere(group, {"revoke", "Revoke an active token",
                                         "token revoke JTI --data ./data --reason 'laptop stolen'",
                                         [&line] { return revoke_token(line, options); }}));
  revoke->add_option("--reason", options.reason,
                     "Free text, stored encrypted and never erased: nothing about a person");
  revoke->add_option("--cause", options.cause, "admin_manual (default) or owner_request")
      ->check(CLI::IsMember({"admin_manual", "owner_request"}));
  with_jti(line.add_anywhere(
      group,
      {"delete", "Revoke a token if it is active, and hide it from lists; history stays",
       "token delete JTI --data ./data", [&line] { return delete_token(line, options.jti); }}));
}

}  // namespace tokenledger
