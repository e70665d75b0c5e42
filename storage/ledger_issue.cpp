// The issue path: look up the policy, reserve an index, make the token, commit its event.
#include <algorithm>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "core/invariant.hpp"
#include "core/json_strict.hpp"
#include "core/management_scopes.hpp"
#include "storage/commit_wait.hpp"
#include "storage/issue_signing.hpp"
#include "storage/ledger_core.hpp"

namespace tokenledger {
namespace {

Result<std::uint64_t> find_scopes(const IssueRequest& request, const ApiRecord& api,
                                  const GrantRecord* grant) {
  if (request.scopes.empty()) return grant == nullptr ? 0 : grant->scope_mask & api.listed_mask();
  const auto mask = api.mask_of(request.scopes);
  if (mask && grant != nullptr && (*mask & ~grant->scope_mask) != 0) return Errc::scope_not_granted;
  return mask;
}

Result<IssuePolicy> find_policy(const IssueRequest& request, const Registries& registries) {
  const auto* client = registries.find_client(
      request.client_id.empty() ? kNamedTokensClientId : std::string_view{request.client_id});
  if (client == nullptr || client->status == ClientStatus::deleted) return Errc::client_not_found;
  if (client->status == ClientStatus::disabled) return Errc::client_disabled;
  const auto* api = registries.find_api(request.audience);
  if (api == nullptr) return Errc::api_not_found;
  const GrantRecord* grant = nullptr;
  if (!client->built_in) {
    grant = registries.find_grant(client->number, api->number);
    if (grant == nullptr) return Errc::grant_not_found;
  }
  const auto mask = find_scopes(request, *api, grant);
  if (!mask) return mask.error();

  IssuePolicy policy;
  policy.client = client->number;
  policy.client_id = client->client_id;
  if (grant != nullptr) policy.grant = grant->number;
  policy.apis[0] = {api->number, *mask};
  name_apis(registries, policy);
  if (auto found = find_format(registries, *client, *api, policy); !found) return found.error();
  if (request.lifetime_s) policy.lifetime_s = *request.lifetime_s;
  return policy;
}

// One issue from request to answer. Signed on the caller's thread; signed once more, on the commit
// thread, in the rare case that policy or time moved in between.
class IssueOperation final : public CommitRequest {
 public:
  using Done = std::function<void(Result<IssuedToken>)>;

  IssueOperation(LedgerCore& core, IssueRequest request, Done done)
      : CommitRequest{Command{}},
        core_{core},
        request_{std::move(request)},
        done_{std::move(done)} {}

  // Runs the operation; it destroys itself after `done`.
  void start() { attempt(); }

  void complete() noexcept override {
    if (outcome.has_error() && outcome.error() == Errc::stale_policy && attempts_ < kAttemptsMax) {
      if (auto left = leave_erased_owner(); !left) return finish(left.error());
      return attempt();
    }
    if (outcome.has_error() && outcome.error() == Errc::too_many_live_tokens)
      core_.full_clients.add(client_, FullClients::Clock::now());
    if (!outcome) return finish(outcome.error());
    issued_.committed = *outcome;
    if (outcome->repeated) {
      // What was made here was never issued; the first one stands in the log at `committed.seq`.
      issued_ = {};
      issued_.committed = *outcome;
      forget_sealed();
    } else {
      core_.owner_keys.settle(owner_, true);
    }
    finish(std::move(issued_));
  }

 private:
  static constexpr int kAttemptsMax = 2;

  // After the policy was looked at: a request that it refuses leaves no key behind.
  Result<void> seal_personal() {
    if (request_.extra_fields.size() > kExtraFieldsBytesMax ||
        request_.owner.size() > kLabelBytesMax) {
      return Errc::too_large;
    }
    // Lists and event lines write it as it is: text that is no object, or has line ends between its
    // tokens, would break every page it stands on.
    if (!request_.extra_fields.empty()) {
      const auto fields = parse_json_strict(request_.extra_fields);
      if (!fields || !fields->is_object()) return Errc::invalid_argument;
      request_.extra_fields = boost::json::serialize(*fields);
      if (request_.extra_fields.size() > kExtraFieldsBytesMax) return Errc::too_large;
    }
    if (!request_.owner.empty()) {
      auto sealed = core_.owner_keys.seal(request_.owner, request_.extra_fields);
      if (!sealed) return sealed.error();
      owner_ = std::move(sealed->owner);
      extra_fields_ = std::move(sealed->extra_fields);
    } else if (!request_.extra_fields.empty()) {
      auto sealed = core_.seal(request_.extra_fields);
      if (!sealed) return sealed.error();
      extra_fields_ = std::move(*sealed);
    }
    return {};
  }
  void forget_sealed() {
    // With an owner both lie under the owner's key, which may be others' too.
    if (owner_.bytes.empty()) {
      core_.forget(extra_fields_);
    } else {
      core_.owner_keys.settle(owner_, false);
    }
    owner_ = {};
    extra_fields_ = {};
  }

