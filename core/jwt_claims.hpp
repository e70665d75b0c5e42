// The claims of a JWT access token (RFC 9068 §2.2) and their JSON.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/errc.hpp"
#include "core/ids.hpp"

namespace tokenledger {

inline constexpr std::size_t kJwtLengthMax = 16 * 1024;
inline constexpr std::size_t kJwtAudiencesMax = 64;

// Where a token's bit stands (IETF Token Status List, `status.status_list`).
struct StatusListReference {
  std::uint64_t index = 0;
  std::string uri;
  friend bool operator==(const StatusListReference&, const StatusListReference&) = default;
};

// Texts are UTF-8. Empty text, no audience, second 0: the claim is absent. A token without `exp`
// thus expired in 1970, and one without `scope` has no scopes (A18c): both fail closed.
struct JwtClaims {
  std::string jti;
  std::string issuer;                 // iss
  std::string subject;                // sub
  std::vector<std::string> audience;  // aud: one is written as a string, several as an array
  UnixSeconds expires_at;             // exp
  UnixSeconds issued_at;              // iat
  std::string client_id;
  std::string scope;  // names separated by single spaces
  std::optional<StatusListReference> status;
  // Of a user's token only: when the user signed in (auth_time, OpenID Connect Core §2), and what
  // an implicit request sent (§3.2.2.1).
  UnixSeconds signed_in_at = {};
  std::string nonce = {};
  friend bool operator==(const JwtClaims&, const JwtClaims&) = default;
};

// One line of JSON with `jti` first, so that a sealed jti stands at a fixed place (core/jwt.hpp).
// `jti`, `exp` and `iat` are always written.
[[nodiscard]] std::string write_jwt_claims(const JwtClaims& claims);

// Errc::malformed_token: not a strict JSON object (core/json_strict.hpp), a claim above with the
// wrong type, an `aud` that is empty or has more than kJwtAudiencesMax, or a time that is not a
// whole second before 2106. Unknown claims are skipped.
[[nodiscard]] Result<JwtClaims> read_jwt_claims(std::string_view payload_json);

// Appends `text` as a JSON string with its quotes.
void append_json_string(std::string_view text, std::string& out);

}  // namespace tokenledger
