// The address that the authorization endpoint sends a browser to, with its answer (RFC 6749
// §4.1.2, §4.2.2; RFC 9207). Any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tokenledger {

// A code travels in the query. A token travels in the fragment, which browsers keep to themselves
// (OAuth 2.0 Multiple Response Type Encoding Practices §2.1).
enum class AnswerPart : std::uint8_t { query, fragment };

// RFC 6749 §4.1.2.1, RFC 8707 §2, OpenID Connect Core §3.1.2.6.
enum class AuthorizationError : std::uint8_t {
  invalid_request,
  unauthorized_client,
  access_denied,
  unsupported_response_type,
  invalid_scope,
  invalid_target,
  server_error,
  temporarily_unavailable,
  interaction_required,
  login_required,
  consent_required,
  request_not_supported,
  request_uri_not_supported,
  registration_not_supported,
};
[[nodiscard]] std::string_view error_name(AuthorizationError error) noexcept;

// Where an answer goes. Only core/authorization_request.hpp makes one from a request: its
// redirect_uri is registered, so no text of a caller decides where a browser is sent.
struct AnswerTarget {
  std::string redirect_uri;
  AnswerPart part = AnswerPart::query;
  std::string state;  // as it came; empty: there was none, or it was unfit to be repeated
  friend bool operator==(const AnswerTarget&, const AnswerTarget&) = default;
};

// Every answer names the issuer, errors too (RFC 9207 §2): a client that talks to several servers
// can tell which one answered. What was in the query of the redirect_uri stays in front.
[[nodiscard]] std::string code_answer_url(const AnswerTarget& target, std::string_view code,
                                          std::string_view issuer);
// `description` is a constant text of the characters that §4.1.2.1 allows.
[[nodiscard]] std::string error_answer_url(const AnswerTarget& target, AuthorizationError error,
                                           std::string_view description, std::string_view issuer);

// Implicit (A08, C9).
struct TokenAnswer {
  std::string_view access_token;
  std::uint32_t expires_in_s = 0;
  std::string_view scope;       // empty: as asked for
  std::string_view nonce = {};  // as it came; empty: there was none
};
[[nodiscard]] std::string token_answer_url(const AnswerTarget& target, const TokenAnswer& answer,
                                           std::string_view issuer);

}  // namespace tokenledger
