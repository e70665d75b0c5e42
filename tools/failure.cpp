#include "tools/failure.hpp"

namespace tokenledger {
namespace {

// nullptr: the machine name says it all.
const char* sentence_of(Errc code) noexcept {
  switch (code) {
    case Errc::invalid_argument:
      return "a value is malformed or contradicts another; see --help for what is allowed";
    case Errc::too_large: return "a value is too long";
    case Errc::unauthorized_actor: return "the credentials are not good (any more)";
    case Errc::insufficient_scope: return "the token lacks the scope that this needs";
    case Errc::client_not_found: return "there is no such client; see `tokenledger client list`";
    case Errc::client_disabled: return "the client is disabled; see `tokenledger client enable`";
    case Errc::client_exists: return "the client id was used before, and ids are never used again";
    case Errc::api_not_found: return "there is no such API; see `tokenledger api list`";
    case Errc::api_exists:
      return "an API with this identifier exists; see `tokenledger api update`";
    case Errc::api_built_in: return "the built-in management API can't be changed so";
    case Errc::client_built_in: return "the built-in client can't be changed so";
    case Errc::grant_not_found:
      return "the client has no grant for this API; see `tokenledger grant add`";
    case Errc::grant_exists:
      return "the client has a grant already; see `tokenledger grant update`";
    case Errc::scope_not_granted: return "a scope goes beyond the client's grant";
    case Errc::scope_unknown:
      return "the API has no scope of this name; see `tokenledger api show`";
    case Errc::lifetime_too_long:
      return "the token would live longer than its API's token_lifetime_max allows";
    case Errc::expiry_in_the_past: return "the expiry must lie in the future";
    case Errc::algorithm_not_allowed: return "the API does not allow this format or algorithm";
    case Errc::key_not_found: return "there is no such signing key";
    case Errc::key_exists: return "the key exists already";
    case Errc::stale_policy: return "the policy changed meanwhile; try again";
    case Errc::token_not_found: return "this ledger never issued such a token";
    case Errc::owner_not_found:
      return "no token ever had this owner, or the owner was erased already";
    case Errc::not_active: return "it was revoked, withdrawn or expired already";
    case Errc::not_revocable: return "the API's policy keeps this token from being revoked so";
    case Errc::already_in_state: return "it is in that state already";
    case Errc::idempotency_mismatch: return "this key was used with another request";
    case Errc::idempotency_full: return "too many keys are in use; try again later";
    case Errc::too_many_live_tokens:
      return "the client has as many unexpired tokens as it may have: wait, or raise its "
             "--live-tokens-max";
    case Errc::limit_reached: return "a limit is reached; delete what is no longer needed";
    case Errc::user_not_found: return "there is no such user, or the user was erased";
    case Errc::user_exists: return "another user has this login";
    case Errc::user_disabled: return "the user is disabled";
    case Errc::group_not_found: return "there is no such group";
    case Errc::group_exists: return "a group with this name exists";
    case Errc::consent_not_found: return "there is no such consent";
    case Errc::grant_type_refused:
      return "the client may not use this grant type; see `tokenledger client update --grant-type`";
    case Errc::consent_required: return "the user did not consent to this, or no longer does";
    case Errc::code_unknown: return "the authorization code is unknown or expired";
    case Errc::code_reused:
      return "the authorization code was used before; what it made is revoked now";
    case Errc::code_mismatch:
      return "the redirect URI or the code verifier is not the one of the request";
    case Errc::refresh_unknown: return "the refresh token is unknown, or its sign-in was ended";
    case Errc::refresh_expired: return "the refresh token is expired";
    case Errc::refresh_superseded: return "the refresh token was replaced by a newer one";
    case Errc::refresh_reused:
      return "the refresh token was replaced earlier; all that came of that sign-in is revoked now";
    case Errc::key_too_new:
      return "verifiers may not have fetched the key yet: wait ten minutes, or force it";
    case Errc::key_signs: return "the key signs; activate its successor instead";
    case Errc::client_has_no_secret: return "the client does not authenticate with a secret";
    case Errc::format_not_active:
      return "the ledger is in an older format; see `tokenledger migrate`";
    case Errc::queue_full: return "the ledger is busy; try again";
    case Errc::busy_passwords: return "too many passwords are being checked; try again";
    case Errc::storage_low:
      return "the disk is nearly full, so no new token is made and no owner erased";
    case Errc::shutting_down: return "the ledger is closing";
    case Errc::unknown_outcome:
      return "the write may or may not have happened: list what is there before you repeat it";
    case Errc::malformed_token: return "this is not a token of any kind that this ledger makes";
    case Errc::unknown_token: return "this ledger never issued such a token";
    case Errc::audit_stopped:
      return "no checkpoints are made: they are switched off, or writing them failed";
    case Errc::view_behind:
      return "lists are still catching up with the log: try again; if that lasts, see `tokenledger "
             "views rebuild`";
    case Errc::sequence_in_future: return "that point is not in the log (yet)";
    case Errc::io_error: return "the system refused to read or write a file: check space and owner";
    case Errc::address_in_use: return "another process listens at that address and port";
    case Errc::file_not_found: return "there is no such file";
    case Errc::file_exists: return "the file exists already and is never overwritten";
    case Errc::clock_jumped: return "the clock jumped forward; set it and start again";
    case Errc::crypto_failure: return "the cryptographic library refused";
    case Errc::view_corrupt: return "the views are damaged; see `tokenledger views rebuild`";
    case Errc::cursor_invalid:
      return "the cursor is not one of a list with these filters; begin again without it";
    case Errc::unsupported_format:
      return "it was made by a newer version of tokenledger: upgrade this program";
    case Errc::outdated_format: return "it has an older layout: see `tokenledger migrate`";
    case Errc::sweep_mismatch:
    case Errc::directory_locked:
    case Errc::directory_not_empty:
    case Errc::not_a_ledger:
    case Errc::keyring_missing:
    case Errc::keyring_wrong_key:
    case Errc::keyring_corrupt:
    case Errc::keyring_mismatch:
    case Errc::log_corrupt:
    case Errc::log_shorter_than_head:
    case Errc::older_than_checkpoint:
    case Errc::audit_corrupt:
    case Errc::root_mismatch:
    case Errc::head_corrupt:
    case Errc::key_store_corrupt:
    case Errc::data_key_missing:
    case Errc::snapshot_corrupt:
    case Errc::snapshot_beyond_log:
    case Errc::clock_behind:
    case Errc::signature_invalid: return nullptr;
  }
  return nullptr;
}

}  // namespace

std::string exit_code_text() {
  return "  0  done\n"
         "  1  refused, or no such thing; nothing was changed\n"
         "  2  wrong usage; nothing was changed\n"
         "  3  the ledger can't be opened, or the server can't be reached\n"
         "  4  a verification found a difference\n"
         "  5  unknown outcome: look before you repeat it\n"
         "  6  done and durable, but the answer could not be written: look, don't repeat it\n";
}

std::string explain(Errc code) {
  const auto* sentence = sentence_of(code);
  return sentence != nullptr ? sentence : errc_name(code);
}

ExitCode exit_code_of(Errc code) noexcept {
  if (code == Errc::unknown_outcome) return ExitCode::unknown_outcome;
  if (code == Errc::invalid_argument || code == Errc::too_large || code == Errc::cursor_invalid)
    return ExitCode::usage;
  return ExitCode::refused;
}

void fail(const std::string& what, const boost::system::error_code& error) {
  const auto code = to_errc(error);
  throw Failure{exit_code_of(code), "could not " + what + ": " + explain(code)};
}

}  // namespace tokenledger
