// The grants of POST /oauth/token that bring tokens of a user: authorization codes (RFC 6749
// §4.1.3, RFC 7636 §4.5) and refresh tokens (§6). One file each; the endpoint authenticated the
// client before. Private to api/.
#pragma once

#include <functional>
#include <string>

#include "api/http_response.hpp"
#include "api/token_request.hpp"
#include "core/command.hpp"
#include "storage/ledger_grants.hpp"

namespace tokenledger {

struct ApiContext;

// What a client that is who it says asks for.
struct UserGrantRequest {
  TokenRequest parameters;
  Actor actor;  // the client
  std::string request_id;
};
// Called exactly once, on any thread; it must be quick.
using AnswerGrant = std::function<void(HttpResponse)>;

void answer_code_grant(ApiContext& context, UserGrantRequest request, AnswerGrant answer);
void answer_refresh_grant(ApiContext& context, UserGrantRequest request, AnswerGrant answer);

// 200 with the tokens (§5.1, OpenID Connect Core §3.1.3.3).
[[nodiscard]] HttpResponse user_tokens_answer(const UserTokens& tokens);
// 200 with a body that was made before.
[[nodiscard]] HttpResponse tokens_answer_of(std::string body);
// Why not. Whatever is wrong with a code, a refresh token, its user or the user's consent is one
// text: invalid_grant.
[[nodiscard]] HttpResponse user_grant_refusal(Errc failure);

// The API that the request names, if it names one; a fault as find_target().
[[nodiscard]] Target find_optional_target(const TokenRequest& request);

}  // namespace tokenledger
