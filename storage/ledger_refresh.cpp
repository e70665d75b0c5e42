// Refreshing (RFC 6749 §6, RFC 9700 §4.14.2): each refresh token is good for one use, which brings
// the next one. Also the end of a family, when its client gives it back (RFC 7009).
//
// As with codes, what is looked at here is advice: one that is no good costs no signature.
#include <shared_mutex>

#include "core/invariant.hpp"
#include "core/sha256.hpp"
#include "storage/commit_queue.hpp"
#include "storage/ledger_core.hpp"
#include "storage/random.hpp"
#include "storage/user_token.hpp"

namespace tokenledger {
namespace {

enum class RefreshUse : std::uint8_t { current, replaced };

// Signed on the caller's thread; once more, on the commit thread, when policy or time moved in
// between.
class RefreshOperation final : public CommitRequest {
 public:
  RefreshOperation(LedgerCore& core, LedgerGrants::RefreshRequest request, LedgerGrants::Done done)
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

  Result<Refresh> make() {
    tokens_ = {};
    const auto& token = request_.token;
    Refresh refresh{.family = token.family,
                    .tag = token.tag,
                    .generation = token.generation,
                    .refresh_sha256 = request_.token_sha256,
                    .next_sha256 = {},
                    .issue = {}};
    const auto now = to_seconds(core_.now());
    GrantedAccess granted;
    const auto use = look_at_family(now, granted);
    if (!use) return use.error();
    const auto next = core_.keys->refresh_token_key().make(
        {.family = token.family, .generation = token.generation + 1, .tag = token.tag},
        random_bytes<16>());
    refresh.next_sha256 = sha256(next);
    if (*use == RefreshUse::replaced) {
      // decide() tells a lost answer from a theft, which ends the family.
      refresh.issue = empty_user_token(granted.api, now);
      return refresh;
    }
    const auto policy = find_policy(granted);
    if (!policy) return policy.error();
    auto issue = begin_user_token(core_, *policy, granted);
    if (!issue) return issue.error();
    issue->user->family = token.family;
    auto tokens = sign_user_tokens(core_, *policy, granted, *issue);
    if (!tokens) return tokens.error();
    tokens_ = std::move(*tokens);
    tokens_.refresh_token = next;
    refresh.issue = std::move(*issue);
    return refresh;
  }

  Result<RefreshUse> look_at_family(UnixSeconds now, GrantedAccess& granted) {
    const auto& token = request_.token;
    Result<RefreshUse> use = Errc::refresh_unknown;
    core_.people.with_people([&](const People& people) {
      const auto* family = people.family(token.family);
      if (family == nullptr || family->tag != token.tag) return;
      const auto* consent = people.consent(family->consent);
      if (consent == nullptr || consent->client != request_.actor.client) return;
      if (family->state != FamilyState::live || !family->has_refresh()) return;
      if (token.generation > family->generation) return;
      granted.api = consent->api;
      if (family->is_past(now)) {
        use = Errc::refresh_expired;
        return;
      }
      if (token.generation < family->generation) {
        use = RefreshUse::replaced;
        return;
      }
      if (Fingerprint::of(request_.token_sha256) != family->fingerprint) return;
      granted.user = family->user;
      granted.client = consent->client;
      granted.consent = family->consent;
      granted.scope_mask = family->scope_mask;
      granted.identity_mask = family->identity_mask;
      granted.auth_time = family->auth_time;
      if (const auto narrowed = granted.narrow_by(people); !narrowed) {
        use = narrowed.error();
      } else {
        use = RefreshUse::current;
      }
    });
    return use;
  }

  Result<UserTokenPolicy> find_policy(const GrantedAccess& granted) const {
    const std::shared_lock lock{core_.registries_mutex};
    auto policy = find_user_policy(core_.registries, granted,
                                   {.scopes = request_.scopes, .audience = request_.audience});
    // A31: an API that allows offline access no more ends it for those who have it.
    if (policy && !policy->may_refresh) return Errc::refresh_unknown;
    return policy;
  }

  void finish(Result<UserTokens> result) {
    const std::unique_ptr<RefreshOperation> self{this};
    done_(std::move(result));
  }

  LedgerCore& core_;
  const LedgerGrants::RefreshRequest request_;
  LedgerGrants::Done done_;
  UserTokens tokens_;
  int attempts_ = 0;
};

}  // namespace

void LedgerGrants::refresh_async(RefreshRequest request, Done done) {
  auto* operation = new RefreshOperation{ledger_.core(), std::move(request), std::move(done)};
  operation->attempt();
}

std::optional<RefreshTokenId> LedgerGrants::find_refresh_token(std::string_view text) const {
  return ledger_.core().keys->refresh_token_key().parse(text);
}

void LedgerGrants::end_family_async(const Actor& actor, const RefreshTokenId& token,
                                    std::string request_id, Ledger::Completion done) {
  bool is_there = false;
  ledger_.core().people.with_people([&](const People& people) {
    const auto* family = people.family(token.family);
    is_there = family != nullptr && family->tag == token.tag;
  });
  if (!is_there) return done(Errc::not_active);
  ledger_.submit_async({actor, std::move(request_id), std::nullopt,
                        EndFamily{.family = token.family, .tag = token.tag, .reason = {}}},
                       std::move(done));
}

}  // namespace tokenledger
