// Any bytes: no crash. An accepted JWT re-encodes to the same text, and jti_of_jwt finds the jti
// that the full decoder finds.
#include <cstdint>
#include <cstdlib>

#include "core/base64url.hpp"
#include "core/jwt.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tokenledger;
  const std::string_view token = text_of(ByteView{data, size});
  const auto jti = jti_of_jwt(token);
  const auto jwt = decode_unverified(token);
  if (!jwt) return 0;
  std::string again = base64url_encode(bytes_of(jwt->header_json)) + "." +
                      base64url_encode(bytes_of(jwt->payload_json));
  if (again.size() != jwt->signed_length) std::abort();
  append_jwt_signature(bytes_of(jwt->signature), again);
  if (again != token) std::abort();
  if (jti && text_of(*jti) != jwt->claims.jti) std::abort();
  // What we understood survives our own writer.
  const auto claims = read_jwt_claims(write_jwt_claims(jwt->claims));
  if (!claims || *claims != jwt->claims) std::abort();
  return 0;
}
