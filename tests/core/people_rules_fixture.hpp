// A small ledger with people: API "https://api" with offline access, client "web" that may use
// every grant type, user 1, and group 1 that the user is not in.
#pragma once

#include "core/authorization_code.hpp"
#include "core/identity_scopes.hpp"
#include "tests/core/decide_fixture.hpp"

namespace tokenledger::testing_support {

class PeopleRulesFixture : public DecideFixture {
 protected:
  static constexpr UserNumber kUser{1};
  static constexpr GroupNumber kGroup{1};
  static constexpr ClientNumber kWeb{2};
  static constexpr ClientNumber kOther{3};
  static constexpr GrantNumber kWebGrant{2};
  static constexpr std::uint64_t kOpenId = mask_of(IdentityScope::openid);
  static constexpr std::uint64_t kOffline = mask_of(IdentityScope::offline_access);
  static constexpr std::uint8_t kGrantTypesAll = 15;

  PeopleRulesFixture() {
    ok(ActivateFormat{2}, kHost);
    ApiSettings identity{.name = "identity"};
    for (const auto& scope : kIdentityScopes)
      identity.scopes.push_back({std::string{scope.name}, std::string{scope.description}});
    identity.signing_alg = SignatureAlgorithm::es256;
    ok(CreateApi{std::string{kIdentityAudience}, true, identity, {}});
    auto offline = settings();
    offline.allow_offline_access = true;
    ok(UpdateApi{"https://api", offline});
    ok(RegisterClient{"web", false, web_settings(), {}});
    ok(RegisterClient{"other", false, web_settings(), {}});
    ok(AddClientGrant{"web", "https://api", {"read", "write"}});
    ok(AddClientGrant{"other", "https://api", {"read", "write"}});
    ok(RegisterUser{{1}, {"login"}, {"name"}}, kHost);
    ok(SetPassword{kUser, SecretGeneration{1}}, kHost);
    ok(CreateGroup{"staff"}, kHost);
    identity_api = state.registries.find_api(kIdentityAudience)->number;
  }

  static ClientSettings web_settings() {
    return {.name = "a web client",
            .grant_types = kGrantTypesAll,
            .redirect_uris = {"https://web.example/back"}};
  }
  [[nodiscard]] Actor as_user(UserNumber user = kUser, std::uint32_t generation = 1) const {
    return {.kind = ActorKind::user, .generation = SecretGeneration{generation}, .user = user};
  }
  [[nodiscard]] static Actor as_client(ClientNumber client = kWeb, std::uint32_t generation = 1) {
    return {
        .kind = ActorKind::client, .client = client, .generation = SecretGeneration{generation}};
  }
  static Digest digest(std::uint8_t value) { return Digest{value, 1, 2, 3}; }

