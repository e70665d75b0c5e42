#include "api/user_grants.hpp"

#include "api/error_mapping.hpp"
#include "api/json_writer.hpp"
#include "api/problem.hpp"

namespace tokenledger {

HttpResponse tokens_answer_of(std::string body) {
  HttpResponse response{.status = 200, .content_type = kContentTypeJson, .body = std::move(body)};
  response.add_header("Cache-Control", "no-store");
  response.add_header("Pragma", "no-cache");
  return response;
}

HttpResponse user_tokens_answer(const UserTokens& tokens) {
  std::string body;
  const auto& access = tokens.access;
  JsonWriter json{&body};
  json.begin_object()
      .member("access_token", access.token)
      .member("token_type", "Bearer")
      .member("expires_in", access.expires_at.value() - access.issued_at.value());
  if (!tokens.refresh_token.empty()) json.member("refresh_token", tokens.refresh_token);
  if (!tokens.id_token.empty()) json.member("id_token", tokens.id_token);
  // Always: what was asked for was said at another endpoint (§5.1).
  if (!tokens.scope.empty()) json.member("scope", tokens.scope);
  json.end_object();
  return tokens_answer_of(std::move(body));
}

HttpResponse user_grant_refusal(Errc failure) {
  switch (failure) {
    case Errc::user_not_found:
    case Errc::user_disabled:
    case Errc::consent_not_found:
    case Errc::consent_required:
    case Errc::grant_not_found: return oauth_error_of(Errc::code_unknown);
    case Errc::api_not_found:
      return oauth_error(400, "invalid_target", "the grant is for another API");
    case Errc::scope_unknown:
    case Errc::scope_not_granted:
      return oauth_error(400, "invalid_scope", "a scope is beyond what the user granted");
    default: return oauth_error_of(failure);
  }
}

Target find_optional_target(const TokenRequest& request) {
  if (request.audiences.empty() && request.resources.empty()) return {};
  return find_target(request);
}

}  // namespace tokenledger
