// POST /oauth/revoke: a client gives back a token of its own (RFC 7009).
//
// 200 with an empty body when the token was revoked, was no good already, or is none of ours: the
// client can't act on the difference (§2.2). A token of another client is refused and left alone
// (§2.1). 400 unsupported_token_type where the API leaves revocation to others (Z05, R17). An
// outcome that is unknown is 503: the client must take the token as alive (§2.2.1). A refresh token
// ends with every token that was made from its grant (§2.1).
#include "api/cors.hpp"
#include "api/endpoint.hpp"
#include "api/endpoints.hpp"
#include "api/error_mapping.hpp"
#include "api/oauth_caller.hpp"
#include "api/problem.hpp"
#include "core/refresh_token.hpp"
#include "storage/ledger_grants.hpp"

namespace tokenledger {
namespace {

// No client may mind what is in the body (§2.2), but some mind its type: those that expect JSON of
// every OAuth endpoint.
HttpResponse done() {
  HttpResponse response{.status = 200, .content_type = kContentTypeJson};
  response.add_header("Cache-Control", "no-store");
  return response;
}

HttpResponse answer(Errc failure) {
  switch (failure) {
    case Errc::not_active: return done();
    case Errc::token_not_found:  // by decide: ours, and another client's
    case Errc::refresh_unknown:
      return oauth_error(400, "invalid_grant", "the token was not issued to this client");
    case Errc::insufficient_scope:
      return oauth_error(400, "unsupported_token_type",
                         "tokens of this API can not be revoked by clients");
    default: return oauth_error_of(failure);
  }
}

// Also to scripts of other sites: a public client that signs somebody out wants to know that it
// did.
void answer_to(Responder& responder, HttpResponse response) {
  allow_any_origin(response);
  responder.respond(std::move(response));
}

void revoke_refresh_token(ApiContext& context, const Actor& actor, const HttpRequest& request,
                          std::string_view text, Responder responder) {
  LedgerGrants grants{context.ledger};
  const auto token = grants.find_refresh_token(text);
  if (!token) return answer_to(responder, done());
  const auto shared = std::make_shared<Responder>(std::move(responder));
  grants.end_family_async(actor, *token, std::string{request.request_id()},
                          [shared](const Result<Committed>& committed) {
                            answer_to(*shared,
                                      committed ? done() : answer(to_errc(committed.error())));
                          });
}

void revoke(ApiContext& context, const OwnedHttpRequest& request, Responder responder) {
  auto& ledger = context.ledger;
  TokenForm form;
  if (auto refused = read_token_form(*request, form))
    return answer_to(responder, std::move(*refused));
  auto caller = authenticate_caller(context, *request, form.client, PublicClients::admitted);
  if (caller.refusal) return answer_to(responder, std::move(*caller.refusal));
  if (form.token.empty())
    return answer_to(responder, oauth_error(400, "invalid_request", "token is missing"));
  if (form.token.starts_with(kRefreshTokenPrefix))
    return revoke_refresh_token(context, caller.actor, *request, form.token, std::move(responder));
  const auto index = ledger.identify(form.token);
  if (!index) {
    const auto failure = to_errc(index.error());
    const bool is_nothing = failure == Errc::token_not_found;
    return answer_to(responder, is_nothing ? done() : oauth_error_of(failure));
  }
  const auto shared = std::make_shared<Responder>(std::move(responder));
  ledger.revoke_async(*index,
                      {.actor = caller.actor,
                       .cause = Cause::client_self,
                       .reason = {},
                       .request_id = std::string{request->request_id()},
                       .idempotency = {}},
                      [shared](const Result<Committed>& committed) {
                        answer_to(*shared, committed ? done() : answer(to_errc(committed.error())));
                      });
}

}  // namespace

void add_oauth_revocation_endpoint(HttpRouter& router, ApiContext& context) {
  router.add_async(HttpMethod::post, "/oauth/revoke",
                   [&context](const OwnedHttpRequest& request, Responder responder) {
                     revoke(context, request, std::move(responder));
                   });
}

}  // namespace tokenledger
