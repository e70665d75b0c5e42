// The rules on refresh tokens (RFC 6749 §6, RFC 9700 §4.14.2).
#include "core/decider.hpp"

namespace tokenledger {
namespace {

constexpr auto kRefreshGrant = static_cast<std::uint8_t>(GrantType::refresh_token);

// Ending a family ends its tokens, so whoever may not revoke one of those may not end it either
// (Z05, R17, S14): as in RevokeToken. Tokens of users come from the flow.
Result<void> check_ending(const ApiSettings& api, ActorKind actor) {
  const bool is_client = actor == ActorKind::client;
  if (is_client && api.revocable_by_admins_only) return Errc::insufficient_scope;
  const bool is_kept = !is_client && (api.origins_kept & bit_of(Origin::oauth_flow)) != 0;
  return api.not_revocable || is_kept ? Result<void>{Errc::not_revocable} : Result<void>{};
}

}  // namespace

// Which of its family's refresh tokens this is. The current one passes. One that was replaced just
// now is the retry of a client whose answer was lost; an earlier one was stolen, now or before.
Result<void> Decider::check_generation(const Refresh& refresh, const FamilyRecord& family,
                                       std::uint32_t grace_s) {
  if (refresh.generation == 0 || refresh.generation > family.generation)
    return Errc::refresh_unknown;
  if (refresh.generation == family.generation) {
    const bool is_it = Fingerprint::of(refresh.refresh_sha256) == family.fingerprint;
    return is_it ? Result<void>{} : Errc::refresh_unknown;
  }
  const auto grace_end = std::uint64_t{family.rotated_at.value()} + grace_s;
  const bool is_last = refresh.generation + 1 == family.generation;
  if (is_last && to_seconds(now_).value() < grace_end) return Errc::refresh_superseded;
  refusal_ = Errc::refresh_reused;
  return emit(FamilyEnded{refresh.family, Cause::refresh_reuse, {}});
}

// What the family stands on must still stand; the client hears nothing of what does not.
Result<void> Decider::check_refreshable(const FamilyRecord& family, const ConsentRecord& consent,
                                        const ApiRecord& api) const {
  if (is_ended_since({family.issued_seq, family.rotated_at}, consent.client, consent.api,
                     family.identity_mask))
    return Errc::refresh_unknown;
  if (auto client = client_for_users(consent.client, kRefreshGrant); !client) return client.error();
  if (api.deleted || !api.settings.allow_offline_access) return Errc::refresh_unknown;
  return state_.people.covers(family.consent, family.user) ? Result<void>{}
                                                           : Errc::consent_required;
}

Result<void> Decider::operator()(const Refresh& refresh) {
  if (command_.actor.kind != ActorKind::client) return Errc::insufficient_scope;
  const auto client = authenticated_client();
  if (!client) return client.error();
  if (auto checked = check_issue_shape(refresh.issue); !checked) return checked;
  const auto& issue = refresh.issue;
  if (!issue.user || issue.new_family || !issue.nonce.empty()) return Errc::invalid_argument;
  if (refresh.next_sha256 == Digest{} || refresh.next_sha256 == refresh.refresh_sha256)
    return Errc::invalid_argument;
  const auto* family = state_.people.family(refresh.family);
  if (family == nullptr || family->tag != refresh.tag) return Errc::refresh_unknown;
  const auto* consent = state_.people.consent(family->consent);
  if (consent == nullptr || consent->client != (*client)->number) return Errc::refresh_unknown;
  if (family->state != FamilyState::live || !family->has_refresh()) return Errc::refresh_unknown;
  if (family->is_past(to_seconds(now_))) return Errc::refresh_expired;
  const auto* api = state_.registries.api(consent->api);
  if (api == nullptr) return Errc::refresh_unknown;
  auto generation = check_generation(refresh, *family, api->settings.refresh_grace_s);
  if (!generation || refusal_) return generation;
  if (auto checked = check_refreshable(*family, *consent, *api); !checked) return checked;
  const UserGrant granted{.user = family->user,
                          .client = consent->client,
                          .consent = family->consent,
                          .api = consent->api,
                          .scope_mask = family->scope_mask,
                          .identity_mask = family->identity_mask,
                          .auth_time = family->auth_time};
  if (auto checked = check_user_token(issue, granted); !checked) return checked;
  if (issue.user->family != refresh.family) return Errc::invalid_argument;
  auto rotated = emit(RefreshRotated{refresh.family, refresh.generation + 1, refresh.next_sha256});
  return rotated ? issue_token(issue, **client) : rotated;
}

// RFC 7009 §2.1 for the client; for the others as any end of tokens. What ends a family otherwise
// (a withdrawn consent, another password, a theft) asks no policy.
Result<void> Decider::operator()(const EndFamily& end) {
  if (end.reason.bytes.size() > kSealedBytesMax) return Errc::too_large;
  const auto kind = command_.actor.kind;
  if (kind != ActorKind::client && kind != ActorKind::user) {
    if (auto allowed = require_scope(ManagementScope::tokens_revoke); !allowed) return allowed;
  }
  if (kind == ActorKind::client && end.tag == 0) return Errc::invalid_argument;
  const auto* family = state_.people.family(end.family);
  if (family == nullptr || (end.tag != 0 && end.tag != family->tag)) return Errc::refresh_unknown;
  const auto* consent = state_.people.consent(family->consent);
  if (consent == nullptr) return Errc::refresh_unknown;
  auto cause = Cause::admin_manual;
  if (kind == ActorKind::client) {
    if (consent->client != command_.actor.client) return Errc::refresh_unknown;
    cause = Cause::client_self;
  } else if (kind == ActorKind::user) {
    if (family->user != command_.actor.user) return Errc::refresh_unknown;
    cause = Cause::owner_request;
  }
  if (family->state != FamilyState::live) return Errc::not_active;
  if (const auto* api = state_.registries.api(consent->api)) {
    if (auto allowed = check_ending(api->settings, kind); !allowed) return allowed;
  }
  return emit(FamilyEnded{end.family, cause, end.reason});
}

}  // namespace tokenledger
