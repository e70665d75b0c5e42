// VerifyKey checks signatures of one algorithm with one public key, or with an HS256 secret.
//
// The algorithm is fixed when the key is made and never read from a token (RFC 8725 §3.1). Move
// only; verify() may be called from any thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/byte_view.hpp"
#include "core/errc.hpp"
#include "core/jwk.hpp"
#include "core/signature_algorithm.hpp"

namespace tokenledger {

inline constexpr std::size_t kHs256SecretBytes = 32;
inline constexpr std::size_t kHs256SecretBytesMax = 1024;

// Whether an ES256 signature may have its s in the upper half of the order. Other issuers make
// both; our own tokens have the lower one only, so `canonical` refuses a respelled one. The other
// algorithms have one spelling.
enum class SignatureForm : std::uint8_t { any, canonical };

class VerifyKey {
 public:
  // SubjectPublicKeyInfo in DER (RS256 with 2048 to 4096 bits, ES256) or the 32 bytes of an Ed25519
  // point. Errc::invalid_argument for anything else, and for HS256, which has no public key.
  static Result<VerifyKey> from_public(SignatureAlgorithm algorithm, ByteView public_bytes);
  // HS256 with another issuer's secret, which may be short (A18a); 1 to kHs256SecretBytesMax bytes.
  static Result<VerifyKey> from_secret(ByteView secret);

  VerifyKey(VerifyKey&&) noexcept;
  VerifyKey& operator=(VerifyKey&&) noexcept;
  ~VerifyKey();

  [[nodiscard]] SignatureAlgorithm algorithm() const noexcept;
  // RFC 7638 thumbprint; for HS256 22 characters derived from the secret one way.
  [[nodiscard]] const std::string& kid() const noexcept;
  // What from_public takes; empty for HS256.
  [[nodiscard]] const std::vector<std::uint8_t>& public_bytes() const noexcept;
  // All members empty for HS256.
  [[nodiscard]] const Jwk& jwk() const noexcept;

  [[nodiscard]] bool verify(ByteView message, ByteView signature,
                            SignatureForm form = SignatureForm::any) const;

 private:
  struct Impl;
  explicit VerifyKey(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tokenledger
