// The guard: who presents which bearer token, and what an endpoint says when it is not good enough.
//
// verify() is the one function behind every endpoint that asks for a token (RFC 6750): the
// management API of /v1 and /v1/authz alike. It answers from memory alone, because it runs on an
// I/O thread; why a token was revoked, which only the views know, is never told to its bearer
// (A24). The reason stands in the answer's `denial`, for the log and the counters. Threads: any.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "api/http_request.hpp"
#include "api/http_response.hpp"
#include "core/management_scopes.hpp"
#include "storage/ledger.hpp"

namespace tokenledger {

[[nodiscard]] DenialReason denial_of(CheckFailure failure) noexcept;
// Of a token about which Ledger::check_in_memory had no answer.
[[nodiscard]] DenialReason denial_beyond_memory(const Ledger& ledger, std::string_view token);

enum class Credentials : std::uint8_t {
  none,       // no Authorization field, or a scheme that is not ours
  malformed,  // Bearer without exactly one b64token
  bearer,
};
struct BearerField {
  Credentials kind = Credentials::none;
  std::string_view token;  // bearer only
};
// RFC 6750 §2.1; the scheme's case is ignored (RFC 9110 §11.1). A token in the query or the body is
// never looked at.
[[nodiscard]] BearerField parse_bearer(std::string_view authorization) noexcept;

// `denied` is empty when the token is good at `audience` with all of `scopes`.
struct Verified {
  std::optional<HttpResponse> denied;
  CheckAnswer token;
};
[[nodiscard]] Verified verify(const Ledger& ledger, const HttpRequest& request,
                              std::string_view audience, std::span<const std::string_view> scopes);

// verify() for the management API: the actor that decide() checks once more. A request of the
// holder of the directory (HostRequests) is the host's and needs no token.
struct Access {
  std::optional<HttpResponse> denied;
  Actor actor;
  std::string client_id;  // of the bearer, for the access log
};
[[nodiscard]] Access verify_management(const Ledger& ledger, const HttpRequest& request,
                                       ManagementScope scope);

}  // namespace tokenledger
