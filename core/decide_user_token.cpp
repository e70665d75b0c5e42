// The rules on tokens of users, wherever they come from: a code, a refresh token, or the user's own
// implicit request.
#include <algorithm>

#include "core/decider.hpp"
#include "core/identity_scopes.hpp"

namespace tokenledger {
namespace {

bool is_of(const IssueToken& issue, const UserGrant& granted) {
  return issue.client == granted.client && issue.subject == granted.user && issue.user &&
         issue.user->consent == granted.consent && issue.user->auth_time == granted.auth_time;
}

// A token of a user comes from the flow and has no fields that somebody else chose.
bool is_plain(const IssueToken& issue) {
  return issue.origin == Origin::oauth_flow && issue.name.empty() && issue.owner.bytes.empty() &&
         issue.extra_fields.bytes.empty();
}

}  // namespace

bool Decider::is_ended_since(Made made, ClientNumber client, ApiNumber api,
                             std::uint64_t identity_mask) const {
  const auto& registries = state_.registries;
  const auto seq = made.seq;
  const auto is_before = [&](const auto* record) {
    return record == nullptr || seq < record->revoked_before;
  };
  if (is_before(registries.client(client)) || is_before(registries.api(api))) return true;
  if (seq < registries.all_revoked_before()) return true;
  // offline_access is no right at that API.
  const auto rights = identity_mask & ~mask_of(IdentityScope::offline_access);
  if (rights != 0 && is_before(identity_api())) return true;
  const auto* grant = registries.find_grant(client, api);
  if (grant == nullptr) return false;
  if (seq < grant->revoked_before) return true;
  // Whatever was made since has it from this grant.
  if (seq > grant->updated_seq || made.at > to_seconds(grant->created_at)) return false;
  // Granted again: what stood on the grant before ended with that one. O(grants), and only for what
  // is about as old as the grant or older.
  return std::ranges::any_of(registries.grants(), [&](const GrantRecord& earlier) {
    return earlier.removed && earlier.client == client && earlier.api == api &&
           seq < earlier.revoked_before;
  });
}

// Beyond what was granted, and beyond what the consent says now.
Result<void> Decider::check_user_scopes(const IssueToken& issue, const UserGrant& granted,
                                        const ConsentRecord& consent) const {
  const auto* identity = identity_api();
  bool has_target = false;
  for (const auto& scopes : issue.apis) {
    if (scopes.api == ApiNumber{}) continue;
    const bool is_identity = identity != nullptr && scopes.api == identity->number;
    if (scopes.api == granted.api) has_target = true;
    if (!is_identity && scopes.api != granted.api) return Errc::invalid_argument;
    const auto allowed = is_identity ? granted.identity_mask & consent.identity_mask
                                     : granted.scope_mask & consent.scope_mask;
    if ((scopes.scope_mask & ~allowed) != 0) return Errc::scope_not_granted;
  }
  return has_target ? Result<void>{} : Errc::invalid_argument;
}

Result<void> Decider::check_user_token(const IssueToken& issue, const UserGrant& granted) const {
  if (!is_of(issue, granted) || !is_plain(issue)) return Errc::invalid_argument;
  const auto user = known_user(granted.user);
  if (!user) return user.error();
  if ((*user)->status == UserStatus::disabled) return Errc::user_disabled;
  const auto* consent = state_.people.consent(granted.consent);
  const bool stands = consent != nullptr && consent->client == granted.client &&
                      consent->api == granted.api &&
                      state_.people.covers(granted.consent, granted.user);
  if (!stands) return Errc::consent_required;
  return check_user_scopes(issue, granted, *consent);
}

// Tokens on a group's consent always get a family: it is the group's, and what ends one user must
// not end the others.
Result<void> Decider::check_new_family(const IssueToken& issue, const UserGrant& granted,
                                       bool has_refresh) const {
  const auto* consent = state_.people.consent(granted.consent);
  const bool is_needed = has_refresh || consent == nullptr || consent->user == UserNumber{};
  // What the signer assumed has changed.
  if (is_needed != issue.new_family.has_value()) return Errc::stale_policy;
  if (!is_needed) {
    return issue.user->family == FamilyNumber{} ? Result<void>{} : Errc::invalid_argument;
  }
  const auto& family = *issue.new_family;
  if (has_refresh != (family.refresh_sha256 != Digest{})) return Errc::stale_policy;
  if (family.tag == 0 || issue.user->family != family.number) return Errc::invalid_argument;
  if (!state_.people.is_free(family.number)) return Errc::stale_policy;
  if (!has_refresh) {
    const bool is_as_token = family.expires_at == issue.expires_at && family.idle_s == 0;
    return is_as_token ? Result<void>{} : Errc::invalid_argument;
  }
  const auto& settings = state_.registries.api(granted.api)->settings;
  const std::uint64_t expires_at =
      std::uint64_t{issue.issued_at.value()} + settings.refresh_lifetime_s;
  const bool is_policy =
      family.expires_at.value() == expires_at && family.idle_s == settings.refresh_idle_s;
  return is_policy ? Result<void>{} : Errc::stale_policy;
}

// Whoever signs in again and again keeps the newest families. The oldest makes room: of those whose
// time is up, else of those that can't be refreshed, else of all. It comes before the events that
// belong together.
Result<void> Decider::make_family_room(const IssueToken& issue, const UserGrant& granted) {
  if (!issue.new_family) return {};
  const auto families = state_.people.families_of(granted.user);
  if (families.size() < kFamiliesPerUserMax) return {};
  const auto oldest = [&](auto&& is_fit) {
    const auto found = std::find_if(families.rbegin(), families.rend(), [&](FamilyNumber number) {
      return is_fit(*state_.people.family(number));
    });
    return found == families.rend() ? FamilyNumber{} : *found;
  };
  const auto now = to_seconds(now_);
  auto victim = oldest([&](const FamilyRecord& family) { return family.is_past(now); });
  if (victim == FamilyNumber{})
    victim = oldest([](const FamilyRecord& family) { return !family.has_refresh(); });
  if (victim == FamilyNumber{}) victim = families.back();
  return emit(FamilyEnded{victim, Cause::owner_request, {}});
}

Result<void> Decider::start_family(const IssueToken& issue, const UserGrant& granted) {
  if (!issue.new_family) return {};
  const auto& family = *issue.new_family;
  return emit(FamilyStarted{.family = family.number,
                            .tag = family.tag,
                            .user = granted.user,
                            .consent = granted.consent,
                            .scope_mask = granted.scope_mask,
                            .identity_mask = granted.identity_mask,
                            .refresh_sha256 = family.refresh_sha256,
                            .auth_time = granted.auth_time,
                            .expires_at = family.expires_at,
                            .idle_s = family.idle_s});
}

// RFC 6749 §4.2, for clients whose settings ask for it (C9). There is no refresh token (§4.2.2).
Result<void> Decider::issue_implicitly(const IssueToken& issue, const ClientRecord& client) {
  if (!is_user(issue.subject)) return Errc::insufficient_scope;
  if (!issue.user) return Errc::invalid_argument;
  if (issue.nonce.size() > kNonceBytesMax) return Errc::too_large;
  auto allowed = client_for_users(client.number, static_cast<std::uint8_t>(GrantType::implicit));
  if (!allowed) return allowed.error();
  if (issue.user->auth_time > to_seconds(now_)) return Errc::invalid_argument;
  const auto* consent = state_.people.consent(issue.user->consent);
  if (consent == nullptr) return Errc::consent_required;
  const UserGrant granted{.user = issue.subject,
                          .client = client.number,
                          .consent = issue.user->consent,
                          .api = consent->api,
                          .scope_mask = consent->scope_mask,
                          .identity_mask = consent->identity_mask,
                          .auth_time = issue.user->auth_time};
  if (auto checked = check_user_token(issue, granted); !checked) return checked;
  if (auto checked = check_new_family(issue, granted, false); !checked) return checked;
  if (auto made = make_family_room(issue, granted); !made) return made;
  if (auto started = start_family(issue, granted); !started) return started;
  return issue_token(issue, client);
}

}  // namespace tokenledger
