#include "core/openssl_key.hpp"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <array>

#include "core/base64url.hpp"
#include "core/es256_signature.hpp"

namespace tokenledger {
namespace {

constexpr std::size_t kDerBytesMax = 8 * 1024;  // PKCS #8 of RSA with 4096 bits has 2.4 KiB

// Our errors say enough; whatever OpenSSL queued must not surface in a later call of the host's.
Errc refused(Errc code) noexcept {
  ERR_clear_error();
  return code;
}

Result<std::string> number_text(const EVP_PKEY* key, const char* name, int byte_count) {
  BIGNUM* raw = nullptr;
  if (EVP_PKEY_get_bn_param(key, name, &raw) != 1) return refused(Errc::crypto_failure);
  const std::unique_ptr<BIGNUM, decltype(&BN_free)> number{raw, &BN_free};
  if (byte_count == 0) byte_count = BN_num_bytes(number.get());
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(byte_count));
  if (BN_bn2binpad(number.get(), bytes.data(), byte_count) != byte_count)
    return refused(Errc::crypto_failure);
  return base64url_encode(bytes);
}

bool is_named_p256(const EVP_PKEY* key) {
  std::array<char, 32> group{};
  std::size_t length = 0;
  return EVP_PKEY_get_group_name(key, group.data(), group.size(), &length) == 1 &&
         std::string_view{group.data()} == SN_X9_62_prime256v1;
}

}  // namespace

Result<std::unique_ptr<OpensslKey>> OpensslKey::accept(SignatureAlgorithm algorithm, Key key) {
  if (key == nullptr) return refused(Errc::invalid_argument);
  const int bits = EVP_PKEY_get_bits(key.get());
  const bool fits =
      algorithm == SignatureAlgorithm::rs256
          ? EVP_PKEY_is_a(key.get(), "RSA") == 1 && bits >= kRsaBitsMin && bits <= kRsaBitsMax
          : algorithm == SignatureAlgorithm::es256 && EVP_PKEY_is_a(key.get(), "EC") == 1 &&
                is_named_p256(key.get());
  if (!fits) return refused(Errc::invalid_argument);
  return std::unique_ptr<OpensslKey>{new OpensslKey{algorithm, std::move(key)}};
}

Result<std::unique_ptr<OpensslKey>> OpensslKey::generate(SignatureAlgorithm algorithm) {
  Key key{algorithm == SignatureAlgorithm::rs256 ? EVP_RSA_gen(kRsaBitsGenerated)
                                                 : EVP_EC_gen(SN_X9_62_prime256v1)};
  if (key == nullptr) return refused(Errc::crypto_failure);
  return accept(algorithm, std::move(key));
}

Result<std::unique_ptr<OpensslKey>> OpensslKey::from_pkcs8(SignatureAlgorithm algorithm,
                                                           ByteView der) {
  if (der.empty() || der.size() > kDerBytesMax) return Errc::invalid_argument;
  const std::uint8_t* at = der.data();
  const std::unique_ptr<PKCS8_PRIV_KEY_INFO, decltype(&PKCS8_PRIV_KEY_INFO_free)> info{
      d2i_PKCS8_PRIV_KEY_INFO(nullptr, &at, static_cast<long>(der.size())),
      &PKCS8_PRIV_KEY_INFO_free};
  if (info == nullptr || at != der.data() + der.size()) return refused(Errc::invalid_argument);
  return accept(algorithm, Key{EVP_PKCS82PKEY(info.get())});
}

Result<std::unique_ptr<OpensslKey>> OpensslKey::from_spki(SignatureAlgorithm algorithm,
                                                          ByteView der) {
  if (der.empty() || der.size() > kDerBytesMax) return Errc::invalid_argument;
  const std::uint8_t* at = der.data();
  Key key{d2i_PUBKEY(nullptr, &at, static_cast<long>(der.size()))};
  if (at != der.data() + der.size()) return refused(Errc::invalid_argument);
  return accept(algorithm, std::move(key));
}

Result<SecretBytes> OpensslKey::pkcs8() const {
  const std::unique_ptr<PKCS8_PRIV_KEY_INFO, decltype(&PKCS8_PRIV_KEY_INFO_free)> info{
      EVP_PKEY2PKCS8(key_.get()), &PKCS8_PRIV_KEY_INFO_free};
  if (info == nullptr) return refused(Errc::crypto_failure);
  const int length = i2d_PKCS8_PRIV_KEY_INFO(info.get(), nullptr);
  if (length <= 0) return refused(Errc::crypto_failure);
  SecretBytes der{static_cast<std::size_t>(length)};
  std::uint8_t* at = der.writable().data();
  if (i2d_PKCS8_PRIV_KEY_INFO(info.get(), &at) != length) return refused(Errc::crypto_failure);
  return der;
}

