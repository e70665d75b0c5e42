#include "storage/ledger_codes.hpp"

#include <memory>
#include <utility>

#include "core/authorization_code.hpp"
#include "core/invariant.hpp"
#include "core/sha256.hpp"
#include "storage/random.hpp"

namespace tokenledger {

void issue_code_async(Ledger& ledger, CodeRequest request,
                      std::function<void(Result<IssuedCode>)> done) {
  auto random = random_bytes<32>();
  std::string code = make_authorization_code(random);
  wipe(random);
  const auto sha256 = hash_authorization_code(code);
  LEDGER_INVARIANT(sha256.has_value());  // a code that was just made is one
  const auto now = to_seconds(ledger.now());
  IssueCode issue{.code_sha256 = *sha256,
                  .user = request.actor.user,
                  .client = request.client,
                  .client_based_on = request.client_based_on,
                  .consent = request.consent,
                  .api = request.api,
                  .scope_mask = request.scope_mask,
                  .identity_mask = request.identity_mask,
                  .redirect_sha256 = tokenledger::sha256(request.redirect_uri),
                  .has_redirect = request.has_redirect_uri,
                  .challenge = request.code_challenge,
                  .auth_time = request.auth_time,
                  .expires_at = UnixSeconds{now.value() + kAuthorizationCodeLifetimeSeconds},
                  .nonce = std::move(request.nonce)};
  ledger.submit_async({request.actor, std::move(request.request_id), {}, std::move(issue)},
                      [code = std::move(code), done = std::move(done)](Result<Committed> outcome) {
                        if (!outcome) return done(outcome.error());
                        done(IssuedCode{.code = code, .committed = *outcome});
                      });
}

}  // namespace tokenledger
