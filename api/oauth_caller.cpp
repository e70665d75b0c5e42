#include "api/oauth_caller.hpp"

#include <algorithm>
#include <array>

#include "api/client_authentication.hpp"
#include "api/error_mapping.hpp"
#include "api/problem.hpp"
#include "api/token_request_limits.hpp"

namespace tokenledger {
namespace {

constexpr std::string_view kFormType = "application/x-www-form-urlencoded";
constexpr std::array<std::string_view, 7> kSecretNames = {
    "client_id", "client_secret", "token", "access_token", "code", "refresh_token", "grant_type"};

bool is_form(std::string_view type) noexcept {
  return std::ranges::equal(type, kFormType, [](char byte, char lower) {
    return (byte >= 'A' && byte <= 'Z' ? byte + ('a' - 'A') : byte) == lower;
  });
}

HttpResponse invalid_request(std::string_view description) {
  return oauth_error(400, "invalid_request", description);
}

// client_id beside Basic is a repetition, and must agree with it.
bool contradicts(const BasicField& basic, std::string_view client_id) {
  if (!basic.is_basic || client_id.empty()) return false;
  const auto names = [&](const std::optional<BasicCredentials>& reading) {
    return reading && reading->client_id == client_id;
  };
  return !names(basic.encoded) && !names(basic.plain);
}

}  // namespace

bool has_secrets_in_query(const HttpRequest& request) {
  if (request.query().empty()) return false;
  FormFields query;
  if (!query.parse(request.query())) return true;
  return std::ranges::any_of(kSecretNames,
                             [&](std::string_view name) { return query.get(name).has_value(); });
}

std::optional<HttpResponse> read_token_form(const HttpRequest& request, TokenForm& form) {
  if (has_secrets_in_query(request)) return invalid_request("send parameters in the body only");
  if (!is_form(request.media_type())) return invalid_request("send a form");
  if (!form.fields.parse(request.body())) return invalid_request("the form is malformed");
  if (form.fields.first_repeated()) return invalid_request("a parameter occurs twice");
  form.token = form.fields.get("token").value_or("");
  form.client_id = form.fields.get("client_id").value_or("");
  form.client_secret = form.fields.get("client_secret").value_or("");
  return std::nullopt;
}

ClientCaller authenticate_caller(const Ledger& ledger, TokenRequestLimits& limits,
                                 const HttpRequest& request, std::string_view client_id,
                                 std::string_view client_secret) {
  ClientCaller caller;
  const auto basic = parse_basic(request.header(HttpHeader::authorization));
  if (basic.is_basic && !client_secret.empty()) {
    caller.refusal = invalid_request("authenticate in one way only");
    return caller;
  }
  if (contradicts(basic, client_id)) {
    caller.refusal = invalid_request("two different clients are named");
    return caller;
  }
  const auto actor = basic.is_basic
                         ? authenticate(ledger, basic)
                         : authenticate(ledger, BasicCredentials{std::string{client_id},
                                                                 std::string{client_secret}});
  if (actor) {
    caller.actor = *actor;
  } else {
    caller.refusal = limits.failed_authentication(request.peer(), invalid_client());
  }
  return caller;
}

}  // namespace tokenledger
