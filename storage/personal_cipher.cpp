#include "storage/personal_cipher.hpp"

#include <sodium.h>

#include "core/invariant.hpp"

namespace tokenledger {
namespace {

constexpr std::size_t kNonceBytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t kTagBytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;
static_assert(kSealOverheadBytes == kNonceBytes + kTagBytes);
static_assert(kDataKeyBytes == crypto_aead_xchacha20poly1305_ietf_KEYBYTES);

void ensure_sodium() {
  static const bool ready = sodium_init() >= 0;
  LEDGER_INVARIANT(ready);
}

}  // namespace

std::vector<std::uint8_t> seal_personal(ByteView key, ByteView plain, ByteView associated) {
  LEDGER_INVARIANT(key.size() == kDataKeyBytes);
  std::vector<std::uint8_t> sealed(kSealOverheadBytes + plain.size());
  ensure_sodium();
  randombytes_buf(sealed.data(), kNonceBytes);
  crypto_aead_xchacha20poly1305_ietf_encrypt(sealed.data() + kNonceBytes, nullptr, plain.data(),
                                             plain.size(), associated.data(), associated.size(),
                                             nullptr, sealed.data(), key.data());
  return sealed;
}

Result<SecretBytes> open_personal(ByteView key, ByteView sealed, ByteView associated) {
  LEDGER_INVARIANT(key.size() == kDataKeyBytes);
  ensure_sodium();
  if (sealed.size() < kSealOverheadBytes) return Errc::crypto_failure;
  SecretBytes plain{sealed.size() - kSealOverheadBytes};
  const int status = crypto_aead_xchacha20poly1305_ietf_decrypt(
      plain.writable().data(), nullptr, nullptr, sealed.data() + kNonceBytes,
      sealed.size() - kNonceBytes, associated.data(), associated.size(), sealed.data(), key.data());
  if (status != 0) return Errc::crypto_failure;
  return plain;
}

Digest personal_lookup(ByteView key, ByteView name) {
  ensure_sodium();
  crypto_auth_hmacsha256_state state;
  Digest digest;
  crypto_auth_hmacsha256_init(&state, key.data(), key.size());
  crypto_auth_hmacsha256_update(&state, name.data(), name.size());
  crypto_auth_hmacsha256_final(&state, digest.data());
  sodium_memzero(&state, sizeof state);
  return digest;
}

}  // namespace tokenledger
