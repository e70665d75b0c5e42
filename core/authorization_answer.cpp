#include "core/authorization_answer.hpp"

#include "core/invariant.hpp"
#include "core/uri_text.hpp"

namespace tokenledger {
namespace {

// Builds the address. A name is a constant; an empty value is left out, as RFC 6749 §3.1 reads it.
class AnswerUrl {
 public:
  explicit AnswerUrl(const AnswerTarget& target) : url_{target.redirect_uri} {
    LEDGER_INVARIANT(url_.find('#') == std::string::npos);
    const bool has_query = url_.find('?') != std::string::npos;
    const bool is_open = url_.ends_with('?') || url_.ends_with('&');
    if (target.part == AnswerPart::fragment) {
      separator_ = '#';
    } else if (!has_query) {
      separator_ = '?';
    } else if (!is_open) {
      separator_ = '&';
    }
  }

  AnswerUrl& add(std::string_view name, std::string_view value) {
    if (value.empty()) return *this;
    if (separator_ != '\0') url_ += separator_;
    separator_ = '&';
    url_.append(name) += '=';
    append_uri_escaped(value, url_);
    return *this;
  }

  [[nodiscard]] std::string release() { return std::move(url_); }

 private:
  std::string url_;
  char separator_ = '\0';  // what stands before the next name
};

}  // namespace

std::string_view error_name(AuthorizationError error) noexcept {
  switch (error) {
    case AuthorizationError::invalid_request: return "invalid_request";
    case AuthorizationError::unauthorized_client: return "unauthorized_client";
    case AuthorizationError::access_denied: return "access_denied";
    case AuthorizationError::unsupported_response_type: return "unsupported_response_type";
    case AuthorizationError::invalid_scope: return "invalid_scope";
    case AuthorizationError::invalid_target: return "invalid_target";
    case AuthorizationError::server_error: return "server_error";
    case AuthorizationError::temporarily_unavailable: return "temporarily_unavailable";
    case AuthorizationError::interaction_required: return "interaction_required";
    case AuthorizationError::login_required: return "login_required";
    case AuthorizationError::consent_required: return "consent_required";
    case AuthorizationError::request_not_supported: return "request_not_supported";
    case AuthorizationError::request_uri_not_supported: return "request_uri_not_supported";
    case AuthorizationError::registration_not_supported: return "registration_not_supported";
  }
  return "server_error";
}

std::string code_answer_url(const AnswerTarget& target, std::string_view code,
                            std::string_view issuer) {
  LEDGER_INVARIANT(target.part == AnswerPart::query);
  AnswerUrl url{target};
  return url.add("code", code).add("state", target.state).add("iss", issuer).release();
}

std::string error_answer_url(const AnswerTarget& target, AuthorizationError error,
                             std::string_view description, std::string_view issuer) {
  AnswerUrl url{target};
  url.add("error", error_name(error)).add("error_description", description);
  return url.add("state", target.state).add("iss", issuer).release();
}

std::string token_answer_url(const AnswerTarget& target, const TokenAnswer& answer,
                             std::string_view issuer) {
  // RFC 6749 §4.2.2: a token in a query would reach logs and other sites.
  LEDGER_INVARIANT(target.part == AnswerPart::fragment);
  AnswerUrl url{target};
  url.add("access_token", answer.access_token).add("token_type", "Bearer");
  url.add("expires_in", std::to_string(answer.expires_in_s)).add("scope", answer.scope);
  url.add("state", target.state).add("iss", issuer);
  return url.add("nonce", answer.nonce).release();
}

}  // namespace tokenledger
