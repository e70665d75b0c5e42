// The public keys that a client registers for private_key_jwt (RFC 7517 §5, RFC 7591 §2 `jwks`).
//
// Read the same way when it is registered and when it is used: what read_client_jwks accepts may be
// kept as the text it was.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/errc.hpp"
#include "core/event_parts.hpp"
#include "core/verify_key.hpp"

namespace tokenledger {

inline constexpr std::size_t kClientJwksBytesMax = 16 * 1024;
inline constexpr std::size_t kClientKeyIdBytesMax = kLabelBytesMax;

struct ClientKey {
  std::string key_id;  // the JWK's `kid` as the client calls it; empty: it has none
  VerifyKey key;
};

// Errc::too_large beyond kClientJwksBytesMax or kClientKeysMax. Errc::invalid_argument unless it is
// {"keys":[…]} in strict JSON with at least one key, and each one
//  - is RSA with 2048 to 4096 bits and an odd exponent from 65537 to 2^32 - 1, a P-256 point on the
//    curve, or an Ed25519 point of the main subgroup, in canonical base64url;
//  - has no member of a private or symmetric key (d, p, q, dp, dq, qi, oth, k): whoever sends one
//    here has lost it;
//  - is for signatures, as far as `use`, `key_ops` and `alg` say anything;
//  - has a printable `kid` of its own when there are several keys.
// Other members are ignored (RFC 7517 §4).
[[nodiscard]] Result<std::vector<ClientKey>> read_client_jwks(std::string_view text);

// The key that an assertion names: by `key_id`, or, when that is empty, the only one there is.
// Null: none. Never chosen by the assertion's algorithm.
[[nodiscard]] const ClientKey* find_client_key(const std::vector<ClientKey>& keys,
                                               std::string_view key_id) noexcept;

}  // namespace tokenledger
