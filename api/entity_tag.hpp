// Conditional requests with strong tags (RFC 9110 §8.8.3, §13.1.2). Plain functions; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "api/http_request.hpp"
#include "api/http_response.hpp"

namespace tokenledger {

// The quoted tag of an answer with this body: the same bytes have the same tag, on every server.
[[nodiscard]] std::string tag_of_body(std::string_view body);

// Whether If-None-Match names the tag (quoted, without a comma), by weak comparison.
[[nodiscard]] bool has_tag(std::string_view if_none_match, std::string_view tag);

// 304 where the caller has it already; nullopt: it must be sent.
[[nodiscard]] std::optional<HttpResponse> unchanged(const HttpRequest& request,
                                                    std::string_view tag, std::string_view caching);

}  // namespace tokenledger
