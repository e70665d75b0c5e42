// Signing keys of the ledger: in the keyring before the event that names them, and out of it again
// when there is no such event. What a crash leaves is what storage/ledger_api_secret.cpp says.
#include <algorithm>

#include "core/jwks.hpp"
#include "core/pem_key.hpp"
#include "storage/ledger_core.hpp"
#include "storage/ledger_grants.hpp"
#include "storage/status_lists.hpp"

namespace tokenledger {
namespace {

// What decide() would refuse, seen before a key is drawn and two fsyncs are spent on it. Advice
// only.
Result<void> look_ahead(const LedgerCore& core, const Actor& actor) {
  if (auto allowed = check_actor(core, actor, ManagementScope::keys_write); !allowed)
    return allowed;
  const std::shared_lock lock{core.registries_mutex};
  return core.registries.keys().size() >= kKeysMax ? Errc::limit_reached : Result<void>{};
}

// The keys that sign by this algorithm now or could at once.
struct Standing {
  bool is_known = false;
  bool signs = false;
  bool has_successor = false;
  SignatureAlgorithm algorithm{};
};
Standing standing_of(const Registries& registries, const std::string& kid) {
  Standing standing;
  const auto* key = registries.find_key(kid);
  standing.is_known = key != nullptr && key->api == ApiNumber{};
  if (!standing.is_known) return standing;
  standing.algorithm = key->algorithm;
  standing.signs = registries.signing_key(key->algorithm) == key;
  standing.has_successor = std::ranges::any_of(registries.keys(), [&](const KeyRecord& other) {
    const bool is_ready = other.status == KeyStatus::next || other.status == KeyStatus::active;
    return is_ready && other.api == ApiNumber{} && other.algorithm == key->algorithm &&
           other.number != key->number;
  });
  return standing;
}

}  // namespace

Result<Ledger::AddedKey> LedgerCore::add_signing_key(SigningKey key, bool is_imported,
                                                     const Ledger::KeyRequest& request) {
  const auto kept = keep_key(std::move(key));
  if (!kept) return kept.error();
  const auto& bytes = (*kept)->public_bytes();
  AddKey add{.algorithm = (*kept)->algorithm(),
             .kid = (*kept)->kid(),
             .public_key = {bytes.begin(), bytes.end()},
             .is_next = true,
             .imported = is_imported};
  const auto committed =
      submit({request.actor, request.request_id, request.idempotency, std::move(add)});
  if (committed && !committed->repeated) return Ledger::AddedKey{*committed, (*kept)->kid()};
  // After an unknown outcome the event may be there: the next open looks.
  const bool may_be_named = committed.has_error() && committed.error() == Errc::unknown_outcome;
  if (!may_be_named) drop_api_key((*kept)->kid());
  if (!committed) return committed.error();
  return Ledger::AddedKey{*committed, {}};
}

Result<Ledger::AddedKey> Ledger::add_next_key(SignatureAlgorithm algorithm,
                                              const KeyRequest& request) {
  const bool is_asymmetric =
      algorithm >= SignatureAlgorithm::rs256 && algorithm <= SignatureAlgorithm::eddsa;
  if (!is_asymmetric) return Errc::algorithm_not_allowed;
  if (auto seen = look_ahead(*core_, request.actor); !seen) return seen.error();
  auto drawn = SigningKey::generate(algorithm);
  if (!drawn) return drawn.error();
  return core_->add_signing_key(std::move(*drawn), false, request);
}

Result<Ledger::AddedKey> Ledger::import_key(std::string_view pem, const KeyRequest& request) {
  const auto kind = request.actor.kind;
  if (kind != ActorKind::host && kind != ActorKind::system) return Errc::insufficient_scope;
  if (auto seen = look_ahead(*core_, request.actor); !seen) return seen.error();
  auto key = read_pem_key(pem);
  if (!key) return key.error();
  return core_->add_signing_key(std::move(*key), true, request);
}

Result<Committed> Ledger::revoke_key(const std::string& kid, const KeyRequest& request) {
  if (request.reason.size() > kNoteBodyBytesMax) return Errc::too_large;
  if (auto seen = look_ahead(*core_, request.actor); !seen) {
    if (seen.error() != Errc::limit_reached) return seen.error();
  }
  Standing standing;
  with_registries([&](const Registries& registries) { standing = standing_of(registries, kid); });
  if (standing.signs && !standing.has_successor) {
    // Without one no token could be made by this algorithm until somebody noticed. A stolen key
    // goes whether or not there is a successor.
    KeyRequest successor{.actor = request.actor, .reason = {}, .request_id = request.request_id};
    if (auto added = add_next_key(standing.algorithm, successor); !added)
      core_->warn("no key takes the place of the one that is revoked: " + added.error().message());
  }
  Sealed reason;
  if (!request.reason.empty()) {
    auto sealed = core_->seal(request.reason);
    if (!sealed) return sealed.error();
    reason = std::move(*sealed);
  }
  auto committed =
      submit({request.actor, request.request_id, request.idempotency, RevokeKey{kid, reason}});
  const bool may_be_named = committed.has_error() && committed.error() == Errc::unknown_outcome;
  const bool is_unnamed = committed ? committed->repeated : !may_be_named;
  if (is_unnamed && !reason.bytes.empty()) core_->forget(reason);
  return committed;
}

// What a retired key signed last decides how long verifiers must have it. Only tokens in memory are
// looked at: one that memory gave back is expired. O(tokens), once per retirement.
void LedgerCore::look_at_retired_keys() {
  std::vector<KeyNumber> unknown;
  {
    const std::shared_lock lock{registries_mutex};
    const std::scoped_lock guard{retired_keys_mutex};
    for (const auto& key : registries.keys()) {
      if (key.status != KeyStatus::retired || retired_keys.contains(key.number)) continue;
      unknown.push_back(key.number);
    }
  }
  if (unknown.empty()) return;
  // The tokens of a retired key are all published: the index is, before the registries are.
  std::map<KeyNumber, UnixSeconds> last;
  for (const auto key : unknown) last.emplace(key, UnixSeconds{});
  const auto second = to_seconds(now());
  for (std::size_t lane_number = 0; lane_number < kLaneCount; ++lane_number) {
    const auto lane = static_cast<Lane>(lane_number);
    const auto used = index.chunks(lane);
    for (auto counter = used.first * kChunkTokens; counter < used.end * kChunkTokens; ++counter) {
      const auto live = index.find_live(TokenIndex{lane, counter}, nullptr, second);
      if (!live) continue;
      const auto of_key = last.find(live->token_class.key);
      if (of_key == last.end()) continue;
      of_key->second = std::max(of_key->second, live->entry.expires_at);
    }
  }
  const std::scoped_lock guard{retired_keys_mutex};
  retired_keys.merge(last);
}

bool LedgerCore::is_published(const KeyRecord& key) const {
  switch (key.status) {
    case KeyStatus::next:
    case KeyStatus::active: return true;
    case KeyStatus::revoked: return false;
    case KeyStatus::retired: break;
  }
  if (key.activated_at == LedgerTime{}) return false;
  const std::scoped_lock guard{retired_keys_mutex};
  const auto last = retired_keys.find(key.number);
  if (last == retired_keys.end()) return true;  // not counted yet
  // Id tokens and status lists, which the index does not hold, may be as young as its retirement.
  constexpr auto kUnindexed = std::max(kIdTokenLifetimeSeconds, kStatusListLifetimeSeconds);
  const UnixSeconds unindexed{to_seconds(key.ended_at).value() + kUnindexed};
  const auto end = std::max(last->second, unindexed);
  return to_seconds(now()).value() < end.value() + kKeyPublishedAfterSeconds;
}

std::string Ledger::jwks() const {
  std::vector<const VerifyKey*> published;
  std::vector<std::shared_ptr<const SigningKey>> held;
  const std::shared_lock lock{core_->registries_mutex};
  for (const auto& key : core_->registries.keys()) {
    const bool is_public = key.algorithm != SignatureAlgorithm::hs256;
    if (!is_public || !core_->is_published(key)) continue;
    auto signing = core_->keys->signing_key(key.kid);
    if (signing == nullptr) continue;
    published.push_back(&signing->verify_key());
    held.push_back(std::move(signing));
  }
  return jwks_json(published);
}

}  // namespace tokenledger
