// Redeeming an authorization code (RFC 6749 §4.1.3): look at what it stands for, sign, commit.
//
// What is looked at here is advice, so that a bad code costs no signature; decide() looks again,
// at the one place where two callers with the same code come one after the other.
#include <shared_mutex>

#include "core/invariant.hpp"
#include "core/sha256.hpp"
#include "storage/commit_queue.hpp"
#include "storage/ledger_core.hpp"
#include "storage/random.hpp"
#include "storage/user_token.hpp"

namespace tokenledger {
namespace {

enum class CodeUse : std::uint8_t { first, again };

// Signed on the caller's thread; once more, on the commit thread, when policy or time moved in
// between.
class RedeemOperation final : public CommitRequest {
 public:
  RedeemOperation(LedgerCore& core, LedgerGrants::CodeRequest request, LedgerGrants::Done done)
      : CommitRequest{Command{}},
        core_{core},
        request_{std::move(request)},
        done_{std::move(done)} {}

  // Runs the operation; it destroys itself after `done`.
  void attempt() {
    ++attempts_;
    auto made = make();
    if (!made) return finish(made.error());
    command = {request_.actor, request_.request_id, std::nullopt, std::move(*made)};
    outcome = Errc::unknown_outcome;
    // After this line the commit thread may already have destroyed this object.
    if (auto accepted = core_.accept(*this); !accepted) finish(accepted.error());
  }

  void complete() noexcept override {
    give_back_family();
    if (outcome.has_error()) {
      if (outcome.error() == Errc::stale_policy && attempts_ < kAttemptsMax) return attempt();
      if (outcome.error() == Errc::too_many_live_tokens)
        core_.full_clients.add(request_.actor.client, FullClients::Clock::now());
      return finish(outcome.error());
    }
    LEDGER_INVARIANT(!tokens_.access.token.empty());  // an unsigned command is always refused
    tokens_.access.committed = *outcome;
    finish(std::move(tokens_));
  }

 private:
  static constexpr int kAttemptsMax = 2;

  Result<RedeemCode> make() {
    tokens_ = {};
    RedeemCode redeem{.code_sha256 = request_.code_sha256,
                      .redirect_sha256 = {},
                      .has_redirect = request_.redirect_uri.has_value(),
                      .verifier_sha256 = request_.verifier_sha256,
                      .issue = {}};
    if (request_.redirect_uri) redeem.redirect_sha256 = sha256(*request_.redirect_uri);
    const auto now = to_seconds(core_.now());
    GrantedAccess granted;
    const auto use = look_at_code(redeem, now, granted);
    if (!use) return use.error();
    if (*use == CodeUse::again) {
      // The command ends what the first use made, and is refused.
      redeem.issue = empty_user_token(granted.api, now);
      return redeem;
    }
    const auto policy = find_policy(granted);
    if (!policy) return policy.error();
    auto issue = begin_user_token(core_, *policy, granted);
    if (!issue) return issue.error();
    const auto refresh_token = start_family(*policy, granted, *issue);
    if (!refresh_token) return refresh_token.error();
    auto tokens = sign_user_tokens(core_, *policy, granted, *issue);
    if (!tokens) return tokens.error();
    tokens_ = std::move(*tokens);
    tokens_.refresh_token = *refresh_token;
    redeem.issue = std::move(*issue);
    return redeem;
  }

  Result<CodeUse> look_at_code(const RedeemCode& redeem, UnixSeconds now, GrantedAccess& granted) {
    Result<CodeUse> use = Errc::code_unknown;
    core_.people.with_people([&](const People& people) {
      const auto* code = people.code(people.find_code(redeem.code_sha256));
      if (code == nullptr || code->client != request_.actor.client) return;
      if (code->state == CodeState::reused) return;
      granted.api = code->api;
      if (code->state == CodeState::redeemed) {
        use = CodeUse::again;
        return;
      }
      if (now >= code->expires_at) return;
      const bool is_same_redirect = redeem.has_redirect
                                        ? redeem.redirect_sha256 == code->redirect_sha256
                                        : !code->has_redirect;
      if (!is_same_redirect || redeem.verifier_sha256 != code->challenge) {
        use = Errc::code_mismatch;
        return;
      }
      granted.user = code->user;
      granted.client = code->client;
      granted.consent = code->consent;
      granted.scope_mask = code->scope_mask;
      granted.identity_mask = code->identity_mask;
      granted.auth_time = code->auth_time;
      granted.nonce = code->nonce;
      if (const auto narrowed = granted.narrow_by(people); !narrowed) {
        use = narrowed.error();
      } else if (people.still_stands(*code)) {
        use = CodeUse::first;
      }
    });
    return use;
  }

  Result<UserTokenPolicy> find_policy(const GrantedAccess& granted) const {
    const std::shared_lock lock{core_.registries_mutex};
    return find_user_policy(core_.registries, granted,
                            {.scopes = std::nullopt, .audience = request_.audience});
  }

  // The refresh token's text; empty where there is none. A token on a group's consent has a family
  // all the same: what ends one member's tokens must not end the others'.
  Result<std::string> start_family(const UserTokenPolicy& policy, const GrantedAccess& granted,
                                   IssueToken& issue) {
    if (!policy.may_refresh && granted.is_own_consent) return std::string{};
    const auto number = core_.family_numbers.take();
    if (!number) return number.error();
    family_ = *number;
    auto family = draw_family(*number, issue);
    std::string text;
    if (policy.may_refresh) {
      text = core_.keys->refresh_token_key().make(
          {.family = *number, .generation = 1, .tag = family.tag}, random_bytes<16>());
      family.refresh_sha256 = sha256(text);
      family.expires_at = UnixSeconds{issue.issued_at.value() + policy.refresh_lifetime_s};
      family.idle_s = policy.refresh_idle_s;
    }
    issue.new_family = family;
    issue.user->family = *number;
    return text;
  }

  void give_back_family() {
    if (family_ != FamilyNumber{}) core_.family_numbers.give_back(family_);
    family_ = {};
  }

  void finish(Result<UserTokens> result) {
    const std::unique_ptr<RedeemOperation> self{this};
    give_back_family();
    done_(std::move(result));
  }

  LedgerCore& core_;
  const LedgerGrants::CodeRequest request_;
  LedgerGrants::Done done_;
  UserTokens tokens_;
  FamilyNumber family_;  // spoken for; 0: none
  int attempts_ = 0;
};

}  // namespace

void LedgerGrants::redeem_async(CodeRequest request, Done done) {
  auto* operation = new RedeemOperation{ledger_.core(), std::move(request), std::move(done)};
  operation->attempt();
}

}  // namespace tokenledger
