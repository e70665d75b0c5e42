#include "api/json_writer.hpp"

#include <array>
#include <charconv>

#include "core/invariant.hpp"
#include "core/utf8.hpp"

namespace tokenledger {
namespace {

// True: the byte stands for itself in a JSON string.
constexpr std::array<bool, 256> make_plain_table() {
  std::array<bool, 256> plain{};
  for (unsigned byte = 0x20; byte < 0x7f; ++byte) plain[byte] = true;
  plain['"'] = plain['\\'] = plain['<'] = false;
  return plain;
}
constexpr auto kPlain = make_plain_table();

// Appends one escaped character; returns how many bytes of the text it took.
std::size_t append_escaped(std::string& out, std::string_view text) {
  const auto byte = static_cast<unsigned char>(text[0]);
  if (byte >= 0x80) {
    const auto count = utf8_length(text);
    out += count == 0 ? std::string_view{"\xef\xbf\xbd"} : text.substr(0, count);
    return count == 0 ? 1 : count;
  }
  switch (byte) {
    case '"': out += "\\\""; break;
    case '\\': out += "\\\\"; break;
    case '\n': out += "\\n"; break;
    case '\r': out += "\\r"; break;
    case '\t': out += "\\t"; break;
    default:
      out += "\\u00";
      out.push_back("0123456789abcdef"[byte >> 4]);
      out.push_back("0123456789abcdef"[byte & 15]);
  }
  return 1;
}

template <class Integer>
void append_integer(std::string& out, Integer number) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  out.append(digits, static_cast<std::size_t>(end - digits));
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out.push_back('"');
  std::size_t index = 0;
  while (index < text.size()) {
    std::size_t plain_end = index;
    while (plain_end < text.size() && kPlain[static_cast<unsigned char>(text[plain_end])])
      ++plain_end;
    out.append(text.data() + index, plain_end - index);
    index = plain_end;
    if (index < text.size()) index += append_escaped(out, text.substr(index));
  }
  out.push_back('"');
}

void JsonWriter::before_value() {
  const auto bit = std::uint64_t{1} << depth_;
  if ((objects_ & bit) != 0) {
    LEDGER_INVARIANT(has_name_);
    has_name_ = false;
    return;
  }
  if (depth_ > 0 && (has_items_ & bit) != 0) out_->push_back(',');
  has_items_ |= bit;
}

JsonWriter& JsonWriter::name(std::string_view name) {
  const auto bit = std::uint64_t{1} << depth_;
  LEDGER_INVARIANT((objects_ & bit) != 0 && !has_name_);
  if ((has_items_ & bit) != 0) out_->push_back(',');
  has_items_ |= bit;
  append_json_string(*out_, name);
  out_->push_back(':');
  has_name_ = true;
  return *this;
}

JsonWriter& JsonWriter::begin(char bracket, bool is_object) {
  before_value();
  LEDGER_INVARIANT(depth_ < kDepthMax);
  const auto bit = std::uint64_t{1} << ++depth_;
  objects_ = is_object ? objects_ | bit : objects_ & ~bit;
  has_items_ &= ~bit;
  out_->push_back(bracket);
  return *this;
}

JsonWriter& JsonWriter::end(char bracket, bool is_object) {
  LEDGER_INVARIANT(depth_ > 0 && !has_name_);
  LEDGER_INVARIANT(((objects_ >> depth_ & 1) != 0) == is_object);
  --depth_;
  out_->push_back(bracket);
  return *this;
}

JsonWriter& JsonWriter::begin_object() { return begin('{', true); }
JsonWriter& JsonWriter::end_object() { return end('}', true); }
JsonWriter& JsonWriter::begin_array() { return begin('[', false); }
JsonWriter& JsonWriter::end_array() { return end(']', false); }

JsonWriter& JsonWriter::value(std::string_view text) {
  before_value();
  append_json_string(*out_, text);
  return *this;
}

JsonWriter& JsonWriter::value(bool flag) { return raw(flag ? "true" : "false"); }
JsonWriter& JsonWriter::null() { return raw("null"); }

JsonWriter& JsonWriter::raw(std::string_view json) {
  before_value();
  *out_ += json;
  return *this;
}

JsonWriter& JsonWriter::unsigned_value(std::uint64_t number) {
  before_value();
  append_integer(*out_, number);
  return *this;
}

JsonWriter& JsonWriter::signed_value(std::int64_t number) {
  before_value();
  append_integer(*out_, number);
  return *this;
}

}  // namespace tokenledger
