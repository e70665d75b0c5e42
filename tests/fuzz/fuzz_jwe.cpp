// Any bytes: no crash. An accepted JWE has the header that its claims make and no other; its index
// is found without the key.
//
// Bytes taken at random never decrypt, so they are also tried as the header and as the claims of a
// token encrypted with the right key.
#include <cstdint>
#include <cstdlib>

#include "core/base64url.hpp"
#include "core/jwe.hpp"

namespace {

using namespace tokenledger;

constexpr GcmNonce kNonce{1, 2, 3};
constexpr std::string_view kJti = "AAAAAAAAAAAAAAAAAAAAAA";

void require(bool condition) {
  if (!condition) std::abort();
}

const JweKey& key() {
  static const JweKey made = *JweKey::from_secret(Digest{7});
  return made;
}

void check(std::string_view token, const JwtClaims& claims) {
  const auto sealed = sealed_of_jwe(token);
  require(sealed && base64url_encode(*sealed) == claims.jti);
  const auto again = make_jwe(key(), claims, kNonce);
  require(again.has_value());
  require(again->substr(0, again->find('.')) == token.substr(0, token.find('.')));
}

std::string token_of(std::string_view header_json, std::string_view text) {
  std::string token = base64url_encode(bytes_of(header_json));
  const auto sealed = gcm_seal(key().content_key(kJti), kNonce, token, text);
  if (!sealed) return {};
  token.append("..").append(base64url_encode(kNonce));
  token.append(".").append(base64url_encode(bytes_of(sealed->ciphertext)));
  return token.append(".").append(base64url_encode(sealed->tag));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = text_of(ByteView{data, size});
  (void)sealed_of_jwe(text);
  if (const auto claims = open_jwe(key(), text)) check(text, *claims);

  JwtClaims claims;
  claims.jti = kJti;
  const std::string good = *make_jwe(key(), claims, kNonce);
  const std::string header = *base64url_decode(good.substr(0, good.find('.')));
  const std::string as_header = token_of(text, write_jwt_claims(claims));
  require(open_jwe(key(), as_header).has_value() == (text == header));

  const std::string as_claims = token_of(header, text);
  if (const auto read = open_jwe(key(), as_claims)) check(as_claims, *read);
  return 0;
}
