// `tokenledger revoke-all`: many tokens by one selector, in one event where a cascade serves.
#include <boost/json.hpp>

#include "tools/answer.hpp"

namespace tokenledger {
namespace {

namespace json = boost::json;

struct Selector {
  const char* option;
  const char* member;
  const char* help;
  std::string value = {};
};

struct RevokeAllOptions {
  Selector selectors[6] = {
      {"--client", "client_id", "Every token of this client"},
      {"--api", "api", "Every token for the API of this identifier"},
      {"--subject", "subject", "Every token of this subject"},
      {"--owner", "owner", "Every token of this owner"},
      {"--signing-key", "signing_key", "Every token signed with the key of this kid"},
      {"--issued-before", "issued_before", "Every token issued before this time (RFC 3339)"},
  };
  bool all = false;
  bool dry_run = false;
  bool yes = false;
  std::string reason;
};

json::object selector_of(const RevokeAllOptions& options) {
  json::object selector;
  for (const auto& each : options.selectors)
    if (!each.value.empty()) selector[each.member] = each.value;
  if (options.all) selector["all"] = true;
  if (selector.size() == 1) return selector;
  throw Failure{ExitCode::usage,
                "say which tokens: exactly one of --client, --api, --subject, --owner, "
                "--signing-key, --issued-before and --all"};
}

ExitCode revoke_all(CommandLine& line, const RevokeAllOptions& options) {
  json::object body{{"selector", selector_of(options)}};
  if (!options.dry_run && !options.yes) {
    throw Failure{ExitCode::usage,
                  "this can't be taken back: look with --dry-run first, then say --yes"};
  }
  if (!options.reason.empty()) body["reason"] = options.reason;
  if (options.dry_run) body["dry_run"] = true;
  return ask_and_show(line, options.dry_run ? Needs::views : Needs::log,
                      {.method = "POST",
                       .target = "/v1/revocations",
                       .body = json::serialize(body),
                       .changes = !options.dry_run});
}

}  // namespace

void add_revoke_all_command(CommandLine& line) {
  static RevokeAllOptions options;
  auto* command = line.add_anywhere(
      line.app,
      {"revoke-all",
       "Revoke every active token that one selector names; --dry-run says how many and changes "
       "nothing",
       "revoke-all --data ./data --client shop --dry-run\n"
       "  tokenledger revoke-all --data ./data --client shop --yes --reason 'key leaked'",
       [&line] { return revoke_all(line, options); }});
  for (auto& each : options.selectors) command->add_option(each.option, each.value, each.help);
  command->add_flag("--all", options.all, "Every token of this ledger, the administrator's too");
  command->add_flag("--dry-run", options.dry_run, "Count only");
  command->add_flag("--yes", options.yes, "Do it; wanted unless --dry-run");
  command->add_option("--reason", options.reason,
                      "Free text, stored encrypted and never erased: nothing about a person");
}

}  // namespace tokenledger
