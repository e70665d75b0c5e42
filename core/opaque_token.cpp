#include "core/opaque_token.hpp"

#include <algorithm>

#include "core/base64url.hpp"
#include "core/crc32.hpp"
#include "core/sha256.hpp"

namespace tokenledger {
namespace {

constexpr std::size_t kBodyBytes = 32;
constexpr std::size_t kChecksumBytes = 4;
constexpr std::size_t kTextBytes = kBodyBytes + kChecksumBytes;
using Body = std::array<std::uint8_t, kBodyBytes>;
static_assert(kOpaqueTokenPrefix.size() + base64url_length(kTextBytes) == kOpaqueTokenLength);
static_assert(kClientSecretPrefix.size() + base64url_length(kTextBytes) == kClientSecretLength);

using Checksum = std::array<std::uint8_t, kChecksumBytes>;

// The prefix is summed too: one kind of text can't be turned into the other.
struct TextKind {
  std::string_view prefix;
  std::uint32_t prefix_crc;
};
constexpr TextKind kOpaqueToken{kOpaqueTokenPrefix, crc32_of_constant(kOpaqueTokenPrefix)};
constexpr TextKind kClientSecret{kClientSecretPrefix, crc32_of_constant(kClientSecretPrefix)};

Checksum checksum_of(const TextKind& kind, ByteView body) noexcept {
  const std::uint32_t crc = crc32_of(body, kind.prefix_crc);
  return {static_cast<std::uint8_t>(crc >> 24), static_cast<std::uint8_t>(crc >> 16),
          static_cast<std::uint8_t>(crc >> 8), static_cast<std::uint8_t>(crc)};
}

std::string make_text(const TextKind& kind, const Body& body) {
  std::array<std::uint8_t, kTextBytes> bytes;
  std::copy(body.begin(), body.end(), bytes.begin());
  const Checksum checksum = checksum_of(kind, body);
  std::copy(checksum.begin(), checksum.end(), bytes.begin() + kBodyBytes);
  std::string text(kind.prefix.size() + base64url_length(kTextBytes), '\0');
  base64url_encode_to(bytes, std::copy(kind.prefix.begin(), kind.prefix.end(), text.data()));
  wipe(bytes);
  return text;
}

bool read_text(const TextKind& kind, std::string_view text, Body& body) noexcept {
  if (text.size() != kind.prefix.size() + base64url_length(kTextBytes)) return false;
  if (!text.starts_with(kind.prefix)) return false;
  std::array<std::uint8_t, kTextBytes> bytes;
  if (!base64url_decode_to(text.substr(kind.prefix.size()), bytes.data())) return false;
  std::copy_n(bytes.begin(), kBodyBytes, body.begin());
  const Checksum checksum = checksum_of(kind, body);
  return std::equal(checksum.begin(), checksum.end(), bytes.begin() + kBodyBytes);
}

}  // namespace

std::string make_opaque(const SealKey& key, const SealedJti& id,
                        const std::array<std::uint8_t, 16>& secret) {
  const auto sealed = key.seal_bytes(id.index, id.incarnation);
  Body body;
  std::copy(secret.begin(), secret.end(), std::copy(sealed.begin(), sealed.end(), body.begin()));
  std::string token = make_text(kOpaqueToken, body);
  wipe(body);
  return token;
}

std::optional<SealedJti> parse_opaque(const SealKey& key, std::string_view token) noexcept {
  Body body;
  if (!read_text(kOpaqueToken, token, body)) return std::nullopt;
  SealKey::Bytes sealed;
  std::copy_n(body.begin(), sealed.size(), sealed.begin());
  return key.unseal_bytes(sealed);
}

std::string make_client_secret(const std::array<std::uint8_t, 32>& random) {
  return make_text(kClientSecret, random);
}

bool is_client_secret(std::string_view text) noexcept {
  Body body;
  const bool accepted = read_text(kClientSecret, text, body);
  wipe(body);
  return accepted;
}

Digest hash_client_secret(ByteView pepper, std::string_view secret) noexcept {
  return hmac_sha256(pepper, bytes_of(secret));
}

}  // namespace tokenledger
