#include "core/jwe.hpp"

#include <algorithm>
#include <array>

#include "core/base64url.hpp"
#include "core/jwt.hpp"
#include "core/sha256.hpp"

namespace tokenledger {
namespace {

constexpr std::string_view kHeaderStart = R"({"jti":")";
constexpr std::string_view kHeaderMiddle =
    R"(","alg":"dir","enc":"A256GCM","typ":"at+jwt","kid":")";
constexpr std::string_view kHeaderEnd = R"("})";
constexpr std::size_t kKidBytes = 16;
constexpr std::size_t kPartCount = 5;

// The first whole groups of characters that hold the jti and the quote behind it.
constexpr std::size_t kJtiBytes = 33;
constexpr std::size_t kJtiCharacters = base64url_length(kJtiBytes);
static_assert(kJtiBytes % 3 == 0 && kJtiBytes >= kHeaderStart.size() + kJtiLength + 1);

bool is_jti(std::string_view text) noexcept {
  SealKey::Bytes sealed;
  return text.size() == kJtiLength && base64url_decode_to(text, sealed.data());
}

std::string header_json(std::string_view jti, std::string_view kid) {
  std::string header{kHeaderStart};
  header.append(jti).append(kHeaderMiddle).append(kid).append(kHeaderEnd);
  return header;
}

using Parts = std::array<std::string_view, kPartCount>;
std::optional<Parts> split(std::string_view token) noexcept {
  if (std::ranges::count(token, '.') != kPartCount - 1) return std::nullopt;
  Parts parts;
  for (auto& part : parts) {
    part = token.substr(0, token.find('.'));
    token.remove_prefix(std::min(part.size() + 1, token.size()));
  }
  return parts;
}

// The jti of a header that is ours but perhaps for its kid, which is looked at next.
struct Header {
  std::string jti;
  std::string kid;
};
std::optional<Header> read_header(std::string_view part) {
  const auto text = base64url_decode(part);
  if (!text || text->size() < kHeaderStart.size() + kJtiLength) return std::nullopt;
  Header header{.jti = text->substr(kHeaderStart.size(), kJtiLength), .kid = {}};
  const std::size_t kid_start = kHeaderStart.size() + kJtiLength + kHeaderMiddle.size();
  if (text->size() < kid_start + kHeaderEnd.size()) return std::nullopt;
  header.kid = text->substr(kid_start, text->size() - kid_start - kHeaderEnd.size());
  SealKey::Bytes ignored;
  const bool is_kid = header.kid.size() == base64url_length(kKidBytes) &&
                      base64url_decode_to(header.kid, ignored.data());
  if (!is_jti(header.jti) || !is_kid) return std::nullopt;
  if (header_json(header.jti, header.kid) != *text) return std::nullopt;
  return header;
}

template <std::size_t kCount>
bool read_bytes(std::string_view part, std::array<std::uint8_t, kCount>& out) noexcept {
  return part.size() == base64url_length(kCount) && base64url_decode_to(part, out.data());
}

}  // namespace

Result<JweKey> JweKey::from_secret(ByteView secret) {
  if (secret.size() != kGcmKeyBytes) return Errc::invalid_argument;
  JweKey key;
  key.secret_ = SecretBytes{secret};
  const Digest tag = hmac_sha256(secret, bytes_of("tokenledger JWE kid"));
  key.kid_ = base64url_encode(ByteView{tag}.first(kKidBytes));
  return key;
}

// A jti has 22 characters, so no jti is the text that the kid is derived from.
Digest JweKey::content_key(std::string_view jti) const noexcept {
  return hmac_sha256(secret_.view(), bytes_of(jti));
}

Result<std::string> make_jwe(const JweKey& key, const JwtClaims& claims, const GcmNonce& nonce) {
  if (!is_jti(claims.jti)) return Errc::invalid_argument;
  std::string token = base64url_encode(bytes_of(header_json(claims.jti, key.kid())));
  const std::string text = write_jwt_claims(claims);
  const std::size_t rest = 4 + base64url_length(kGcmNonceBytes) + base64url_length(text.size()) +
                           base64url_length(kGcmTagBytes);
  if (token.size() + rest > kJwtLengthMax) return Errc::too_large;
  Digest content_key = key.content_key(claims.jti);
  const auto sealed = gcm_seal(content_key, nonce, token, text);
  wipe(content_key);
  if (!sealed) return sealed.error();
  token.append("..").append(base64url_encode(nonce));
  token.append(".").append(base64url_encode(bytes_of(sealed->ciphertext)));
  token.append(".").append(base64url_encode(sealed->tag));
  return token;
}

std::optional<SealKey::Bytes> sealed_of_jwe(std::string_view token) noexcept {
  std::array<std::uint8_t, kJtiBytes> start;
  if (token.size() < kJtiCharacters) return std::nullopt;
  if (!base64url_decode_to(token.substr(0, kJtiCharacters), start.data())) return std::nullopt;
  const std::string_view text = text_of(start);
  if (!text.starts_with(kHeaderStart)) return std::nullopt;
  if (text[kHeaderStart.size() + kJtiLength] != '"') return std::nullopt;
  SealKey::Bytes sealed;
  if (!base64url_decode_to(text.substr(kHeaderStart.size(), kJtiLength), sealed.data()))
    return std::nullopt;
  return sealed;
}

Result<JwtClaims> open_jwe(const JweKey& key, std::string_view token) {
  if (token.size() > kJwtLengthMax) return Errc::too_large;
  const auto parts = split(token);
  if (!parts) return Errc::malformed_token;
  const auto& [header_part, key_part, nonce_part, text_part, tag_part] = *parts;
  const auto header = read_header(header_part);
  GcmNonce nonce;
  GcmSealed sealed;
  auto ciphertext = base64url_decode(text_part);
  const bool good = header && key_part.empty() && read_bytes(nonce_part, nonce) && ciphertext &&
                    read_bytes(tag_part, sealed.tag);
  if (!good) return Errc::malformed_token;
  if (header->kid != key.kid()) return Errc::key_not_found;
  sealed.ciphertext = std::move(*ciphertext);
  Digest content_key = key.content_key(header->jti);
  const auto text = gcm_open(content_key, nonce, header_part, sealed);
  wipe(content_key);
  if (!text) return text.error();
  auto claims = read_jwt_claims(*text);
  if (!claims) return claims.error();
  if (claims->jti != header->jti) return Errc::malformed_token;
  return claims;
}

}  // namespace tokenledger
