#include "api/error_mapping.hpp"

#include <string>

#include "api/problem.hpp"

namespace tokenledger {
namespace {

inline constexpr unsigned kRetrySoonSeconds = 1;
inline constexpr unsigned kRetryLaterSeconds = 60;

ErrorWording invalid(std::string_view detail) { return {400, detail, "invalid_request", 400, 0}; }
ErrorWording broken(std::string_view detail) { return {500, detail, "server_error", 500, 0}; }
ErrorWording retry(std::string_view detail, unsigned after_s) {
  return {503, detail, "temporarily_unavailable", 503, after_s};
}
ErrorWording limited(std::string_view detail) {
  return {429, detail, "temporarily_unavailable", 503, kRetryLaterSeconds};
}

}  // namespace

ErrorWording error_wording(Errc code) noexcept {
  switch (code) {
    case Errc::invalid_argument: return invalid("a value is malformed or out of range");
    case Errc::too_large: return invalid("a value is too long");
    case Errc::unauthorized_actor:
      return {401, "the access token is no longer valid", "invalid_client", 401, 0};
    case Errc::insufficient_scope:
      return {403, "the access token's scopes do not cover this", "access_denied", 403, 0};
    case Errc::client_not_found: return {404, "there is no such client", "invalid_client", 401, 0};
    case Errc::client_disabled: return {409, "the client is disabled", "invalid_client", 401, 0};
    case Errc::client_exists: return {409, "the client_id is in use", "invalid_request", 400, 0};
    case Errc::api_not_found: return {404, "there is no such API", "access_denied", 403, 0};
    case Errc::api_exists: return {409, "the identifier is in use", "invalid_request", 400, 0};
    case Errc::api_built_in:
      return {403, "the built-in API can not be changed", "access_denied", 403, 0};
    case Errc::client_built_in:
      return {403, "the built-in client can not be changed", "access_denied", 403, 0};
    case Errc::grant_not_found:
      return {404, "the client has no grant for this API", "unauthorized_client", 400, 0};
    case Errc::grant_exists:
      return {409, "the client already has a grant for this API", "invalid_request", 400, 0};
    case Errc::scope_not_granted:
      return {400, "a scope is beyond the client's grant", "invalid_scope", 400, 0};
    case Errc::scope_unknown:
      return {400, "the API does not have one of the scopes", "invalid_scope", 400, 0};
    case Errc::lifetime_too_long: return invalid("the lifetime is above the allowed maximum");
    case Errc::expiry_in_the_past: return invalid("the expiry is not in the future");
    case Errc::algorithm_not_allowed:
      return invalid("the token format or signing algorithm is not allowed here");
    case Errc::key_not_found:
      return {404, "there is no such key, or none that may sign", "server_error", 500, 0};
    case Errc::key_exists: return {409, "the key exists", "server_error", 500, 0};
    case Errc::stale_policy:
      return retry("the policy changed meanwhile: try again", kRetrySoonSeconds);
    case Errc::token_not_found: return {404, "there is no such token", "invalid_request", 400, 0};
    case Errc::owner_not_found: return {404, "there is no such owner", "invalid_request", 400, 0};
    case Errc::not_active:
      return {409, "it was revoked, withdrawn or expired already", "invalid_request", 400, 0};
    case Errc::not_revocable:
      return {409, "the API's policy keeps this token from being revoked so",
              "unsupported_token_type", 400, 0};
    case Errc::already_in_state:
      return {409, "it is in that state already", "invalid_request", 400, 0};
    case Errc::idempotency_mismatch:
      return {422, "this Idempotency-Key was used with another request", "invalid_request", 400, 0};
    case Errc::idempotency_full: return limited("too many live Idempotency-Keys: try again later");
    case Errc::limit_reached: return limited("a limit of this ledger is reached");
    case Errc::too_many_live_tokens:
      return {429, "the client has as many unexpired tokens as it may have (live_tokens_max)",
              "temporarily_unavailable", 429, kRetryLaterSeconds};
    case Errc::sweep_mismatch: return broken("the sweep was refused");
    case Errc::user_not_found: return {404, "there is no such user", "invalid_request", 400, 0};
    case Errc::user_exists: return {409, "the login is in use", "invalid_request", 400, 0};
    case Errc::user_disabled: return {409, "the user is disabled", "access_denied", 403, 0};
    case Errc::group_not_found: return {404, "there is no such group", "invalid_request", 400, 0};
    case Errc::group_exists: return {409, "the group's name is in use", "invalid_request", 400, 0};
    case Errc::consent_not_found:
      return {404, "there is no such consent", "invalid_request", 400, 0};
    case Errc::grant_type_refused:
      return {403, "the client may not use this grant type", "unauthorized_client", 400, 0};
    case Errc::consent_required:
      return {409, "the user did not consent to this", "consent_required", 400, 0};
    // One text for all: a client (or a thief) is not told what was wrong with it.
    case Errc::code_unknown:
    case Errc::code_reused:
    case Errc::code_mismatch:
    case Errc::refresh_unknown:
    case Errc::refresh_expired:
    case Errc::refresh_superseded:
    case Errc::refresh_reused:
      return {400, "the grant is invalid, expired or was used", "invalid_grant", 400, 0};
    case Errc::key_too_new:
      return {409, "verifiers may not have fetched the key yet", "server_error", 500, 0};
    case Errc::key_signs:
      return {409, "the key signs: activate its successor instead", "server_error", 500, 0};
    case Errc::client_has_no_secret:
      return {409, "the client does not authenticate with a secret", "server_error", 500, 0};
    case Errc::format_not_active:
      return {409, "the ledger is in an older format: run `tokenledger migrate`",
              "temporarily_unavailable", 503, 0};
    case Errc::queue_full: return retry("too many requests at once", kRetrySoonSeconds);
    case Errc::busy_passwords:
      return {429, "too many passwords are being checked", "temporarily_unavailable", 503,
              kRetrySoonSeconds};
    case Errc::storage_low:
      return retry("storage is low: no new tokens, no erasures", kRetryLaterSeconds);
    case Errc::clock_jumped: return retry("the server's clock is wrong", kRetryLaterSeconds);
    case Errc::shutting_down: return retry("the server is stopping", kRetrySoonSeconds);
    case Errc::unknown_outcome:
      // Retrying is safe with an Idempotency-Key only, so /v1 says 500. A token that nobody
      // received harms nobody, so OAuth clients may just ask again.
      return {500, "the outcome is unknown: look before you try again", "server_error", 503,
              kRetryLaterSeconds};
    case Errc::malformed_token: return invalid("this is not a token");
    case Errc::unknown_token: return {404, "there is no such token", "invalid_request", 400, 0};
    case Errc::audit_stopped:
      return retry("no checkpoints are made: see the server's log", kRetryLaterSeconds);
    case Errc::view_behind: return retry("the index is behind: try again", kRetrySoonSeconds);
    case Errc::sequence_in_future: return invalid("the sequence is beyond what is committed");
    case Errc::cursor_invalid: return invalid("the cursor is not one of this query");
    case Errc::io_error:
    case Errc::address_in_use:
    case Errc::file_not_found:
    case Errc::file_exists:
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
    case Errc::view_corrupt:
    case Errc::unsupported_format:
    case Errc::outdated_format:
    case Errc::clock_behind:
    case Errc::crypto_failure:
    case Errc::signature_invalid: return broken("the server failed: its log says why");
  }
  return broken("the server failed: its log says why");
}

HttpResponse problem_of(Errc code) {
  const auto wording = error_wording(code);
  auto response = problem(wording.status, errc_name(code), wording.detail);
  if (wording.retry_after_s != 0)
    response.add_header("Retry-After", std::to_string(wording.retry_after_s));
  if (wording.status == 401)
    response.add_header("WWW-Authenticate", R"(Bearer realm="tokenledger", error="invalid_token")");
  if (code == Errc::insufficient_scope)
    response.add_header("WWW-Authenticate",
                        R"(Bearer realm="tokenledger", error="insufficient_scope")");
  if (code == Errc::insufficient_scope) response.denial = DenialReason::insufficient_scope;
  // The guard let the bearer in, and decide() did not.
  if (code == Errc::unauthorized_actor) response.denial = DenialReason::stale_actor;
  return response;
}

HttpResponse invalid_client() {
  auto response = oauth_error(401, "invalid_client", "client authentication failed");
  response.add_header("WWW-Authenticate", R"(Basic realm="tokenledger", charset="UTF-8")");
  response.denial = DenialReason::client_authentication;
  return response;
}

HttpResponse oauth_error_of(Errc code) {
  const auto wording = error_wording(code);
  if (wording.oauth_error == "invalid_client") return invalid_client();
  auto response = oauth_error(wording.oauth_status, wording.oauth_error, wording.detail);
  if (wording.retry_after_s != 0)
    response.add_header("Retry-After", std::to_string(wording.retry_after_s));
  return response;
}

HttpResponse busy() {
  auto response = problem(503, "busy", "too many requests at once");
  response.add_header("Retry-After", std::to_string(kRetrySoonSeconds));
  return response;
}

}  // namespace tokenledger
