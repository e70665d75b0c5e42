// Errc: the one list of failures a caller can act on, and Result<T>.
//
// Programmer errors are not here: see LEDGER_INVARIANT in core/invariant.hpp. Foreign errors
// (rocksdb::Status, errno, OpenSSL) are translated at one border each. HTTP and OAuth wording lives
// in api/.
#pragma once

#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

namespace tokenledger {

enum class Errc {
  // --- refused commands: nothing was written (INV-6) ---
  invalid_argument = 1,   // a value is malformed, out of range or contradicts another
  too_large,              // a value or the whole event is beyond its named bound
  unauthorized_actor,     // the actor's token or secret generation is no longer good
  insufficient_scope,     // the actor is good but its scopes do not cover this
  client_not_found,       // no such client, or deleted
  client_disabled,        // the client exists and is disabled
  client_exists,          // client_id already used (ids are never reused)
  api_not_found,          // no such API, or deleted
  api_exists,             // the identifier is in use
  api_built_in,           // the built-in management API can't be changed so
  client_built_in,        // the built-in client can't be changed so
  grant_not_found,        // the client has no grant for this API
  grant_exists,           // the client already has one
  scope_not_granted,      // a scope beyond the client grant
  scope_unknown,          // a scope the API does not have
  lifetime_too_long,      // above the API's token_lifetime_max
  expiry_in_the_past,     // expires_at is not after ledger time
  algorithm_not_allowed,  // format or algorithm is not the API's
  key_not_found,          // no such signing key, or it may not sign
  key_exists,             // the kid is in use
  stale_policy,           // policy, time or index moved between signing and deciding: sign again
  token_not_found,        // no event ever issued this token
  owner_not_found,        // no token ever had this owner, or the owner was erased
  not_active,             // the token is already revoked or expired
  not_revocable,          // its API's policy keeps it from being revoked so
  already_in_state,       // disabling a disabled client, enabling an enabled one
  idempotency_mismatch,   // this Idempotency-Key was used with another body
  idempotency_full,       // too many live keys: retry later
  limit_reached,          // a registry or per-client bound: retry or clean up
  too_many_live_tokens,   // of this client: retry when some have expired, or raise its limit
  sweep_mismatch,         // a sweep that misses or repeats a token
  user_not_found,         // no such user, or erased
  user_exists,            // the login is in use
  user_disabled,          // the user exists and is disabled
  group_not_found,        // no such group, or deleted
  group_exists,           // the group's name is in use
  consent_not_found,      // no such consent, or not this user's
  grant_type_refused,     // the client's settings do not have this grant type
  consent_required,       // the user (or a group of theirs) did not allow this, or no more
  code_unknown,           // no such authorization code for this client, or expired
  code_reused,            // it was redeemed before: what it made is ended now
  code_mismatch,          // its redirect_uri or code_verifier is not the request's; it stays good
  refresh_unknown,        // no such refresh token for this client, or its family ended
  refresh_expired,        // its family's time is over, or it was idle for too long
  refresh_superseded,     // replaced just now: within the grace, its answer may be given again
  refresh_reused,         // replaced earlier: its family is ended now
  key_too_new,            // verifiers may not have fetched the key yet
  key_signs,              // its successor must be activated first
  client_has_no_secret,   // it is public, or signs assertions
  format_not_active,      // needs a newer format than the ledger is in: migrate it first
  // --- refused before the sequencer ---
  queue_full,      // back-pressure: retry later
  busy_passwords,  // as many passwords as may wait are being checked: retry later
  storage_low,     // less than 512 MiB free: new tokens are refused
  shutting_down,   // the ledger is closing
  // --- the write path: outcome unknown ---
  unknown_outcome,  // the ledger is poisoned; the event may or may not be durable
  // --- checks and reads ---
  malformed_token,     // not a token of any kind we make
  unknown_token,       // well-formed, but never issued here
  audit_stopped,       // no checkpoints are made: the follower failed, or they are switched off
  view_behind,         // a view did not reach the asked seq in time
  sequence_in_future,  // min_seq or as_of beyond what is committed
  cursor_invalid,      // malformed, forged or belongs to another query
  // --- opening and files ---
  io_error,             // the operating system refused a file operation
  address_in_use,       // somebody already listens at this address and port
  file_not_found,       // no such file or directory
  file_exists,          // it is there already and must not be replaced
  directory_locked,     // another process has this ledger open
  directory_not_empty,  // a new ledger needs an empty directory
  not_a_ledger,         // the directory holds something else
  keyring_missing,
  keyring_wrong_key,  // the key file or passphrase does not open the keyring
  keyring_corrupt,
  keyring_mismatch,       // the keyring belongs to another ledger
  log_corrupt,            // bad checksum, hole, or an event that does not decode or fold
  log_shorter_than_head,  // acknowledged events are missing from the end of the log
  older_than_checkpoint,  // a checkpoint or the anchor names events that the log does not hold
  audit_corrupt,          // checkpoint history, anchor or audit tree: damaged or of another key
  root_mismatch,          // the log's Merkle root is not HEAD's
  head_corrupt,           // both HEAD slots are damaged or HEAD is missing
  key_store_corrupt,      // a personal data key's record is damaged, or synced records are missing
  data_key_missing,       // the data key was erased, or never made
  snapshot_corrupt,
  snapshot_beyond_log,  // the log ends before the snapshot does
  view_corrupt,
  unsupported_format,  // an event kind or a file's version that this program does not know: newer
  outdated_format,     // a snapshot or views of an older layout: they are made anew
  clock_behind,        // the clock is more than a minute behind the log
  clock_jumped,        // a forward jump against the boot clock
  // --- crypto ---
  crypto_failure,  // the library refused: bad key, out of entropy
  signature_invalid,
};

template <class T>
using Result = boost::system::result<T>;

[[nodiscard]] const boost::system::error_category& ledger_category() noexcept;
[[nodiscard]] boost::system::error_code make_error_code(Errc code) noexcept;

// The stable machine name, e.g. "client_not_found"; "unknown" for values outside the list.
[[nodiscard]] const char* errc_name(Errc code) noexcept;

// The Errc inside an error_code of our category; io_error for any other category.
[[nodiscard]] Errc to_errc(const boost::system::error_code& code) noexcept;

}  // namespace tokenledger

template <>
struct boost::system::is_error_code_enum<tokenledger::Errc> : std::true_type {};
