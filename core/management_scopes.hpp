// The scopes of the built-in management API, which protects /v1 with the ledger's own tokens (A02,
// B13).
//
// A scope's bit in a mask is its position in kManagementScopes: new ones go to the end.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace tokenledger {

inline constexpr std::string_view kManagementAudience = "urn:tokenledger:management";
inline constexpr std::string_view kNamedTokensClientId = "tokenledger-named";

enum class ManagementScope : std::uint8_t {
  tokens_read,
  tokens_create,
  tokens_revoke,
  tokens_edit,
  clients_read,
  clients_write,
  apis_read,
  apis_write,
  events_read,
  audit_read,
  notes_write,
  check,
  introspect,
  metrics_read,
  owners_erase,
  ledger_backup,
  users_read,
  users_write,
  consents_write,
  keys_read,
  keys_write,
};

struct ManagementScopeText {
  std::string_view name;
  std::string_view description;
};
inline constexpr std::array<ManagementScopeText, 21> kManagementScopes = {{
    {"tokens:read", "List tokens and see their rows"},
    {"tokens:create", "Make named tokens"},
    {"tokens:revoke", "Revoke tokens"},
    {"tokens:edit", "Edit owner and extra fields of tokens"},
    {"clients:read", "List clients and their grants"},
    {"clients:write", "Register, change, disable and delete clients and their grants"},
    {"apis:read", "List APIs"},
    {"apis:write", "Create, change and delete APIs"},
    {"events:read", "Read the log as events"},
    {"audit:read", "Read log entries and proofs"},
    {"notes:write", "Append notes"},
    {"check", "Ask whether tokens are good"},
    {"introspect", "Introspect tokens of every API"},
    {"metrics:read", "Read the metrics"},
    {"owners:erase", "Erase what is stored of an owner, for good"},
    {"ledger:backup", "Make backups on the server's disk"},
    {"users:read", "List users, groups and consents"},
    {"users:write", "Register, change, disable and enable users, and their groups"},
    {"consents:write", "Consent in advance for groups, and withdraw consents"},
    {"keys:read", "List signing keys"},
    {"keys:write", "Add, activate, retire and revoke signing keys"},
}};

[[nodiscard]] constexpr std::uint64_t mask_of(ManagementScope scope) noexcept {
  return std::uint64_t{1} << static_cast<unsigned>(scope);
}
inline constexpr std::uint64_t kManagementScopesAll =
    (std::uint64_t{1} << kManagementScopes.size()) - 1;

}  // namespace tokenledger
