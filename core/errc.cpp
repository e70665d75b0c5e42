#include "core/errc.hpp"

#include <string>

namespace tokenledger {
namespace {

class LedgerCategory final : public boost::system::error_category {
 public:
  const char* name() const noexcept override { return "tokenledger"; }
  std::string message(int value) const override { return errc_name(static_cast<Errc>(value)); }
};

}  // namespace

const boost::system::error_category& ledger_category() noexcept {
  static const LedgerCategory category;
  return category;
}

boost::system::error_code make_error_code(Errc code) noexcept {
  return {static_cast<int>(code), ledger_category()};
}

const char* errc_name(Errc code) noexcept {
  switch (code) {
    case Errc::invalid_argument: return "invalid_argument";
    case Errc::too_large: return "too_large";
    case Errc::unauthorized_actor: return "unauthorized_actor";
    case Errc::insufficient_scope: return "insufficient_scope";
    case Errc::client_not_found: return "client_not_found";
    case Errc::client_disabled: return "client_disabled";
    case Errc::client_exists: return "client_exists";
    case Errc::api_not_found: return "api_not_found";
    case Errc::api_exists: return "api_exists";
    case Errc::api_built_in: return "api_built_in";
    case Errc::client_built_in: return "client_built_in";
    case Errc::grant_not_found: return "grant_not_found";
    case Errc::grant_exists: return "grant_exists";
    case Errc::scope_not_granted: return "scope_not_granted";
    case Errc::scope_unknown: return "scope_unknown";
    case Errc::lifetime_too_long: return "lifetime_too_long";
    case Errc::expiry_in_the_past: return "expiry_in_the_past";
    case Errc::algorithm_not_allowed: return "algorithm_not_allowed";
    case Errc::key_not_found: return "key_not_found";
    case Errc::key_exists: return "key_exists";
    case Errc::stale_policy: return "stale_policy";
    case Errc::token_not_found: return "token_not_found";
    case Errc::owner_not_found: return "owner_not_found";
    case Errc::not_active: return "not_active";
    case Errc::not_revocable: return "not_revocable";
    case Errc::already_in_state: return "already_in_state";
    case Errc::idempotency_mismatch: return "idempotency_mismatch";
    case Errc::idempotency_full: return "idempotency_full";
    case Errc::limit_reached: return "limit_reached";
    case Errc::too_many_live_tokens: return "too_many_live_tokens";
    case Errc::sweep_mismatch: return "sweep_mismatch";
    case Errc::user_not_found: return "user_not_found";
    case Errc::user_exists: return "user_exists";
    case Errc::user_disabled: return "user_disabled";
    case Errc::group_not_found: return "group_not_found";
    case Errc::group_exists: return "group_exists";
    case Errc::consent_not_found: return "consent_not_found";
    case Errc::grant_type_refused: return "grant_type_refused";
    case Errc::consent_required: return "consent_required";
    case Errc::code_unknown: return "code_unknown";
    case Errc::code_reused: return "code_reused";
    case Errc::code_mismatch: return "code_mismatch";
    case Errc::refresh_unknown: return "refresh_unknown";
    case Errc::refresh_expired: return "refresh_expired";
    case Errc::refresh_superseded: return "refresh_superseded";
    case Errc::refresh_reused: return "refresh_reused";
    case Errc::key_too_new: return "key_too_new";
    case Errc::key_signs: return "key_signs";
    case Errc::client_has_no_secret: return "client_has_no_secret";
    case Errc::format_not_active: return "format_not_active";
    case Errc::queue_full: return "queue_full";
    case Errc::busy_passwords: return "busy_passwords";
    case Errc::storage_low: return "storage_low";
    case Errc::shutting_down: return "shutting_down";
    case Errc::unknown_outcome: return "unknown_outcome";
    case Errc::malformed_token: return "malformed_token";
    case Errc::unknown_token: return "unknown_token";
    case Errc::view_behind: return "view_behind";
    case Errc::sequence_in_future: return "sequence_in_future";
    case Errc::cursor_invalid: return "cursor_invalid";
    case Errc::io_error: return "io_error";
    case Errc::address_in_use: return "address_in_use";
    case Errc::file_not_found: return "file_not_found";
    case Errc::file_exists: return "file_exists";
    case Errc::directory_locked: return "directory_locked";
    case Errc::directory_not_empty: return "directory_not_empty";
    case Errc::not_a_ledger: return "not_a_ledger";
    case Errc::keyring_missing: return "keyring_missing";
    case Errc::keyring_wrong_key: return "keyring_wrong_key";
    case Errc::keyring_corrupt: return "keyring_corrupt";
    case Errc::keyring_mismatch: return "keyring_mismatch";
    case Errc::log_corrupt: return "log_corrupt";
    case Errc::log_shorter_than_head: return "log_shorter_than_head";
    case Errc::older_than_checkpoint: return "older_than_checkpoint";
    case Errc::audit_corrupt: return "audit_corrupt";
    case Errc::audit_stopped: return "audit_stopped";
    case Errc::root_mismatch: return "root_mismatch";
    case Errc::head_corrupt: return "head_corrupt";
    case Errc::key_store_corrupt: return "key_store_corrupt";
    case Errc::data_key_missing: return "data_key_missing";
    case Errc::snapshot_corrupt: return "snapshot_corrupt";
    case Errc::snapshot_beyond_log: return "snapshot_beyond_log";
    case Errc::view_corrupt: return "view_corrupt";
    case Errc::unsupported_format: return "unsupported_format";
    case Errc::outdated_format: return "outdated_format";
    case Errc::clock_behind: return "clock_behind";
    case Errc::clock_jumped: return "clock_jumped";
    case Errc::crypto_failure: return "crypto_failure";
    case Errc::signature_invalid: return "signature_invalid";
  }
  return "unknown";
}

Errc to_errc(const boost::system::error_code& code) noexcept {
  if (code.category() == ledger_category()) return static_cast<Errc>(code.value());
  return Errc::io_error;
}

}  // namespace tokenledger
