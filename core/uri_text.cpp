#include "core/uri_text.hpp"

#include <algorithm>

namespace tokenledger {
namespace {

constexpr std::string_view kReserved = ":/?#[]@!$&'()*+,;=";
constexpr std::string_view kDigits = "0123456789ABCDEF";

constexpr int digit_value(char digit) noexcept {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  return -1;
}

bool starts_with_good_escape(std::string_view text) noexcept {
  if (text.size() < 3) return false;
  const int high = digit_value(text[1]);
  const int low = digit_value(text[2]);
  return high >= 0 && low >= 0 && !is_uri_unreserved(static_cast<char>(high * 16 + low));
}

bool is_scheme(std::string_view text) noexcept {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  if (text.empty() || !is_letter(text.front())) return false;
  return std::ranges::all_of(text, [is_letter](char c) {
    return is_letter(c) || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
  });
}

}  // namespace

bool is_uri_text(std::string_view text) noexcept {
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '%') {
      if (!starts_with_good_escape(text.substr(at))) return false;
      at += 2;
    } else if (!is_uri_unreserved(text[at]) && kReserved.find(text[at]) == std::string_view::npos) {
      return false;
    }
  }
  return !text.empty();
}

bool is_absolute_uri(std::string_view text) noexcept {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon + 1 == text.size()) return false;
  return is_scheme(text.substr(0, colon)) && is_uri_text(text) &&
         text.find('#') == std::string_view::npos;
}

void append_uri_escaped(std::string_view text, std::string& out) {
  for (const char letter : text) {
    if (is_uri_unreserved(letter)) {
      out += letter;
      continue;
    }
    const auto byte = static_cast<unsigned char>(letter);
    out += '%';
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
}

}  // namespace tokenledger
