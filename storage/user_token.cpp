#include "storage/user_token.hpp"

#include <algorithm>

#include "core/id_token.hpp"
#include "core/identity_scopes.hpp"
#include "core/user_id.hpp"
#include "storage/ledger_core.hpp"
#include "storage/random.hpp"

namespace tokenledger {
namespace {

constexpr auto kOffline = mask_of(IdentityScope::offline_access);

// nullptr in a ledger whose own API has the name.
const ApiRecord* identity_api(const Registries& registries) {
  const auto* api = registries.find_api(kIdentityAudience);
  return api != nullptr && api->built_in ? api : nullptr;
}

struct Masks {
  std::uint64_t scopes = 0;
  std::uint64_t identity = 0;
};

std::optional<std::uint64_t> identity_bit(std::string_view name) {
  const auto found = std::ranges::find(kIdentityScopes, name, &IdentityScopeText::name);
  if (found == kIdentityScopes.end()) return std::nullopt;
  return std::uint64_t{1} << static_cast<unsigned>(found - kIdentityScopes.begin());
}

// Identity scopes whose names this API has taken since for scopes of its own: in a token for it
// they would be read as those. offline_access stands in none.
std::uint64_t identity_names_of(const ApiRecord& api) {
  std::uint64_t taken = 0;
  for (std::size_t bit = 0; bit < kIdentityScopes.size(); ++bit) {
    const auto own = api.mask_of({std::string{kIdentityScopes[bit].name}});
    if (own && *own != 0) taken |= std::uint64_t{1} << bit;
  }
  return taken & ~kOffline;
}

// RFC 6749 §6: a refresh may ask for less, never for more. `allowed` is what is there to be had.
Result<Masks> narrowed(const ApiRecord& api, bool is_identity, const Masks& allowed,
                       const std::optional<std::vector<std::string>>& names) {
  if (!names) return allowed;
  Masks masks;
  for (const auto& name : *names) {
    // As at the authorization endpoint: a name that the API lists is the API's.
    const auto own = is_identity ? Result<std::uint64_t>{Errc::scope_unknown} : api.mask_of({name});
    if (own) {
      masks.scopes |= *own;
    } else if (const auto bit = identity_bit(name)) {
      masks.identity |= *bit;
    } else {
      return Errc::scope_unknown;
    }
  }
  const bool is_within =
      (masks.scopes & ~allowed.scopes) == 0 && (masks.identity & ~allowed.identity) == 0;
  return is_within ? Result<Masks>{masks} : Result<Masks>{Errc::scope_not_granted};
}

// Ascending by API. The identity API is there for what can be asked of it: offline_access is no
// right at an API but a way to get tokens.
void choose_apis(const ApiRecord& api, const ApiRecord* identity, const Masks& masks,
                 IssuePolicy& policy) {
  const auto identity_mask = masks.identity & ~kOffline;
  if (identity != nullptr && identity->number == api.number) {
    policy.apis[0] = {api.number, identity_mask};
    return;
  }
  policy.apis[0] = {api.number, masks.scopes};
  if (identity == nullptr || identity_mask == 0) return;
  policy.apis[1] = {identity->number, identity_mask};
  if (policy.apis[1].api < policy.apis[0].api) std::swap(policy.apis[0], policy.apis[1]);
}

Result<std::string> find_id_token_key(const Registries& registries, const ClientRecord& client,
                                      const ApiRecord& api) {
  auto algorithm = client.settings.id_token_alg.value_or(api.settings.signing_alg);
  // HS256 is a secret that the API shares: it could then make id tokens.
  if (algorithm == SignatureAlgorithm::hs256) algorithm = SignatureAlgorithm::es256;
  const auto* key = registries.signing_key(algorithm);
  if (key == nullptr) return Errc::key_not_found;
  return key->kid;
}

bool has_grant_type(const ClientRecord& client, GrantType type) {
  return (client.settings.grant_types & static_cast<std::uint8_t>(type)) != 0;
}

// OpenID Connect Core §2, §3.1.3.3. It is no event: it follows from the code's or the family's.
Result<std::string> make_id_token(LedgerCore& core, const UserTokenPolicy& policy,
                                  const GrantedAccess& granted, const IssueToken& issue,
                                  std::string_view access_token) {
  const auto key = core.keys->signing_key(policy.id_token_kid);
  if (key == nullptr) return Errc::key_not_found;
  const IdTokenClaims claims{
      .issuer = core.options.issuer,
      .subject = user_id_text(granted.user_id),
      .client_id = policy.issue.client_id,
      .expires_at = UnixSeconds{issue.issued_at.value() + kIdTokenLifetimeSeconds},
      .issued_at = issue.issued_at,
      .signed_in_at = granted.auth_time,
      .nonce = granted.nonce,
      .access_token_hash = access_token_hash(key->algorithm(), access_token),
      .session_id = {},
      .authentication_context = {}};
  return sign_id_token(*key, claims);
}

}  // namespace

Result<void> GrantedAccess::narrow_by(const People& people) {
  const auto* record = people.user(user);
  if (record == nullptr || record->status == UserStatus::erased) return Errc::user_not_found;
  if (record->status != UserStatus::enabled) return Errc::user_disabled;
  const auto* allowed = people.consent(consent);
  if (allowed == nullptr || !people.covers(consent, user)) return Errc::consent_required;
  user_id = record->id;
  is_own_consent = allowed->user != UserNumber{};
  scope_mask &= allowed->scope_mask;
  identity_mask &= allowed->identity_mask;
  return {};
}

Result<UserTokenPolicy> find_user_policy(const Registries& registries, const GrantedAccess& granted,
                                         const AskedAccess& asked) {
  const auto* client = registries.client(granted.client);
  if (client == nullptr || client->status == ClientStatus::deleted) return Errc::client_not_found;
  if (client->status == ClientStatus::disabled) return Errc::client_disabled;
  const auto* api = registries.api(granted.api);
  if (api == nullptr || api->deleted) return Errc::consent_required;
  if (!asked.audience.empty() && asked.audience != api->identifier) return Errc::api_not_found;
  const auto* identity = identity_api(registries);
  UserTokenPolicy policy;
  Masks allowed{.scopes = 0, .identity = granted.identity_mask};
  if (identity != nullptr) allowed.identity &= identity->listed_mask();
  if (identity != api) {
    // An administrator decides what a client may ask users for.
    const auto* grant = registries.find_grant(client->number, api->number);
    if (grant == nullptr) return Errc::grant_not_found;
    policy.issue.grant = grant->number;
    allowed.scopes = granted.scope_mask & grant->scope_mask & api->listed_mask();
    allowed.identity &= ~identity_names_of(*api);
  }
  const auto masks = narrowed(*api, identity == api, allowed, asked.scopes);
  if (!masks) return masks.error();
  policy.issue.client = client->number;
  policy.issue.client_id = client->client_id;
  choose_apis(*api, identity, *masks, policy.issue);
  name_apis(registries, policy.issue);
  if (auto found = find_format(registries, *client, *api, policy.issue); !found)
    return found.error();
  policy.may_refresh = (granted.identity_mask & kOffline) != 0 &&
                       has_grant_type(*client, GrantType::refresh_token) &&
                       api->settings.allow_offline_access;
  policy.refresh_lifetime_s = api->settings.refresh_lifetime_s;
  policy.refresh_idle_s = api->settings.refresh_idle_s;
  policy.refresh_grace_s = api->settings.refresh_grace_s;
  policy.answer_scope = policy.issue.scope;
  if (policy.may_refresh && (masks->identity & kOffline) != 0) {
    if (!policy.answer_scope.empty()) policy.answer_scope += ' ';
    policy.answer_scope +=
        kIdentityScopes[static_cast<unsigned>(IdentityScope::offline_access)].name;
  }
  if ((masks->identity & mask_of(IdentityScope::openid)) != 0) {
    auto kid = find_id_token_key(registries, *client, *api);
    if (!kid) return kid.error();
    policy.id_token_kid = std::move(*kid);
  }
  return policy;
}

Result<IssueToken> begin_user_token(LedgerCore& core, const UserTokenPolicy& policy,
                                    const GrantedAccess& granted) {
  const auto& from = policy.issue;
  if (from.lifetime_s == 0) return Errc::expiry_in_the_past;
  if (from.lifetime_s > from.lifetime_max_s) return Errc::lifetime_too_long;
  if (auto room = room_for_token(core); !room) return room.error();
  if (core.full_clients.contains(from.client, FullClients::Clock::now()))
    return Errc::too_many_live_tokens;
  const auto index = reserve_index(core, from.lifetime_s);
  if (!index) return index.error();
  IssueToken issue;
  issue.index = *index;
  issue.client = from.client;
  issue.grant = from.grant;
  issue.key = from.key;
  issue.apis = from.apis;
  issue.issued_at = to_seconds(core.now());
  issue.expires_at = UnixSeconds{issue.issued_at.value() + from.lifetime_s};
  issue.default_lifetime = true;
  issue.kind = from.kind;
  issue.origin = Origin::oauth_flow;
  issue.subject = granted.user;
  issue.user = UserPart{
      .consent = granted.consent, .family = FamilyNumber{}, .auth_time = granted.auth_time};
  return issue;
}

NewFamily draw_family(FamilyNumber number, const IssueToken& issue) {
  NewFamily family{.number = number,
                   .tag = 0,
                   .refresh_sha256 = {},
                   .expires_at = issue.expires_at,
                   .idle_s = 0};
  while (family.tag == 0)  // one in four billion draws is zero
    fill_random({reinterpret_cast<std::uint8_t*>(&family.tag), sizeof family.tag});
  return family;
}

IssueToken empty_user_token(ApiNumber api, UnixSeconds now) {
  IssueToken issue;
  issue.apis[0] = {api, 0};
  issue.issued_at = now;
  issue.expires_at = UnixSeconds{now.value() + 1};
  issue.user = UserPart{};
  return issue;
}

Result<UserTokens> sign_user_tokens(LedgerCore& core, const UserTokenPolicy& policy,
                                    const GrantedAccess& granted, IssueToken& issue) {
  auto made = sign_token(core, policy.issue,
                         {.name = user_id_text(granted.user_id), .nonce = issue.nonce}, issue);
  if (!made) return made.error();
  UserTokens tokens;
  tokens.access.token = std::move(made->token);
  tokens.access.jti = std::move(made->jti);
  tokens.access.index = issue.index;
  tokens.access.issued_at = issue.issued_at;
  tokens.access.expires_at = issue.expires_at;
  tokens.access.scope = policy.issue.scope;
  tokens.access.kind = policy.issue.kind;
  tokens.scope = policy.answer_scope;
  tokens.grace_s = policy.refresh_grace_s;
  if (!policy.id_token_kid.empty()) {
    auto id_token = make_id_token(core, policy, granted, issue, tokens.access.token);
    if (!id_token) return id_token.error();
    tokens.id_token = std::move(*id_token);
  }
  return tokens;
}

}  // namespace tokenledger
