// The issue path: look up the policy, reserve an index, make the token, commit its event.
#include <algorithm>
#include <atomic>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "core/base64url.hpp"
#include "core/invariant.hpp"
#include "core/json_strict.hpp"
#include "core/jwt.hpp"
#include "core/management_scopes.hpp"
#include "core/opaque_token.hpp"
#include "core/sha256.hpp"
#include "storage/commit_wait.hpp"
#include "storage/ledger_core.hpp"
#include "storage/random.hpp"
#include "storage/status_list_reference.hpp"

namespace tokenledger {
namespace {

// What the registries said when the token was made. decide sees whether it still holds.
struct Policy {
  ClientNumber client;
  GrantNumber grant;
  ApiScopes scopes;
  TokenKind kind = TokenKind::jwt;
  KeyNumber key;
  std::string kid;
  std::string client_id;
  std::string identifier;
  std::string scope;
  std::uint32_t lifetime_s = 0;
  std::uint32_t lifetime_max_s = 0;
};

Result<void> find_key(const Registries& registries, const ApiRecord& api, Policy& policy) {
  if (policy.kind == TokenKind::opaque) return {};
  const bool is_hs256 = api.settings.signing_alg == SignatureAlgorithm::hs256;
  const auto* key =
      is_hs256 ? registries.key(api.secret_key) : registries.signing_key(api.settings.signing_alg);
  if (key == nullptr) return Errc::key_not_found;
  policy.key = key->number;
  policy.kid = key->kid;
  return {};
}

Result<std::uint64_t> find_scopes(const IssueRequest& request, const ApiRecord& api,
                                  const GrantRecord* grant) {
  if (request.scopes.empty()) return grant == nullptr ? 0 : grant->scope_mask & api.listed_mask();
  const auto mask = api.mask_of(request.scopes);
  if (mask && grant != nullptr && (*mask & ~grant->scope_mask) != 0) return Errc::scope_not_granted;
  return mask;
}

Result<Policy> find_policy(const IssueRequest& request, const Registries& registries) {
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

  Policy policy;
  policy.client = client->number;
  policy.client_id = client->client_id;
  policy.identifier = api->identifier;
  if (grant != nullptr) policy.grant = grant->number;
  policy.scopes = {api->number, *mask};
  policy.scope = api->scope_string(*mask);
  policy.lifetime_s = request.lifetime_s.value_or(api->settings.token_lifetime_s);
  policy.lifetime_max_s = std::min(api->settings.token_lifetime_max_s, kTokenLifetimeSecondsMax);
  const bool is_hs256 = api->settings.signing_alg == SignatureAlgorithm::hs256;
  policy.kind = is_hs256 ? TokenKind::jwt
                         : client->settings.token_format.value_or(api->settings.token_format);
  if (auto found = find_key(registries, *api, policy); !found) return found.error();
  return policy;
}

// What accept() would refuse now. Advice, asked before an index is used up and a token signed:
// under overload those of refused requests would fill memory and the processors (INV-7).
Result<void> room_for_token(LedgerCore& core) {
  if (core.storage_low.load(std::memory_order_relaxed)) {
    core.counters.rejected_storage_low.fetch_add(1, std::memory_order_relaxed);
    return Errc::storage_low;
  }
  if (core.queue.depth() >= core.options.queue_commands_max) {
    core.counters.rejected_queue_full.fetch_add(1, std::memory_order_relaxed);
    return Errc::queue_full;
  }
  return {};
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
    Policy policy;
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
    const auto lane = lane_for_lifetime(*lifetime);
    auto& next = core_.reserved[static_cast<std::size_t>(lane)];
    // Asked first: requests to a full lane must not use up the places that retiring will bring.
    if (!core_.index.can_hold(TokenIndex{lane, next.load(std::memory_order_relaxed)}))
      return Errc::limit_reached;
    issue.index = TokenIndex{lane, next.fetch_add(1, std::memory_order_relaxed)};
    if (!core_.index.can_hold(issue.index)) return Errc::limit_reached;
    issue.client = policy.client;
    issue.grant = policy.grant;
    issue.key = policy.key;
    issue.apis[0] = policy.scopes;
    issue.issued_at = issued_at;
    issue.expires_at = UnixSeconds{issued_at.value() + *lifetime};
    issue.default_lifetime = !request_.lifetime_s && !request_.expires_at;
    issue.kind = policy.kind;
    issue.origin = request_.origin;
    issue.name = request_.name;
    issue.owner = owner_;
    issue.extra_fields = extra_fields_;
    if (auto made = make_token(policy, issue); !made) return made.error();
    issue.token_sha256 = sha256(issued_.token);
    return Command{request_.actor, request_.request_id, request_.idempotency, std::move(issue)};
  }

  Result<std::uint32_t> lifetime_of(const Policy& policy, UnixSeconds issued_at) const {
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

  Result<void> make_token(const Policy& policy, const IssueToken& issue) {
    const auto incarnation = core_.incarnations.back().incarnation;
    const auto& seal_key = core_.keys->seal_key();
    issued_.index = issue.index;
    issued_.jti = std::string{text_of(seal_key.seal(issue.index, incarnation))};
    issued_.issued_at = issue.issued_at;
    issued_.expires_at = issue.expires_at;
    issued_.scope = policy.scope;
    issued_.kind = policy.kind;
    if (policy.kind == TokenKind::opaque) {
      issued_.token = make_opaque(seal_key, {issue.index, incarnation}, random_bytes<16>());
      return {};
    }
    const auto key = core_.keys->signing_key(policy.kid);
    if (key == nullptr) return Errc::key_not_found;
    const JwtClaims claims{.jti = issued_.jti,
                           .issuer = core_.options.issuer,
                           .subject = policy.client_id,
                           .audience = {policy.identifier},
                           .expires_at = issue.expires_at,
                           .issued_at = issue.issued_at,
                           .client_id = policy.client_id,
                           .scope = policy.scope,
                           .status = status_reference(core_, issue.index, incarnation)};
    auto token = jwt_signing_input(key->jwt_header_part(), claims);
    if (!token) return token.error();
    const auto signature = key->sign(bytes_of(*token));
    if (!signature) return signature.error();
    append_jwt_signature(*signature, *token);
    issued_.token = std::move(*token);
    return {};
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
