// `tokenledger key`: the keys that sign tokens. Private keys never leave the directory: importing
// one needs it.
#include <boost/json.hpp>

#include "core/pem_key.hpp"
#include "tools/answer.hpp"
#include "tools/offline_ledger.hpp"

namespace tokenledger {
namespace {

namespace json = boost::json;

constexpr std::uint64_t kItemsMax = kKeysMax;

struct KeyOptions {
  std::string kid;
  std::string algorithm = "ES256";
  std::string file;
  std::string reason;
  bool force = false;
};

const Columns kColumns = {
    {"kid", "alg", "status", "created_at", "activated_at"},
    {"kid", "alg", "status", "imported", "published", "created_at", "activated_at", "ended_at"}};

std::string target_of(const KeyOptions& options) {
  return "/v1/keys/" + percent_encoded(options.kid);
}

ExitCode import_key(CommandLine& line, const KeyOptions& options) {
  const auto pem = read_secret(options.file, "a private key") + "\n";
  const auto ledger = open_offline(line);
  const auto added = ledger->import_key(pem, {});
  if (!added) {
    if (added.error() == Errc::invalid_argument) {
      throw Failure{ExitCode::usage,
                    "not one unencrypted PKCS #8 key (BEGIN PRIVATE KEY): RSA with 2048 to 4096 "
                    "bits, P-256 or Ed25519"};
    }
    fail("import the key", added.error());
  }
  line.was_changed = true;
  print(added->kid + "\n");
  return ExitCode::ok;
}

// Only whoever holds the directory may have a key sign that verifiers may not have yet.
ExitCode force(CommandLine& line, const KeyOptions& options) {
  if (line.data.empty()) throw Failure{ExitCode::usage, "--force needs --data"};
  const auto ledger = open_offline(line);
  const auto done =
      ledger->submit({{.kind = ActorKind::host}, {}, std::nullopt, ActivateKey{options.kid, true}});
  if (!done) fail("activate the key", done.error());
  line.was_changed = true;
  return ExitCode::ok;
}

ExitCode activate(CommandLine& line, const KeyOptions& options) {
  if (options.force) return force(line, options);
  return ask_and_show(line, Needs::log,
                      {.method = "POST", .target = target_of(options) + "/activate"});
}

ExitCode revoke(CommandLine& line, const KeyOptions& options) {
  json::object body;
  if (!options.reason.empty()) body["reason"] = options.reason;
  return ask_and_show(
      line, Needs::log,
      {.method = "POST", .target = target_of(options) + "/revoke", .body = json::serialize(body)});
}

}  // namespace

void add_key_commands(CommandLine& line) {
  static KeyOptions options;
  auto* group = line.add_group("key", "The keys that sign tokens", "key list --data ./data");
  const auto add = [&](const char* name, const char* description, const char* example,
                       std::function<ExitCode()> run) {
    return line.add_anywhere(group, {name, description, example, std::move(run)});
  };
  const auto with_kid = [&](CLI::App* command) {
    command->add_option("kid", options.kid, "The key's id")->required();
    return command;
  };
  add("list", "List the signing keys", "key list --data ./data", [&line] {
    const auto door = open_door(line, Needs::log);
    show_pages(line, *door, {.target = "/v1/keys?", .limit = kItemsMax, .cursor = {}}, kColumns);
    return ExitCode::ok;
  });
  add("add", "Draw a key: published from now on, it signs once it is activated",
      "key add --data ./data --alg ES256",
      [&line] {
        return ask_and_show(line, Needs::log,
                            {.method = "POST",
                             .target = "/v1/keys",
                             .body = json::serialize(json::object{{"alg", options.algorithm}})});
      })
      ->add_option("--alg", options.algorithm, "Algorithm: RS256, ES256 or EdDSA (ES256)")
      ->check(CLI::IsMember({"RS256", "ES256", "EdDSA"}));
  with_kid(add("activate",
               "Let the key sign; the one before is retired and its tokens stay good. Ten minutes "
               "after it was added, so that verifiers have it",
               "key activate KID --data ./data", [&line] { return activate(line, options); }))
      ->add_flag("--force", options.force, "Though it is newer; with --data");
  with_kid(add("retire", "Sign no more with a key that is not the one in use",
               "key retire KID --data ./data", [&line] {
                 return ask_and_show(line, Needs::log,
                                     {.method = "POST", .target = target_of(options) + "/retire"});
               }));
  with_kid(add("revoke", "End every token that the key signed; another signs in its place",
               "key revoke KID --data ./data --reason 'laptop stolen'",
               [&line] { return revoke(line, options); }))
      ->add_option("--reason", options.reason,
                   "Free text, stored encrypted and never erased: nothing about a person");
  auto* importing = line.add_offline(
      group,
      {"import", "Take over a key from elsewhere; prints its id. It waits like a new one",
       "key import --data ./data --file key.pem", [&line] { return import_key(line, options); }});
  importing->add_option("--file", options.file, "PKCS #8 in PEM, not encrypted; - is stdin")
      ->required();
}

}  // namespace tokenledger
