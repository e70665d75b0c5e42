// The body of a /v1 write: one JSON object, or the problem that answers it.
#pragma once

#include <optional>

#include "api/http_json.hpp"
#include "api/http_request.hpp"
#include "api/http_response.hpp"

namespace tokenledger {

// `problem` is set exactly when there is no object. An absent body counts as {} where
// `may_be_absent`.
struct RequestBody {
  std::optional<JsonValue> object;
  std::optional<HttpResponse> problem;
};
enum class AbsentBody : bool { is_refused, is_empty_object };
[[nodiscard]] RequestBody read_json_body(const HttpRequest& request,
                                         AbsentBody absent = AbsentBody::is_refused);

// 400 invalid_field, naming one of our fields, never what was sent.
[[nodiscard]] HttpResponse invalid_field(const JsonFault& fault);
[[nodiscard]] HttpResponse invalid_field(std::string_view detail);

// Appends a parsed value as JSON text. False: it holds a number that is not whole (or not a number
// we keep exactly), which no extra field may be.
[[nodiscard]] bool append_json(std::string& out, const JsonValue& value);

}  // namespace tokenledger
