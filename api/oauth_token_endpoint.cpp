// POST /oauth/token: who asks, with which grant (RFC 6749 §3.2), and the client credentials grant
// (§4.4). The grants of users: api/code_grant.cpp and api/refresh_grant.cpp.
//
// Refusals in this order: the shape of the request, the client's authentication, the grant type,
// the API, the client's grant, the scope. Nothing is written for a refused one (Z02), but for a
// code or a refresh token that was used before.
#include <memory>

#include "api/cors.hpp"
#include "api/endpoint.hpp"
#include "api/endpoints.hpp"
#include "api/error_mapping.hpp"
#include "api/json_writer.hpp"
#include "api/oauth_caller.hpp"
#include "api/problem.hpp"
#include "api/token_request.hpp"
#include "api/token_request_limits.hpp"
#include "api/user_grants.hpp"

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
  if ((client->settings.grant_types & allowed) == 0 || client->settings.is_public)
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

// A client that is who it says, and what it asks for; or the answer.
struct Request {
  std::optional<HttpResponse> refusal;
  TokenRequest parameters;
  Actor actor;
  std::string client_id;  // for the log
};

Request read_request(ApiContext& context, const HttpRequest& http) {
  Request request;
  const auto refuse = [&](HttpResponse response) {
    request.refusal = std::move(response);
    return std::move(request);
  };
  auto& limits = context.limits;
  if (auto refused = limits.admit(http.peer())) return refuse(std::move(*refused));
  if (has_secrets_in_query(http))
    return refuse(oauth_error(400, "invalid_request", "send parameters in the body only"));
  auto parsed = parse_token_request(http);
  if (parsed.fault) return refuse(answer(*parsed.fault));
  request.parameters = std::move(parsed.request);
  const auto& parameters = request.parameters;
  const ClientCredentials credentials{.client_id = parameters.client_id,
                                      .client_secret = parameters.client_secret,
                                      .assertion_type = parameters.assertion_type,
                                      .assertion = parameters.assertion};
  auto caller = authenticate_caller(context, http, credentials, PublicClients::admitted);
  if (caller.refusal) return refuse(std::move(*caller.refusal));
  request.actor = caller.actor;
  bool is_public = false;
  context.ledger.with_registries([&](const Registries& registries) {
    const auto* client = registries.client(request.actor.client);
    if (client == nullptr) return;
    request.client_id = client->client_id;
    is_public = client->settings.is_public;
  });
  // Anybody can say a public client's name: what strangers ask for must not use up its users'
  // share. The limit per address holds for them.
  if (!is_public) {
    if (auto refused = limits.admit(request.actor.client)) return refuse(std::move(*refused));
  }
  if (parameters.grant_type.empty())
    return refuse(oauth_error(400, "invalid_request", "grant_type is missing"));
  return request;
}

void answer_client_credentials(ApiContext& context, Request request, std::string request_id,
                               const AnswerGrant& respond) {
  const auto target = find_target(request.parameters);
  if (target.fault) return respond(answer(*target.fault));
  std::optional<OauthFault> fault;
  IssueRequest issue;
  context.ledger.with_registries([&](const Registries& registries) {
    fault = check_policy(registries, request.actor, target, issue.client_id);
  });
  if (fault) return respond(answer(*fault));
  auto scope = parse_scope(request.parameters.scope);
  if (scope.fault) return respond(answer(*scope.fault));
  issue.actor = request.actor;
  issue.audience = target.identifier;
  issue.scopes = std::move(scope.names);
  issue.origin = Origin::oauth_flow;
  issue.request_id = std::move(request_id);
  context.ledger.issue_async(
      std::move(issue),
      [respond, scope = std::move(request.parameters.scope)](const Result<IssuedToken>& issued) {
        respond(issued ? token_answer(*issued, scope) : oauth_error_of(to_errc(issued.error())));
      });
}

void issue(ApiContext& context, const OwnedHttpRequest& http, Responder responder) {
  auto request = read_request(context, *http);
  responder.set_client_id(request.client_id);
  const auto shared = std::make_shared<Responder>(std::move(responder));
  const AnswerGrant respond = [shared](HttpResponse response) {
    allow_any_origin(response);
    shared->respond(std::move(response));
  };
  if (request.refusal) return respond(std::move(*request.refusal));
  std::string request_id{http->request_id()};
  const auto grant_type = std::move(request.parameters.grant_type);
  if (grant_type == "client_credentials")
    return answer_client_credentials(context, std::move(request), std::move(request_id), respond);
  if (grant_type != "authorization_code" && grant_type != "refresh_token")
    return respond(
        oauth_error(400, "unsupported_grant_type", "the grant type is not supported here"));
  UserGrantRequest grant{.parameters = std::move(request.parameters),
                         .actor = request.actor,
                         .request_id = std::move(request_id)};
  const bool is_code = grant_type == "authorization_code";
  (is_code ? answer_code_grant : answer_refresh_grant)(context, std::move(grant), respond);
}

}  // namespace

void add_oauth_token_endpoint(HttpRouter& router, ApiContext& context) {
  router.add_async(HttpMethod::post, "/oauth/token",
                   [&context](const OwnedHttpRequest& request, Responder responder) {
                     issue(context, request, std::move(responder));
                   });
}

}  // namespace tokenledger
