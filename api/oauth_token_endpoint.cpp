// POST /oauth/token: the client credentials grant (RFC 6749 §4.4).
//
// Refusals in this order: the shape of the request, the client's authentication, the grant type,
// the API, the client's grant, the scope. Nothing is written for a refused one (Z02).
#include <memory>

#include "api/endpoint.hpp"
#include "api/endpoints.hpp"
#include "api/error_mapping.hpp"
#include "api/json_writer.hpp"
#include "api/oauth_caller.hpp"
#include "api/problem.hpp"
#include "api/token_request.hpp"
#include "api/token_request_limits.hpp"

namespace tokenledger {
namespace {

HttpResponse answer(const OauthFault& fault) {
  return oauth_error(fault.status, fault.error, fault.description);
}

// What the registries say of client and API before anything is signed; decide() has the last word.
std::optional<OauthFault> check_policy(const Registries& registries, const Actor& actor,
                                       const Target& target, std::string& client_id) {
  const auto* client = registries.client(actor.client);
  if (client == nullptr) return OauthFault{401, "invalid_client", {}};
  client_id = client->client_id;
  const auto allowed = static_cast<std::uint8_t>(GrantType::client_credentials);
  if ((client->settings.grant_types & allowed) == 0)
    return OauthFault{400, "unauthorized_client", "the client may not use this grant type"};
  if (registries.find_api(target.identifier) != nullptr) return std::nullopt;
  if (target.is_resource) return OauthFault{400, "invalid_target", "there is no such API"};
  return OauthFault{403, "access_denied", "there is no such API"};
}

HttpResponse token_answer(const IssuedToken& issued, std::string_view requested_scope) {
  HttpResponse response{.status = 200, .content_type = kContentTypeJson};
  response.add_header("Cache-Control", "no-store");
  response.add_header("Pragma", "no-cache");
  JsonWriter json{&response.body};
  json.begin_object()
      .member("access_token", issued.token)
      .member("token_type", "Bearer")
      .member("expires_in", issued.expires_at.value() - issued.issued_at.value());
  const bool is_narrower =
      !requested_scope.empty() && !is_same_scope(requested_scope, issued.scope);
  if (is_narrower) json.member("scope", issued.scope);
  json.end_object();
  return response;
}

// Everything up to signing; the issue request, or the answer.
struct Prepared {
  std::optional<HttpResponse> refusal;
  IssueRequest issue;
  std::string requested_scope;
};

Prepared prepare(const ApiContext& context, const HttpRequest& request) {
  const Ledger& ledger = context.ledger;
  auto& limits = context.limits;
  Prepared prepared;
  const auto refuse = [&](HttpResponse response) {
    prepared.refusal = std::move(response);
    return std::move(prepared);
  };
  if (auto refused = limits.admit(request.peer())) return refuse(std::move(*refused));
  if (has_secrets_in_query(request))
    return refuse(oauth_error(400, "invalid_request", "send parameters in the body only"));
  auto parsed = parse_token_request(request);
  if (parsed.fault) return refuse(answer(*parsed.fault));
  auto& parameters = parsed.request;
  const ClientCredentials credentials{.client_id = parameters.client_id,
                                      .client_secret = parameters.client_secret,
                                      .assertion_type = parameters.assertion_type,
                                      .assertion = parameters.assertion};
  auto caller = authenticate_caller(context, request, credentials, PublicClients::admitted);
  if (caller.refusal) return refuse(std::move(*caller.refusal));
  if (auto refused = limits.admit(caller.actor.client)) return refuse(std::move(*refused));
  if (parameters.grant_type.empty())
    return refuse(oauth_error(400, "invalid_request", "grant_type is missing"));
  if (parameters.grant_type != "client_credentials") {
    return refuse(
        oauth_error(400, "unsupported_grant_type", "the grant type is not supported here"));
  }
  const auto target = find_target(parameters);
  if (target.fault) return refuse(answer(*target.fault));
  std::optional<OauthFault> fault;
  ledger.with_registries([&](const Registries& registries) {
    fault = check_policy(registries, caller.actor, target, prepared.issue.client_id);
  });
  if (fault) return refuse(answer(*fault));
  auto scope = parse_scope(parameters.scope);
  if (scope.fault) return refuse(answer(*scope.fault));

  prepared.issue.actor = caller.actor;
  prepared.issue.audience = target.identifier;
  prepared.issue.scopes = std::move(scope.names);
  prepared.issue.origin = Origin::oauth_flow;
  prepared.issue.request_id = request.request_id();
  prepared.requested_scope = std::move(parameters.scope);
  return prepared;
}

void issue(ApiContext& context, const OwnedHttpRequest& request, Responder responder) {
  auto& ledger = context.ledger;
  auto prepared = prepare(context, *request);
  responder.set_client_id(prepared.issue.client_id);
  if (prepared.refusal) return responder.respond(std::move(*prepared.refusal));
  const auto shared = std::make_shared<Responder>(std::move(responder));
  ledger.issue_async(
      std::move(prepared.issue),
      [shared, scope = std::move(prepared.requested_scope)](const Result<IssuedToken>& issued) {
        shared->respond(issued ? token_answer(*issued, scope)
                               : oauth_error_of(to_errc(issued.error())));
      });
}

}  // namespace

void add_oauth_token_endpoint(HttpRouter& router, ApiContext& context) {
  router.add_async(HttpMethod::post, "/oauth/token",
                   [&context](const OwnedHttpRequest& request, Responder responder) {
                     issue(context, request, std::move(responder));
                   });
}

}  // namespace tokenledger
