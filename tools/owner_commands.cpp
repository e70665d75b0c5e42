// `tokenledger owner`: erase what is stored of an owner (INV-8).
#include <boost/json.hpp>

#include "tools/answer.hpp"
#include "tools/offline_ledger.hpp"

namespace tokenledger {
namespace {

namespace json = boost::json;

struct OwnerOptions {
  std::string name;
  std::string file;
  std::string reason;
  bool yes = false;
};

std::string owner_of(const CommandLine& line, const OwnerOptions& options) {
  if (options.name.empty() == options.file.empty())
    throw Failure{ExitCode::usage, "say whom: a name or --owner-file, one of them"};
  if (options.file.empty()) return options.name;
  if (options.file == "-" && line.token_file == "-" && !line.url.empty())
    throw Failure{ExitCode::usage, "only one of --owner-file and --token-file can be stdin"};
  return read_secret(options.file, "an owner's name");
}

ExitCode erase(CommandLine& line, const OwnerOptions& options) {
  if (!options.yes)
    throw Failure{ExitCode::usage,
                  "this can't be taken back, by no backup of ours either: say --yes"};
  json::object body{{"owner", owner_of(line, options)}};
  if (!options.reason.empty()) body["reason"] = options.reason;
  return ask_and_show(
      line, Needs::log,
      {.method = "POST", .target = "/v1/owners/erase", .body = json::serialize(body)});
}

}  // namespace

void add_owner_commands(CommandLine& line) {
  static OwnerOptions options;
  auto* group = line.add_group("owner", "The people and things that tokens belong to",
                               "owner erase --data ./data --owner-file - --yes");
  auto* command = line.add_anywhere(
      group, {"erase",
              "Make an owner's name and the extra fields of the owner's tokens unreadable, for "
              "good. Tokens stay as good as they are and every proof stays valid; revoke-all ends "
              "them, and must come first, for afterwards nobody finds them",
              "owner erase --data ./data --owner-file name.txt --yes --reason 'asked by letter'",
              [&line] { return erase(line, options); }});
  command->add_option(
      "name", options.name,
      "The whole name; whoever lists processes or reads the shell's history sees it");
  command->add_option("--owner-file", options.file,
                      "Read the name from this file instead; - is stdin");
  command->add_flag("--yes", options.yes, "Erase; it can not be undone");
  command->add_option("--reason", options.reason,
                      "Free text, stored encrypted and never erased: nothing about a person");
}

}  // namespace tokenledger
