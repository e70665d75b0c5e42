// RandomLedger with people: users who sign in, allow and withdraw, codes that come twice, refresh
// tokens that are stolen, groups that come and go. Between these lives what RandomLedger does.
#pragma once

#include "core/authorization_code.hpp"
#include "core/identity_scopes.hpp"
#include "tests/core/random_ledger.hpp"

namespace tokenledger::testing_support {

class RandomPeopleLedger : public RandomLedger {
 public:
  explicit RandomPeopleLedger(std::uint64_t seed, int steps = 0) : RandomLedger{seed} {
    kept = {std::string{kWeb}, std::string{kAudience}};
    run(ActivateFormat{2});
    ApiSettings identity{.name = "identity"};
    for (const auto& scope : kIdentityScopes)
      identity.scopes.push_back({std::string{scope.name}, std::string{scope.description}});
    identity.signing_alg = SignatureAlgorithm::es256;
    run(CreateApi{std::string{kIdentityAudience}, true, identity, ""});
    ApiSettings settings{.name = "an API", .scopes = {{"read", ""}, {"write", ""}}};
    settings.signing_alg = SignatureAlgorithm::es256;
    settings.allow_offline_access = true;
    run(CreateApi{std::string{kAudience}, false, settings, ""});
    run(RegisterClient{std::string{kWeb},
                       false,
                       {.name = "web",
                        .grant_types = kGrantTypesAll,
                        .redirect_uris = {"https://web.example/back"}},
                       digest()});
    run(AddClientGrant{std::string{kWeb}, std::string{kAudience}, {"read", "write"}});
    for (int i = 0; i < 4; ++i) add_user();
    for (int i = 0; i < 2; ++i) run(CreateGroup{"group-" + std::to_string(i)});
    for (int i = 0; i < steps; ++i) step();
  }

  // Everything is of the first so many users.
  std::uint32_t users_at_most = kUsers;

  // One random command, or the few that a sign-in takes; most succeed.
  void step() {
    if (below(2) == 0) return RandomLedger::step();
    step_of_people();
  }
  // The same, of people alone: little time passes.
  void step_of_people() {
    switch (below(18)) {
      case 0: return add_user();
      case 1: return set_password(any_user());
      case 2: return (void)(below(3) == 0 && run(DisableUser{any_user(), {"sealed"}}));
      case 3:
      case 4: return enable_all();
      case 5: return (void)run(CreateGroup{"group-" + std::to_string(below(10))});
      case 6: return (void)run(SetUserGroups{any_user(), some_groups()});
      case 7: return (void)(below(4) == 0 && run(DeleteGroup{any_group()}));
      case 8: return pre_consent();
      case 9: return withdraw();
      case 10: return (void)(below(4) == 0 && erase_user());
      case 11: return end_family();
      case 12:
      case 13: return (void)refresh();
      case 14: return (void)redeem_again();
      default: return (void)sign_in();
    }
  }

