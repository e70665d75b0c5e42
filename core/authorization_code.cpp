#include "core/authorization_code.hpp"

#include "core/checked_text.hpp"
#include "core/pkce.hpp"
#include "core/sha256.hpp"

namespace tokenledger {
namespace {

constexpr CheckedTextKind kCode{kAuthorizationCodePrefix};
static_assert(kCode.length() == kAuthorizationCodeLength);

// §4.1.3: named once, it must be named again. Named only now it may at least not be another.
bool is_same_redirect_uri(const CodeBinding& code, std::string_view redirect_uri) noexcept {
  if (redirect_uri.empty()) return !code.has_redirect_uri;
  return redirect_uri == code.redirect_uri;
}

}  // namespace

std::string make_authorization_code(const std::array<std::uint8_t, 32>& random) {
  return kCode.make(random);
}

std::optional<Digest> hash_authorization_code(std::string_view text) noexcept {
  CheckedBody body;
  const bool is_code = kCode.read(text, body);
  wipe(body);
  if (!is_code) return std::nullopt;
  return sha256(text);
}

bool is_redeemable(const CodeBinding& code, const CodeRedemption& redemption) noexcept {
  return code.client == redemption.client && code.client != ClientNumber{} &&
         redemption.now < code.expires_at && is_same_redirect_uri(code, redemption.redirect_uri) &&
         is_code_verified(code.challenge, redemption.verifier);
}

}  // namespace tokenledger
