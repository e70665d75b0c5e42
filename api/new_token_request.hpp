// The body of POST /v1/tokens as an IssueRequest (R03-R06): a plain function.
#pragma once

#include <optional>

#include "api/http_json.hpp"
#include "api/http_response.hpp"
#include "storage/ledger.hpp"

namespace tokenledger {

inline constexpr std::int64_t kExpiresInDaysMax = 3650;

// {name, audience, scopes, expires_in_days | expires_at, owner, extra_fields, client_id}. Exactly
// one of the two expiries must stand (R03): n days are n x 86 400 s from the issue (R05); a bare
// date ends with the last second of that day in UTC (R04).
struct NewTokenRequest {
  IssueRequest issue;
  std::optional<HttpResponse> problem;
};
[[nodiscard]] NewTokenRequest read_new_token(const JsonValue& object);

}  // namespace tokenledger
