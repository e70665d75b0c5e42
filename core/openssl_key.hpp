// OpensslKey: an RSA or P-256 key inside OpenSSL. Internal to verify_key.cpp and signing_key.cpp.
//
// Signs and verifies digests, because an own SHA-256 with a reused EVP_PKEY_CTX is the fastest way
// measured (ES256: 20 us against 25 with a new context per call). A context serves one call at a
// time, so each key keeps a few idle ones. Any thread.
#pragma once

#include <openssl/evp.h>

#include <memory>
#include <mutex>
#include <vector>

#include "core/byte_view.hpp"
#include "core/errc.hpp"
#include "core/ids.hpp"
#include "core/jwk.hpp"
#include "core/secret_bytes.hpp"
#include "core/signature_algorithm.hpp"

namespace tokenledger {

inline constexpr int kRsaBitsGenerated = 2048;  // 3072 is eight times slower to sign with here
inline constexpr int kRsaBitsMin = 2048;        // RFC 7518 §3.3
inline constexpr int kRsaBitsMax = 4096;
inline constexpr std::size_t kEs256SignatureBytes = 64;  // r || s, RFC 7518 §3.4

class OpensslKey {
 public:
  // `algorithm` is rs256 or es256. Bytes are one DER value with nothing behind it; a key of another
  // type, curve or size is Errc::invalid_argument.
  static Result<std::unique_ptr<OpensslKey>> generate(SignatureAlgorithm algorithm);
  static Result<std::unique_ptr<OpensslKey>> from_pkcs8(SignatureAlgorithm algorithm, ByteView der);
  static Result<std::unique_ptr<OpensslKey>> from_spki(SignatureAlgorithm algorithm, ByteView der);

  [[nodiscard]] Result<SecretBytes> pkcs8() const;
  [[nodiscard]] Result<std::vector<std::uint8_t>> spki() const;
  [[nodiscard]] Result<Jwk> jwk() const;

  // RSASSA-PKCS1-v1_5, or r || s with s in the lower half of the order.
  [[nodiscard]] Result<std::vector<std::uint8_t>> sign(const Digest& digest) const;
  [[nodiscard]] bool verify(const Digest& digest, ByteView signature) const;

 private:
  struct FreeKey {
    void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
  };
  struct FreeContext {
    void operator()(EVP_PKEY_CTX* context) const noexcept { EVP_PKEY_CTX_free(context); }
  };
  using Key = std::unique_ptr<EVP_PKEY, FreeKey>;
  using Context = std::unique_ptr<EVP_PKEY_CTX, FreeContext>;
  enum class Use : std::uint8_t { sign, verify };
  static constexpr std::size_t kIdleContextsMax = 64;  // more threads than this make their own

  OpensslKey(SignatureAlgorithm algorithm, Key key) : algorithm_{algorithm}, key_{std::move(key)} {}
  static Result<std::unique_ptr<OpensslKey>> accept(SignatureAlgorithm algorithm, Key key);

  [[nodiscard]] Context borrow(Use use) const;  // null: the library refused
  void give_back(Use use, Context context) const;
  [[nodiscard]] Context make_context(Use use) const;

  SignatureAlgorithm algorithm_;
  Key key_;
  mutable std::mutex mutex_;  // protects idle_
  mutable std::vector<Context> idle_[2];
};

}  // namespace tokenledger
