// `tokenledger admin-token`: a new administrator's token while no server runs.
#include <string>

#include "storage/ledger_core.hpp"
#include "tools/admin_token.hpp"
#include "tools/offline_ledger.hpp"
#include "tools/web_address.hpp"

namespace tokenledger {

namespace {

struct AdminTokenOptions {
  std::uint32_t days = 90;
  bool create = false;
  std::string issuer;
};

ExitCode make_admin_token(CommandLine& line, const AdminTokenOptions& options) {
  LedgerOptions opening;
  opening.directory = line.data;
  opening.create_if_missing = options.create;
  opening.keyring_key_file = line.keyring_key_file;
  if (!options.issuer.empty()) require_issuer(options.issuer, false);
  opening.issuer = options.issuer;
  const auto ledger = open_ledger(std::move(opening));
  const auto path = replace_admin_token(*ledger, options.days * 86'400);
  line.was_changed = true;
  print(path.string() + "\n");
  return ExitCode::ok;
}

}  // namespace

void add_admin_token_command(CommandLine& line) {
  static AdminTokenOptions options;
  auto* command = line.add_offline(
      line.app,
      {"admin-token",
       "Make a new administrator's token and replace DIR/admin-token with it; prints the path, "
       "never the token. Earlier ones stay good until they expire or are revoked",
       "admin-token --data ./data", [&line] { return make_admin_token(line, options); }});
  command->add_option("--days", options.days, "Days until it expires (90)")
      ->check(CLI::Range(1, 365));
  command->add_flag("--create", options.create, "Make the ledger first if there is none at DIR");
  command->add_option("--issuer", options.issuer, "With --create: the URL that becomes `iss`");
}

}  // namespace tokenledger
