// GET and POST /oauth/userinfo (OpenID Connect Core §5.3): who is the user of this access token?
//
// The token must be for the identity API with the scope `openid`; the name and the account name
// need `profile` (§5.4). A token of a client alone has no user, so it is refused like one without
// the scope. Errors are those of RFC 6750 §3.
#include <string_view>

#include "api/cors.hpp"
#include "api/endpoint.hpp"
#include "api/endpoints.hpp"
#include "api/error_mapping.hpp"
#include "api/guard.hpp"
#include "api/json_writer.hpp"
#include "api/problem.hpp"
#include "core/identity_scopes.hpp"
#include "storage/ledger_people.hpp"

namespace tokenledger {
namespace {

constexpr std::string_view kOpenid =
    kIdentityScopes[static_cast<std::size_t>(IdentityScope::openid)].name;
constexpr std::string_view kProfile =
    kIdentityScopes[static_cast<std::size_t>(IdentityScope::profile)].name;

HttpResponse unavailable() {
  auto response = problem_of(Errc::view_behind);
  response.denial = DenialReason::unavailable;
  return response;
}

// On a worker: the names lie in the log.
HttpResponse describe_user(const Ledger& ledger, const HttpRequest& request) {
  const std::string_view required[] = {kOpenid};
  // Asked again: the token may have ended while the request waited for a worker.
  auto verified = verify(ledger, request, kIdentityAudience, required);
  if (verified.denied) return std::move(*verified.denied);
  const auto bearer = parse_bearer(request.header(HttpHeader::authorization)).token;
  const auto token = ledger.inspect(bearer);
  if (!token) return unavailable();
  const auto claims = ledger.claims(*token);
  if (!claims) return problem_of(claims.error());
  const auto user = ledger.people().find_user(claims->claims.subject);
  if (!user) return unavailable();  // ended since: the next request hears why
  auto response = json_response(200);
  response.client_id = claims->claims.client_id;
  JsonWriter json{&response.body};
  json.begin_object().member("sub", claims->claims.subject);
  const std::string_view with_profile[] = {kOpenid, kProfile};
  if (ledger.check(bearer, kIdentityAudience, with_profile)) {
    const auto profile = ledger.people().profile(user->number);
    if (!profile) return problem_of(profile.error());
    if (!profile->display_name.empty()) json.member("name", profile->display_name);
    json.member("preferred_username", profile->login);
  }
  json.end_object();
  return response;
}

void answer(ApiContext& context, OwnedHttpRequest request, Responder responder) {
  const std::string_view required[] = {kOpenid};
  // Here first: who has no token shall not keep a worker busy.
  auto verified = verify(context.ledger, *request, kIdentityAudience, required);
  if (verified.denied) {
    allow_any_origin(*verified.denied);
    return responder.respond(std::move(*verified.denied));
  }
  responder.set_client_id(std::move(verified.token.client_id));
  const auto call = take_call(std::move(request), std::move(responder));
  const bool is_posted = context.workers->post([&context, call] {
    auto response = describe_user(context.ledger, *call->request);
    allow_any_origin(response);
    call->responder.respond(std::move(response));
  });
  if (is_posted) return;
  auto response = busy();
  allow_any_origin(response);
  call->responder.respond(std::move(response));
}

}  // namespace

void add_userinfo_endpoint(HttpRouter& router, ApiContext& context) {
  for (const auto path : {"/oauth/userinfo", "/userinfo"}) {
    for (const auto method : {HttpMethod::get, HttpMethod::post}) {
      router.add_async(method, path, [&context](OwnedHttpRequest request, Responder responder) {
        answer(context, std::move(request), std::move(responder));
      });
    }
  }
}

}  // namespace tokenledger
