#include "tools/admin_token.hpp"

#include "core/byte_view.hpp"
#include "storage/durable_file.hpp"
#include "storage/ledger_core.hpp"
#include "tools/failure.hpp"

namespace tokenledger {
namespace {

constexpr std::uint32_t kFirstLifetimeSeconds = 90 * 86'400;

std::filesystem::path path_of(const Ledger& ledger) { return ledger.directory() / "admin-token"; }

}  // namespace

std::filesystem::path replace_admin_token(Ledger& ledger, std::uint32_t lifetime_s) {
  const auto path = path_of(ledger);
  const auto issued = require("make a token", ledger.make_admin_token(lifetime_s));
  const auto line = issued.token + "\n";
  require("write " + path.string(), write_durably(*ledger.core().files, path, bytes_of(line)));
  return path;
}

std::optional<std::filesystem::path> make_first_admin_token(Ledger& ledger) {
  const auto path = path_of(ledger);
  if (ledger.stats().tokens_issued != 0) return std::nullopt;
  const auto is_there = require("look for " + path.string(), ledger.core().files->exists(path));
  if (is_there) return std::nullopt;
  const auto issued = require("make a token", ledger.make_admin_token(kFirstLifetimeSeconds));
  const auto line = issued.token + "\n";
  require("write " + path.string(), create_durably(*ledger.core().files, path, bytes_of(line)));
  return path;
}

}  // namespace tokenledger
