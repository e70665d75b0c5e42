#include "api/request_body.hpp"

#include <algorithm>

#include "api/json_writer.hpp"
#include "api/problem.hpp"

namespace tokenledger {
namespace {

bool is_json_type(std::string_view media_type) noexcept {
  return std::ranges::equal(media_type, kContentTypeJson, [](char byte, char wanted) {
    return (byte >= 'A' && byte <= 'Z' ? byte + ('a' - 'A') : byte) == wanted;
  });
}

// Requires a value without fractions.
void write_json(JsonWriter& json, const JsonValue& value) {
  if (const auto* flag = value.get_if<bool>()) {
    json.value(*flag);
  } else if (const auto* number = value.get_if<std::int64_t>()) {
    json.value(*number);
  } else if (const auto* big = value.get_if<std::uint64_t>()) {
    json.value(*big);
  } else if (const auto* text = value.get_if<std::string>()) {
    json.value(*text);
  } else if (const auto* array = value.get_if<JsonValue::Array>()) {
    json.begin_array();
    for (const auto& item : *array) write_json(json, item);
    json.end_array();
  } else if (const auto* object = value.get_if<JsonValue::Object>()) {
    json.begin_object();
    for (const auto& [name, member] : *object) {
      json.name(name);
      write_json(json, member);
    }
    json.end_object();
  } else {
    json.null();
  }
}

bool has_fraction(const JsonValue& value) {
  if (value.get_if<double>() != nullptr) return true;
  if (const auto* array = value.get_if<JsonValue::Array>())
    return std::ranges::any_of(*array, has_fraction);
  if (const auto* object = value.get_if<JsonValue::Object>())
    return std::ranges::any_of(
        *object, [](const JsonValue::Member& member) { return has_fraction(member.second); });
  return false;
}

}  // namespace

RequestBody read_json_body(const HttpRequest& request, AbsentBody absent) {
  RequestBody body;
  if (request.body().empty() && absent == AbsentBody::is_empty_object) {
    body.object = JsonValue{JsonValue::Object{}};
    return body;
  }
  if (!is_json_type(request.media_type())) {
    body.problem = problem(415, "unsupported_media_type", "send application/json");
    return body;
  }
  auto parsed = parse_json_object(request.body());
  if (!parsed) {
    body.problem = problem(400, "invalid_json", "the body must be one strict JSON object");
    return body;
  }
  body.object = std::move(*parsed);
  return body;
}

HttpResponse invalid_field(const JsonFault& fault) { return invalid_field(fault.message()); }
HttpResponse invalid_field(std::string_view detail) {
  return problem(400, "invalid_field", detail);
}

bool append_json(std::string& out, const JsonValue& value) {
  if (has_fraction(value)) return false;
  JsonWriter json{&out};
  write_json(json, value);
  return true;
}

}  // namespace tokenledger
