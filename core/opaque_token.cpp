#include "core/opaque_token.hpp"

#include <algorithm>

#include "core/checked_text.hpp"
#include "core/sha256.hpp"

namespace tokenledger {
namespace {

constexpr CheckedTextKind kOpaqueToken{kOpaqueTokenPrefix};
constexpr CheckedTextKind kClientSecret{kClientSecretPrefix};
static_assert(kOpaqueToken.length() == kOpaqueTokenLength);
static_assert(kClientSecret.length() == kClientSecretLength);

}  // namespace

std::string make_opaque(const SealKey& key, const SealedJti& id,
                        const std::array<std::uint8_t, 16>& secret) {
  const auto sealed = key.seal_bytes(id.index, id.incarnation);
  CheckedBody body;
  std::copy(secret.begin(), secret.end(), std::copy(sealed.begin(), sealed.end(), body.begin()));
  std::string token = kOpaqueToken.make(body);
  wipe(body);
  return token;
}

std::optional<SealedJti> parse_opaque(const SealKey& key, std::string_view token) noexcept {
  CheckedBody body;
  if (!kOpaqueToken.read(token, body)) return std::nullopt;
  SealKey::Bytes sealed;
  std::copy_n(body.begin(), sealed.size(), sealed.begin());
  return key.unseal_bytes(sealed);
}

std::string make_client_secret(const std::array<std::uint8_t, 32>& random) {
  return kClientSecret.make(random);
}

bool is_client_secret(std::string_view text) noexcept {
  CheckedBody body;
  const bool accepted = kClientSecret.read(text, body);
  wipe(body);
  return accepted;
}

Digest hash_client_secret(ByteView pepper, std::string_view secret) noexcept {
  return hmac_sha256(pepper, bytes_of(secret));
}

}  // namespace tokenledger
