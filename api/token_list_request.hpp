// What GET /v1/tokens takes from its query.
//
//   client_id, owner, api             the whole name
//   subject                           a client_id or user_id; a login, too, for bearers with
//                                     users:read
//   consent                           its number
//   q                                 what client id, client name or token name begin with, or a
//                                     jti
//   status                            active, revoked, expired
//   origin                            console, api, oauth_flow, external, embedded
//   issued_, expires_, expired_, revoked_ with from and to
//                                     RFC 3339 times, from <= t < to; expired_ shows expired tokens
//                                     only, revoked_ revoked ones only
//   include_deleted                   true or false
//   sort                              -issued_at (default), issued_at, -expires_at, expires_at
//   limit, cursor                     1..1000 rows; where the page before ended
//
// All must hold. Refused with 400: an unknown or repeated parameter, an empty or malformed value, a
// range whose end is before its begin, and conditions that exclude each other by their meaning
// (expired_from with status=active). Equal ends are an empty range. What is well-formed and names
// nothing gives an empty list. Threads: pure functions.
#pragma once

#include <optional>

#include "api/http_request.hpp"
#include "api/http_response.hpp"
#include "api/list_cursor.hpp"
#include "storage/ledger.hpp"

namespace tokenledger {

struct TokenListRequest {
  Ledger::ListRequest list;
  Digest query_hash{};
  std::optional<ListCursor> cursor;
  std::optional<HttpResponse> refused;  // when set, the rest means nothing
};

[[nodiscard]] TokenListRequest read_token_list(const Ledger& ledger, const HttpRequest& request);

}  // namespace tokenledger
