// Keyring: the secrets of one ledger in one 0600 file, encrypted under a key from elsewhere.
//
// File, little-endian:
//   magic 8 | version u32 | protection u32 (0 unprotected, 1 XChaCha20-Poly1305) | key check 16 |
//   payload bytes u32 | payload (sealed when protected) | BLAKE2b-256 of all before
// The checksum tells damage from a wrong key; the key check (a keyed hash of the header) tells a
// wrong key from a forgery. Every save replaces the whole file durably before it returns, so an
// event may rely on a key once add_* succeeded. Errors: keyring_missing, keyring_wrong_key,
// keyring_corrupt, file_exists, io_error. Threads: not thread-safe. Secrets are wiped when the
// Keyring goes.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/errc.hpp"
#include "core/secret_bytes.hpp"
#include "storage/checkpoint_keepers.hpp"
#include "storage/file_layer.hpp"

namespace tokenledger {

// What opens the keyring: 32 bytes, or nothing when it stands unprotected.
using KeyringKey = std::optional<SecretBytes>;

// From `key_file` when it is not empty; else from the environment variable TOKENLEDGER_KEYRING_KEY;
// else from $CREDENTIALS_DIRECTORY/tokenledger-keyring-key (systemd); else nothing. The key is 64
// hexadecimal digits or, in files, 32 raw bytes; one final newline is ignored. A named source that
// is missing or malformed is keyring_wrong_key, never "unprotected".
[[nodiscard]] Result<KeyringKey> find_keyring_key(FileLayer& files,
                                                  const std::filesystem::path& key_file);

struct SigningKeyRecord {
  std::uint32_t number = 0;    // the ledger's KeyNumber; 0 until the event gave one
  std::uint8_t algorithm = 0;  // SignatureAlgorithm
  std::string kid;             // 1..kKidBytesMax
  SecretBytes private_key;     // 1..kPrivateKeyBytesMax
};

// The shared secret of an HS256 API.
struct ApiSecretRecord {
  std::string identifier;  // the API's audience, 1..kIdentifierBytesMax
  SecretBytes secret;      // 1..kPrivateKeyBytesMax
};

class Keyring {
 public:
  static constexpr std::size_t kSigningKeysMax = 1024;
  static constexpr std::size_t kApiSecretsMax = 4096;
  static constexpr std::size_t kKidBytesMax = 128;
  static constexpr std::size_t kIdentifierBytesMax = 1024;
  static constexpr std::size_t kPrivateKeyBytesMax = 8192;
  static constexpr std::size_t kFileBytesMax = 32u << 20;

  // Draws fresh secrets and writes the file; file_exists when there is one.
  [[nodiscard]] static Result<std::unique_ptr<Keyring>> create(std::shared_ptr<FileLayer> files,
                                                               const std::filesystem::path& path,
                                                               KeyringKey key);
  // A protected file without a key, and an unprotected one with a key, are keyring_wrong_key: the
  // second may have been put there by somebody who cannot make a protected one.
  [[nodiscard]] static Result<std::unique_ptr<Keyring>> load(std::shared_ptr<FileLayer> files,
                                                             const std::filesystem::path& path,
                                                             KeyringKey key);

