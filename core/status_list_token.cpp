#include "core/status_list_token.hpp"

#include "core/base64url.hpp"
#include "core/invariant.hpp"
#include "core/jwt.hpp"
#include "core/signing_key.hpp"
#include "core/status_list.hpp"

namespace tokenledger {
namespace {

constexpr std::size_t kGroupBytes = 3;  // become four characters of base64url

// Everything before `lst`'s first character, as long as whole groups.
std::string payload_head(std::string_view uri, unsigned bits, const StatusListTimes& times) {
  std::string head = R"("sub":)";
  append_json_string(uri, head);
  head += R"(,"iat":)" + std::to_string(times.issued_at.value());
  head += R"(,"exp":)" + std::to_string(times.expires_at.value());
  head += R"(,"ttl":)" + std::to_string(times.ttl_s);
  head += R"(,"status_list":{"bits":)" + std::to_string(bits) + R"(,"lst":")";
  const std::size_t length = head.size() + 1;
  const std::size_t spaces = (kGroupBytes - length % kGroupBytes) % kGroupBytes;
  return "{" + std::string(spaces, ' ') + head;
}

}  // namespace

std::string EncodedStatusList::lst() const {
  auto text = base64url_decode(middle);
  LEDGER_INVARIANT(text.has_value());
  return *text + rest;
}

Result<EncodedStatusList> encode_status_list(ByteView array, unsigned bits, ZlibEffort effort) {
  LEDGER_INVARIANT(is_status_bits(bits));
  if (array.size() > kStatusArrayBytesMax) return Errc::too_large;
  const auto compressed = zlib_compress(array, effort);
  if (!compressed) return compressed.error();
  const std::string lst = base64url_encode(bytes_of(*compressed));
  const std::size_t whole = lst.size() / kGroupBytes * kGroupBytes;
  EncodedStatusList encoded;
  encoded.bits = bits;
  encoded.middle = base64url_encode(bytes_of(std::string_view{lst}.substr(0, whole)));
  encoded.rest = lst.substr(whole);
  auto deflated = deflate_text(encoded.middle);
  if (!deflated) return deflated.error();
  encoded.deflated_middle = std::move(*deflated);
  return encoded;
}

Result<StatusListToken> sign_status_list(const SigningKey& key, const EncodedStatusList& list,
                                         std::string_view uri, const StatusListTimes& times) {
  LEDGER_INVARIANT(times.ttl_s > 0);
  std::string head = jwt_header_part(key.algorithm(), key.kid(), kStatusListTokenType);
  head += '.';
  head += base64url_encode(bytes_of(payload_head(uri, list.bits, times)));
  if (head.size() > kGzipPlainBytesMax) return Errc::too_large;
  std::string tail = base64url_encode(bytes_of(list.rest + R"("}})"));

  StatusListToken token;
  token.jwt.reserve(head.size() + list.middle.size() + tail.size() + base64url_length(512) + 1);
  token.jwt.append(head).append(list.middle).append(tail);
  const std::size_t signed_length = token.jwt.size();
  const auto signature = key.sign(bytes_of(token.jwt));
  if (!signature) return signature.error();
  append_jwt_signature(*signature, token.jwt);
  tail += std::string_view{token.jwt}.substr(signed_length);
  token.gzip = gzip_joined(head, list.deflated_middle, tail);
  return token;
}

}  // namespace tokenledger
