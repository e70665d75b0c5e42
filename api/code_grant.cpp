// grant_type=authorization_code (RFC 6749 §4.1.3, RFC 7636 §4.5, OpenID Connect Core §3.1.3).
//
// A code that is shown here is either redeemed or untouched: what a thief could send without the
// verifier does not use it up. Shown a second time, it ends what the first one brought (§4.1.2).
#include "api/endpoint.hpp"
#include "api/error_mapping.hpp"
#include "api/problem.hpp"
#include "api/user_grants.hpp"
#include "core/authorization_code.hpp"
#include "core/pkce.hpp"
#include "core/sha256.hpp"

namespace tokenledger {

void answer_code_grant(ApiContext& context, UserGrantRequest request, AnswerGrant answer) {
  auto& parameters = request.parameters;
  if (parameters.code.empty())
    return answer(oauth_error(400, "invalid_request", "code is missing"));
  auto target = find_optional_target(parameters);
  if (target.fault)
    return answer(
        oauth_error(target.fault->status, target.fault->error, target.fault->description));
  const auto code = hash_authorization_code(parameters.code);
  const bool has_verifier = !parameters.code_verifier.empty();
  // RFC 7636 §4.1: another text is nobody's verifier.
  if (!code || (has_verifier && !is_code_verifier(parameters.code_verifier)))
    return answer(user_grant_refusal(Errc::code_unknown));
  LedgerGrants::CodeRequest redeem{.actor = request.actor,
                                   .code_sha256 = *code,
                                   .redirect_uri = {},
                                   .verifier_sha256 = {},
                                   .audience = std::move(target.identifier),
                                   .request_id = std::move(request.request_id)};
  if (!parameters.redirect_uri.empty()) redeem.redirect_uri = std::move(parameters.redirect_uri);
  if (has_verifier) redeem.verifier_sha256 = sha256(parameters.code_verifier);
  LedgerGrants{context.ledger}.redeem_async(
      std::move(redeem), [answer = std::move(answer)](const Result<UserTokens>& tokens) {
        answer(tokens ? user_tokens_answer(*tokens) : user_grant_refusal(to_errc(tokens.error())));
      });
}

}  // namespace tokenledger
