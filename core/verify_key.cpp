#include "core/verify_key.hpp"

#include <sodium.h>

#include <algorithm>

#include "core/base64url.hpp"
#include "core/es256_signature.hpp"
#include "core/openssl_key.hpp"
#include "core/secret_bytes.hpp"

namespace tokenledger {
namespace {

constexpr std::size_t kHs256KidBytes = 16;

// One way: the HMAC reveals nothing about a secret of full entropy.
std::string hs256_kid(ByteView secret) {
  const Digest tag = hmac_sha256(secret, bytes_of("tokenledger HS256 kid"));
  return base64url_encode(ByteView{tag}.first(kHs256KidBytes));
}

}  // namespace

struct VerifyKey::Impl {
  SignatureAlgorithm algorithm{};
  std::string kid;
  std::vector<std::uint8_t> public_bytes;
  Jwk jwk;
  std::unique_ptr<OpensslKey> openssl;  // RS256, ES256
  SecretBytes secret;                   // HS256
};

VerifyKey::VerifyKey(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}
VerifyKey::VerifyKey(VerifyKey&&) noexcept = default;
VerifyKey& VerifyKey::operator=(VerifyKey&&) noexcept = default;
VerifyKey::~VerifyKey() = default;

Result<VerifyKey> VerifyKey::from_public(SignatureAlgorithm algorithm, ByteView public_bytes) {
  auto impl = std::make_unique<Impl>();
  impl->algorithm = algorithm;
  impl->public_bytes.assign(public_bytes.begin(), public_bytes.end());
  switch (algorithm) {
    case SignatureAlgorithm::rs256:
    case SignatureAlgorithm::es256: {
      auto key = OpensslKey::from_spki(algorithm, public_bytes);
      if (!key) return key.error();
      auto jwk = (*key)->jwk();
      if (!jwk) return jwk.error();
      impl->openssl = std::move(*key);
      impl->jwk = std::move(*jwk);
      break;
    }
    case SignatureAlgorithm::eddsa:
      if (sodium_init() < 0) return Errc::crypto_failure;
      if (public_bytes.size() != crypto_sign_PUBLICKEYBYTES) return Errc::invalid_argument;
      if (crypto_core_ed25519_is_valid_point(public_bytes.data()) != 1)
        return Errc::invalid_argument;
      impl->jwk = {.key_type = "OKP",
                   .curve = "Ed25519",
                   .modulus = {},
                   .exponent = {},
                   .x = base64url_encode(public_bytes),
                   .y = {}};
      break;
    case SignatureAlgorithm::hs256: return Errc::invalid_argument;
    default: return Errc::invalid_argument;  // a number from disk
  }
  impl->kid = jwk_thumbprint(impl->jwk);
  return VerifyKey{std::move(impl)};
}

Result<VerifyKey> VerifyKey::from_secret(ByteView secret) {
  if (secret.empty() || secret.size() > kHs256SecretBytesMax) return Errc::invalid_argument;
  auto impl = std::make_unique<Impl>();
  impl->algorithm = SignatureAlgorithm::hs256;
  impl->secret = SecretBytes{secret};
  impl->kid = hs256_kid(secret);
  return VerifyKey{std::move(impl)};
}

SignatureAlgorithm VerifyKey::algorithm() const noexcept { return impl_->algorithm; }
const std::string& VerifyKey::kid() const noexcept { return impl_->kid; }
const std::vector<std::uint8_t>& VerifyKey::public_bytes() const noexcept {
  return impl_->public_bytes;
}
const Jwk& VerifyKey::jwk() const noexcept { return impl_->jwk; }

bool VerifyKey::verify(ByteView message, ByteView signature, SignatureForm form) const {
  switch (impl_->algorithm) {
    case SignatureAlgorithm::es256:
      if (form == SignatureForm::canonical) {
        if (signature.size() != kEs256SignatureBytes) return false;
        Es256Signature pair;
        std::copy(signature.begin(), signature.end(), pair.begin());
        if (!has_low_s(pair)) return false;
      }
      return impl_->openssl->verify(sha256(message), signature);
    case SignatureAlgorithm::rs256: return impl_->openssl->verify(sha256(message), signature);
    case SignatureAlgorithm::eddsa:
      return signature.size() == crypto_sign_BYTES &&
             crypto_sign_verify_detached(signature.data(), message.data(), message.size(),
                                         impl_->public_bytes.data()) == 0;
    case SignatureAlgorithm::hs256:
      return equal_constant_time(hmac_sha256(impl_->secret.view(), message), signature);
  }
  return false;
}

}  // namespace tokenledger
