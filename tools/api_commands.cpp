// `tokenledger api`: the APIs (resource servers) that tokens are for.
#include <memory>

#include "api/rfc3339.hpp"
#include "tools/offline_ledger.hpp"

namespace tokenledger {
namespace {

struct ApiOptions {
  std::string identifier;
  std::string name;
  std::vector<std::string> scopes;
  std::optional<std::uint32_t> lifetime_s;
  std::optional<std::uint32_t> lifetime_max_s;
  std::string signing_alg;
  std::string token_format;
  std::optional<bool> allow_offline_access;
  std::vector<std::string> introspectors;
  std::string secret_file;
};

const std::vector<std::string> kColumns = {"identifier",
                                           "name",
                                           "scopes",
                                           "token_lifetime",
                                           "token_lifetime_max",
                                           "allow_offline_access",
                                           "signing_alg",
                                           "token_format",
                                           "introspectors",
                                           "created_at",
                                           "built_in",
                                           "seq"};

Record record_of(const ApiRecord& api) {
  std::vector<std::string> scopes;
  for (const auto& scope : api.settings.scopes) scopes.push_back(scope.name);
  return {{"identifier", api.identifier},
          {"name", api.settings.name},
          {"scopes", scopes},
          {"token_lifetime", std::uint64_t{api.settings.token_lifetime_s}},
          {"token_lifetime_max", std::uint64_t{api.settings.token_lifetime_max_s}},
          {"allow_offline_access", api.settings.allow_offline_access},
          {"signing_alg", std::string{algorithm_name(api.settings.signing_alg)}},
          {"token_format",
           std::string{api.settings.token_format == TokenKind::opaque ? "opaque" : "jwt"}},
          {"introspectors", api.settings.introspectors},
          {"created_at", format_rfc3339(to_seconds(api.created_at))},
          {"built_in", api.built_in},
          {"seq", api.updated_seq.value()}};
}

// "read" or "read=May look at everything".
ScopeDefinition scope_of(const std::string& text) {
  const auto equals = text.find('=');
  if (equals == std::string::npos) return {text, {}};
  return {text.substr(0, equals), text.substr(equals + 1)};
}

void apply(const ApiOptions& options, ApiSettings& settings) {
  if (!options.name.empty()) settings.name = options.name;
  if (!options.scopes.empty()) {
    settings.scopes.clear();
    for (const auto& scope : options.scopes) settings.scopes.push_back(scope_of(scope));
  }
  if (options.lifetime_s) settings.token_lifetime_s = *options.lifetime_s;
  if (options.lifetime_max_s) settings.token_lifetime_max_s = *options.lifetime_max_s;
  if (const auto algorithm = algorithm_from_name(options.signing_alg))
    settings.signing_alg = *algorithm;
  if (!options.token_format.empty())
    settings.token_format = options.token_format == "opaque" ? TokenKind::opaque : TokenKind::jwt;
  if (options.allow_offline_access) settings.allow_offline_access = *options.allow_offline_access;
  if (!options.introspectors.empty()) settings.introspectors = options.introspectors;
}

ApiRecord find_live(const Ledger& ledger, const std::string& identifier) {
  std::optional<ApiRecord> found;
  ledger.with_registries([&](const Registries& registries) {
    if (const auto* api = registries.find_api(identifier)) found = *api;
  });
  if (!found) fail("find the API", Errc::api_not_found);
  return *found;
}

ExitCode show(const CommandLine& line, const Ledger& ledger, const std::string& identifier) {
  print(render(record_of(find_live(ledger, identifier)), line.format));
  return ExitCode::ok;
}

ExitCode create_api(const CommandLine& line, const ApiOptions& options) {
  const bool is_hs256 = options.signing_alg == "HS256";
  if (!is_hs256 && !options.secret_file.empty())
    throw Failure{ExitCode::usage, "--secret-file goes with --signing-alg HS256 only"};
  SecretFile file{options.secret_file};
  const auto ledger = open_offline(line);
  CreateApi create{
      .identifier = options.identifier, .built_in = false, .settings = {}, .hs256_kid = {}};
  create.settings.name = options.identifier;
  create.settings.signing_alg = SignatureAlgorithm::es256;
  apply(options, create.settings);
  std::string secret;
  if (is_hs256) {
    auto made = require("create the API",
                        ledger->create_api_with_secret(
                            {Actor{.kind = ActorKind::host}, {}, std::nullopt, std::move(create)}));
    secret = std::move(made.secret);
  } else {
    submit_as_host(*ledger, "create the API", std::move(create));
  }
  auto record = record_of(find_live(*ledger, options.identifier));
  if (is_hs256 && file.is_stdout()) record.emplace_back("signing_secret", secret);
  if (is_hs256 && !file.is_stdout()) file.write(secret);
  print(render(record, line.format));
  return ExitCode::ok;
}

ExitCode list_apis(const CommandLine& line) {
  const auto ledger = open_offline(line);
  Listing listing{{"identifier", "name", "scopes", "token_lifetime", "signing_alg", "token_format"},
                  kColumns,
                  {},
                  {}};
  ledger->with_registries([&](const Registries& registries) {
    for (const auto& api : registries.apis()) {
      if (!api.deleted) listing.items.push_back(record_of(api));
    }
  });
  listing.summary = {{"total", std::uint64_t{listing.items.size()}}};
  print(render(listing, line.format));
  return ExitCode::ok;
}

ExitCode update_api(const CommandLine& line, const ApiOptions& options) {
  const auto ledger = open_offline(line);
  UpdateApi update{options.identifier, find_live(*ledger, options.identifier).settings};
  apply(options, update.settings);
  submit_as_host(*ledger, "update the API", std::move(update));
  return show(line, *ledger, options.identifier);
}

void add_settings(CLI::App* command, ApiOptions& options) {
  command->add_option("--name", options.name, "A label, stored plain");
  command->add_option("--scope", options.scopes,
                      "NAME or NAME=DESCRIPTION, may repeat; replaces the whole list");
  command
      ->add_option("--token-lifetime", options.lifetime_s,
                   "Seconds a token lives unless asked otherwise (86400); 300 suits a bank")
      ->check(CLI::PositiveNumber);
  command->add_option("--token-lifetime-max", options.lifetime_max_s, "Seconds it may live")
      ->check(CLI::PositiveNumber);
  command->add_option("--signing-alg", options.signing_alg, "RS256, ES256, EdDSA or HS256")
      ->check(CLI::IsMember({"RS256", "ES256", "EdDSA", "HS256"}));
  command->add_option("--token-format", options.token_format, "jwt or opaque")
      ->check(CLI::IsMember({"jwt", "opaque"}));
  command->add_option("--allow-offline-access", options.allow_offline_access, "true or false");
  command->add_option("--introspector", options.introspectors,
                      "Client id that may introspect the API's tokens; may repeat");
}

}  // namespace

void add_api_commands(CommandLine& line) {
  const auto options = std::make_shared<ApiOptions>();
  auto* group = line.add_group("api", "APIs that tokens are for");
  const auto add = [&](const std::string& name, const std::string& description,
                       const std::string& example, std::function<ExitCode()> run) {
    auto* command = line.add(group, name, description, example, std::move(run));
    line.add_data_options(command);
    line.add_format_option(command);
    return command;
  };
  const auto with_identifier = [&](CLI::App* command) {
    command->add_option("identifier", options->identifier, "The audience of its tokens")
        ->required();
    return command;
  };
  auto* create = with_identifier(
      add("create", "Create an API",
          "api create https://api.example/orders --data ./data --scope read --scope write",
          [&line, options] { return create_api(line, *options); }));
  add_settings(create, *options);
  create->add_option("--secret-file", options->secret_file,
                     "HS256: write the signing secret to this new 0600 file instead of stdout");
  add("list", "List the APIs", "api list --data ./data", [&line] { return list_apis(line); });
  with_identifier(
      add("show", "Show one API", "api show https://api.example/orders --data ./data",
          [&line, options] { return show(line, *open_offline(line), options->identifier); }));
  add_settings(
      with_identifier(add("update", "Change what is given, keep the rest; for new tokens only",
                          "api update https://api.example/orders --data ./data "
                          "--token-lifetime 300",
                          [&line, options] { return update_api(line, *options); })),
      *options);
  with_identifier(add("delete", "Delete the API and revoke all its tokens",
                      "api delete https://api.example/orders --data ./data", [&line, options] {
                        submit_as_host(*open_offline(line), "delete the API",
                                       DeleteApi{options->identifier});
                        return ExitCode::ok;
                      }));
}

}  // namespace tokenledger
