#include "core/token_format.hpp"

#include "core/jwe.hpp"
#include "core/jwt.hpp"
#include "core/opaque_token.hpp"

namespace tokenledger {

std::optional<LocatedToken> locate_token(const SealKey& key, std::string_view token) noexcept {
  std::optional<SealedJti> id;
  TokenKind kind = TokenKind::jwt;
  if (token.starts_with(kOpaqueTokenPrefix)) {  // no base64url header starts so: it begins with "e"
    kind = TokenKind::opaque;
    id = parse_opaque(key, token);
  } else if (const auto sealed = sealed_of_jwt(token)) {
    id = key.unseal_bytes(*sealed);
  } else if (const auto header = sealed_of_jwe(token)) {
    kind = TokenKind::jwe;
    id = key.unseal_bytes(*header);
  }
  if (!id) return std::nullopt;
  return LocatedToken{.kind = kind, .id = *id};
}

}  // namespace tokenledger
