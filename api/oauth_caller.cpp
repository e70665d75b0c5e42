#include "api/oauth_caller.hpp"

#include <algorithm>
#include <array>

#include "api/client_authentication.hpp"
#include "api/endpoint.hpp"
#include "api/error_mapping.hpp"
#include "api/problem.hpp"
#include "api/token_request_limits.hpp"

namespace tokenledger {
namespace {

constexpr std::string_view kFormType = "application/x-www-form-urlencoded";
// What no client may send in an address, which logs and histories keep.
constexpr std::array<std::string_view, 10> kSecretNames = {
    "client_id", "client_secret", "client_assertion", "token",    "access_token",
    "code",      "code_verifier", "refresh_token",    "password", "grant_type"};

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

Result<Actor> find_actor(const ApiContext& context, const BasicField& basic,
                         const ClientCredentials& credentials, PublicClients public_clients) {
  const Ledger& ledger = context.ledger;
  if (basic.is_basic) return authenticate(ledger, basic);
  if (!credentials.assertion.empty()) {
    return authenticate_by_assertion(ledger, context.assertions, credentials.assertion,
                                     credentials.client_id);
  }
  const bool has_name_only = credentials.client_secret.empty() && !credentials.client_id.empty();
  if (has_name_only && public_clients == PublicClients::admitted)
    return identify_public(ledger, credentials.client_id);
  return authenticate(ledger, BasicCredentials{std::string{credentials.client_id},
                                               std::string{credentials.client_secret}});
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
  const auto get = [&](std::string_view name) { return form.fields.get(name).value_or(""); };
  form.client = {.client_id = get("client_id"),
                 .client_secret = get("client_secret"),
                 .assertion_type = get("client_assertion_type"),
                 .assertion = get("client_assertion")};
  return std::nullopt;
}

ClientCaller authenticate_caller(const ApiContext& context, const HttpRequest& request,
                                 const ClientCredentials& credentials,
                                 PublicClients public_clients) {
  ClientCaller caller;
  const auto refuse = [&](HttpResponse response) {
    caller.refusal = std::move(response);
    return std::move(caller);
  };
  const auto basic = parse_basic(request.header(HttpHeader::authorization));
  const bool has_assertion = !credentials.assertion.empty() || !credentials.assertion_type.empty();
  const int ways =
      int{basic.is_basic} + int{!credentials.client_secret.empty()} + int{has_assertion};
  if (ways > 1) return refuse(invalid_request("authenticate in one way only"));
  if (contradicts(basic, credentials.client_id))
    return refuse(invalid_request("two different clients are named"));
  const bool is_whole =
      credentials.assertion_type == kClientAssertionType && !credentials.assertion.empty();
  if (has_assertion && !is_whole)
    return refuse(
        invalid_request("client_assertion_type must say jwt-bearer, beside an assertion"));
  const auto actor = find_actor(context, basic, credentials, public_clients);
  if (actor) {
    caller.actor = *actor;
  } else if (actor.error() == Errc::limit_reached) {
    auto response = oauth_error(429, "temporarily_unavailable", "too many assertions at once");
    response.add_header("Retry-After", "60");
    caller.refusal = std::move(response);
  } else {
    caller.refusal = context.limits.failed_authentication(request.peer(), invalid_client());
  }
  return caller;
}

}  // namespace tokenledger
