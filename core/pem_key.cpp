#include "core/pem_key.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>

namespace tokenledger {
namespace {

constexpr std::string_view kBegin = "-----BEGIN ";
constexpr std::string_view kBeginKey = "-----BEGIN PRIVATE KEY-----";
constexpr std::size_t kSeedBytes = 32;

using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;
using Info = std::unique_ptr<PKCS8_PRIV_KEY_INFO, decltype(&PKCS8_PRIV_KEY_INFO_free)>;
using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

// Whatever OpenSSL queued must not surface in a later call of the host's.
Errc refused(Errc code) noexcept {
  ERR_clear_error();
  return code;
}

Result<SigningKey> from_seed(const EVP_PKEY* key) {
  SecretBytes seed{kSeedBytes};
  std::size_t size = seed.size();
  const bool is_read = EVP_PKEY_get_raw_private_key(key, seed.writable().data(), &size) == 1;
  if (!is_read || size != kSeedBytes) return refused(Errc::invalid_argument);
  return SigningKey::from_private(SignatureAlgorithm::eddsa, seed.view());
}

// Through the same door as the keyring's keys, so that their rules hold here.
Result<SigningKey> from_info(SignatureAlgorithm algorithm, const PKCS8_PRIV_KEY_INFO* info) {
  const int length = i2d_PKCS8_PRIV_KEY_INFO(info, nullptr);
  if (length <= 0) return refused(Errc::invalid_argument);
  SecretBytes der{static_cast<std::size_t>(length)};
  std::uint8_t* at = der.writable().data();
  if (i2d_PKCS8_PRIV_KEY_INFO(info, &at) != length) return refused(Errc::crypto_failure);
  return SigningKey::from_private(algorithm, der.view());
}

}  // namespace

Result<SigningKey> read_pem_key(std::string_view pem) {
  if (pem.size() > kPemBytesMax) return Errc::too_large;
  const auto begin = pem.find(kBegin);
  const bool is_single = begin != pem.npos && pem.substr(begin).starts_with(kBeginKey) &&
                         pem.find(kBegin, begin + 1) == pem.npos;
  if (!is_single) return Errc::invalid_argument;
  const Bio bio{BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free};
  if (bio == nullptr) return refused(Errc::crypto_failure);
  const Info info{PEM_read_bio_PKCS8_PRIV_KEY_INFO(bio.get(), nullptr, nullptr, nullptr),
                  &PKCS8_PRIV_KEY_INFO_free};
  if (info == nullptr) return refused(Errc::invalid_argument);
  const Key key{EVP_PKCS82PKEY(info.get()), &EVP_PKEY_free};
  if (key == nullptr) return refused(Errc::invalid_argument);
  if (EVP_PKEY_is_a(key.get(), "RSA") == 1) return from_info(SignatureAlgorithm::rs256, info.get());
  if (EVP_PKEY_is_a(key.get(), "EC") == 1) return from_info(SignatureAlgorithm::es256, info.get());
  if (EVP_PKEY_is_a(key.get(), "ED25519") == 1) return from_seed(key.get());
  return refused(Errc::invalid_argument);
}

}  // namespace tokenledger
