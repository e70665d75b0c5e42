#include <algorithm>
#include <functional>

#include "core/decider.hpp"
#include "core/validity_index.hpp"

namespace tokenledger {

// A client's own request (RFC 7009) is not bound by the origins that /v1 keeps (S14).
Result<void> Decider::check_revocable(TokenIndex token, const IndexEntry& entry) const {
  if (state_.is_revoked(index_, token) || state_.is_cascaded(entry)) return Errc::not_active;
  if (to_seconds(now_) >= entry.expires_at) return Errc::not_active;
  const bool is_client = command_.actor.kind == ActorKind::client;
  for (const auto& scopes : state_.find_class(entry.token_class)->apis) {
    const auto* api = state_.registries.api(scopes.api);
    if (api == nullptr) continue;
    if (api->settings.not_revocable) return Errc::not_revocable;
    const bool is_kept = (api->settings.origins_kept & bit_of(entry.origin)) != 0;
    if (is_kept && !is_client) return Errc::not_revocable;
  }
  return {};
}

// A consent that a group was given says nothing about who; its tokens have families.
UserNumber Decider::user_of(const IndexEntry& entry) const {
  if (const auto* family = state_.people.family(entry.binding.family)) return family->user;
  const auto* consent = state_.people.consent(entry.binding.consent);
  return consent == nullptr ? UserNumber{} : consent->user;
}

Result<void> Decider::operator()(const RevokeToken& revoke) {
  if (revoke.reason.bytes.size() > kSealedBytesMax) return Errc::too_large;
  if (revoke.cause > kCommandCauseLast) return Errc::invalid_argument;
  const bool is_client = command_.actor.kind == ActorKind::client;
  // The cause says who wanted it; nobody may say it of somebody else.
  if (is_client != (revoke.cause == Cause::client_self)) return Errc::invalid_argument;
  const auto entry = state_.find(index_, revoke.index);
  if (is_client) {
    // RFC 7009 §2.1: a client may revoke what was issued to it, where the API leaves that to
    // clients.
    const auto actor = authenticated_client();
    if (!actor) return actor.error();
    if (!entry) return Errc::token_not_found;
    const auto* token_class = state_.find_class(entry->token_class);
    if (token_class->client != (*actor)->number) return Errc::token_not_found;
    for (const auto& scopes : token_class->apis) {
      const auto* api = state_.registries.api(scopes.api);
      if (api != nullptr && api->settings.revocable_by_admins_only) return Errc::insufficient_scope;
    }
  } else if (command_.actor.kind == ActorKind::user) {
    if (revoke.cause != Cause::owner_request) return Errc::invalid_argument;
    if (!entry || user_of(*entry) != command_.actor.user) return Errc::token_not_found;
  } else if (auto allowed = require_scope(ManagementScope::tokens_revoke); !allowed) {
    return allowed;
  }
  if (!entry) {
    // What lies in a retired chunk expired long ago; whether it was ever issued, the views know.
    const bool is_retired =
        revoke.index.has_lane() &&
        revoke.index.counter() < state_.lanes[revoke.index.lane_number()].oldest;
    return is_retired ? Errc::not_active : Errc::token_not_found;
  }
  if (auto revocable = check_revocable(revoke.index, *entry); !revocable) return revocable;
  return emit(TokenRevoked{revoke.index, revoke.cause, revoke.reason});
}

Result<void> Decider::operator()(const RevokeTokens& revoke) {
  if (revoke.reason.bytes.size() > kSealedBytesMax) return Errc::too_large;
  if (auto allowed = require_scope(ManagementScope::tokens_revoke); !allowed) return allowed;
  const auto& registries = state_.registries;
  switch (revoke.selector.kind) {
    case SelectorKind::client:
      if (registries.client(ClientNumber{revoke.selector.id}) == nullptr)
        return Errc::client_not_found;
      break;
    case SelectorKind::api:
      if (registries.api(ApiNumber{revoke.selector.id}) == nullptr) return Errc::api_not_found;
      break;
    case SelectorKind::grant:
      if (registries.grant(GrantNumber{revoke.selector.id}) == nullptr)
        return Errc::grant_not_found;
      break;
    case SelectorKind::key:
      if (registries.key(KeyNumber{revoke.selector.id}) == nullptr) return Errc::key_not_found;
      break;
    case SelectorKind::all:
      if (revoke.selector.id != 0) return Errc::invalid_argument;
      break;
    default: return Errc::invalid_argument;
  }
  const auto before = revoke.before.value_or(next_seq());
  if (before == Sequence{} || before > next_seq()) return Errc::invalid_argument;
  return emit(TokensRevoked{revoke.selector, before, revoke.cause, revoke.reason});
}

Result<void> Decider::operator()(const RevokeTokenList& revoke) {
  if (revoke.reason.bytes.size() > kSealedBytesMax) return Errc::too_large;
  if (auto allowed = require_scope(ManagementScope::tokens_revoke); !allowed) return allowed;
  if (revoke.tokens.size() > kRevokeListMax) return Errc::too_large;
  const bool is_ascending =
      std::ranges::adjacent_find(revoke.tokens, std::greater_equal{}) == revoke.tokens.end();
  const bool is_allowed = revoke.cause != Cause::client_self && revoke.cause <= kCommandCauseLast;
  if (revoke.tokens.empty() || !is_ascending || !is_allowed) return Errc::invalid_argument;
  const auto size = out_.size();
  for (const auto token : revoke.tokens) {
    const auto entry = state_.find(index_, token);
    if (!entry) continue;
    const auto revocable = check_revocable(token, *entry);
    if (revocable.has_error() && revocable.error() == Errc::not_active) continue;
    if (!revocable) return revocable;
    if (auto emitted = emit(TokenRevoked{token, revoke.cause, revoke.reason}); !emitted)
      return emitted;
  }
  return out_.size() == size ? Errc::not_active : Result<void>{};
}

}  // namespace tokenledger
