// The shape of a client's settings: what may stand together.
#include <algorithm>

#include "core/decider.hpp"
#include "core/redirect_uri.hpp"
#include "core/verify_key.hpp"

namespace tokenledger {
namespace {

constexpr std::uint8_t kGrantTypesAll = 15;

bool has(const ClientSettings& settings, GrantType type) {
  return (settings.grant_types & static_cast<std::uint8_t>(type)) != 0;
}

bool is_signature_of_ours(SignatureAlgorithm algorithm) {
  return algorithm >= SignatureAlgorithm::rs256 && algorithm <= SignatureAlgorithm::eddsa;
}

Result<void> check_redirects(const ClientSettings& settings) {
  if (settings.redirect_uris.size() > kRedirectUrisMax) return Errc::too_large;
  for (const auto& uri : settings.redirect_uris) {
    if (auto checked = check_redirect_uri(uri); !checked) return checked;
  }
  // Without an address to go to, nothing that a browser brings could be trusted (RFC 9700 §2.1).
  const bool needs_one =
      has(settings, GrantType::authorization_code) || has(settings, GrantType::implicit);
  return needs_one && settings.redirect_uris.empty() ? Errc::invalid_argument : Result<void>{};
}

// An assertion names its key by `kid`, so several need names of their own.
Result<void> check_keys(const std::vector<ClientPublicKey>& keys) {
  if (keys.size() > kClientKeysMax) return Errc::too_large;
  for (auto key = keys.begin(); key != keys.end(); ++key) {
    const bool is_named = !key->kid.empty();
    if (is_named ? !is_label(key->kid, kLabelBytesMax) : keys.size() > 1)
      return Errc::invalid_argument;
    const auto is_same = [&](const ClientPublicKey& other) { return other.kid == key->kid; };
    if (std::find_if(keys.begin(), key, is_same) != key) return Errc::invalid_argument;
    if (!is_signature_of_ours(key->algorithm)) return Errc::algorithm_not_allowed;
    if (key->public_key.size() > kKeyBytesMax) return Errc::too_large;
    const auto read = VerifyKey::from_public(key->algorithm, bytes_of(key->public_key));
    if (!read) return Errc::invalid_argument;
  }
  return {};
}

Result<void> check_authentication(const ClientSettings& settings) {
  if (settings.authentication > kClientAuthenticationLast) return Errc::invalid_argument;
  const bool is_none = settings.authentication == ClientAuthentication::none;
  if (is_none != settings.is_public) return Errc::invalid_argument;
  const bool has_keys = settings.authentication == ClientAuthentication::private_key_jwt;
  if (has_keys == settings.keys.empty()) return Errc::invalid_argument;
  if (!settings.is_public) return check_keys(settings.keys);
  // RFC 6749 §4.4: the grant is for confidential clients; RFC 9700 §2.1.1: PKCE is all that a
  // public one has.
  const bool asks_too_much = has(settings, GrantType::client_credentials) || settings.pkce_optional;
  return asks_too_much ? Errc::invalid_argument : Result<void>{};
}

}  // namespace

Result<void> check_settings(const ClientSettings& settings) {
  if (!is_label(settings.name, kLabelBytesMax)) return Errc::invalid_argument;
  if ((settings.grant_types & ~kGrantTypesAll) != 0) return Errc::invalid_argument;
  if (auto redirects = check_redirects(settings); !redirects) return redirects;
  if (settings.live_tokens_max > kLiveTokensPerClientMax) return Errc::invalid_argument;
  if (auto checked = check_authentication(settings); !checked) return checked;
  if (settings.id_token_alg && !is_signature_of_ours(*settings.id_token_alg))
    return Errc::algorithm_not_allowed;
  const bool is_known = !settings.token_format || (*settings.token_format >= TokenKind::jwt &&
                                                   *settings.token_format <= TokenKind::jwe);
  return is_known ? Result<void>{} : Errc::algorithm_not_allowed;
}

}  // namespace tokenledger
