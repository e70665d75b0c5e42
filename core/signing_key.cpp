#include "core/signing_key.hpp"

#include <sodium.h>

#include <optional>

#include "core/jwt.hpp"
#include "core/openssl_key.hpp"

namespace tokenledger {

struct SigningKey::Impl {
  std::optional<VerifyKey> verify_key;  // always set once the key is made
  std::string header_part;
  std::unique_ptr<OpensslKey> openssl;  // RS256, ES256
  SecretBytes secret;                   // EdDSA: seed || public key; HS256: the secret

  void set_verify_key(VerifyKey key) {
    verify_key = std::move(key);
    header_part = tokenledger::jwt_header_part(verify_key->algorithm(), verify_key->kid());
  }
};

SigningKey::SigningKey(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}
SigningKey::SigningKey(SigningKey&&) noexcept = default;
SigningKey& SigningKey::operator=(SigningKey&&) noexcept = default;
SigningKey::~SigningKey() = default;

Result<SigningKey> SigningKey::from_openssl(SignatureAlgorithm algorithm,
                                            std::unique_ptr<Impl> impl) {
  const auto spki = impl->openssl->spki();
  if (!spki) return spki.error();
  auto verify_key = VerifyKey::from_public(algorithm, *spki);
  if (!verify_key) return verify_key.error();
  impl->set_verify_key(std::move(*verify_key));
  SigningKey key{std::move(impl)};
  // The file holds both halves; a damaged one would sign what nobody can verify.
  const ByteView probe = bytes_of("tokenledger key probe");
  const auto signature = key.sign(probe);
  if (!signature || !key.verify_key().verify(probe, *signature)) return Errc::invalid_argument;
  return key;
}

Result<SigningKey> SigningKey::from_seed(std::unique_ptr<Impl> impl, ByteView seed) {
  if (seed.size() != crypto_sign_SEEDBYTES) return Errc::invalid_argument;
  std::array<std::uint8_t, crypto_sign_PUBLICKEYBYTES> public_bytes;
  impl->secret = SecretBytes{crypto_sign_SECRETKEYBYTES};
  if (crypto_sign_seed_keypair(public_bytes.data(), impl->secret.writable().data(), seed.data()) !=
      0)
    return Errc::crypto_failure;
  auto verify_key = VerifyKey::from_public(SignatureAlgorithm::eddsa, public_bytes);
  if (!verify_key) return verify_key.error();
  impl->set_verify_key(std::move(*verify_key));
  return SigningKey{std::move(impl)};
}

Result<SigningKey> SigningKey::from_secret(std::unique_ptr<Impl> impl, ByteView secret) {
  if (secret.size() != kHs256SecretBytes) return Errc::invalid_argument;
  impl->secret = SecretBytes{secret};
  auto verify_key = VerifyKey::from_secret(secret);
  if (!verify_key) return verify_key.error();
  impl->set_verify_key(std::move(*verify_key));
  return SigningKey{std::move(impl)};
}

Result<SigningKey> SigningKey::generate(SignatureAlgorithm algorithm) {
  if (sodium_init() < 0) return Errc::crypto_failure;
  auto impl = std::make_unique<Impl>();
  SecretBytes random{kHs256SecretBytes};
  static_assert(kHs256SecretBytes == crypto_sign_SEEDBYTES);
  switch (algorithm) {
    case SignatureAlgorithm::rs256:
    case SignatureAlgorithm::es256: {
      auto key = OpensslKey::generate(algorithm);
      if (!key) return key.error();
      impl->openssl = std::move(*key);
      return from_openssl(algorithm, std::move(impl));
    }
    case SignatureAlgorithm::eddsa:
      randombytes_buf(random.writable().data(), random.size());
      return from_seed(std::move(impl), random.view());
    case SignatureAlgorithm::hs256:
      randombytes_buf(random.writable().data(), random.size());
      return from_secret(std::move(impl), random.view());
  }
  return Errc::invalid_argument;
}

Result<SigningKey> SigningKey::from_private(SignatureAlgorithm algorithm, ByteView private_bytes) {
  if (sodium_init() < 0) return Errc::crypto_failure;
  auto impl = std::make_unique<Impl>();
  switch (algorithm) {
    case SignatureAlgorithm::rs256:
    case SignatureAlgorithm::es256: {
      auto key = OpensslKey::from_pkcs8(algorithm, private_bytes);
      if (!key) return key.error();
      impl->openssl = std::move(*key);
      return from_openssl(algorithm, std::move(impl));
    }
    case SignatureAlgorithm::eddsa: return from_seed(std::move(impl), private_bytes);
    case SignatureAlgorithm::hs256: return from_secret(std::move(impl), private_bytes);
  }
  return Errc::invalid_argument;
}

Result<SecretBytes> SigningKey::private_bytes() const {
  if (impl_->openssl != nullptr) return impl_->openssl->pkcs8();
  return SecretBytes{impl_->secret.view().first(kHs256SecretBytes)};  // the seed comes first
}

const VerifyKey& SigningKey::verify_key() const noexcept { return *impl_->verify_key; }
const std::string& SigningKey::jwt_header_part() const noexcept { return impl_->header_part; }

Result<std::vector<std::uint8_t>> SigningKey::sign(ByteView message) const {
  if (impl_->openssl != nullptr) return impl_->openssl->sign(sha256(message));
  if (algorithm() == SignatureAlgorithm::hs256) {
    const Digest tag = hmac_sha256(impl_->secret.view(), message);
    return std::vector<std::uint8_t>(tag.begin(), tag.end());
  }
  std::vector<std::uint8_t> signature(crypto_sign_BYTES);
  if (crypto_sign_detached(signature.data(), nullptr, message.data(), message.size(),
                           impl_->secret.view().data()) != 0)
    return Errc::crypto_failure;
  return signature;
}

}  // namespace tokenledger
