#include "core/status.hpp"

#include <algorithm>

namespace tokenledger {
namespace {

bool names(Selector selector, const TokenFacts& token) noexcept {
  const auto& token_class = token.token_class;
  switch (selector.kind) {
    case SelectorKind::client: return token_class.client.value() == selector.id;
    case SelectorKind::grant: return selector.id != 0 && token_class.grant.value() == selector.id;
    case SelectorKind::key: return selector.id != 0 && token_class.key.value() == selector.id;
    case SelectorKind::api:
      return std::ranges::any_of(token_class.apis, [&](const ApiScopes& scopes) {
        return selector.id != 0 && scopes.api.value() == selector.id;
      });
    case SelectorKind::all: return true;
    case SelectorKind::consent:
      return selector.id != 0 && token.binding.consent.value() == selector.id;
    case SelectorKind::family:
      return selector.id != 0 && token.binding.family.value() == selector.id;
    case SelectorKind::user: return selector.id != 0 && token.subject.value() == selector.id;
  }
  return false;
}

}  // namespace

bool applies(const Cascade& cascade, const TokenFacts& token) noexcept {
  return token.issued_seq < cascade.before && names(cascade.selector, token);
}

StatusAnswer status(const TokenFacts& token, std::span<const Cascade> cascades, Sequence at_seq,
                    LedgerTime at_time) noexcept {
  if (token.issued_seq > at_seq) return {};
  std::optional<Revocation> first;
  const auto consider = [&](const Revocation& revocation) {
    if (revocation.seq > at_seq || revocation.at > at_time) return;
    if (to_seconds(revocation.at) >= token.expires_at) return;
    if (!first || revocation.seq < first->seq) first = revocation;
  };
  if (token.own) consider(*token.own);
  for (const auto& cascade : cascades) {
    if (applies(cascade, token)) consider(cascade.revocation);
  }
  if (first) return {TokenStatus::revoked, first};
  return {to_seconds(at_time) >= token.expires_at ? TokenStatus::expired : TokenStatus::active,
          std::nullopt};
}

std::string_view status_name(TokenStatus status) noexcept {
  switch (status) {
    case TokenStatus::unknown: return "unknown";
    case TokenStatus::active: return "active";
    case TokenStatus::revoked: return "revoked";
    case TokenStatus::expired: return "expired";
  }
  return "unknown";
}

std::string_view cause_name(Cause cause) noexcept {
  switch (cause) {
    case Cause::admin_manual: return "admin_manual";
    case Cause::owner_request: return "owner_request";
    case Cause::client_self: return "client_self";
    case Cause::client_disabled: return "client_disabled";
    case Cause::client_deleted: return "client_deleted";
    case Cause::api_deleted: return "api_deleted";
    case Cause::grant_removed: return "grant_removed";
    case Cause::key_compromise: return "key_compromise";
    case Cause::epoch: return "epoch";
    case Cause::deleted: return "deleted";
    case Cause::consent_withdrawn: return "consent_withdrawn";
    case Cause::refresh_reuse: return "refresh_reuse";
    case Cause::code_reuse: return "code_reuse";
    case Cause::user_disabled: return "user_disabled";
    case Cause::password_changed: return "password_changed";
    case Cause::group_left: return "group_left";
  }
  return {};
}

std::optional<Cascade> cascade_of(const Event& event) {
  const auto make = [&](SelectorKind kind, std::uint32_t id, Sequence before, Cause cause) {
    return Cascade{{kind, id}, before, {cause, event.actor, event.seq, event.recorded_at}};
  };
  if (const auto* e = std::get_if<ClientDisabled>(&event.payload)) {
    return make(SelectorKind::client, e->client.value(), event.seq, Cause::client_disabled);
  }
  if (const auto* e = std::get_if<ClientDeleted>(&event.payload)) {
    return make(SelectorKind::client, e->client.value(), event.seq, Cause::client_deleted);
  }
  if (const auto* e = std::get_if<ApiDeleted>(&event.payload)) {
    return make(SelectorKind::api, e->api.value(), event.seq, Cause::api_deleted);
  }
  if (const auto* e = std::get_if<ClientGrantRemoved>(&event.payload)) {
    return make(SelectorKind::grant, e->grant.value(), event.seq, Cause::grant_removed);
  }
  if (const auto* e = std::get_if<KeyRevoked>(&event.payload)) {
    return make(SelectorKind::key, e->key.value(), event.seq, Cause::key_compromise);
  }
  if (const auto* e = std::get_if<TokensRevoked>(&event.payload)) {
    return make(e->selector.kind, e->selector.id, e->before, e->cause);
  }
  if (const auto* e = std::get_if<ConsentWithdrawn>(&event.payload)) {
    return make(SelectorKind::consent, e->consent.value(), event.seq, Cause::consent_withdrawn);
  }
  if (const auto* e = std::get_if<FamilyEnded>(&event.payload)) {
    return make(SelectorKind::family, e->family.value(), event.seq, e->cause);
  }
  if (const auto* e = std::get_if<CodeReused>(&event.payload)) {
    // Without a family the TokenRevoked that follows says it.
    if (e->family == FamilyNumber{}) return std::nullopt;
    return make(SelectorKind::family, e->family.value(), event.seq, Cause::code_reuse);
  }
  if (const auto* e = std::get_if<UserDisabled>(&event.payload)) {
    return make(SelectorKind::user, e->user.value(), event.seq, Cause::user_disabled);
  }
  if (const auto* e = std::get_if<KeyRevoked>(&event.payload)) {
    return make(SelectorKind::key, e->key.value(), event.seq, Cause::key_compromise);
  }
  return std::nullopt;
}

void CascadeHistory::add(const Cascade& cascade) {
  by_selector_[{cascade.selector.kind, cascade.selector.id}].push_back(cascade);
  ++size_;
}

std::vector<Cascade> CascadeHistory::for_class(const TokenClass& token_class) const {
  return for_token({.token_class = token_class});
}

std::vector<Cascade> CascadeHistory::for_token(const TokenFacts& token) const {
  std::vector<Cascade> found;
  const auto take = [&](SelectorKind kind, std::uint32_t id) {
    const auto rows = by_selector_.find({kind, id});
    if (rows != by_selector_.end())
      found.insert(found.end(), rows->second.begin(), rows->second.end());
  };
  const auto take_known = [&](SelectorKind kind, std::uint32_t id) {
    if (id != 0) take(kind, id);
  };
  const auto& token_class = token.token_class;
  take(SelectorKind::all, 0);
  take(SelectorKind::client, token_class.client.value());
  take_known(SelectorKind::grant, token_class.grant.value());
  take_known(SelectorKind::key, token_class.key.value());
  for (const auto& scopes : token_class.apis) take_known(SelectorKind::api, scopes.api.value());
  take_known(SelectorKind::consent, token.binding.consent.value());
  take_known(SelectorKind::family, token.binding.family.value());
  take_known(SelectorKind::user, token.subject.value());
  std::ranges::sort(found, {}, [](const Cascade& cascade) { return cascade.revocation.seq; });
  return found;
}

}  // namespace tokenledger
