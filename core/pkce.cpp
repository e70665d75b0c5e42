#include "core/pkce.hpp"

#include <algorithm>

#include "core/base64url.hpp"
#include "core/sha256.hpp"
#include "core/uri_text.hpp"

namespace tokenledger {

bool is_code_verifier(std::string_view text) noexcept {
  return text.size() >= kCodeVerifierLengthMin && text.size() <= kCodeVerifierLengthMax &&
         std::ranges::all_of(text, is_uri_unreserved);
}

std::optional<Digest> parse_code_challenge(std::string_view text) noexcept {
  static_assert(base64url_length(sizeof(Digest)) == kCodeChallengeLength);
  if (text.size() != kCodeChallengeLength) return std::nullopt;
  Digest digest;
  if (!base64url_decode_to(text, digest.data())) return std::nullopt;
  return digest;
}

bool is_code_verified(const std::optional<Digest>& challenge, std::string_view verifier) noexcept {
  if (!challenge) return verifier.empty();
  if (!is_code_verifier(verifier)) return false;
  return equal_constant_time(sha256(verifier), *challenge);
}

}  // namespace tokenledger
