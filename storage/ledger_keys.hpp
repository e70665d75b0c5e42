// LedgerKeys: the keyring as live keys. Loaded once; signing keys may be added, durably, before an
// event names them.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <span>
#include <string>
#include <string_view>

#include "core/byte_view.hpp"
#include "core/errc.hpp"
#include "core/jwe.hpp"
#include "core/refresh_token.hpp"
#include "core/seal_key.hpp"
#include "core/signing_key.hpp"
#include "core/status_list.hpp"
#include "storage/checkpoint_keepers.hpp"

namespace tokenledger {

class FileLayer;
class Keyring;

class LedgerKeys {
 public:
  // Takes over a loaded (or new) keyring. crypto_failure or keyring_corrupt when a signing key does
  // not load.
  [[nodiscard]] static Result<std::unique_ptr<LedgerKeys>> make(std::unique_ptr<Keyring> keyring);
  ~LedgerKeys();

  [[nodiscard]] const SealKey& seal_key() const noexcept { return seal_key_; }
  [[nodiscard]] const StatusListPlaces& status_places() const noexcept { return status_places_; }
  [[nodiscard]] const RefreshTokenKey& refresh_token_key() const noexcept {
    return refresh_token_key_;
  }
  [[nodiscard]] const std::array<std::uint8_t, 16>& ledger_id() const noexcept;
  [[nodiscard]] ByteView pepper() const noexcept;
  [[nodiscard]] ByteView master_key() const noexcept;
  [[nodiscard]] ByteView idempotency_key() const noexcept;
  [[nodiscard]] ByteView cursor_key() const noexcept;
  [[nodiscard]] ByteView checkpoint_seed() const noexcept;
  [[nodiscard]] bool is_protected() const noexcept;

  // nullptr only in a ledger of format 1 whose keyring is of an older version.
  [[nodiscard]] const JweKey* jwe_key() const noexcept { return jwe_key_.get(); }
  // Draws one where there is none, durably. While the ledger is being opened.
  [[nodiscard]] Result<void> ensure_jwe_key();

  // nullptr: no such key. Any thread.
  [[nodiscard]] std::shared_ptr<const SigningKey> signing_key(std::string_view kid) const;
  // All of them, by kid. Any thread.
  [[nodiscard]] std::vector<std::shared_ptr<const SigningKey>> signing_keys() const;
  // Saves the keyring with this key, fsynced, and then keeps it. Any thread; lookups go on while
  // the disk works.
  [[nodiscard]] Result<std::shared_ptr<const SigningKey>> add(SigningKey key);
  // Saves the keyring without these keys, fsynced, and then forgets them; who holds one may go on
  // using it. Only for keys that no event names. Any thread.
  [[nodiscard]] Result<void> remove(std::span<const std::string> kids);
  // See Keyring. Any thread.
  [[nodiscard]] bool has_signed_checkpoint();
  [[nodiscard]] Result<void> mark_checkpoint_signed();
  [[nodiscard]] CheckpointKeepers keepers();
  [[nodiscard]] Result<void> set_keepers(CheckpointKeepers keepers);
  // See Keyring. Not while anything signs checkpoints.
  [[nodiscard]] Result<void> replace_checkpoint_seed();

 private:
  explicit LedgerKeys(std::unique_ptr<Keyring> keyring);
  [[nodiscard]] Result<void> make_jwe_key();

  std::unique_ptr<Keyring> keyring_;
  SealKey seal_key_;
  StatusListPlaces status_places_;
  std::unique_ptr<const JweKey> jwe_key_;
  RefreshTokenKey refresh_token_key_;  // the same key: the two kinds of block can't be confused
  std::mutex saving_mutex_;  // one change of the keyring's keys at a time; taken before mutex_
  mutable std::shared_mutex mutex_;  // never held while the disk works
  std::map<std::string, std::shared_ptr<const SigningKey>, std::less<>>
      signing_keys_;  // guarded by mutex_
};

}  // namespace tokenledger
