#include "storage/ledger.hpp"

#include "core/base64url.hpp"
#include "core/jwks.hpp"
#include "core/opaque_token.hpp"
#include "core/sha256.hpp"
#include "storage/commit_wait.hpp"
#include "storage/ledger_core.hpp"
#include "storage/random.hpp"

namespace tokenledger {
namespace {

class BlockingRequest final : public CommitRequest {
 public:
  using CommitRequest::CommitRequest;
  void complete() noexcept override { latch_.set(outcome); }
  Result<Committed> wait() { return latch_.wait(); }

 private:
  Latch<Result<Committed>> latch_;
};

class AsyncRequest final : public CommitRequest {
 public:
  AsyncRequest(Command what, Ledger::Completion done)
      : CommitRequest{std::move(what)}, done_{std::move(done)} {}
  void complete() noexcept override {
    const std::unique_ptr<AsyncRequest> self{this};
    done_(outcome);
  }

 private:
  Ledger::Completion done_;
};

// Before `done`: drops the key of a sealed field when no event came to name it.
Ledger::Completion forget_unless_named(LedgerCore& core, const Sealed& sealed,
                                       Ledger::Completion done) {
  return [&core, sealed, done = std::move(done)](Result<Committed> result) {
    const bool is_named = result ? !result->repeated : result.error() == Errc::unknown_outcome;
    if (!is_named) core.forget(sealed);
    done(std::move(result));
  };
}

}  // namespace

Ledger::Ledger(std::unique_ptr<LedgerCore> core) : core_{std::move(core)} {}
Ledger::~Ledger() { static_cast<void>(close()); }

Result<std::unique_ptr<Ledger>> Ledger::open(LedgerOptions options, std::string* why) {
  std::string sentence;
  auto core = std::make_unique<LedgerCore>(std::move(options));
  if (auto opened = core->open(sentence); !opened) {
    if (why != nullptr) *why = sentence.empty() ? opened.error().message() : sentence;
    return opened.error();
  }
  return std::unique_ptr<Ledger>{new Ledger{std::move(core)}};
}

Result<void> Ledger::close() { return core_->close(); }

Result<void> LedgerCore::accept(CommitRequest& request) {
  if (poisoned.load(std::memory_order_relaxed)) return Errc::unknown_outcome;
  const bool makes_token = std::holds_alternative<IssueToken>(request.command.payload);
  if (makes_token && storage_low.load(std::memory_order_relaxed)) {
    counters.rejected_storage_low.fetch_add(1, std::memory_order_relaxed);
    return Errc::storage_low;
  }
  const auto pushed = queue.push(request);
  if (pushed.has_error() && pushed.error() == Errc::queue_full) {
    counters.rejected_queue_full.fetch_add(1, std::memory_order_relaxed);
  }
  return pushed;
}

Result<Committed> LedgerCore::submit(Command command) {
  BlockingRequest request{std::move(command)};
  if (auto accepted = accept(request); !accepted) return accepted.error();
  return request.wait();
}

Result<Committed> Ledger::submit(Command command) { return core_->submit(std::move(command)); }

void Ledger::submit_async(Command command, Completion done) {
  core_->submit_async(std::move(command), std::move(done));
}

LedgerPeople& Ledger::people() noexcept { return core_->people; }
const LedgerPeople& Ledger::people() const noexcept { return core_->people; }

void LedgerCore::submit_async(Command command, Ledger::Completion done) {
  auto* request = new AsyncRequest{std::move(command), std::move(done)};
  if (auto accepted = accept(*request); !accepted) {
    request->outcome = accepted.error();
    request->complete();
  }
}

Result<Committed> Ledger::revoke(TokenIndex index, RevokeRequest request) {
  Latch<Result<Committed>> latch;
  revoke_async(index, std::move(request),
               [&latch](Result<Committed> result) { latch.set(std::move(result)); });
  return latch.wait();
}

Result<Sealed> LedgerCore::seal_reason(const std::string& reason, Ledger::Completion& done) {
  if (reason.empty()) return Sealed{};
  auto sealed = seal(reason);
  if (sealed) done = forget_unless_named(*this, *sealed, std::move(done));
  return sealed;
}

void Ledger::revoke_async(TokenIndex index, RevokeRequest request, Completion done) {
  if (request.reason.size() > kNoteBodyBytesMax) return done(Errc::too_large);
  auto reason = core_->seal_reason(request.reason, done);
  if (!reason) return done(reason.error());
  submit_async({request.actor, std::move(request.request_id), request.idempotency,
                RevokeToken{index, request.cause, std::move(*reason)}},
               std::move(done));
}

Result<Committed> Ledger::append_note(std::string_view topic, std::string_view body, Actor actor) {
  if (body.size() > kNoteBodyBytesMax) return Errc::too_large;
  Sealed sealed_body;
  if (!body.empty()) {
    auto sealed = core_->seal(body);
    if (!sealed) return sealed.error();
    sealed_body = std::move(*sealed);
  }
  auto committed = submit({actor, {}, std::nullopt, AppendNote{std::string{topic}, sealed_body}});
  if (committed.has_error() && committed.error() != Errc::unknown_outcome)
    core_->forget(sealed_body);
  return committed;
}

Result<Sealed> Ledger::seal(std::string_view plain) { return core_->seal(plain); }
std::optional<std::string> Ledger::open_sealed(const Sealed& sealed) const {
  return core_->open_sealed(sealed);
}
bool Ledger::is_erased(const Sealed& sealed) const { return core_->is_erased(sealed); }

void Ledger::with_registries(const std::function<void(const Registries&)>& read) const {
  const std::shared_lock lock{core_->registries_mutex};
  read(core_->registries);
}

Result<ClientNumber> Ledger::authenticate_client(std::string_view client_id,
                                                 std::string_view secret,
                                                 SecretGeneration* generation,
                                                 ClientAuthentication way) const {
  // Hashed before the look-up, so that an unknown client takes as long as a wrong secret.
  const auto hash = hash_client_secret(core_->keys->pepper(), secret);
  const auto second = to_seconds(now());
  const std::shared_lock lock{core_->registries_mutex};
  const auto* client = core_->registries.find_client(client_id);
  if (client == nullptr || client->status == ClientStatus::deleted) return Errc::unauthorized_actor;
  if (!has_secret(client->settings)) return Errc::unauthorized_actor;
  const auto registered = client->settings.authentication;
  constexpr auto kAny = ClientAuthentication::basic_or_post;
  if (registered != kAny && way != kAny && registered != way) return Errc::unauthorized_actor;
  const auto matches = [&](const Digest& known) {
    return known != Digest{} && equal_constant_time(hash, known);
  };
  const bool is_current = matches(client->secret_hash);
  const bool is_previous = second < client->previous_until && matches(client->previous_hash);
  if (!is_current && !is_previous) return Errc::unauthorized_actor;
  if (client->status == ClientStatus::disabled) return Errc::client_disabled;
  if (generation != nullptr) {
    *generation =
        is_current ? client->generation : SecretGeneration{client->generation.value() - 1};
  }
  return client->number;
}

Ledger::NewSecret Ledger::make_client_secret() const {
  NewSecret made;
  made.secret = tokenledger::make_client_secret(random_bytes<32>());
  made.hash = hash_client_secret(core_->keys->pepper(), made.secret);
  return made;
}

Idempotency Ledger::make_idempotency(const Actor& actor, std::string_view key,
                                     std::string_view body) const {
  // Length-prefixed, so that no two (actor, key) pairs are the same bytes.
  std::string named = std::to_string(static_cast<int>(actor.kind)) + ':' +
                      std::to_string(actor.client.value()) + ':' +
                      std::to_string(actor.token.value()) + ':' + std::to_string(key.size()) + ':';
  named += key;
  const auto secret = core_->keys->idempotency_key();
  const auto key_hash = hmac_sha256(secret, bytes_of(named));
  // Together with the caller's key, which stands nowhere: bodies name owners, and whoever holds
  // keyring and log must not find an erased one by trying names (INV-8).
  const auto body_hash = hmac_sha256(secret, bytes_of(named.append(":").append(body)));
  Idempotency idempotency;
  std::copy_n(key_hash.begin(), idempotency.key.size(), idempotency.key.begin());
  std::copy_n(body_hash.begin(), idempotency.body.size(), idempotency.body.begin());
  return idempotency;
}

const std::string& Ledger::issuer() const noexcept { return core_->options.issuer; }
const std::filesystem::path& Ledger::directory() const noexcept { return core_->paths.directory; }
bool Ledger::is_new() const noexcept { return core_->is_new; }
Sequence Ledger::committed() const noexcept { return core_->signal.committed(); }
LedgerTime Ledger::now() const noexcept { return core_->now(); }

LedgerStats Ledger::stats() const {
  const auto& core = *core_;
  LedgerStats stats;
  stats.committed = core.signal.committed();
  stats.tokens_issued = core.counters.tokens_issued.load();
  stats.tokens_swept = core.counters.tokens_swept.load();
  stats.queue_depth = core.queue.depth();
  stats.batches = core.counters.batches.load();
  stats.batch_events_max = core.counters.batch_events_max.load();
  stats.commit_ns_total = core.counters.commit_ns_total.load();
  stats.index_bytes = core.index.committed_bytes();
  stats.rejected_queue_full = core.counters.rejected_queue_full.load();
  stats.rejected_storage_low = core.counters.rejected_storage_low.load();
  stats.poisoned = core.poisoned.load();
  stats.storage_low = core.storage_low.load();
  stats.views_damaged = core.views_damaged.load();
  stats.sweep_failures = core.counters.sweep_failures.load();
  if (const auto error = core.sweep_error.load(); error != Errc{}) stats.sweep_error = error;
  stats.clock_jumped = core.clock_jumped.load();
  const std::shared_lock files{core.files_mutex};
  if (core.views != nullptr) {
    stats.view_cursor = core.views->cursor();
    stats.views_stopped = core.views->stopped();
    stats.view_classes = core.views->class_count();
  }
  return stats;
}

Result<void> Ledger::sweep() { return core_->sweep(); }
Result<void> Ledger::snapshot() { return core_->snapshot(); }

}  // namespace tokenledger
