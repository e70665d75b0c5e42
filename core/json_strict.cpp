#include "core/json_strict.hpp"

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/value.hpp>
#include <boost/json/value_stack.hpp>
#include <cmath>
#include <string>
#include <vector>

namespace tokenledger {
namespace {

namespace json = boost::json;

// Receives the parser's events, builds the value, and remembers the names of every open object.
class StrictHandler {
 public:
  static constexpr std::size_t max_object_size = kJsonBytesMax;
  static constexpr std::size_t max_array_size = kJsonBytesMax;
  static constexpr std::size_t max_key_size = kJsonBytesMax;
  static constexpr std::size_t max_string_size = kJsonBytesMax;

  StrictHandler() { stack_.reset(); }
  [[nodiscard]] json::value release() { return stack_.release(); }

  bool on_document_begin(json::error_code&) { return true; }
  bool on_document_end(json::error_code&) { return true; }

  bool on_object_begin(json::error_code&) {
    first_name_.push_back(names_.size());
    return true;
  }
  bool on_object_end(std::size_t member_count, json::error_code& error) {
    const auto first = names_.begin() + static_cast<std::ptrdiff_t>(first_name_.back());
    std::sort(first, names_.end());
    if (std::adjacent_find(first, names_.end()) != names_.end()) return refuse(error);
    names_.erase(first, names_.end());
    first_name_.pop_back();
    stack_.push_object(member_count);
    return true;
  }
  bool on_array_begin(json::error_code&) { return true; }
  bool on_array_end(std::size_t element_count, json::error_code&) {
    stack_.push_array(element_count);
    return true;
  }
  bool on_key_part(json::string_view part, std::size_t, json::error_code&) {
    name_.append(part.data(), part.size());
    stack_.push_chars(part);
    return true;
  }
  bool on_key(json::string_view last_part, std::size_t, json::error_code&) {
    name_.append(last_part.data(), last_part.size());
    names_.push_back(std::move(name_));
    name_.clear();
    stack_.push_key(last_part);
    return true;
  }
  bool on_string_part(json::string_view part, std::size_t, json::error_code&) {
    stack_.push_chars(part);
    return true;
  }
  bool on_string(json::string_view last_part, std::size_t, json::error_code&) {
    stack_.push_string(last_part);
    return true;
  }
  bool on_number_part(json::string_view, json::error_code&) { return true; }
  bool on_int64(std::int64_t number, json::string_view, json::error_code&) {
    stack_.push_int64(number);
    return true;
  }
  bool on_uint64(std::uint64_t number, json::string_view, json::error_code&) {
    stack_.push_uint64(number);
    return true;
  }
  bool on_double(double number, json::string_view, json::error_code& error) {
    if (!std::isfinite(number)) return refuse(error);
    stack_.push_double(number);
    return true;
  }
  bool on_bool(bool flag, json::error_code&) {
    stack_.push_bool(flag);
    return true;
  }
  bool on_null(json::error_code&) {
    stack_.push_null();
    return true;
  }
  bool on_comment_part(json::string_view, json::error_code& error) { return refuse(error); }
  bool on_comment(json::string_view, json::error_code& error) { return refuse(error); }

 private:
  static bool refuse(json::error_code& error) {
    error = make_error_code(Errc::invalid_argument);
    return false;
  }

  json::value_stack stack_;
  std::string name_;                     // the name being read
  std::vector<std::string> names_;       // names of all open objects, one object after another
  std::vector<std::size_t> first_name_;  // where each open object's names begin
};

}  // namespace

Result<json::value> parse_json_strict(std::string_view text) {
  if (text.size() > kJsonBytesMax) return Errc::too_large;
  json::parse_options options;
  options.max_depth = kJsonDepthMax;
  json::basic_parser<StrictHandler> parser{options};
  json::error_code error;
  const std::size_t read = parser.write_some(false, text.data(), text.size(), error);
  if (error || read != text.size() || !parser.done()) return Errc::invalid_argument;
  return parser.handler().release();
}

}  // namespace tokenledger
