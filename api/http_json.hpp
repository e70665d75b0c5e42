// JsonValue: a parsed JSON request body, strict and bounded (RFC 8259, I-JSON RFC 7493 §2).
//
// Refused: anything but one object, duplicate member names, broken UTF-8 and lone surrogates, depth
// above kJsonDepthMax, more than kJsonValueCountMax values, more than kJsonMemberCountMax members
// in one object, trailing text. Numbers keep their range: whole numbers are exact in int64 or
// uint64. Threads: immutable after parsing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/errc.hpp"

namespace tokenledger {

inline constexpr std::size_t kJsonDepthMax = 32;
inline constexpr std::size_t kJsonValueCountMax = 16 * 1024;
inline constexpr std::size_t kJsonMemberCountMax = 128;

class JsonValue {
 public:
  using Array = std::vector<JsonValue>;
  using Member = std::pair<std::string, JsonValue>;
  using Object = std::vector<Member>;  // in the order sent
  struct Null {};
  using Any = std::variant<Null, bool, std::int64_t, std::uint64_t, double, std::string, Array,
                           Object>;  // uint64 only above int64's range

  explicit JsonValue(Any any) : any_{std::move(any)} {}

  // Null when it is of another kind.
  template <class Kind>
  [[nodiscard]] const Kind* get_if() const noexcept {
    return std::get_if<Kind>(&any_);
  }
  [[nodiscard]] bool is_null() const noexcept { return get_if<Null>() != nullptr; }
  // A member of an object; null when absent or this is no object.
  [[nodiscard]] const JsonValue* find(std::string_view name) const noexcept;

  // Mutable access for the parser that builds it.
  [[nodiscard]] Any& any() noexcept { return any_; }

 private:
  Any any_;
};

// `text` must be one object. invalid_argument: malformed; too_large: beyond a bound above.
[[nodiscard]] Result<JsonValue> parse_json_object(std::string_view text);

// What is wrong with a member. Never holds its value.
struct JsonFault {
  enum class Kind : std::uint8_t { missing, wrong_type, out_of_range, too_long, unknown };
  Kind kind;
  std::string field;  // "name", "scopes[2]"; for unknown ones at most kFieldBytesMax of it
  static constexpr std::size_t kFieldBytesMax = 64;
  // A sentence for a problem's detail: "field 'name' must be a string".
  [[nodiscard]] std::string message() const;
};

// Reads the members of one object and remembers the first fault, so that an endpoint reads all it
// wants and checks once:
//
//   JsonFields fields{*body};
//   const auto name = fields.required_string("name", 200);
//   const auto days = fields.optional_integer("expires_in_days", 1, 3650);
//   if (fields.fault()) return problem(400, "invalid_field", fields.fault()->message());
//
// After a fault every getter returns an empty value. A member that is null counts as absent. Views
// live as long as the object.
class JsonFields {
 public:
  explicit JsonFields(const JsonValue& object);

  // Empty strings are values; too_long counts bytes.
  std::string_view required_string(std::string_view name, std::size_t bytes_max);
  std::optional<std::string_view> optional_string(std::string_view name, std::size_t bytes_max);
  // Whole numbers only: 1.0 is no integer. Both ends included.
  std::int64_t required_integer(std::string_view name, std::int64_t min, std::int64_t max);
  std::optional<std::int64_t> optional_integer(std::string_view name, std::int64_t min,
                                               std::int64_t max);
  bool required_bool(std::string_view name);
  std::optional<bool> optional_bool(std::string_view name);
  // too_long: more than count_max strings or one beyond bytes_max.
  struct StringsMax {
    std::size_t count;
    std::size_t bytes;  // of each
  };
  std::vector<std::string_view> required_strings(std::string_view name, StringsMax max);
  std::optional<std::vector<std::string_view>> optional_strings(std::string_view name,
                                                                StringsMax max);
  // Any kind; null when absent.
  [[nodiscard]] const JsonValue* optional_value(std::string_view name) const noexcept;

  // Members not in the list are a fault.
  void allow_only(std::initializer_list<std::string_view> names);

  [[nodiscard]] const std::optional<JsonFault>& fault() const noexcept { return fault_; }

 private:
  const JsonValue* find(std::string_view name, bool is_required);
  void fail(JsonFault::Kind kind, std::string_view field);
  template <class Value>
  Value or_missing(std::optional<Value> value, std::string_view name);

  const JsonValue& object_;
  std::optional<JsonFault> fault_;
};

}  // namespace tokenledger
