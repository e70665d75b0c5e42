// The key set that `jwks.json` publishes (RFC 7517 §5).
#pragma once

#include <span>
#include <string>

#include "core/verify_key.hpp"

namespace tokenledger {

// {"keys":[{"kty":…,"use":"sig","alg":…,"kid":…,…}]} in the given order. HS256 keys are left out:
// they have nothing public. No pointer may be null.
[[nodiscard]] std::string jwks_json(std::span<const VerifyKey* const> keys);

}  // namespace tokenledger