  // A user signs in, allows what is asked for, and the client redeems the code; now and then the
  // client never comes. `lifetime_s` is the token's; 0: any.
  bool sign_in(std::uint32_t lifetime_s = 0) {
    const auto user = any_user();
    const auto& client = *state.registries.find_client(kWeb);
    const auto* api = state.registries.find_api(kAudience);
    if (api == nullptr) return false;
    const auto& people = state.people;
    if (below(3) == 0 || people.consents_for(user, client.number, api->number).empty())
      run(GrantConsent{user, client.number, api->number, 1 + below(3), below(8)}, actor_of(user));
    const auto consents = people.consents_for(user, client.number, api->number);
    if (consents.empty()) return false;
    const auto consent = consents[below(static_cast<std::uint32_t>(consents.size()))];
    const auto& allowed = *people.consent(consent);
    Grant grant{.user = user,
                .consent = consent,
                .api = api->number,
                .scope_mask = allowed.scope_mask,
                .identity_mask = below(3) == 0 ? 0u : allowed.identity_mask,
                .auth_time = seconds()};
    if ((grant.scope_mask | grant.identity_mask) == 0) return false;
    const auto code = digest();
    const IssueCode issue{
        .code_sha256 = code,
        .user = user,
        .client = client.number,
        .client_based_on = client.updated_seq,
        .consent = consent,
        .api = grant.api,
        .scope_mask = grant.scope_mask,
        .identity_mask = grant.identity_mask,
        .redirect_sha256 = challenge_,
        .has_redirect = true,
        .challenge = challenge_,
        .auth_time = grant.auth_time,
        .expires_at = UnixSeconds{seconds().value() + kAuthorizationCodeLifetimeSeconds},
        .nonce = "nonce"};
    if (!run(issue, actor_of(user))) return false;
    codes_.emplace_back(code, grant);
    return below(6) == 0 || redeem(code, grant, lifetime_s);
  }
  // The user's own request for a token (RFC 6749 §4.2), on any consent that there is.
  bool issue_implicitly() {
    const auto user = any_user();
    const auto client = state.registries.find_client(kWeb)->number;
    const auto* api = state.registries.find_api(kAudience);
    if (api == nullptr) return false;
    const auto consents = state.people.consents_for(user, client, api->number);
    if (consents.empty()) return false;
    const auto consent = consents[below(static_cast<std::uint32_t>(consents.size()))];
    const auto& allowed = *state.people.consent(consent);
    auto token = token_of({.user = user,
                           .consent = consent,
                           .api = api->number,
                           .scope_mask = allowed.scope_mask,
                           .identity_mask = allowed.identity_mask,
                           .auth_time = seconds()});
    if (!token) return false;
    if (allowed.user == UserNumber{}) {
      token->user->family = state.people.free_after({});
      token->new_family = NewFamily{.number = token->user->family,
                                    .tag = 1 + below(1'000'000),
                                    .refresh_sha256 = {},
                                    .expires_at = token->expires_at,
                                    .idle_s = 0};
    }
    return run(*token, actor_of(user));
  }
  // The newest code, which may be redeemed already, in the last nanoseconds of its life.
  bool redeem_at_the_last_moment() {
    if (codes_.empty()) return false;
    const auto [code, grant] = codes_.back();
    advance_to(UnixSeconds{grant.auth_time.value() + kAuthorizationCodeLifetimeSeconds}, below(4));
    return redeem(code, grant);
  }
  // How many unretired tokens stand on a consent.
  [[nodiscard]] std::size_t user_tokens() const {
    std::size_t found = 0;
    for (std::size_t lane = 0; lane < kLaneCount; ++lane)
      index.for_each_entry(static_cast<Lane>(lane), 0, UINT64_MAX,
                           [&](TokenIndex, const IndexEntry& entry) {
                             if (entry.binding != TokenBinding{}) ++found;
                           });
    return found;
  }

 private:
  static constexpr std::string_view kAudience = "https://people.example";
  static constexpr std::string_view kWeb = "web";
  static constexpr std::uint8_t kGrantTypesAll = 15;
  static constexpr std::size_t kUsers = 30;

  struct Grant {
    UserNumber user;
    ConsentNumber consent;
    ApiNumber api;
    std::uint64_t scope_mask = 0;
    std::uint64_t identity_mask = 0;
    UnixSeconds auth_time;
  };
  struct Held {  // a refresh token
    FamilyNumber family;
    std::uint32_t tag = 0;
    std::uint32_t generation = 1;
    Digest sha256{};
    Grant grant;
  };

  [[nodiscard]] Actor actor_of(UserNumber user) const {
    return {.kind = ActorKind::user,
            .generation = state.people.user(user)->password_generation,
            .user = user};
  }
  [[nodiscard]] Actor web() const {
    const auto& client = *state.registries.find_client(kWeb);
    return {.kind = ActorKind::client, .client = client.number, .generation = client.generation};
  }
  UserNumber any_user() {
    const auto count = static_cast<std::uint32_t>(state.people.users().size());
    return UserNumber{1 + below(std::min(count, users_at_most))};
  }
  GroupNumber any_group() {
    const auto count = static_cast<std::uint32_t>(state.people.groups().size());
    return GroupNumber{static_cast<std::uint16_t>(1 + below(count))};
  }
  std::vector<GroupNumber> some_groups() {
    std::vector<GroupNumber> groups;
    for (std::uint16_t number = 1; number <= state.people.groups().size(); ++number) {
      const GroupNumber group{number};
      if (below(2) == 0 && state.people.is_live(group) && groups.size() < kUserGroupsMax)
        groups.push_back(group);
    }
    return groups;
  }
  void add_user() {
    if (state.people.users().size() >= kUsers) return;
    RegisterUser add{.login = {"sealed"}};
    for (auto& byte : add.id) byte = static_cast<std::uint8_t>(1 + below(255));
    run(add);
    set_password(UserNumber{static_cast<std::uint32_t>(state.people.users().size())});
  }
  void set_password(UserNumber user) {
    run(SetPassword{user, state.people.user(user)->password_generation.next()});
  }
  void enable_all() {
    for (std::uint32_t number = 1; number <= state.people.users().size(); ++number)
      run(EnableUser{UserNumber{number}});
    run(EnableClient{std::string{kWeb}});
  }
  bool erase_user() {
    return state.people.users().size() > 3 &&
           run(EraseOwner{state.people.user(any_user())->id, {"sealed"}});
  }
  void pre_consent() {
    const auto* api = state.registries.find_api(kAudience);
    if (api == nullptr) return;
    const auto client = state.registries.find_client(kWeb)->number;
    run(PreconfigureConsent{any_group(), client, api->number, 1 + below(3), below(8)});
  }
  void withdraw() {
    std::vector<SeenConsent> granted;
    const auto& consents = state.people.consents();
    for (std::uint32_t number = 1; number <= consents.size(); ++number) {
      const auto& record = consents[number - 1];
      if (record.state == ConsentState::granted && below(4) == 0 &&
          granted.size() < kWithdrawListMax)
        granted.push_back({ConsentNumber{number}, record.granted_at});
    }
    run(WithdrawConsents{granted, {"sealed"}});
  }
  void end_family() {
    const auto size = static_cast<std::uint32_t>(state.people.families().size());
    if (size != 0) run(EndFamily{FamilyNumber{1 + below(size)}, 0, {"sealed"}});
  }

