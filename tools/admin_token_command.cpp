// `tokenledger admin-token`: a new administrator's token while no server runs.
#include <memory>
#include <string>

#include "storage/ledger_core.hpp"
#include "tools/admin_token.hpp"
#include "tools/offline_ledger.hpp"

namespace tokenledger {

void add_admin_token_command(CommandLine& line) {
  struct Options {
    std::uint32_t days = 90;
    bool create = false;
    std::string issuer;
  };
  const auto options = std::make_shared<Options>();
  auto* command = line.add(
      line.app, "admin-token",
      "Make a new administrator's token and replace DIR/admin-token with it; prints the path, "
      "never the token. Earlier ones stay good until they expire or are revoked",
      "admin-token --data ./data", [&line, options] {
        LedgerOptions opening;
        opening.directory = line.data;
        opening.create_if_missing = options->create;
        opening.keyring_key_file = line.keyring_key_file;
        opening.issuer = options->issuer;
        const auto ledger = open_ledger(std::move(opening));
        print(replace_admin_token(*ledger, options->days * 86'400).string() + "\n");
        return ExitCode::ok;
      });
  line.add_data_options(command);
  command->add_option("--days", options->days, "Days until it expires (90)")
      ->check(CLI::Range(1, 365));
  command->add_flag("--create", options->create, "Make the ledger first if there is none at DIR");
  command->add_option("--issuer", options->issuer, "With --create: the URL that becomes `iss`");
}

}  // namespace tokenledger
