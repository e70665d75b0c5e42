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
Checksum checksum_of(std::string_view prefix, ByteView body) noexcept {
  const std::uint32_t crc = crc32_of(body, crc32_of(bytes_of(prefix)));
  return {static_cast<std::uint8_t>(crc >> 24), static_cast<std::uint8_t>(crc >> 16),
          static_cast<std::uint8_t>(crc >> 8), static_cast<std::uint8_t>(crc)};
}

std::string make_text(std::string_view prefix, const Body& body) {
  std::array<std::uint8_t, kTextBytes> bytes;
  std::copy(body.begin(), body.end(), bytes.begin());
  const Checksum checksum = checksum_of(prefix, body);
  std::copy(checksum.begin(), checksum.end(), bytes.begin() + kBodyBytes);
  std::string text(prefix.size() + base64url_length(kTextBytes), '\0');
  base64url_encode_to(bytes, std::copy(prefix.begin(), prefix.end(), text.data()));
  wipe(bytes);
  return text;
}

bool read_text(std::string_view prefix, std::string_view text, Body& body) noexcept {
  if (text.size() != prefix.size() + base64url_length(kTextBytes)) return false;
  if (!text.starts_with(prefix)) return false;
  std::array<std::uint8_t, kTextBytes> bytes;
  if (!base64url_decode_to(text.substr(prefix.size()), bytes.data())) return false;
  std::copy_n(bytes.begin(), kBodyBytes, body.begin());
  const Checksum checksum = checksum_of(prefix, body);
  return std::equal(checksum.begin(), checksum.end(), bytes.begin() + kBodyBytes);
}

}  // namespace

std::string make_opaque(const SealKey& key, const SealedJti& id,
                        const std::array<std::uint8_t, 16>& secret) {
  const auto sealed = key.seal_bytes(id.index, id.incarnation);
  Body body;
  std::copy(secret.begin(), secret.end(), std::copy(sealed.begin(), sealed.end(), body.begin()));
  std::string token = make_text(kOpaqueTokenPrefix, body);
  wipe(body);
  return token;
}

std::optional<SealedJti> parse_opaque(const SealKey& key, std::string_view token) noexcept {
  Body body;
  if (!read_text(kOpaqueTokenPrefix, token, body)) return std::nullopt;
  SealKey::Bytes sealed;
  std::copy_n(body.begin(), sealed.size(), sealed.begin());
  return key.unseal_bytes(sealed);
}

std::string make_client_secret(const std::array<std::uint8_t, 32>& random) {
  return make_text(kClientSecretPrefix, random);
}

bool is_client_secret(std::string_view text) noexcept {
  Body body;
  const bool accepted = read_text(kClientSecretPrefix, text, body);
  wipe(body);
  return accepted;
}

Digest hash_client_secret(ByteView pepper, std::string_view secret) noexcept {
  return hmac_sha256(pepper, bytes_of(secret));
}

}  // namespace tokenledger
