// POST /oauth/introspect: is this token good, and what does it say? (RFC 7662)
//
// A client sees its own tokens and those of the APIs that list it in `introspectors`; the bearer of
// a management token with the scope `introspect` sees all. Whatever is not good, not ours or not
// for this caller is {"active":false} and nothing more, so nobody learns which. 401 is only for the
// caller's own credentials (§2.3), a bearer without the scope included.
//
// What a JWT says is copied from the presented token: its fingerprint matched, so it is byte for
// byte what this ledger signed. The claims of an opaque token and of a JWE come from the issue
// event and are written by the same writer, so all read alike (B15). Codes, refresh tokens and id
// tokens are no access tokens: inactive for everybody, whatever the hint (B04).
#include <algorithm>

#include "api/endpoint.hpp"
#include "api/endpoints.hpp"
#include "api/error_mapping.hpp"
#include "api/guard.hpp"
#include "api/oauth_caller.hpp"
#include "api/problem.hpp"
#include "core/base64url.hpp"
#include "core/jwt_claims.hpp"

namespace tokenledger {
namespace {

enum class MayWait : std::uint8_t { no, yes };

HttpResponse answer(std::string body) {
  HttpResponse response{.status = 200, .content_type = kContentTypeJson, .body = std::move(body)};
  response.add_header("Cache-Control", "no-store");
  return response;
}

HttpResponse inactive(DenialReason why) {
  auto response = answer(R"({"active":false})");
  response.denial = why;
  return response;
}

HttpResponse unavailable() {
  auto response = oauth_error(503, "temporarily_unavailable", "tokens can not be checked now");
  response.add_header("Retry-After", "1");
  response.denial = DenialReason::unavailable;
  return response;
}

// Of a token that inspect() did not find good: for the log only.
DenialReason why_not_good(const Ledger& ledger, std::string_view token) {
  const auto answer = ledger.check_in_memory(token, {});
  if (!answer) return denial_beyond_memory(ledger, token);
  const auto why = denial_of(answer->failure);
  return why == DenialReason::none ? DenialReason::unknown : why;
}

// `claims` is the JSON object of a token's claims, never empty: every token has a jti.
HttpResponse active(std::string_view claims) {
  std::string body;
  body.reserve(claims.size() + 48);
  body += R"({"active":true,"token_type":"Bearer",)";
  body += claims.substr(1);
  return answer(std::move(body));
}

// The second part of a token that is known to be ours.
std::optional<std::string> jwt_payload(std::string_view token) {
  const auto first = token.find('.');
  const auto second = token.find('.', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  auto payload = base64url_decode(token.substr(first + 1, second - first - 1));
  const bool is_object = payload && payload->size() > 2 && payload->front() == '{';
  return is_object ? payload : std::nullopt;
}

bool may_see(const Registries& registries, ClientNumber caller, const TokenClass& token_class) {
  if (token_class.client == caller) return true;
  const auto* client = registries.client(caller);
  if (client == nullptr) return false;
  return std::ranges::any_of(token_class.apis, [&](const ApiScopes& scopes) {
    const auto* api = registries.api(scopes.api);
    if (api == nullptr || api->deleted) return false;
    const auto& introspectors = api->settings.introspectors;
    return std::ranges::find(introspectors, client->client_id) != introspectors.end();
  });
}

// RFC 7662 §2.3 wants 401 also for a bearer whose token lacks the scope.
HttpResponse refused_bearer(const HttpResponse& denied) {
  if (denied.status == 503) return unavailable();
  const bool lacks_scope = denied.status == 403;
  auto response = lacks_scope ? oauth_error(401, "insufficient_scope", "the scope is missing")
                              : oauth_error(401, "invalid_token", "the access token is not valid");
  response.add_header(
      "WWW-Authenticate",
      lacks_scope ? R"(Bearer realm="tokenledger", error="insufficient_scope", scope="introspect")"
                  : R"(Bearer realm="tokenledger", error="invalid_token")");
  response.denial = denied.denial;
  return response;
}

// A form and, once admit() let it pass, whose tokens its caller may see. An assertion is good once,
// so only answer_later() asks who sent one.
struct Inquiry {
  TokenForm form;
  std::optional<ClientNumber> client;  // none: everybody's
};

// Sets inquiry.client, of the form that was read. The refusal, or nullopt.
std::optional<HttpResponse> admit(const ApiContext& context, const HttpRequest& request,
                                  Inquiry& inquiry) {
  const auto& credentials = inquiry.form.client;
  const auto bearer = parse_bearer(request.header(HttpHeader::authorization));
  if (bearer.kind == Credentials::none) {
    auto caller = authenticate_caller(context, request, credentials, PublicClients::refused);
    inquiry.client = caller.actor.client;
    return std::move(caller.refusal);
  }
  if (!credentials.client_secret.empty() || !credentials.assertion.empty())
    return oauth_error(400, "invalid_request", "authenticate in one way only");
  const auto access = verify_management(context.ledger, request, ManagementScope::introspect);
  return access.denied ? std::optional{refused_bearer(*access.denied)} : std::nullopt;
}

// nullopt: the answer takes a wait that was not allowed.
std::optional<HttpResponse> introspect(const Ledger& ledger, const Inquiry& inquiry,
                                       MayWait may_wait) {
  const auto& form = inquiry.form;
  if (form.token.empty()) return oauth_error(400, "invalid_request", "token is missing");
  if (!ledger.can_answer()) return unavailable();
  const auto token = ledger.inspect(form.token);
  if (!token) return inactive(why_not_good(ledger, form.token));
  bool is_visible = !inquiry.client;
  if (inquiry.client) {
    ledger.with_registries([&](const Registries& registries) {
      is_visible = may_see(registries, *inquiry.client, token->live.token_class);
    });
  }
  if (!is_visible) return inactive(DenialReason::not_visible);
  if (token->live.entry.kind == TokenKind::jwt) {
    const auto payload = jwt_payload(form.token);
    return payload ? active(*payload) : inactive(DenialReason::malformed);
  }
  const auto claims = may_wait == MayWait::yes ? std::optional{ledger.claims(*token)}
                                               : ledger.claims_in_memory(*token);
  if (!claims) return std::nullopt;
  return *claims ? active(write_jwt_claims((*claims)->claims)) : unavailable();
}

// Most requests: no wait, and no copy of the request. nullopt: answer_later() has to.
std::optional<HttpResponse> answer_at_once(const ApiContext& context, const HttpRequest& request) {
  Inquiry inquiry;
  if (auto refused = read_token_form(request, inquiry.form)) return refused;
  if (!inquiry.form.client.assertion.empty()) return std::nullopt;
  if (auto refused = admit(context, request, inquiry)) return refused;
  return introspect(context.ledger, inquiry, MayWait::no);
}

struct InquiryCall : AsyncCall {
  Inquiry inquiry;
};

// A worker is taken by nobody who has not said who it is.
void answer_later(const ApiContext& context, OwnedHttpRequest request, Responder responder) {
  const auto call = std::make_shared<InquiryCall>(
      InquiryCall{AsyncCall{std::move(request), std::move(responder)}, {}});
  auto& to = call->responder;
  auto refused = read_token_form(*call->request, call->inquiry.form);
  if (!refused) refused = admit(context, *call->request, call->inquiry);
  if (refused) return to.respond(std::move(*refused));
  // Whoever sent none comes from answer_at_once(), which could not.
  if (!call->inquiry.form.client.assertion.empty()) {
    if (auto response = introspect(context.ledger, call->inquiry, MayWait::no))
      return to.respond(std::move(*response));
  }
  const bool is_posted = context.workers->post([&context, call] {
    call->responder.respond(
        introspect(context.ledger, call->inquiry, MayWait::yes).value_or(unavailable()));
  });
  if (!is_posted) to.respond(unavailable());
}

}  // namespace

void add_oauth_introspection_endpoint(HttpRouter& router, ApiContext& context) {
  router.add_attempt(
      HttpMethod::post, "/oauth/introspect",
      [&context](const HttpRequest& request) { return answer_at_once(context, request); },
      [&context](OwnedHttpRequest request, Responder responder) {
        answer_later(context, std::move(request), std::move(responder));
      });
}

}  // namespace tokenledger
