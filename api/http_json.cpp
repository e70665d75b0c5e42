#include "api/http_json.hpp"

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>

#include "core/invariant.hpp"

namespace tokenledger {
namespace {

using Error = boost::json::error_code;
using View = boost::json::string_view;

// Receives Boost.JSON's parse events and builds the tree. Boost's own tree keeps the last of two
// equal names silently, which is how two readers come to disagree about one body.
class TreeBuilder {
 public:
  static constexpr std::size_t max_object_size = kJsonMemberCountMax;
  static constexpr std::size_t max_array_size = kJsonValueCountMax;
  static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1) / 2;
  static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1) / 2;

  bool on_document_begin(Error&) { return true; }
  bool on_document_end(Error&) { return true; }
  bool on_object_begin(Error& error) { return open(JsonValue::Object{}, error); }
  bool on_array_begin(Error& error) { return open(JsonValue::Array{}, error); }
  bool on_array_end(std::size_t, Error& error) { return close(error); }
  bool on_object_end(std::size_t, Error& error) {
    return has_unique_names(std::get<JsonValue::Object>(open_.back().any()))
               ? close(error)
               : fail(boost::json::error::syntax, error);
  }
  bool on_key_part(View part, std::size_t, Error&) { return append(part); }
  bool on_key(View part, std::size_t, Error&) {
    text_.append(part.data(), part.size());
    names_.push_back(std::move(text_));
    text_.clear();
    return true;
  }
  bool on_string_part(View part, std::size_t, Error&) { return append(part); }
  bool on_string(View part, std::size_t, Error& error) {
    text_.append(part.data(), part.size());
    std::string whole = std::move(text_);
    text_.clear();
    return add(std::move(whole), error);
  }
  bool on_number_part(View, Error&) { return true; }
  bool on_int64(std::int64_t number, View, Error& error) { return add(number, error); }
  bool on_uint64(std::uint64_t number, View, Error& error) { return add(number, error); }
  bool on_double(double number, View, Error& error) { return add(number, error); }
  bool on_bool(bool flag, Error& error) { return add(flag, error); }
  bool on_null(Error& error) { return add(JsonValue::Null{}, error); }
  bool on_comment_part(View, Error&) { return true; }
  bool on_comment(View, Error&) { return true; }

  std::optional<JsonValue> take() { return std::move(root_); }

 private:
  static bool fail(boost::json::error code, Error& error) {
    error = code;
    return false;
  }
  bool append(View part) {
    text_.append(part.data(), part.size());
    return true;
  }
  // Small objects by looking at pairs; kJsonMemberCountMax bounds it.
  static bool has_unique_names(const JsonValue::Object& object) {
    for (std::size_t later = 1; later < object.size(); ++later)
      for (std::size_t earlier = 0; earlier < later; ++earlier)
        if (object[later].first == object[earlier].first) return false;
    return true;
  }
  bool open(JsonValue::Any container, Error& error) {
    if (++value_count_ > kJsonValueCountMax)
      return fail(boost::json::error::object_too_large, error);
    open_.emplace_back(std::move(container));
    return true;
  }
  bool close(Error& error) {
    JsonValue closed = std::move(open_.back());
    open_.pop_back();
    --value_count_;  // add() counts it again
    return add(std::move(closed.any()), error);
  }
  bool add(JsonValue::Any any, Error& error) {
    if (++value_count_ > kJsonValueCountMax)
      return fail(boost::json::error::object_too_large, error);
    JsonValue value{std::move(any)};
    if (open_.empty()) {
      root_.emplace(std::move(value));
    } else if (auto* array = std::get_if<JsonValue::Array>(&open_.back().any())) {
      array->push_back(std::move(value));
    } else {
      LEDGER_INVARIANT(!names_.empty());
      std::get<JsonValue::Object>(open_.back().any())
          .emplace_back(std::move(names_.back()), std::move(value));
      names_.pop_back();
    }
    return true;
  }

  std::vector<JsonValue> open_;     // containers not yet closed, outermost first
  std::vector<std::string> names_;  // of the members being read, outermost first
  std::string text_;
  std::size_t value_count_ = 0;
  std::optional<JsonValue> root_;
};

bool is_size_error(const Error& error) {
  return error == boost::json::error::too_deep || error == boost::json::error::object_too_large ||
         error == boost::json::error::array_too_large;
}

}  // namespace

const JsonValue* JsonValue::find(std::string_view name) const noexcept {
  const auto* object = get_if<Object>();
  if (object == nullptr) return nullptr;
  for (const auto& [member, value] : *object)
    if (member == name) return &value;
  return nullptr;
}

Result<JsonValue> parse_json_object(std::string_view text) {
  boost::json::parse_options options;
  options.max_depth = kJsonDepthMax;
  boost::json::basic_parser<TreeBuilder> parser{options};
  Error error;
  const auto used = parser.write_some(false, text.data(), text.size(), error);
  if (error) return is_size_error(error) ? Errc::too_large : Errc::invalid_argument;
  if (used != text.size()) return Errc::invalid_argument;
  auto root = parser.handler().take();
  if (!root || root->get_if<JsonValue::Object>() == nullptr) return Errc::invalid_argument;
  return std::move(*root);
}

