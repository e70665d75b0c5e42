// AES-256 in Galois/Counter Mode (NIST SP 800-38D) with 96-bit nonces and 128-bit tags: the content
// encryption that JOSE calls A256GCM (RFC 7518 §5.3). Any thread.
#pragma once

#include <array>
#include <string>

#include "core/byte_view.hpp"
#include "core/errc.hpp"
#include "core/ids.hpp"

namespace tokenledger {

inline constexpr std::size_t kGcmKeyBytes = 32;
inline constexpr std::size_t kGcmNonceBytes = 12;
inline constexpr std::size_t kGcmTagBytes = 16;
inline constexpr std::size_t kGcmTextBytesMax = 64 * 1024;
static_assert(sizeof(Digest) == kGcmKeyBytes);

using GcmNonce = std::array<std::uint8_t, kGcmNonceBytes>;

struct GcmSealed {
  std::string ciphertext;  // as long as the plaintext
  std::array<std::uint8_t, kGcmTagBytes> tag{};
};

// One key must never see one nonce twice: the two texts and then the key's authenticity would be
// open. Errc::too_large beyond kGcmTextBytesMax (text or `authenticated`), Errc::crypto_failure.
[[nodiscard]] Result<GcmSealed> gcm_seal(const Digest& key, const GcmNonce& nonce,
                                         std::string_view authenticated, std::string_view text);

// The plaintext. Errc::signature_invalid when the tag is not that of exactly these parts; nothing
// of what was decrypted is then returned.
[[nodiscard]] Result<std::string> gcm_open(const Digest& key, const GcmNonce& nonce,
                                           std::string_view authenticated, const GcmSealed& sealed);

}  // namespace tokenledger
