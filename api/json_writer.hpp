// JsonWriter appends JSON (RFC 8259) to a string; commas and escapes are its business.
//
//   JsonWriter json{&body};
//   json.begin_object().member("status", "active").member("seq", 7).end_object();
//
// Misuse (a value without a name inside an object, unbalanced ends, depth beyond 32) is a
// programming error: LEDGER_INVARIANT. Text must be UTF-8; a broken sequence becomes U+FFFD, so the
// output is always valid. Cost: no allocation beyond the string's growth. Threads: a plain value.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

namespace tokenledger {

// Appends `text` between quotes, escaped. '<' too, so that JSON inside HTML stays inert.
void append_json_string(std::string& out, std::string_view text);

class JsonWriter {
 public:
  static constexpr unsigned kDepthMax = 32;

  explicit JsonWriter(std::string* out) : out_{out} {}

  JsonWriter& begin_object();
  JsonWriter& end_object();
  JsonWriter& begin_array();
  JsonWriter& end_array();
  // Names the value that follows; inside an object only.
  JsonWriter& name(std::string_view name);

  JsonWriter& value(std::string_view text);
  JsonWriter& value(const char* text) { return value(std::string_view{text}); }
  JsonWriter& value(bool flag);
  template <std::unsigned_integral Integer>
    requires(!std::same_as<Integer, bool>)
  JsonWriter& value(Integer number) {
    return unsigned_value(number);
  }
  template <std::signed_integral Integer>
  JsonWriter& value(Integer number) {
    return signed_value(number);
  }
  JsonWriter& null();
  // `json` is one complete value made elsewhere, copied unchecked.
  JsonWriter& raw(std::string_view json);

  template <class Value>
  JsonWriter& member(std::string_view member_name, const Value& member_value) {
    return name(member_name).value(member_value);
  }

  // Everything begun was ended.
  [[nodiscard]] bool is_complete() const noexcept { return depth_ == 0; }

 private:
  JsonWriter& unsigned_value(std::uint64_t number);
  JsonWriter& signed_value(std::int64_t number);
  void before_value();
  JsonWriter& begin(char bracket, bool is_object);
  JsonWriter& end(char bracket, bool is_object);

  std::string* out_;
  std::uint64_t objects_ = 0;    // bit per depth: that level is an object
  std::uint64_t has_items_ = 0;  // bit per depth: a comma is due
  unsigned depth_ = 0;
  bool has_name_ = false;
};

}  // namespace tokenledger
