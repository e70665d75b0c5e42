#include "storage/issue_signing.hpp"

#include <algorithm>
#include <atomic>

#include "core/jwe.hpp"
#include "core/jwt_signature.hpp"
#include "core/opaque_token.hpp"
#include "core/sha256.hpp"
#include "storage/ledger_core.hpp"
#include "storage/random.hpp"
#include "storage/status_list_reference.hpp"

namespace tokenledger {
Result<void> find_format(const Registries& registries, const ClientRecord& client,
                         const ApiRecord& api, IssuePolicy& policy) {
  policy.lifetime_s = api.settings.token_lifetime_s;
  policy.lifetime_max_s = std::min(api.settings.token_lifetime_max_s, kTokenLifetimeSecondsMax);
  const bool is_hs256 = api.settings.signing_alg == SignatureAlgorithm::hs256;
  policy.kind =
      is_hs256 ? TokenKind::jwt : client.settings.token_format.value_or(api.settings.token_format);
  if (policy.kind == TokenKind::opaque) return {};
  const auto* key =
      is_hs256 ? registries.key(api.secret_key) : registries.signing_key(api.settings.signing_alg);
  if (key == nullptr) return Errc::key_not_found;
  policy.key = key->number;
  policy.kid = key->kid;
  return {};
}

void name_apis(const Registries& registries, IssuePolicy& policy) {
  for (const auto& scopes : policy.apis) {
    const auto* api = registries.api(scopes.api);
    if (api == nullptr) continue;
    policy.audience.push_back(api->identifier);
    const auto names = api->scope_string(scopes.scope_mask);
    if (!policy.scope.empty() && !names.empty()) policy.scope += ' ';
    policy.scope += names;
  }
}

Result<void> room_for_token(LedgerCore& core) {
  if (core.storage_low.load(std::memory_order_relaxed)) {
    core.counters.rejected_storage_low.fetch_add(1, std::memory_order_relaxed);
    return Errc::storage_low;
  }
  if (core.queue.depth() >= core.options.queue_commands_max) {
    core.counters.rejected_queue_full.fetch_add(1, std::memory_order_relaxed);
    return Errc::queue_full;
  }
  return {};
}

Result<TokenIndex> reserve_index(LedgerCore& core, std::uint32_t lifetime_s) {
  const auto lane = lane_for_lifetime(lifetime_s);
  auto& next = core.reserved[static_cast<std::size_t>(lane)];
  // Asked first: requests to a full lane must not use up the places that retiring will bring.
  if (!core.index.can_hold(TokenIndex{lane, next.load(std::memory_order_relaxed)}))
    return Errc::limit_reached;
  const TokenIndex index{lane, next.fetch_add(1, std::memory_order_relaxed)};
  if (!core.index.can_hold(index)) return Errc::limit_reached;
  return index;
}

Result<SignedToken> sign_token(LedgerCore& core, const IssuePolicy& policy,
                               const TokenSubject& subject, IssueToken& issue) {
  const auto incarnation = core.incarnations.back().incarnation;
  const auto& seal_key = core.keys->seal_key();
  SignedToken made;
  made.jti = text_of(seal_key.seal(issue.index, incarnation));
  if (policy.kind == TokenKind::opaque) {
    made.token = make_opaque(seal_key, {issue.index, incarnation}, random_bytes<16>());
    issue.token_sha256 = sha256(made.token);
    return made;
  }
  const JwtClaims claims{.jti = made.jti,
                         .issuer = core.options.issuer,
                         .subject = subject.name,
                         .audience = policy.audience,
                         .expires_at = issue.expires_at,
                         .issued_at = issue.issued_at,
                         .client_id = policy.client_id,
                         .scope = policy.scope,
                         .status = status_reference(core, issue.index, incarnation),
                         .signed_in_at = issue.user ? issue.user->auth_time : UnixSeconds{},
                         .nonce = subject.nonce};
  Result<std::string> token = Errc::key_not_found;
  if (policy.kind == TokenKind::jwe) {
    if (const auto* key = core.keys->jwe_key(); key != nullptr)
      token = make_jwe(*key, claims, random_bytes<kGcmNonceBytes>());
  } else if (const auto key = core.keys->signing_key(policy.kid); key != nullptr) {
    token = sign_jwt(*key, claims);
  }
  if (!token) return token.error();
  made.token = std::move(*token);
  issue.token_sha256 = sha256(made.token);
  return made;
}

}  // namespace tokenledger