  [[nodiscard]] const std::array<std::uint8_t, 16>& ledger_id() const noexcept {
    return ledger_id_;
  }
  [[nodiscard]] ByteView seal_key() const noexcept { return fixed(0, 16); }
  [[nodiscard]] ByteView master_key() const noexcept { return fixed(16, 32); }
  [[nodiscard]] ByteView client_secret_pepper() const noexcept { return fixed(48, 32); }
  [[nodiscard]] ByteView cursor_key() const noexcept { return fixed(80, 32); }
  [[nodiscard]] ByteView idempotency_key() const noexcept { return fixed(112, 32); }
  [[nodiscard]] ByteView checkpoint_seed() const noexcept { return fixed(kCheckpointSeedAt, 32); }
  // Of JweKey, 32 bytes; empty in a file of an older version until ensure_jwe_secret().
  [[nodiscard]] ByteView jwe_secret() const noexcept { return jwe_secret_.view(); }
  // Something was, or may have been, signed with the checkpoint key: the ledger without its
  // checkpoint history is then not one that begins, but one that lost what it signed.
  [[nodiscard]] bool has_signed_checkpoint() const noexcept { return has_signed_checkpoint_; }
  // Who opens the ledger without them must sign no checkpoint.
  [[nodiscard]] CheckpointKeepers keepers() const noexcept { return keepers_; }
  [[nodiscard]] const std::vector<SigningKeyRecord>& signing_keys() const noexcept {
    return signing_keys_;
  }
  [[nodiscard]] const std::vector<ApiSecretRecord>& api_secrets() const noexcept {
    return api_secrets_;
  }
  [[nodiscard]] bool is_protected() const noexcept { return key_.has_value(); }

  // Durable on success; on an error the Keyring is as before, the file perhaps not: poison the
  // ledger. key_exists: the kid or identifier is there. limit_reached, invalid_argument: beyond a
  // bound.
  [[nodiscard]] Result<void> add_signing_key(SigningKeyRecord record);
  // Forgets the signing keys with these kids, in one save; kids that are not there are passed over.
  [[nodiscard]] Result<void> remove_signing_keys(std::span<const std::string> kids);
  [[nodiscard]] Result<void> add_api_secret(ApiSecretRecord record);
  // Draws jwe_secret() where there is none. Nothing is written where there is one.
  [[nodiscard]] Result<void> ensure_jwe_secret();
  // Before the first signature with the checkpoint key. Nothing is written where it stands already.
  // On an error nothing may be signed, and nothing else need stop: the file is the old one or the
  // new one, whole, and they differ in this mark alone.
  [[nodiscard]] Result<void> mark_checkpoint_signed();
  [[nodiscard]] Result<void> set_keepers(CheckpointKeepers keepers);
  // Draws another seed for the checkpoint key, which has signed nothing: the log is another one
  // from then on. Only for `recover`, while nothing signs.
  [[nodiscard]] Result<void> replace_checkpoint_seed();
  // The same content in the newest layout.
  [[nodiscard]] Result<void> write_again() const { return save(); }
  // Encrypts under another key from now on (or under none).
  [[nodiscard]] Result<void> change_key(KeyringKey key);

 private:
  static constexpr std::size_t kCheckpointSeedAt = 144;
  static constexpr std::size_t kFixedBytes = 16 + 5 * 32;
  static constexpr std::size_t kJweSecretBytes = 32;

  Keyring(std::shared_ptr<FileLayer> files, std::filesystem::path path, KeyringKey key);
  [[nodiscard]] ByteView fixed(std::size_t at, std::size_t count) const noexcept {
    return secrets_.view().subspan(at, count);
  }
  [[nodiscard]] SecretBytes encode_payload() const;
  [[nodiscard]] Result<void> decode_payload(ByteView payload, std::uint32_t version);
  [[nodiscard]] std::vector<std::uint8_t> encode_file() const;
  [[nodiscard]] Result<void> decode_file(ByteView file);
  [[nodiscard]] Result<void> save() const;

  std::shared_ptr<FileLayer> files_;
  std::filesystem::path path_;
  KeyringKey key_;
  std::array<std::uint8_t, 16> ledger_id_{};
  SecretBytes secrets_;  // seal, master, pepper, cursor, idempotency, checkpoint; see the accessors
  SecretBytes jwe_secret_;  // empty or kJweSecretBytes
  bool has_signed_checkpoint_ = false;
  CheckpointKeepers keepers_;
  std::vector<SigningKeyRecord> signing_keys_;
  std::vector<ApiSecretRecord> api_secrets_;
};

}  // namespace tokenledger
