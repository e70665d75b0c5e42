// Any bytes: no crash. An accepted body written by JsonWriter parses again, to the same bytes.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "api/http_json.hpp"
#include "api/json_writer.hpp"

namespace {

using tokenledger::JsonValue;
using tokenledger::JsonWriter;

// Real numbers have no writer; their sign stands for them.
void write(JsonWriter& json, const JsonValue& value) {
  if (const auto* flag = value.get_if<bool>()) {
    json.value(*flag);
  } else if (const auto* number = value.get_if<std::int64_t>()) {
    json.value(*number);
  } else if (const auto* large = value.get_if<std::uint64_t>()) {
    json.value(*large);
  } else if (const auto* real = value.get_if<double>()) {
    json.value(*real < 0 ? -1 : 1);
  } else if (const auto* text = value.get_if<std::string>()) {
    json.value(*text);
  } else if (const auto* array = value.get_if<JsonValue::Array>()) {
    json.begin_array();
    for (const auto& item : *array) write(json, item);
    json.end_array();
  } else if (const auto* object = value.get_if<JsonValue::Object>()) {
    json.begin_object();
    for (const auto& [name, member] : *object) write(json.name(name), member);
    json.end_object();
  } else {
    json.null();
  }
}

std::string written(const JsonValue& value) {
  std::string out;
  JsonWriter json{&out};
  write(json, value);
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto body = tokenledger::parse_json_object({reinterpret_cast<const char*>(data), size});
  if (!body) return 0;
  const std::string first = written(*body);
  const auto again = tokenledger::parse_json_object(first);
  if (!again || written(*again) != first) std::abort();
  return 0;
}