  // What the token endpoint would sign; nullopt: the client's grant is gone.
  std::optional<IssueToken> token_of(const Grant& grant, std::uint32_t lifetime_s = 0) {
    const auto client = state.registries.find_client(kWeb)->number;
    const auto* client_grant = state.registries.find_grant(client, grant.api);
    if (client_grant == nullptr) return std::nullopt;
    auto token = blank_token(0, lifetime_s);
    token.client = client;
    token.grant = client_grant->number;
    token.subject = grant.user;
    token.user = UserPart{.consent = grant.consent, .family = {}, .auth_time = grant.auth_time};
    const auto identity = state.registries.find_api(kIdentityAudience)->number;
    auto at = token.apis.begin();
    if (grant.identity_mask != 0) *at++ = {identity, grant.identity_mask};
    *at = {grant.api, grant.scope_mask};  // younger than the API of identity
    return token;
  }
  bool redeem(const Digest& code, const Grant& grant, std::uint32_t lifetime_s = 0) {
    auto token = token_of(grant, lifetime_s);
    if (!token) return false;
    const auto& policy = state.registries.api(grant.api)->settings;
    const bool has_refresh = policy.allow_offline_access &&
                             (grant.identity_mask & mask_of(IdentityScope::offline_access)) != 0;
    const auto* consent = state.people.consent(grant.consent);
    const bool is_groups = consent != nullptr && consent->user == UserNumber{};
    Held held{.tag = 1 + below(1'000'000), .sha256 = digest(), .grant = grant};
    if (has_refresh || is_groups) {
      held.family = state.people.free_after({});
      token->user->family = held.family;
      token->new_family = NewFamily{.number = held.family,
                                    .tag = held.tag,
                                    .refresh_sha256 = {},
                                    .expires_at = token->expires_at,
                                    .idle_s = 0};
    }
    if (has_refresh) {
      token->new_family->refresh_sha256 = held.sha256;
      token->new_family->expires_at =
          UnixSeconds{token->issued_at.value() + policy.refresh_lifetime_s};
      token->new_family->idle_s = policy.refresh_idle_s;
    }
    const RedeemCode redeem{.code_sha256 = code,
                            .redirect_sha256 = challenge_,
                            .has_redirect = true,
                            .verifier_sha256 = challenge_,
                            .issue = std::move(*token)};
    if (!run(redeem, web())) return false;
    if (has_refresh) held_.push_back(held);
    return true;
  }
  // Also codes that were redeemed before. Half of them are of the last few, which may be good.
  bool redeem_again() {
    if (codes_.empty()) return false;
    const auto count = static_cast<std::uint32_t>(codes_.size());
    const auto back = below(2) == 0 ? below(count) : below(std::min(count, 4u));
    const auto& [code, grant] = codes_[count - 1 - back];
    return redeem(code, grant);
  }
  // Now and then with the token before, which somebody stole.
  bool refresh() {
    if (held_.empty()) return false;
    const auto at = below(static_cast<std::uint32_t>(held_.size()));
    auto& held = held_[at];
    auto token = token_of(held.grant);
    if (!token) return false;
    token->user->family = held.family;
    const auto generation = held.generation - (held.generation > 1 && below(8) == 0 ? 1 : 0);
    const auto next = digest();
    const bool is_made = run(Refresh{.family = held.family,
                                     .tag = held.tag,
                                     .generation = generation,
                                     .refresh_sha256 = held.sha256,
                                     .next_sha256 = next,
                                     .issue = std::move(*token)},
                             web());
    if (is_made) {
      ++held.generation;
      held.sha256 = next;
    } else if (below(2) == 0) {
      held_.erase(held_.begin() + at);
    }
    return is_made;
  }

  const Digest challenge_ = digest();
  std::vector<std::pair<Digest, Grant>> codes_;
  std::vector<Held> held_;
};

}  // namespace tokenledger::testing_support
