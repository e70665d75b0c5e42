#include "api/http_percent.hpp"

namespace tokenledger {
int hex_value(char digit) noexcept {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return -1;
}

bool append_percent_decoded(std::string& out, std::string_view text, PlusSign plus) {
  // Most texts, tokens among them, have nothing to decode.
  const bool has_plus = plus == PlusSign::is_space && text.find('+') != std::string_view::npos;
  if (!has_plus && text.find('%') == std::string_view::npos) {
    out.append(text);
    return true;
  }
  for (std::size_t index = 0; index < text.size(); ++index) {
    const char byte = text[index];
    if (byte == '+' && plus == PlusSign::is_space) {
      out.push_back(' ');
    } else if (byte != '%') {
      out.push_back(byte);
    } else {
      if (text.size() - index < 3) return false;
      const int high = hex_value(text[index + 1]);
      const int low = hex_value(text[index + 2]);
      if (high < 0 || low < 0) return false;
      out.push_back(static_cast<char>(high * 16 + low));
      index += 2;
    }
  }
  return true;
}

}  // namespace tokenledger
