// `tokenledger client`: API clients. Their secrets are shown once, at registration and rotation.
#include <memory>

#include "api/rfc3339.hpp"
#include "core/base64url.hpp"
#include "storage/random.hpp"
#include "tools/offline_ledger.hpp"

namespace tokenledger {
namespace {

struct ClientOptions {
  std::string client_id;
  std::string name;
  std::vector<std::string> grant_types;
  std::vector<std::string> redirect_uris;
  std::string token_format;
  std::string secret_file;
};

constexpr std::pair<const char*, GrantType> kGrantTypes[] = {
    {"client_credentials", GrantType::client_credentials},
    {"authorization_code", GrantType::authorization_code},
    {"refresh_token", GrantType::refresh_token},
    {"implicit", GrantType::implicit},
};
const std::vector<std::string> kListColumns = {"client_id",   "name",          "status",
                                               "grant_types", "redirect_uris", "token_format",
                                               "created_at",  "built_in",      "seq"};

std::vector<std::string> grant_type_names(std::uint8_t bits) {
  std::vector<std::string> names;
  for (const auto& [name, type] : kGrantTypes) {
    if ((bits & static_cast<std::uint8_t>(type)) != 0) names.emplace_back(name);
  }
  return names;
}

std::string_view status_text(ClientStatus status) {
  switch (status) {
    case ClientStatus::enabled: return "enabled";
    case ClientStatus::disabled: return "disabled";
    case ClientStatus::deleted: return "deleted";
  }
  return "unknown";
}

Value format_value(const std::optional<TokenKind>& kind) {
  if (!kind) return std::monostate{};
  return std::string{*kind == TokenKind::opaque ? "opaque" : "jwt"};
}

Record record_of(const ClientRecord& client) {
  return {{"client_id", client.client_id},
          {"name", client.settings.name},
          {"status", std::string{status_text(client.status)}},
          {"grant_types", grant_type_names(client.settings.grant_types)},
          {"redirect_uris", client.settings.redirect_uris},
          {"token_format", format_value(client.settings.token_format)},
          {"created_at", format_rfc3339(to_seconds(client.created_at))},
          {"built_in", client.built_in},
          {"seq", client.updated_seq.value()}};
}

// What was given replaces; what was not stays.
void apply(const ClientOptions& options, ClientSettings& settings) {
  if (!options.name.empty()) settings.name = options.name;
  if (!options.redirect_uris.empty()) settings.redirect_uris = options.redirect_uris;
  if (options.token_format == "api") settings.token_format.reset();
  if (options.token_format == "jwt") settings.token_format = TokenKind::jwt;
  if (options.token_format == "opaque") settings.token_format = TokenKind::opaque;
  if (options.grant_types.empty()) return;
  settings.grant_types = 0;
  for (const auto& [name, type] : kGrantTypes) {
    if (std::ranges::find(options.grant_types, name) != options.grant_types.end())
      settings.grant_types |= static_cast<std::uint8_t>(type);
  }
}

// A copy of a client that is not deleted.
ClientRecord find_live(const Ledger& ledger, const std::string& client_id) {
  std::optional<ClientRecord> found;
  ledger.with_registries([&](const Registries& registries) {
    const auto* client = registries.find_client(client_id);
    if (client != nullptr && client->status != ClientStatus::deleted) found = *client;
  });
  if (!found) fail("find the client", Errc::client_not_found);
  return *found;
}

ExitCode show(const CommandLine& line, const Ledger& ledger, const std::string& client_id) {
  print(render(record_of(find_live(ledger, client_id)), line.format));
  return ExitCode::ok;
}

// In a table the secret stands alone on its line, so that $(...) of a shell finds it.
void hand_over(const CommandLine& line, SecretFile& file, const std::string& client_id,
               const std::string& secret) {
  Record answer{{"client_id", client_id}};
  if (file.is_stdout()) {
    answer.emplace_back("client_secret", secret);
  } else {
    file.write(secret);
  }
  print(render(answer, line.format));
}

ExitCode register_client(const CommandLine& line, ClientOptions options) {
  SecretFile file{options.secret_file};
  const auto ledger = open_offline(line);
  if (options.client_id.empty()) options.client_id = base64url_encode(random_bytes<15>());
  const auto secret = ledger->make_client_secret();
  RegisterClient add{.client_id = options.client_id,
                     .built_in = false,
                     .settings = {},
                     .secret_hash = secret.hash};
  add.settings.name = options.client_id;
  apply(options, add.settings);
  submit_as_host(*ledger, "register the client", std::move(add));
  hand_over(line, file, options.client_id, secret.secret);
  return ExitCode::ok;
}

ExitCode list_clients(const CommandLine& line) {
  const auto ledger = open_offline(line);
  Listing listing{
      {"client_id", "name", "status", "grant_types", "created_at"}, kListColumns, {}, {}};
  ledger->with_registries([&](const Registries& registries) {
    for (const auto& client : registries.clients()) {
      if (client.status != ClientStatus::deleted) listing.items.push_back(record_of(client));
    }
  });
  listing.summary = {{"total", std::uint64_t{listing.items.size()}}};
  print(render(listing, line.format));
  return ExitCode::ok;
}

ExitCode update_client(const CommandLine& line, const ClientOptions& options) {
  const auto ledger = open_offline(line);
  UpdateClient update{options.client_id, find_live(*ledger, options.client_id).settings};
  apply(options, update.settings);
  submit_as_host(*ledger, "update the client", std::move(update));
  return show(line, *ledger, options.client_id);
}

ExitCode rotate_secret(const CommandLine& line, const ClientOptions& options) {
  SecretFile file{options.secret_file};
  const auto ledger = open_offline(line);
  const auto secret = ledger->make_client_secret();
  submit_as_host(*ledger, "rotate the secret", RotateClientSecret{options.client_id, secret.hash});
  hand_over(line, file, options.client_id, secret.secret);
  return ExitCode::ok;
}

void add_settings(CLI::App* command, ClientOptions& options) {
  command->add_option("--name", options.name, "A label, stored plain");
  command
      ->add_option("--grant-type", options.grant_types,
                   "client_credentials, authorization_code, refresh_token, implicit; may repeat")
      ->check(
          CLI::IsMember({"client_credentials", "authorization_code", "refresh_token", "implicit"}));
  command->add_option("--redirect-uri", options.redirect_uris, "May repeat");
  command->add_option("--token-format", options.token_format, "jwt, opaque, or api: as the API has")
      ->check(CLI::IsMember({"jwt", "opaque", "api"}));
}

}  // namespace

void add_client_commands(CommandLine& line) {
  const auto options = std::make_shared<ClientOptions>();
  auto* group = line.add_group("client", "API clients");
  const auto add = [&](const std::string& name, const std::string& description,
                       const std::string& example, std::function<ExitCode()> run) {
    auto* command = line.add(group, name, description, example, std::move(run));
    line.add_data_options(command);
    line.add_format_option(command);
    return command;
  };
  const auto with_id = [&](CLI::App* command) {
    command->add_option("client_id", options->client_id, "The client's id")->required();
    return command;
  };
  const auto with_secret_file = [&](CLI::App* command) {
    command->add_option("--secret-file", options->secret_file,
                        "Write the secret to this new 0600 file instead of stdout");
    return command;
  };

  auto* registering =
      add("register", "Register a client; its secret is shown once",
          "client register shop --data ./data --name Shop --secret-file shop.secret",
          [&line, options] { return register_client(line, *options); });
  registering->add_option("client_id", options->client_id, "Its id; absent: one is drawn");
  add_settings(with_secret_file(registering), *options);
  add("list", "List the clients", "client list --data ./data --format csv",
      [&line] { return list_clients(line); });
  with_id(add("show", "Show one client", "client show shop --data ./data",
              [&line, options] { return show(line, *open_offline(line), options->client_id); }));
  add_settings(with_id(add("update", "Change what is given, keep the rest",
                           "client update shop --data ./data --name 'Web shop'",
                           [&line, options] { return update_client(line, *options); })),
               *options);
  with_secret_file(with_id(add("rotate-secret", "Give the client a new secret; the old one ends",
                               "client rotate-secret shop --data ./data --secret-file shop.secret",
                               [&line, options] { return rotate_secret(line, *options); })));
  with_id(add("disable", "Disable the client and revoke all its tokens",
              "client disable shop --data ./data", [&line, options] {
                const auto ledger = open_offline(line);
                submit_as_host(*ledger, "disable the client", DisableClient{options->client_id});
                return show(line, *ledger, options->client_id);
              }));
  with_id(add("enable", "Enable the client again; tokens revoked before stay revoked",
              "client enable shop --data ./data", [&line, options] {
                const auto ledger = open_offline(line);
                submit_as_host(*ledger, "enable the client", EnableClient{options->client_id});
                return show(line, *ledger, options->client_id);
              }));
  with_id(add("delete", "Delete the client and revoke all its tokens; its id is never used again",
              "client delete shop --data ./data", [&line, options] {
                submit_as_host(*open_offline(line), "delete the client",
                               DeleteClient{options->client_id});
                return ExitCode::ok;
              }));
}

}  // namespace tokenledger
