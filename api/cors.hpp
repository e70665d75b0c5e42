// Which endpoints scripts of other origins may call (Fetch, CORS protocol): those that need no
// cookie. Answers never allow credentials, so a browser brings nothing of its own. Any thread.
#pragma once

#include <optional>

#include "api/http_request.hpp"
#include "api/http_response.hpp"

namespace tokenledger {

// Every answer of such an endpoint, refusals too: a script must be able to read why.
void allow_any_origin(HttpResponse& response);

// The answer to a preflight of an endpoint for everybody; nullopt: it is none.
[[nodiscard]] std::optional<HttpResponse> answer_preflight(const HttpRequest& request);

}  // namespace tokenledger