std::string JsonFault::message() const {
  const std::string quoted = "field '" + field + "' ";
  switch (kind) {
    case Kind::missing: return quoted + "is required";
    case Kind::wrong_type: return quoted + "has the wrong type";
    case Kind::out_of_range: return quoted + "is out of range";
    case Kind::too_long: return quoted + "is too long";
    case Kind::unknown: return "a field is not known here";
  }
  return quoted;
}

JsonFields::JsonFields(const JsonValue& object) : object_{object} {
  if (object.get_if<JsonValue::Object>() == nullptr) fail(JsonFault::Kind::wrong_type, "");
}

void JsonFields::fail(JsonFault::Kind kind, std::string_view field) {
  if (!fault_) fault_ = JsonFault{kind, std::string{field.substr(0, JsonFault::kFieldBytesMax)}};
}

// Null when absent, null in JSON, or after a fault.
const JsonValue* JsonFields::find(std::string_view name, bool is_required) {
  if (fault_) return nullptr;
  const JsonValue* value = optional_value(name);
  if (value == nullptr && is_required) fail(JsonFault::Kind::missing, name);
  return value;
}

const JsonValue* JsonFields::optional_value(std::string_view name) const noexcept {
  const JsonValue* value = object_.find(name);
  return value == nullptr || value->is_null() ? nullptr : value;
}

template <class Value>
Value JsonFields::or_missing(std::optional<Value> value, std::string_view name) {
  if (!value) fail(JsonFault::Kind::missing, name);  // kept only if nothing else was wrong
  return value ? std::move(*value) : Value{};
}

std::optional<std::string_view> JsonFields::optional_string(std::string_view name,
                                                            std::size_t bytes_max) {
  const JsonValue* value = find(name, false);
  if (value == nullptr) return std::nullopt;
  const auto* text = value->get_if<std::string>();
  if (text != nullptr && text->size() <= bytes_max) return *text;
  fail(text == nullptr ? JsonFault::Kind::wrong_type : JsonFault::Kind::too_long, name);
  return std::nullopt;
}

std::string_view JsonFields::required_string(std::string_view name, std::size_t bytes_max) {
  return or_missing(optional_string(name, bytes_max), name);
}

std::optional<std::int64_t> JsonFields::optional_integer(std::string_view name, std::int64_t min,
                                                         std::int64_t max) {
  const JsonValue* value = find(name, false);
  if (value == nullptr) return std::nullopt;
  const auto* number = value->get_if<std::int64_t>();
  if (number != nullptr && *number >= min && *number <= max) return *number;
  const bool is_whole = number != nullptr || value->get_if<std::uint64_t>() != nullptr;
  fail(is_whole ? JsonFault::Kind::out_of_range : JsonFault::Kind::wrong_type, name);
  return std::nullopt;
}

std::int64_t JsonFields::required_integer(std::string_view name, std::int64_t min,
                                          std::int64_t max) {
  return or_missing(optional_integer(name, min, max), name);
}

std::optional<bool> JsonFields::optional_bool(std::string_view name) {
  const JsonValue* value = find(name, false);
  if (value == nullptr) return std::nullopt;
  if (const auto* flag = value->get_if<bool>()) return *flag;
  fail(JsonFault::Kind::wrong_type, name);
  return std::nullopt;
}

bool JsonFields::required_bool(std::string_view name) {
  return or_missing(optional_bool(name), name);
}

std::optional<std::vector<std::string_view>> JsonFields::optional_strings(std::string_view name,
                                                                          StringsMax max) {
  const JsonValue* value = find(name, false);
  if (value == nullptr) return std::nullopt;
  const auto* array = value->get_if<JsonValue::Array>();
  if (array == nullptr || array->size() > max.count) {
    fail(array == nullptr ? JsonFault::Kind::wrong_type : JsonFault::Kind::too_long, name);
    return std::nullopt;
  }
  std::vector<std::string_view> texts;
  texts.reserve(array->size());
  for (std::size_t index = 0; index < array->size(); ++index) {
    const auto* text = (*array)[index].get_if<std::string>();
    if (text == nullptr || text->size() > max.bytes) {
      fail(text == nullptr ? JsonFault::Kind::wrong_type : JsonFault::Kind::too_long,
           std::string{name} + "[" + std::to_string(index) + "]");
      return std::nullopt;
    }
    texts.emplace_back(*text);
  }
  return texts;
}

std::vector<std::string_view> JsonFields::required_strings(std::string_view name, StringsMax max) {
  return or_missing(optional_strings(name, max), name);
}

void JsonFields::allow_only(std::initializer_list<std::string_view> names) {
  const auto* object = object_.get_if<JsonValue::Object>();
  if (object == nullptr) return;
  for (const auto& [member, value] : *object)
    if (std::find(names.begin(), names.end(), member) == names.end())
      return fail(JsonFault::Kind::unknown, member);
}

}  // namespace tokenledger