  // --- commands that are accepted as they stand ---
  static GrantConsent consent(std::uint64_t scopes = 3,
                              std::uint64_t identity = kOpenId | kOffline) {
    return {kUser, kWeb, kApi, scopes, identity};
  }
  [[nodiscard]] IssueCode code(std::uint8_t text, std::uint64_t scopes = 1,
                               std::uint64_t identity = kOpenId | kOffline) const {
    return {.code_sha256 = digest(text),
            .user = kUser,
            .client = kWeb,
            .client_based_on = state.registries.client(kWeb)->updated_seq,
            .consent = ConsentNumber{1},
            .api = kApi,
            .scope_mask = scopes,
            .identity_mask = identity,
            .redirect_sha256 = digest(200),
            .has_redirect = true,
            .challenge = digest(201),
            .auth_time = UnixSeconds{seconds()},
            .expires_at = UnixSeconds{seconds() + kAuthorizationCodeLifetimeSeconds}};
  }
  // Of consents as they stand now.
  [[nodiscard]] WithdrawConsents withdraw(std::initializer_list<std::uint32_t> numbers) const {
    WithdrawConsents made;
    for (const auto number : numbers) {
      const auto* record = state.people.consent(ConsentNumber{number});
      made.consents.push_back(
          {ConsentNumber{number}, record == nullptr ? UnixSeconds{} : record->granted_at});
    }
    return made;
  }
  // What the token endpoint would sign, counters counting up.
  IssueToken user_token(FamilyNumber family, std::uint64_t scopes = 1,
                        std::uint64_t identity = kOpenId | kOffline) {
    auto made = issue(next_counter++);
    made.client = kWeb;
    made.grant = kWebGrant;
    made.apis = {{{kApi, scopes}, {identity_api, identity}}};
    made.subject = kUser;
    made.user = UserPart{ConsentNumber{1}, family, auth_time};
    return made;
  }
  RedeemCode redeem(std::uint8_t text, std::uint32_t family = 1) {
    RedeemCode made{.code_sha256 = digest(text),
                    .redirect_sha256 = digest(200),
                    .has_redirect = true,
                    .verifier_sha256 = digest(201),
                    .issue = user_token(FamilyNumber{family})};
    const auto& policy = state.registries.api(kApi)->settings;
    made.issue.new_family =
        NewFamily{.number = FamilyNumber{family},
                  .tag = 77,
                  .refresh_sha256 = refresh_digest(1),
                  .expires_at = UnixSeconds{seconds() + policy.refresh_lifetime_s},
                  .idle_s = policy.refresh_idle_s};
    return made;
  }
  RedeemCode redeem_without_refresh(std::uint8_t text, std::uint64_t identity = kOpenId) {
    auto made = redeem(text);
    made.issue.new_family.reset();
    made.issue.user->family = FamilyNumber{};
    made.issue.apis[1].scope_mask = identity;
    return made;
  }
  static Digest refresh_digest(std::uint32_t generation) {
    return digest(static_cast<std::uint8_t>(100 + generation));
  }
  Refresh refresh(std::uint32_t generation, std::uint32_t family = 1) {
    return {.family = FamilyNumber{family},
            .tag = 77,
            .generation = generation,
            .refresh_sha256 = refresh_digest(generation),
            .next_sha256 = refresh_digest(generation + 1),
            .issue = user_token(FamilyNumber{family})};
  }
  // Signed in, consented, with a code "1" that is not redeemed.
  void make_code(std::uint64_t identity = kOpenId | kOffline) {
    ok(consent(3, identity), as_user());
    auth_time = UnixSeconds{seconds()};
    ok(code(1, 1, identity), as_user());
  }
  // The user is in the group, for which an administrator consented.
  void join_group() {
    ok(SetUserGroups{kUser, {kGroup}, {}}, kHost);
    ok(PreconfigureConsent{kGroup, kWeb, kApi, 1, kOpenId}, kHost);
  }
  // On the group's consent: a code "1", and what it leads to, a family without a refresh token.
  void make_group_code() {
    join_group();
    auth_time = UnixSeconds{seconds()};
    ok(code(1, 1, kOpenId), as_user());
  }
  RedeemCode redeem_group_code() {
    auto made = redeem(1);
    made.issue.apis[1].scope_mask = kOpenId;
    made.issue.new_family->refresh_sha256 = {};
    made.issue.new_family->expires_at = made.issue.expires_at;
    made.issue.new_family->idle_s = 0;
    return made;
  }
  // The user's own request on the consent of a group.
  IssueToken group_token(FamilyNumber family, GroupNumber group = kGroup) {
    auto made = user_token(family, 1, kOpenId);
    made.user->consent = state.people.find_pre_consent(group, kWeb, kApi);
    made.new_family = NewFamily{family, 5, {}, made.expires_at, 0};
    return made;
  }
  void make_family() {
    make_code();
    ok(redeem(1), as_client());
  }
  [[nodiscard]] bool is_good(std::uint64_t counter) const {
    const auto entry = state.find(index, TokenIndex{Lane::hour, counter});
    return entry && !state.is_revoked(index, TokenIndex{Lane::hour, counter}) &&
           !state.is_cascaded(*entry);
  }
  template <class Kind>
  [[nodiscard]] int count() const {
    int found = 0;
    for (const auto& event : log) found += std::holds_alternative<Kind>(event.payload) ? 1 : 0;
    return found;
  }
  template <class Kind>
  [[nodiscard]] const Kind& last() const {
    for (auto at = log.rbegin(); at != log.rend(); ++at) {
      if (const auto* found = std::get_if<Kind>(&at->payload)) return *found;
    }
    static const Kind kNone{};
    ADD_FAILURE() << "no such event";
    return kNone;
  }

  ApiNumber identity_api;
  UnixSeconds auth_time;
  std::uint64_t next_counter = 0;
};

}  // namespace tokenledger::testing_support
