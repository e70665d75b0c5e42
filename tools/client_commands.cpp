// `tokenledger client`: API clients. Their secrets are shown once, at registration and rotation.
#include <boost/json.hpp>

#include "tools/answer.hpp"
#include "tools/offline_ledger.hpp"

namespace tokenledger {
namespace {

namespace json = boost::json;

constexpr std::uint64_t kItemsMax = 1'048'576;  // as many as a ledger can have

struct ClientOptions {
  std::string client_id;
  std::string name;
  std::vector<std::string> grant_types;
  std::vector<std::string> redirect_uris;
  std::string token_format;
  std::uint32_t live_tokens_max = 0;  // 0: not given
  std::string secret_file;
  std::string authentication;
  std::string jwks_file;
  std::string id_token_alg;
  std::string pkce;
  std::uint32_t overlap_s = 0;
};

const Columns kColumns = {
    {"client_id", "name", "status", "grant_types", "created_at"},
    {"client_id", "name", "status", "grant_types", "redirect_uris", "token_format",
     "live_tokens_max", "token_endpoint_auth_method", "jwks", "id_token_signed_response_alg",
     "pkce_optional", "built_in", "created_at"}};

std::string target_of(const ClientOptions& options) {
  return "/v1/clients/" + percent_encoded(options.client_id);
}

json::value read_jwks(const std::string& path) {
  boost::system::error_code error;
  auto jwks = json::parse(read_secret(path, "a key set"), error);
  if (error)
    throw Failure{ExitCode::usage, path + " is not JSON: it should hold {\"keys\": [...]}"};
  return jwks;
}

// What was given; what was not stays as it is.
json::object settings_of(const ClientOptions& options) {
  json::object body;
  if (!options.name.empty()) body["name"] = options.name;
  if (!options.grant_types.empty()) body["grant_types"] = json::value_from(options.grant_types);
  if (!options.redirect_uris.empty())
    body["redirect_uris"] = json::value_from(options.redirect_uris);
  if (options.token_format == "api") body["token_format"] = nullptr;
  if (!options.token_format.empty() && options.token_format != "api")
    body["token_format"] = options.token_format;
  if (options.live_tokens_max != 0) body["live_tokens_max"] = options.live_tokens_max;
  if (!options.authentication.empty()) body["token_endpoint_auth_method"] = options.authentication;
  if (!options.jwks_file.empty()) body["jwks"] = read_jwks(options.jwks_file);
  if (options.id_token_alg == "api") body["id_token_signed_response_alg"] = nullptr;
  if (!options.id_token_alg.empty() && options.id_token_alg != "api")
    body["id_token_signed_response_alg"] = options.id_token_alg;
  if (!options.pkce.empty()) body["pkce_optional"] = options.pkce == "optional";
  return body;
}

// Registration and rotation: the answer holds a new secret.
ExitCode make_secret(CommandLine& line, const ClientOptions& options, HttpQuestion question) {
  SecretFile file{options.secret_file};
  const auto door = open_door(line, Needs::log);
  auto answer = ask(line, *door, question);
  hand_over_secret(file, answer, "client_secret");
  show(line, answer);
  return ExitCode::ok;
}

ExitCode register_client(CommandLine& line, const ClientOptions& options) {
  auto body = settings_of(options);
  if (!options.client_id.empty()) body["client_id"] = options.client_id;
  if (options.name.empty())
    body["name"] = options.client_id.empty() ? "unnamed" : options.client_id;
  return make_secret(line, options,
                     {.method = "POST", .target = "/v1/clients", .body = json::serialize(body)});
}

ExitCode rotate_secret(CommandLine& line, const ClientOptions& options) {
  const json::object body{{"overlap_seconds", options.overlap_s}};
  return make_secret(line, options,
                     {.method = "POST",
                      .target = target_of(options) + "/rotate-secret",
                      .body = json::serialize(body)});
}

ExitCode list_clients(CommandLine& line) {
  const auto door = open_door(line, Needs::log);
  show_pages(line, *door, {.target = "/v1/clients?", .limit = kItemsMax, .cursor = {}}, kColumns);
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
  command
      ->add_option("--token-format", options.token_format,
                   "jwt, opaque, jwe, or api: as the API has")
      ->check(CLI::IsMember({"jwt", "opaque", "jwe", "api"}));
  command
      ->add_option("--live-tokens-max", options.live_tokens_max,
                   "Unexpired tokens it may have, revoked ones included")
      ->check(CLI::Range(1u, kLiveTokensPerClientMax));
  command
      ->add_option("--auth-method", options.authentication,
                   "client_secret: either way; client_secret_basic, client_secret_post, "
                   "private_key_jwt; none: a public client")
      ->check(CLI::IsMember({"client_secret", "client_secret_basic", "client_secret_post",
                             "private_key_jwt", "none"}));
  command->add_option("--jwks-file", options.jwks_file,
                      "Its public keys as a JWK set, for private_key_jwt; - is stdin");
  command
      ->add_option("--id-token-alg", options.id_token_alg,
                   "RS256, ES256, EdDSA, or api: as the API has")
      ->check(CLI::IsMember({"RS256", "ES256", "EdDSA", "api"}));
  command
      ->add_option("--pkce", options.pkce,
                   "required, or optional: for a confidential client that knows no PKCE")
      ->check(CLI::IsMember({"required", "optional"}));
}

CLI::App* with_secret_file(CLI::App* command, ClientOptions& options) {
  command->add_option("--secret-file", options.secret_file,
                      "Write the secret to this new 0600 file instead of stdout");
  return command;
}

}  // namespace

void add_client_commands(CommandLine& line) {
  static ClientOptions options;
  auto* group = line.add_group("client", "API clients", "client list --data ./data");
  const auto add = [&](const char* name, const char* description, const char* example,
                       std::function<ExitCode()> run) {
    return line.add_anywhere(group, {name, description, example, std::move(run)});
  };
  const auto with_id = [&](CLI::App* command) {
    command->add_option("client_id", options.client_id, "The client's id")->required();
    return command;
  };
  // Subcommands that differ by method and the end of the path only.
  const auto add_change = [&](const char* name, const char* description, const char* example,
                              const char* method, const char* path_end) {
    with_id(add(name, description, example, [&line, method, path_end] {
      return ask_and_show(line, Needs::log,
                          {.method = method, .target = target_of(options) + path_end});
    }));
  };
  auto* registering =
      add("register", "Register a client; its secret is shown once",
          "client register shop --data ./data --name Shop --secret-file shop.secret",
          [&line] { return register_client(line, options); });
  registering->add_option("client_id", options.client_id, "Its id; absent: one is drawn");
  add_settings(with_secret_file(registering, options), options);
  add("list", "List the clients", "client list --data ./data --format csv",
      [&line] { return list_clients(line); });
  add_change("show", "Show one client", "client show shop --data ./data", "GET", "");
  add_settings(with_id(add("update", "Change what is given, keep the rest",
                           "client update shop --data ./data --name 'Web shop'",
                           [&line] {
                             return ask_and_show(line, Needs::log,
                                                 {.method = "PATCH",
                                                  .target = target_of(options),
                                                  .body = json::serialize(settings_of(options))});
                           })),
               options);
  with_secret_file(with_id(add("rotate-secret",
                               "Give the client a new secret; the old one ends, at once or later",
                               "client rotate-secret shop --data ./data --secret-file shop.secret",
                               [&line] { return rotate_secret(line, options); })),
                   options)
      ->add_option("--overlap", options.overlap_s,
                   "Seconds for which the old secret stays good (0)")
      ->check(CLI::Range(0u, kSecretOverlapSecondsMax));
  add_change("disable", "Disable the client and revoke all its tokens",
             "client disable shop --data ./data", "POST", "/disable");
  add_change("enable", "Enable the client again; tokens revoked before stay revoked",
             "client enable shop --data ./data", "POST", "/enable");
  add_change("delete", "Delete the client and revoke all its tokens; its id is never used again",
             "client delete shop --data ./data", "DELETE", "");
}

}  // namespace tokenledger
