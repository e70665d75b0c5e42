// The rules on authorization codes (RFC 6749 §4.1, RFC 7636, RFC 9700 §2.1.1).
#include "core/authorization_code.hpp"
#include "core/decider.hpp"
#include "core/identity_scopes.hpp"

namespace tokenledger {
namespace {

constexpr auto kCodeGrant = static_cast<std::uint8_t>(GrantType::authorization_code);
constexpr auto kRefreshGrant = static_cast<std::uint8_t>(GrantType::refresh_token);

// A parameter that was in the request must come again, the same (§4.1.3); one that was not may, as
// the only registered address.
bool is_same_redirect(const CodeRecord& code, const RedeemCode& redeem) {
  if (!redeem.has_redirect) return !code.has_redirect;
  return redeem.redirect_sha256 == code.redirect_sha256;
}

UserGrant grant_of(const CodeRecord& code) {
  return {.user = code.user,
          .client = code.client,
          .consent = code.consent,
          .api = code.api,
          .scope_mask = code.scope_mask,
          .identity_mask = code.identity_mask,
          .auth_time = code.auth_time};
}

}  // namespace

Result<void> Decider::check_code_time(const IssueCode& issue) const {
  const auto now = to_seconds(now_);
  if (issue.auth_time == UnixSeconds{} || issue.auth_time > now) return Errc::invalid_argument;
  if (issue.expires_at <= now) return Errc::stale_policy;
  const auto lifetime = issue.expires_at.value() - now.value();
  return lifetime <= kAuthorizationCodeLifetimeSeconds ? Result<void>{} : Errc::invalid_argument;
}

Result<void> Decider::operator()(const IssueCode& issue) {
  if (issue.code_sha256 == Digest{}) return Errc::invalid_argument;
  if (issue.nonce.size() > kNonceBytesMax) return Errc::too_large;
  if ((issue.scope_mask | issue.identity_mask) == 0) return Errc::invalid_argument;
  if (auto checked = check_code_time(issue); !checked) return checked;
  if (!is_user(issue.user)) return Errc::insufficient_scope;
  const auto client = client_for_users(issue.client, kCodeGrant);
  if (!client) return client.error();
  if ((*client)->updated_seq != issue.client_based_on) return Errc::stale_policy;
  const auto& settings = (*client)->settings;
  if (!issue.challenge && (settings.is_public || !settings.pkce_optional))
    return Errc::invalid_argument;
  auto checked =
      check_consent_scopes(issue.client, issue.api, issue.scope_mask, issue.identity_mask);
  if (!checked) return checked;
  const auto& people = state_.people;
  const auto* consent = people.consent(issue.consent);
  const bool covers = consent != nullptr && consent->client == issue.client &&
                      consent->api == issue.api && people.covers(issue.consent, issue.user) &&
                      (issue.scope_mask & ~consent->scope_mask) == 0 &&
                      (issue.identity_mask & ~std::uint64_t{consent->identity_mask}) == 0;
  if (!covers) return Errc::consent_required;
  if (people.find_code(issue.code_sha256) != CodeNumber{}) return Errc::invalid_argument;
  const auto number = people.next_code();
  if (number == CodeNumber{} || !people.has_code_room(to_seconds(now_))) return Errc::limit_reached;
  return emit(CodeIssued{.code = number,
                         .sha256 = issue.code_sha256,
                         .user = issue.user,
                         .client = issue.client,
                         .consent = issue.consent,
                         .api = issue.api,
                         .scope_mask = issue.scope_mask,
                         .identity_mask = issue.identity_mask,
                         .redirect_sha256 = issue.redirect_sha256,
                         .has_redirect = issue.has_redirect,
                         .challenge = issue.challenge,
                         .auth_time = issue.auth_time,
                         .expires_at = issue.expires_at,
                         .nonce = issue.nonce});
}

// RFC 6749 §4.1.2: the code leaked, whoever presents it now. Only the family is ended, or the one
// token; a third time there is nothing left to end.
Result<void> Decider::refuse_reused(const CodeRecord& code, CodeNumber number) {
  refusal_ = Errc::code_reused;
  const auto family = state_.people.live_family_of(code);
  if (auto emitted = emit(CodeReused{number, family}); !emitted) return emitted;
  if (family != FamilyNumber{} || !code.token) return {};
  const auto entry = state_.find(index_, *code.token);
  const bool is_live = entry && !state_.is_revoked(index_, *code.token);
  return is_live ? emit(TokenRevoked{*code.token, Cause::code_reuse, {}}) : Result<void>{};
}

bool Decider::may_refresh(const CodeRecord& code, const ClientRecord& client) const {
  const auto* api = state_.registries.api(code.api);
  return (code.identity_mask & mask_of(IdentityScope::offline_access)) != 0 &&
         (client.settings.grant_types & kRefreshGrant) != 0 && api != nullptr &&
         api->settings.allow_offline_access;
}

Result<void> Decider::operator()(const RedeemCode& redeem) {
  if (command_.actor.kind != ActorKind::client) return Errc::insufficient_scope;
  const auto client = authenticated_client();
  if (!client) return client.error();
  if (auto checked = check_issue_shape(redeem.issue); !checked) return checked;
  if (!redeem.issue.nonce.empty()) return Errc::invalid_argument;
  const auto& people = state_.people;
  const auto number = people.find_code(redeem.code_sha256);
  const auto* code = people.code(number);
  if (code == nullptr || code->client != (*client)->number) return Errc::code_unknown;
  if (code->state == CodeState::reused) return Errc::code_unknown;
  if (code->state == CodeState::redeemed) return refuse_reused(*code, number);
  // A family that makes room comes first, and a later event has a later time.
  if (to_seconds(LedgerTime{now_.value() + 1}) >= code->expires_at) return Errc::code_unknown;
  // Without a challenge no verifier may come: an attacker may have taken the challenge away
  // (RFC 9700 §4.8.2). Absent equals absent.
  if (!is_same_redirect(*code, redeem) || code->challenge != redeem.verifier_sha256)
    return Errc::code_mismatch;
  const UnixSeconds made_at{code->expires_at.value() - kAuthorizationCodeLifetimeSeconds};
  if (is_ended_since({code->issued_seq, made_at}, code->client, code->api, code->identity_mask))
    return Errc::code_unknown;
  if (auto allowed = client_for_users(code->client, kCodeGrant); !allowed) return allowed.error();
  const auto granted = grant_of(*code);
  if (auto checked = check_user_token(redeem.issue, granted); !checked) return checked;
  // Another password, or being disabled and enabled again, ends what was asked for before.
  if (!people.still_stands(*code)) return Errc::code_unknown;
  // So does leaving the group, though its consent stands and the user may be back (Z21).
  const bool is_groups = people.consent(code->consent)->user == UserNumber{};
  if (is_groups && code->issued_seq < people.user(code->user)->updated_seq)
    return Errc::code_unknown;
  auto checked = check_new_family(redeem.issue, granted, may_refresh(*code, **client));
  if (!checked) return checked;
  if (auto made = make_family_room(redeem.issue, granted); !made) return made;
  if (auto emitted = emit(CodeRedeemed{number}); !emitted) return emitted;
  if (auto started = start_family(redeem.issue, granted); !started) return started;
  return issue_token(redeem.issue, **client);
}

}  // namespace tokenledger
