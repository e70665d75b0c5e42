#include "storage/ledger_keys.hpp"

#include <algorithm>

#include "storage/keyring.hpp"

namespace tokenledger {
namespace {

Aes128::Key seal_bytes(const Keyring& keyring) {
  Aes128::Key key;
  std::ranges::copy(keyring.seal_key(), key.begin());
  return key;
}

}  // namespace

LedgerKeys::LedgerKeys(std::unique_ptr<Keyring> keyring)
    : keyring_{std::move(keyring)},
      seal_key_{seal_bytes(*keyring_)},
      status_places_{keyring_->seal_key()},
      refresh_token_key_{seal_bytes(*keyring_)} {}
LedgerKeys::~LedgerKeys() = default;

Result<std::unique_ptr<LedgerKeys>> LedgerKeys::make(std::unique_ptr<Keyring> keyring) {
  std::unique_ptr<LedgerKeys> keys{new LedgerKeys{std::move(keyring)}};
  for (const auto& record : keys->keyring_->signing_keys()) {
    auto key = SigningKey::from_private(static_cast<SignatureAlgorithm>(record.algorithm),
                                        record.private_key.view());
    if (!key) return key.error();
    if (key->kid() != record.kid) return Errc::keyring_corrupt;
    keys->signing_keys_.emplace(record.kid, std::make_shared<const SigningKey>(std::move(*key)));
  }
  if (auto made = keys->make_jwe_key(); !made) return made.error();
  return keys;
}

Result<void> LedgerKeys::make_jwe_key() {
  if (jwe_key_ != nullptr || keyring_->jwe_secret().empty()) return {};
  auto key = JweKey::from_secret(keyring_->jwe_secret());
  if (!key) return key.error();
  jwe_key_ = std::make_unique<const JweKey>(std::move(*key));
  return {};
}

Result<void> LedgerKeys::ensure_jwe_key() {
  const std::scoped_lock saving{saving_mutex_};
  if (auto saved = keyring_->ensure_jwe_secret(); !saved) return saved;
  return make_jwe_key();
}

const std::array<std::uint8_t, 16>& LedgerKeys::ledger_id() const noexcept {
  return keyring_->ledger_id();
}
ByteView LedgerKeys::pepper() const noexcept { return keyring_->client_secret_pepper(); }
ByteView LedgerKeys::master_key() const noexcept { return keyring_->master_key(); }
ByteView LedgerKeys::idempotency_key() const noexcept { return keyring_->idempotency_key(); }
ByteView LedgerKeys::cursor_key() const noexcept { return keyring_->cursor_key(); }
ByteView LedgerKeys::checkpoint_seed() const noexcept { return keyring_->checkpoint_seed(); }
bool LedgerKeys::is_protected() const noexcept { return keyring_->is_protected(); }

std::shared_ptr<const SigningKey> LedgerKeys::signing_key(std::string_view kid) const {
  const std::shared_lock lock{mutex_};
  const auto found = signing_keys_.find(kid);
  return found == signing_keys_.end() ? nullptr : found->second;
}

std::vector<std::shared_ptr<const SigningKey>> LedgerKeys::signing_keys() const {
  const std::shared_lock lock{mutex_};
  std::vector<std::shared_ptr<const SigningKey>> all;
  for (const auto& [kid, key] : signing_keys_) all.push_back(key);
  return all;
}

Result<std::shared_ptr<const SigningKey>> LedgerKeys::add(SigningKey key) {
  auto secret = key.private_bytes();
  if (!secret) return secret.error();
  const std::scoped_lock saving{saving_mutex_};
  SigningKeyRecord record;
  record.algorithm = static_cast<std::uint8_t>(key.algorithm());
  record.kid = key.kid();
  record.private_key = std::move(*secret);
  if (auto saved = keyring_->add_signing_key(std::move(record)); !saved) return saved.error();
  auto shared = std::make_shared<const SigningKey>(std::move(key));
  const std::unique_lock lock{mutex_};
  signing_keys_.emplace(shared->kid(), shared);
  return shared;
}

Result<void> LedgerKeys::remove(std::span<const std::string> kids) {
  const std::scoped_lock saving{saving_mutex_};
  if (auto saved = keyring_->remove_signing_keys(kids); !saved) return saved;
  const std::unique_lock lock{mutex_};
  for (const auto& kid : kids) signing_keys_.erase(kid);
  return {};
}

bool LedgerKeys::has_signed_checkpoint() {
  const std::scoped_lock saving{saving_mutex_};
  return keyring_->has_signed_checkpoint();
}

Result<void> LedgerKeys::mark_checkpoint_signed() {
  const std::scoped_lock saving{saving_mutex_};
  return keyring_->mark_checkpoint_signed();
}

CheckpointKeepers LedgerKeys::keepers() {
  const std::scoped_lock saving{saving_mutex_};
  return keyring_->keepers();
}

Result<void> LedgerKeys::set_keepers(CheckpointKeepers keepers) {
  const std::scoped_lock saving{saving_mutex_};
  return keyring_->set_keepers(keepers);
}

Result<void> LedgerKeys::replace_checkpoint_seed() { return keyring_->replace_checkpoint_seed(); }

}  // namespace tokenledger
