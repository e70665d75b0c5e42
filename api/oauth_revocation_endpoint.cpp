// POST /oauth/revoke: a client gives back a token of its own (RFC 7009).
//
// 200 with an empty body when the token was revoked, was no good already, or is none of ours: the
// client can't act on the difference (§2.2). A token of another client is refused and left alone
// (§2.1). 400 unsupported_token_type where the API leaves revocation to others (Z05, R17). An
// outcome that is unknown is 503: the client must take the token as alive (§2.2.1).
#include "api/endpoint.hpp"
#include "api/endpoints.hpp"
#include "api/error_mapping.hpp"
#include "api/oauth_caller.hpp"
#include "api/problem.hpp"

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
      return oauth_error(400, "invalid_grant", "the token was not issued to this client");
    case Errc::insufficient_scope:
      return oauth_error(400, "unsupported_token_type",
                         "tokens of this API can not be revoked by clients");
    default: return oauth_error_of(failure);
  }
}

void revoke(ApiContext& context, const OwnedHttpRequest& request, Responder responder) {
  auto& ledger = context.ledger;
  TokenForm form;
  if (auto refused = read_token_form(*request, form)) return responder.respond(std::move(*refused));
  auto caller = authenticate_caller(context, *request, form.client, PublicClients::admitted);
  if (caller.refusal) return responder.respond(std::move(*caller.refusal));
  if (form.token.empty())
    return responder.respond(oauth_error(400, "invalid_request", "token is missing"));
  const auto index = ledger.identify(form.token);
  if (!index) {
    const auto failure = to_errc(index.error());
    const bool is_nothing = failure == Errc::token_not_found;
    return responder.respond(is_nothing ? done() : oauth_error_of(failure));
  }
  const auto shared = std::make_shared<Responder>(std::move(responder));
  ledger.revoke_async(*index,
                      {.actor = caller.actor,
                       .cause = Cause::client_self,
                       .reason = {},
                       .request_id = std::string{request->request_id()},
                       .idempotency = {}},
                      [shared](const Result<Committed>& committed) {
                        shared->respond(committed ? done() : answer(to_errc(committed.error())));
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
