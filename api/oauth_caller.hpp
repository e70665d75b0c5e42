// Who calls an OAuth endpoint, and the form that /oauth/introspect and /oauth/revoke share.
//
// Plain functions over a request; the ledger is asked for the client's secret only. Threads: any.
#pragma once

#include <optional>
#include <string_view>

#include "api/http_form.hpp"
#include "api/http_request.hpp"
#include "api/http_response.hpp"
#include "core/command.hpp"

namespace tokenledger {

struct ApiContext;

// What a body says of the client that sends it; an empty value counts as absent (RFC 6749 §3.2).
struct ClientCredentials {
  std::string_view client_id;
  std::string_view client_secret;
  std::string_view assertion_type;  // client_assertion_type
  std::string_view assertion;       // client_assertion
};

// RFC 7662 §2.1, RFC 7009 §2.1. token_type_hint is not kept: every kind is searched anyway. Views
// into `fields`; an empty value counts as absent (RFC 6749 §3.2).
struct TokenForm {
  FormFields fields;
  std::string_view token;
  ClientCredentials client;
};
// The 400 invalid_request, or nullopt: not a form, a broken or repeated parameter, or one of these
// parameters in the query, where it would end in logs.
[[nodiscard]] std::optional<HttpResponse> read_token_form(const HttpRequest& request,
                                                          TokenForm& form);

// Whether the query holds a credential or a token (RFC 6749 §2.3.1: header or body only). A query
// that can't be read counts.
[[nodiscard]] bool has_secrets_in_query(const HttpRequest& request);

// Whether a public client may do this by its name alone.
enum class PublicClients : std::uint8_t { refused, admitted };

// The client that sent the request, by HTTP Basic, by client_id and client_secret of the body
// (RFC 6749 §2.3.1), by an assertion (RFC 7521 §4.2) or by its name. `refusal` is set instead: 400
// invalid_request for two methods at once, two different clients or another type of assertion, else
// 401 invalid_client, one text for every reason, or the 429 that the limits put in its place. An
// assertion is good once: not to be called twice for one request.
struct ClientCaller {
  std::optional<HttpResponse> refusal;
  Actor actor;
};
[[nodiscard]] ClientCaller authenticate_caller(const ApiContext& context,
                                               const HttpRequest& request,
                                               const ClientCredentials& credentials,
                                               PublicClients public_clients);

}  // namespace tokenledger