  // On the commit thread. The erasure is an event already, so its key may go before whoever asked
  // for it comes to that; then the name leads to a new owner.
  Result<void> leave_erased_owner() {
    const auto handle = owner_handle(owner_);
    if (!handle) return {};
    OwnerKeyId owner{};
    std::ranges::copy(*handle, owner.begin());
    if (!core_.state.is_erased(owner)) return {};
    if (auto erased = core_.owner_keys.erase(request_.owner, *handle); !erased) return erased;
    owner_ = {};
    extra_fields_ = {};
    return seal_personal();
  }

  void attempt() {
    ++attempts_;
    auto made = make();
    if (!made) return finish(made.error());
    command = std::move(*made);
    outcome = Errc::unknown_outcome;
    // After this line the commit thread may already have destroyed this object.
    if (auto accepted = core_.accept(*this); !accepted) finish(accepted.error());
  }

  Result<Command> make() {
    IssuePolicy policy;
    {
      const std::shared_lock lock{core_.registries_mutex};
      auto found = find_policy(request_, core_.registries);
      if (!found) return found.error();
      policy = std::move(*found);
    }
    const auto issued_at = to_seconds(core_.now());
    const auto lifetime = lifetime_of(policy, issued_at);
    if (!lifetime) return lifetime.error();

    if (auto room = room_for_token(core_); !room) return room.error();
    // A repeat may still find its first result.
    if (!request_.idempotency &&
        core_.full_clients.contains(policy.client, FullClients::Clock::now()))
      return Errc::too_many_live_tokens;
    client_ = policy.client;
    if (attempts_ == 1) {
      if (auto sealed = seal_personal(); !sealed) return sealed.error();
    }

    IssueToken issue;
    const auto index = reserve_index(core_, *lifetime);
    if (!index) return index.error();
    issue.index = *index;
    issue.client = policy.client;
    issue.grant = policy.grant;
    issue.key = policy.key;
    issue.apis = policy.apis;
    issue.issued_at = issued_at;
    issue.expires_at = UnixSeconds{issued_at.value() + *lifetime};
    issue.default_lifetime = !request_.lifetime_s && !request_.expires_at;
    issue.kind = policy.kind;
    issue.origin = request_.origin;
    issue.name = request_.name;
    issue.owner = owner_;
    issue.extra_fields = extra_fields_;
    auto made = sign_token(core_, policy, {.name = policy.client_id, .nonce = {}}, issue);
    if (!made) return made.error();
    issued_.token = std::move(made->token);
    issued_.jti = std::move(made->jti);
    issued_.index = issue.index;
    issued_.issued_at = issue.issued_at;
    issued_.expires_at = issue.expires_at;
    issued_.scope = policy.scope;
    issued_.kind = policy.kind;
    return Command{request_.actor, request_.request_id, request_.idempotency, std::move(issue)};
  }

  Result<std::uint32_t> lifetime_of(const IssuePolicy& policy, UnixSeconds issued_at) const {
    if (!request_.expires_at) {
      if (policy.lifetime_s == 0) return Errc::expiry_in_the_past;
      if (policy.lifetime_s > policy.lifetime_max_s) return Errc::lifetime_too_long;
      return policy.lifetime_s;
    }
    if (*request_.expires_at <= issued_at) return Errc::expiry_in_the_past;
    const auto lifetime = request_.expires_at->value() - issued_at.value();
    if (lifetime > policy.lifetime_max_s) return Errc::lifetime_too_long;
    return lifetime;
  }

  void finish(Result<IssuedToken> result) {
    const std::unique_ptr<IssueOperation> self{this};
    if (result.has_error()) {
      // An event that may be in the log may name the keys.
      if (result.error() == Errc::unknown_outcome) {
        core_.owner_keys.settle(owner_, true);
      } else {
        forget_sealed();
      }
    }
    done_(std::move(result));
  }

  LedgerCore& core_;
  IssueRequest request_;
  Done done_;
  IssuedToken issued_;
  Sealed owner_;
  Sealed extra_fields_;
  ClientNumber client_;  // whose token it is, once the policy was found
  int attempts_ = 0;
};

}  // namespace

void Ledger::issue_async(IssueRequest request, std::function<void(Result<IssuedToken>)> done) {
  auto* operation = new IssueOperation{*core_, std::move(request), std::move(done)};
  operation->start();
}

Result<IssuedToken> Ledger::issue(IssueRequest request) {
  Latch<Result<IssuedToken>> latch;
  issue_async(std::move(request),
              [&latch](Result<IssuedToken> result) { latch.set(std::move(result)); });
  return latch.wait();
}

Result<IssuedToken> Ledger::make_admin_token(std::uint32_t lifetime_s) {
  IssueRequest request;
  request.audience = kManagementAudience;
  // What this ledger's management API has: an older one has fewer scopes until it is migrated.
  with_registries([&](const Registries& registries) {
    const auto* management = registries.find_api(kManagementAudience);
    LEDGER_INVARIANT(management != nullptr);  // every opening sees to it
    for (const auto& scope : management->settings.scopes) request.scopes.push_back(scope.name);
  });
  request.lifetime_s = lifetime_s;
  request.name = "admin";
  return issue(std::move(request));
}

}  // namespace tokenledger
