#include "core/jwks.hpp"

#include "core/invariant.hpp"

namespace tokenledger {
namespace {

// No value needs escaping: names are ours, everything else is base64url.
void append_member(std::string_view name, std::string_view value, std::string& out) {
  if (value.empty()) return;
  out.append(R"(,")").append(name).append(R"(":")").append(value) += '"';
}

void append_key(const VerifyKey& key, std::string& out) {
  const Jwk& jwk = key.jwk();
  out.append(R"({"kty":")").append(jwk.key_type) += '"';
  append_member("use", "sig", out);
  append_member("alg", algorithm_name(key.algorithm()), out);
  append_member("kid", key.kid(), out);
  append_member("n", jwk.modulus, out);
  append_member("e", jwk.exponent, out);
  append_member("crv", jwk.curve, out);
  append_member("x", jwk.x, out);
  append_member("y", jwk.y, out);
  out += '}';
}

}  // namespace

std::string jwks_json(std::span<const VerifyKey* const> keys) {
  std::string out = R"({"keys":[)";
  bool first = true;
  for (const VerifyKey* key : keys) {
    LEDGER_INVARIANT(key != nullptr);
    if (key->algorithm() == SignatureAlgorithm::hs256) continue;
    if (!first) out += ',';
    first = false;
    append_key(*key, out);
  }
  out += "]}";
  return out;
}

}  // namespace tokenledger
