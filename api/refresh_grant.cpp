// grant_type=refresh_token (RFC 6749 §6), with rotation (RFC 9700 §4.14.2).
//
// A client whose answer was lost asks again with the token that it had. Within the API's grace
// window it gets the very same bytes, so that there is never a second successor.
#include "api/endpoint.hpp"
#include "api/error_mapping.hpp"
#include "api/problem.hpp"
#include "api/token_request_limits.hpp"
#include "api/user_grants.hpp"
#include "core/sha256.hpp"
#include "storage/grace_answers.hpp"

namespace tokenledger {
namespace {

// What an answer is kept under. A request for something else is no retry: it is refused, and
// nothing ends.
Digest retry_key(const std::string& refresh_token, const std::string& scope,
                 const std::string& audience) {
  return sha256(refresh_token + '\n' + scope + '\n' + audience);
}

// Before anybody hears of it: whoever is told that the token was superseded finds the answer.
void keep_answer(GraceAnswers& answers, const Digest& predecessor, const UserTokens& tokens,
                 const HttpResponse& response) {
  if (tokens.grace_s == 0) return;
  // Where there is no room a retry is refused, and the user signs in again.
  (void)answers.keep(predecessor, SecretBytes{bytes_of(response.body)},
                     std::chrono::seconds{tokens.grace_s});
}

HttpResponse earlier_answer(const GraceAnswers& answers, const Digest& predecessor) {
  const auto kept = answers.find(predecessor);
  if (!kept) return user_grant_refusal(Errc::refresh_superseded);
  return tokens_answer_of(std::string{text_of(kept->view())});
}

}  // namespace

void answer_refresh_grant(ApiContext& context, UserGrantRequest request, AnswerGrant answer) {
  const auto& parameters = request.parameters;
  if (parameters.refresh_token.empty())
    return answer(oauth_error(400, "invalid_request", "refresh_token is missing"));
  auto target = find_optional_target(parameters);
  auto scope = parse_scope(parameters.scope);
  for (const auto* fault : {&target.fault, &scope.fault}) {
    if (*fault)
      return answer(oauth_error((*fault)->status, (*fault)->error, (*fault)->description));
  }
  LedgerGrants grants{context.ledger};
  const auto token = grants.find_refresh_token(parameters.refresh_token);
  if (!token) return answer(user_grant_refusal(Errc::refresh_unknown));
  if (auto refused = context.limits.admit(token->family)) return answer(std::move(*refused));
  LedgerGrants::RefreshRequest refresh{.actor = request.actor,
                                       .token = *token,
                                       .token_sha256 = sha256(parameters.refresh_token),
                                       .scopes = {},
                                       .audience = std::move(target.identifier),
                                       .request_id = std::move(request.request_id)};
  if (!scope.names.empty()) refresh.scopes = std::move(scope.names);
  const auto predecessor = retry_key(parameters.refresh_token, parameters.scope, refresh.audience);
  grants.refresh_async(
      std::move(refresh), [answer = std::move(answer), answers = context.grace_answers,
                           predecessor](const Result<UserTokens>& tokens) {
        if (tokens) {
          auto response = user_tokens_answer(*tokens);
          keep_answer(*answers, predecessor, *tokens, response);
          return answer(std::move(response));
        }
        const auto failure = to_errc(tokens.error());
        answer(failure == Errc::refresh_superseded ? earlier_answer(*answers, predecessor)
                                                   : user_grant_refusal(failure));
      });
}

}  // namespace tokenledger