Result<std::vector<std::uint8_t>> OpensslKey::spki() const {
  const int length = i2d_PUBKEY(key_.get(), nullptr);
  if (length <= 0) return refused(Errc::crypto_failure);
  std::vector<std::uint8_t> der(static_cast<std::size_t>(length));
  std::uint8_t* at = der.data();
  if (i2d_PUBKEY(key_.get(), &at) != length) return refused(Errc::crypto_failure);
  return der;
}

Result<Jwk> OpensslKey::jwk() const {
  const bool rsa = algorithm_ == SignatureAlgorithm::rs256;
  // RFC 7518 §6.2.1.2: coordinates keep their leading zeros; §6.3.1.1: a modulus has none.
  auto first =
      number_text(key_.get(), rsa ? OSSL_PKEY_PARAM_RSA_N : OSSL_PKEY_PARAM_EC_PUB_X, rsa ? 0 : 32);
  auto second =
      number_text(key_.get(), rsa ? OSSL_PKEY_PARAM_RSA_E : OSSL_PKEY_PARAM_EC_PUB_Y, rsa ? 0 : 32);
  if (!first) return first.error();
  if (!second) return second.error();
  Jwk jwk;
  jwk.key_type = rsa ? "RSA" : "EC";
  jwk.curve = rsa ? "" : "P-256";
  (rsa ? jwk.modulus : jwk.x) = std::move(*first);
  (rsa ? jwk.exponent : jwk.y) = std::move(*second);
  return jwk;
}

OpensslKey::Context OpensslKey::make_context(Use use) const {
  Context context{EVP_PKEY_CTX_new(key_.get(), nullptr)};
  if (context == nullptr) return nullptr;
  const bool ready = (use == Use::sign ? EVP_PKEY_sign_init(context.get())
                                       : EVP_PKEY_verify_init(context.get())) == 1 &&
                     EVP_PKEY_CTX_set_signature_md(context.get(), EVP_sha256()) == 1 &&
                     (algorithm_ != SignatureAlgorithm::rs256 ||
                      EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_PADDING) == 1);
  return ready ? std::move(context) : nullptr;
}

OpensslKey::Context OpensslKey::borrow(Use use) const {
  {
    const std::lock_guard lock{mutex_};
    auto& idle = idle_[static_cast<std::size_t>(use)];
    if (!idle.empty()) {
      Context context = std::move(idle.back());
      idle.pop_back();
      return context;
    }
  }
  return make_context(use);
}

void OpensslKey::give_back(Use use, Context context) const {
  const std::lock_guard lock{mutex_};
  auto& idle = idle_[static_cast<std::size_t>(use)];
  if (idle.size() < kIdleContextsMax) idle.push_back(std::move(context));
}

Result<std::vector<std::uint8_t>> OpensslKey::sign(const Digest& digest) const {
  Context context = borrow(Use::sign);
  if (context == nullptr) return refused(Errc::crypto_failure);
  std::vector<std::uint8_t> signature(static_cast<std::size_t>(EVP_PKEY_get_size(key_.get())));
  std::size_t length = signature.size();
  if (EVP_PKEY_sign(context.get(), signature.data(), &length, digest.data(), digest.size()) != 1)
    return refused(Errc::crypto_failure);
  give_back(Use::sign, std::move(context));
  signature.resize(length);
  if (algorithm_ == SignatureAlgorithm::rs256) return signature;
  auto pair = es256_from_der(signature);
  if (!pair) return Errc::crypto_failure;
  make_low_s(*pair);
  signature.assign(pair->begin(), pair->end());
  return signature;
}

bool OpensslKey::verify(const Digest& digest, ByteView signature) const {
  std::array<std::uint8_t, kEs256DerBytesMax> der;
  if (algorithm_ == SignatureAlgorithm::es256) {
    if (signature.size() != kEs256SignatureBytes) return false;
    Es256Signature pair;
    std::copy(signature.begin(), signature.end(), pair.begin());
    signature = ByteView{der.data(), es256_to_der(pair, der)};
  }
  Context context = borrow(Use::verify);
  if (context == nullptr) return ERR_clear_error(), false;
  const bool good = EVP_PKEY_verify(context.get(), signature.data(), signature.size(),
                                    digest.data(), digest.size()) == 1;
  if (!good) ERR_clear_error();
  give_back(Use::verify, std::move(context));
  return good;
}

}  // namespace tokenledger
