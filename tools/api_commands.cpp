// `tokenledger api`: the APIs (resource servers) that tokens are for.
#include <boost/json.hpp>

#include "core/event.hpp"
#include "tools/answer.hpp"
#include "tools/offline_ledger.hpp"

namespace tokenledger {
namespace {

namespace json = boost::json;

constexpr std::uint64_t kItemsMax = 16'384;  // as many as a ledger can have

struct ApiOptions {
  std::string identifier;
  std::string name;
  std::vector<std::string> scopes;
  std::string risk;
  std::optional<std::uint32_t> lifetime_s;
  std::optional<std::uint32_t> lifetime_max_s;
  std::string signing_alg;
  std::string token_format;
  std::optional<bool> allow_offline_access;
  std::optional<std::uint32_t> refresh_lifetime_s;
  std::optional<std::uint32_t> refresh_idle_s;
  std::optional<std::uint32_t> refresh_grace_s;
  std::optional<bool> revocable_by_admins_only;
  std::optional<bool> revocable;
  std::vector<std::string> admin_revocable_origins;
  std::vector<std::string> introspectors;
  std::string secret_file;
};

const Columns kColumns = {
    {"identifier", "name", "scopes", "token_lifetime", "signing_alg", "token_format"},
    {"identifier", "name", "scopes", "token_lifetime", "token_lifetime_max", "allow_offline_access",
     "revocable_by_admins_only", "revocable", "admin_revocable_origins", "signing_alg",
     "token_format", "introspectors", "built_in", "created_at"}};

// A33: what a stolen token may do decides how long it should live.
constexpr std::uint32_t kHighRiskLifetimeSeconds = 300;
constexpr std::uint32_t kHighRiskLifetimeSecondsMax = 3'600;

constexpr std::string_view kNoOrigin = "none";  // an empty list, which can't be said otherwise

std::string target_of(const ApiOptions& options) {
  return "/v1/apis/" + percent_encoded(options.identifier);
}

// "read" or "read=May look at everything".
json::object scope_of(const std::string& text) {
  const auto equals = text.find('=');
  if (equals == std::string::npos) return {{"name", text}};
  return {{"name", text.substr(0, equals)}, {"description", text.substr(equals + 1)}};
}

// Two ways to say what may be revoked, one of which says that nothing is.
json::array origins_of(const std::vector<std::string>& names) {
  json::array origins;
  for (const auto& name : names) {
    if (name != kNoOrigin) origins.emplace_back(name);
  }
  if (!origins.empty() && origins.size() != names.size())
    throw Failure{ExitCode::usage, "--admin-revocable-origin none stands alone"};
  return origins;
}

// What was given; what was not stays as it is.
json::object settings_of(const ApiOptions& options) {
  json::object body;
  if (!options.name.empty()) body["name"] = options.name;
  if (!options.scopes.empty()) {
    json::array scopes;
    for (const auto& scope : options.scopes) scopes.push_back(scope_of(scope));
    body["scopes"] = std::move(scopes);
  }
  if (!options.risk.empty()) {
    const bool is_high = options.risk == "high";
    const ApiSettings normal;
    body["token_lifetime"] = is_high ? kHighRiskLifetimeSeconds : normal.token_lifetime_s;
    body["token_lifetime_max"] =
        is_high ? kHighRiskLifetimeSecondsMax : normal.token_lifetime_max_s;
  }
  if (options.lifetime_s) body["token_lifetime"] = *options.lifetime_s;
  if (options.lifetime_max_s) body["token_lifetime_max"] = *options.lifetime_max_s;
  if (!options.signing_alg.empty()) body["signing_alg"] = options.signing_alg;
  if (!options.token_format.empty()) body["token_format"] = options.token_format;
  if (options.allow_offline_access) body["allow_offline_access"] = *options.allow_offline_access;
  if (options.refresh_lifetime_s) body["refresh_token_lifetime"] = *options.refresh_lifetime_s;
  if (options.refresh_idle_s) body["refresh_token_idle"] = *options.refresh_idle_s;
  if (options.refresh_grace_s) body["refresh_token_grace"] = *options.refresh_grace_s;
  if (options.revocable_by_admins_only)
    body["revocable_by_admins_only"] = *options.revocable_by_admins_only;
  if (options.revocable) body["revocable"] = *options.revocable;
  if (!options.admin_revocable_origins.empty())
    body["admin_revocable_origins"] = origins_of(options.admin_revocable_origins);
  if (!options.introspectors.empty())
    body["introspectors"] = json::value_from(options.introspectors);
  return body;
}

ExitCode create_api(CommandLine& line, const ApiOptions& options) {
  if (options.signing_alg != "HS256" && !options.secret_file.empty())
    throw Failure{ExitCode::usage, "--secret-file goes with --signing-alg HS256 only"};
  auto body = settings_of(options);
  body["identifier"] = options.identifier;
  if (options.name.empty())
    body["name"] = options.identifier.size() <= kLabelBytesMax ? options.identifier : "unnamed";
  SecretFile file{options.secret_file};
  const auto door = open_door(line, Needs::log);
  auto answer =
      ask(line, *door, {.method = "POST", .target = "/v1/apis", .body = json::serialize(body)});
  hand_over_secret(file, answer, "signing_secret");
  show(line, answer);
  return ExitCode::ok;
}

ExitCode list_apis(CommandLine& line) {
  const auto door = open_door(line, Needs::log);
  show_pages(line, *door, {.target = "/v1/apis?", .limit = kItemsMax, .cursor = {}}, kColumns);
  return ExitCode::ok;
}

void add_settings(CLI::App* command, ApiOptions& options) {
  command->add_option("--name", options.name, "A label, stored plain");
  command->add_option("--scope", options.scopes,
                      "NAME or NAME=DESCRIPTION, may repeat; replaces the whole list");
  command
      ->add_option(
          "--risk", options.risk,
          "Presets of the two lifetimes: high (300 and at most 3600 seconds, as for a bank) "
          "or normal (86400 and at most a year)")
      ->check(CLI::IsMember({"high", "normal"}));
  command
      ->add_option("--token-lifetime", options.lifetime_s,
                   "Seconds a token lives unless asked otherwise (86400)")
      ->check(CLI::PositiveNumber);
  command->add_option("--token-lifetime-max", options.lifetime_max_s, "Seconds it may live")
      ->check(CLI::PositiveNumber);
  command->add_option("--signing-alg", options.signing_alg, "RS256 (default), ES256, EdDSA, HS256")
      ->check(CLI::IsMember({"RS256", "ES256", "EdDSA", "HS256"}));
  command
      ->add_option("--token-format", options.token_format,
                   "jwt (default), opaque or jwe: encrypted, for this server's eyes only")
      ->check(CLI::IsMember({"jwt", "opaque", "jwe"}));
  command->add_option("--allow-offline-access", options.allow_offline_access,
                      "true or false: clients of users may get refresh tokens");
  command
      ->add_option("--refresh-token-lifetime", options.refresh_lifetime_s,
                   "Seconds from a sign-in to the end of its refresh tokens (2592000)")
      ->check(CLI::PositiveNumber);
  command->add_option("--refresh-token-idle", options.refresh_idle_s,
                      "Seconds a refresh token waits to be used (1209600); 0: no such limit");
  command->add_option("--refresh-token-grace", options.refresh_grace_s,
                      "Seconds in which a refresh whose answer was lost may be repeated (10), at "
                      "most 60; 0: never");
  command->add_option("--revocable-by-admins-only", options.revocable_by_admins_only,
                      "true or false: clients may not revoke their own tokens");
  command->add_option("--revocable", options.revocable,
                      "true or false: nobody may revoke one token alone; ending a client, an API "
                      "or a key always works");
  command
      ->add_option("--admin-revocable-origin", options.admin_revocable_origins,
                   "Administrators may revoke single tokens of this origin only, may repeat; or "
                   "none")
      ->check(CLI::IsMember({"console", "api", "oauth_flow", "external", "embedded", "none"}));
  command->add_option("--introspector", options.introspectors,
                      "Client id that may introspect the API's tokens; may repeat");
}

}  // namespace

void add_api_commands(CommandLine& line) {
  static ApiOptions options;
  auto* group = line.add_group("api", "APIs that tokens are for", "api list --data ./data");
  const auto add = [&](const char* name, const char* description, const char* example,
                       std::function<ExitCode()> run) {
    return line.add_anywhere(group, {name, description, example, std::move(run)});
  };
  const auto with_identifier = [&](CLI::App* command) {
    command->add_option("identifier", options.identifier, "The audience of its tokens")->required();
    return command;
  };
  auto* create = with_identifier(
      add("create", "Create an API",
          "api create https://api.example/orders --data ./data --scope read --scope write",
          [&line] { return create_api(line, options); }));
  add_settings(create, options);
  create->add_option("--secret-file", options.secret_file,
                     "HS256: write the signing secret to this new 0600 file instead of stdout");
  add("list", "List the APIs", "api list --data ./data", [&line] { return list_apis(line); });
  with_identifier(
      add("show", "Show one API", "api show https://api.example/orders --data ./data", [&line] {
        return ask_and_show(line, Needs::log, {.method = "GET", .target = target_of(options)});
      }));
  add_settings(with_identifier(
                   add("update", "Change what is given, keep the rest; for new tokens only",
                       "api update https://api.example/orders --data ./data --token-lifetime 300",
                       [&line] {
                         return ask_and_show(line, Needs::log,
                                             {.method = "PATCH",
                                              .target = target_of(options),
                                              .body = json::serialize(settings_of(options))});
                       })),
               options);
  with_identifier(add("delete", "Delete the API and revoke all its tokens",
                      "api delete https://api.example/orders --data ./data", [&line] {
                        return ask_and_show(line, Needs::log,
                                            {.method = "DELETE", .target = target_of(options)});
                      }));
}

}  // namespace tokenledger
