#include "core/aes256_gcm.hpp"

#include <openssl/err.h>
#include <openssl/evp.h>

#include <memory>

namespace tokenledger {
namespace {

struct FreeContext {
  void operator()(EVP_CIPHER_CTX* context) const noexcept { EVP_CIPHER_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_CIPHER_CTX, FreeContext>;

// Fetched once: a fetch per message costs more than encrypting one. Never freed, so that a thread
// that outlives main can still use it.
const EVP_CIPHER* cipher() {
  static const EVP_CIPHER* const fetched = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
  return fetched;
}

// Our errors say enough; whatever OpenSSL queued must not surface in a later call of the host's.
Errc refused(Errc code) noexcept {
  ERR_clear_error();
  return code;
}

const unsigned char* bytes(std::string_view text) noexcept {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* bytes(std::string& text) noexcept {
  return reinterpret_cast<unsigned char*>(text.data());
}
bool fits(std::string_view authenticated, std::string_view text) noexcept {
  return authenticated.size() <= kGcmTextBytesMax && text.size() <= kGcmTextBytesMax;
}

}  // namespace

Result<GcmSealed> gcm_seal(const Digest& key, const GcmNonce& nonce, std::string_view authenticated,
                           std::string_view text) {
  if (!fits(authenticated, text)) return Errc::too_large;
  const Context context{EVP_CIPHER_CTX_new()};
  GcmSealed sealed{.ciphertext = std::string(text.size(), '\0')};
  int length = 0;
  const bool done =
      context != nullptr && cipher() != nullptr &&
      EVP_EncryptInit_ex2(context.get(), cipher(), key.data(), nonce.data(), nullptr) == 1 &&
      EVP_EncryptUpdate(context.get(), nullptr, &length, bytes(authenticated),
                        static_cast<int>(authenticated.size())) == 1 &&
      EVP_EncryptUpdate(context.get(), bytes(sealed.ciphertext), &length, bytes(text),
                        static_cast<int>(text.size())) == 1 &&
      EVP_EncryptFinal_ex(context.get(), nullptr, &length) == 1 &&
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, kGcmTagBytes, sealed.tag.data()) ==
          1;
  if (!done) return refused(Errc::crypto_failure);
  return sealed;
}

Result<std::string> gcm_open(const Digest& key, const GcmNonce& nonce,
                             std::string_view authenticated, const GcmSealed& sealed) {
  if (!fits(authenticated, sealed.ciphertext)) return Errc::too_large;
  const Context context{EVP_CIPHER_CTX_new()};
  std::string text(sealed.ciphertext.size(), '\0');
  auto tag = sealed.tag;  // the library takes it through a pointer to non-const
  int length = 0;
  const bool ready =
      context != nullptr && cipher() != nullptr &&
      EVP_DecryptInit_ex2(context.get(), cipher(), key.data(), nonce.data(), nullptr) == 1 &&
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, kGcmTagBytes, tag.data()) == 1 &&
      EVP_DecryptUpdate(context.get(), nullptr, &length, bytes(authenticated),
                        static_cast<int>(authenticated.size())) == 1 &&
      EVP_DecryptUpdate(context.get(), bytes(text), &length, bytes(sealed.ciphertext),
                        static_cast<int>(sealed.ciphertext.size())) == 1;
  if (!ready) return refused(Errc::crypto_failure);
  if (EVP_DecryptFinal_ex(context.get(), nullptr, &length) != 1)
    return refused(Errc::signature_invalid);
  return text;
}

}  // namespace tokenledger
