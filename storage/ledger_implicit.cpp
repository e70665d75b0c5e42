#include "storage/ledger_implicit.hpp"

#include <memory>
#include <shared_mutex>
#include <utility>

#include "core/invariant.hpp"
#include "storage/commit_queue.hpp"
#include "storage/ledger_core.hpp"
#include "storage/user_token.hpp"

namespace tokenledger {
namespace {

// Signed on the caller's thread; once more, on the commit thread, when policy or time moved in
// between.
class ImplicitOperation final : public CommitRequest {
 public:
  using Done = std::function<void(Result<IssuedToken>)>;

  ImplicitOperation(LedgerCore& core, ImplicitRequest request, Done done)
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
        core_.full_clients.add(request_.client, FullClients::Clock::now());
      return finish(outcome.error());
    }
    // The address was judged by a record that is another one now: it may be gone from the client.
    // What this batch changed is in the registries already.
    if (!is_client_as_read()) return finish(Errc::stale_policy);
    LEDGER_INVARIANT(!issued_.token.empty());
    issued_.committed = *outcome;
    finish(std::move(issued_));
  }

 private:
  static constexpr int kAttemptsMax = 2;

  [[nodiscard]] bool is_client_as_read() const {
    const std::shared_lock lock{core_.registries_mutex};
    const auto* client = core_.registries.client(request_.client);
    return client != nullptr && client->updated_seq == request_.client_based_on;
  }

  Result<IssueToken> make() {
    issued_ = {};
    // Before an index is used up and a token signed for nobody.
    if (!is_client_as_read()) return Errc::stale_policy;
    GrantedAccess granted{.user = request_.actor.user,
                          .client = request_.client,
                          .consent = request_.consent,
                          .api = request_.api,
                          .scope_mask = request_.scope_mask,
                          .identity_mask = request_.identity_mask,
                          .auth_time = request_.auth_time,
                          .nonce = {}};
    if (auto covered = look_at_consent(granted); !covered) return covered.error();
    auto policy = find_policy(granted);
    if (!policy) return policy.error();
    policy->id_token_kid
        .clear();  // response_type=token (OpenID Connect Core §3): none is asked for
    auto issue = begin_user_token(core_, *policy, granted);
    if (!issue) return issue.error();
    issue->nonce = request_.nonce;
    if (auto started = start_family(granted, *issue); !started) return started.error();
    auto tokens = sign_user_tokens(core_, *policy, granted, *issue);
    if (!tokens) return tokens.error();
    issued_ = std::move(tokens->access);
    return issue;
  }

  // Nothing less than what was asked for: what is missing is asked of the user.
  Result<void> look_at_consent(GrantedAccess& granted) const {
    Result<void> covered = Errc::consent_required;
    core_.people.with_people([&](const People& people) { covered = granted.narrow_by(people); });
    if (!covered) return covered;
    const bool is_whole = granted.scope_mask == request_.scope_mask &&
                          granted.identity_mask == request_.identity_mask;
    return is_whole ? Result<void>{} : Errc::consent_required;
  }

  Result<UserTokenPolicy> find_policy(const GrantedAccess& granted) const {
    const std::shared_lock lock{core_.registries_mutex};
    return find_user_policy(core_.registries, granted, {.scopes = std::nullopt, .audience = {}});
  }

  // On a group's consent only: what ends one member's tokens must not end the others'.
  Result<void> start_family(const GrantedAccess& granted, IssueToken& issue) {
    if (granted.is_own_consent) return {};
    const auto number = core_.family_numbers.take();
    if (!number) return number.error();
    family_ = *number;
    issue.new_family = draw_family(*number, issue);
    issue.user->family = *number;
    return {};
  }

  void give_back_family() {
    if (family_ != FamilyNumber{}) core_.family_numbers.give_back(family_);
    family_ = {};
  }

  void finish(Result<IssuedToken> result) {
    const std::unique_ptr<ImplicitOperation> self{this};
    give_back_family();
    done_(std::move(result));
  }

  LedgerCore& core_;
  const ImplicitRequest request_;
  Done done_;
  IssuedToken issued_;
  FamilyNumber family_;  // spoken for; 0: none
  int attempts_ = 0;
};

}  // namespace

void issue_implicitly_async(Ledger& ledger, ImplicitRequest request,
                            std::function<void(Result<IssuedToken>)> done) {
  auto* operation = new ImplicitOperation{ledger.core(), std::move(request), std::move(done)};
  operation->attempt();
}

}  // namespace tokenledger
