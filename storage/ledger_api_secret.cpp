// The secrets of HS256 APIs: in the keyring before the event that names them, and out of it again
// when there is no such event.
//
// What a crash leaves, step by step: after the keyring was saved, a key that no event names, which
// the next open drops; after the append, key and event; after a refusal and before the key was
// taken out, again a key that no event names. A key that an event names is never dropped.
#include "core/base64url.hpp"
#include "core/decide.hpp"
#include "storage/keyring.hpp"
#include "storage/ledger_core.hpp"

namespace tokenledger {
namespace {

constexpr std::size_t kKeyPlacesForRotation = 64;

// Most of what decide() would refuse, seen before two fsyncs are spent on a key. Advice only.
Result<void> look_ahead(const LedgerCore& core, const Actor& actor, const CreateApi& create) {
  if (auto checked = check_actor(core, actor, ManagementScope::apis_write); !checked)
    return checked;
  if (auto checked = check_values(create); !checked) return checked;
  const std::shared_lock lock{core.registries_mutex};
  if (core.registries.find_api(create.identifier) != nullptr) return Errc::api_exists;
  const bool is_full =
      core.registries.apis().size() >= kApisMax || core.registries.keys().size() >= kKeysMax;
  return is_full ? Errc::limit_reached : Result<void>{};
}

}  // namespace

Result<void> check_actor(const LedgerCore& core, const Actor& actor, ManagementScope scope) {
  switch (actor.kind) {
    case ActorKind::system:
    case ActorKind::host: return {};
    case ActorKind::client:
    case ActorKind::user: return Errc::insufficient_scope;
    case ActorKind::token: break;
  }
  const auto name = kManagementScopes[static_cast<std::size_t>(scope)].name;
  switch (core.index.check_without_fingerprint(actor.token, kManagementAudience, {{name}},
                                               to_seconds(core.now()))) {
    case Verdict::good: return {};
    case Verdict::insufficient_scope: return Errc::insufficient_scope;
    default: return Errc::unauthorized_actor;
  }
}

Result<Ledger::CreatedApi> Ledger::create_api_with_secret(Command command) {
  auto* const create = std::get_if<CreateApi>(&command.payload);
  const bool is_ours = create != nullptr && create->hs256_kid.empty() &&
                       create->settings.signing_alg == SignatureAlgorithm::hs256;
  if (!is_ours) return Errc::invalid_argument;

  if (auto seen = look_ahead(*core_, command.actor, *create); !seen) {
    // Only decide() knows whether this repeats an earlier command. Without a key it accepts no
    // HS256 API, so if what we saw has changed meanwhile, the answer is what we saw.
    const auto committed = submit(std::move(command));
    if (committed) return CreatedApi{*committed, {}};
    return committed.error() == Errc::invalid_argument ? seen.error() : committed.error();
  }
  const auto key = core_->add_api_key();
  if (!key) return key.error();
  const auto bytes = (*key)->private_bytes();
  create->hs256_kid = (*key)->kid();
  const auto committed = bytes ? submit(std::move(command)) : Result<Committed>{bytes.error()};
  if (committed && !committed->repeated)
    return CreatedApi{*committed, base64url_encode(bytes->view())};
  // After an unknown outcome the event may be there: the next open looks.
  const bool may_be_named = committed.has_error() && committed.error() == Errc::unknown_outcome;
  if (!may_be_named) core_->drop_api_key((*key)->kid());
  if (!committed) return committed.error();
  return CreatedApi{*committed, {}};
}

Result<std::shared_ptr<const SigningKey>> LedgerCore::add_api_key() {
  // Whoever may make APIs must not take the places that rotating the ledger's own keys needs.
  if (keys->signing_keys().size() + kKeyPlacesForRotation > Keyring::kSigningKeysMax)
    return Errc::limit_reached;
  auto drawn = SigningKey::generate(SignatureAlgorithm::hs256);
  return drawn ? keep_key(std::move(*drawn)) : drawn.error();
}

Result<std::shared_ptr<const SigningKey>> LedgerCore::keep_key(SigningKey key) {
  boost::system::error_code error;
  {
    // The keyring is a file of the directory, which is not ours any more once close() is done.
    const std::shared_lock held{files_mutex};
    if (auto open = check_readable(); !open) return open.error();
    auto added = keys->add(std::move(key));
    if (added) return added;
    error = added.error();
  }
  const bool is_refused = error == Errc::limit_reached || error == Errc::key_exists ||
                          error == Errc::crypto_failure;  // nothing was written
  if (!is_refused) poison("could not write the keyring: " + error.message());
  return error;
}

void LedgerCore::drop_api_key(const std::string& kid) {
  Result<void> removed;
  {
    const std::shared_lock held{files_mutex};
    // Closed or poisoned: the next open drops it.
    if (!check_readable()) return;
    removed = keys->remove({&kid, 1});
  }
  if (!removed) poison("could not write the keyring: " + removed.error().message());
}

// State is what the log says, so a key it does not know was never named, or only by events that
// were cut off.
Result<void> LedgerCore::drop_unnamed_api_keys(std::string& why) {
  std::vector<std::string> unnamed;
  for (const auto& key : keys->signing_keys()) {
    // One that could sign for all is taken by the first events of a ledger that has none.
    const bool is_wanted = key->algorithm() != SignatureAlgorithm::hs256 &&
                           state.registries.signing_key(key->algorithm()) == nullptr;
    if (!is_wanted && state.registries.find_key(key->kid()) == nullptr)
      unnamed.push_back(key->kid());
  }
  if (unnamed.empty()) return {};
  if (auto removed = keys->remove(unnamed); !removed) {
    why = "can't write " + paths.keyring.string() + ": " + removed.error().message();
    return removed;
  }
  warn("dropped " + std::to_string(unnamed.size()) +
       " keys that were never put to use from the keyring");
  return {};
}

}  // namespace tokenledger
