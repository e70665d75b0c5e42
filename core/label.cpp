#include <algorithm>
#include <cstdint>

#include "core/decider.hpp"

namespace tokenledger {
namespace {

// The length of the well-formed UTF-8 sequence at the start (Unicode table 3-7), or 0.
std::size_t utf8_length(std::string_view text) noexcept {
  const auto byte = [&](std::size_t at) { return static_cast<std::uint8_t>(text[at]); };
  const auto continues = [&](std::size_t at) {
    return at < text.size() && (byte(at) & 0xC0) == 0x80;
  };
  const auto lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return continues(1) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    if (!continues(1) || !continues(2)) return 0;
    if (lead == 0xE0 && byte(1) < 0xA0) return 0;  // overlong
    if (lead == 0xED && byte(1) > 0x9F) return 0;  // surrogate
    return 3;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    if (!continues(1) || !continues(2) || !continues(3)) return 0;
    if (lead == 0xF0 && byte(1) < 0x90) return 0;
    if (lead == 0xF4 && byte(1) > 0x8F) return 0;
    return 4;
  }
  return 0;
}

}  // namespace

bool is_label(std::string_view text, std::size_t bytes_max) noexcept {
  if (text.empty() || text.size() > bytes_max) return false;
  while (!text.empty()) {
    const auto length = utf8_length(text);
    if (length == 0) return false;
    const auto lead = static_cast<std::uint8_t>(text[0]);
    if (lead < 0x20 || lead == 0x7F) return false;
    if (lead == 0xC2 && static_cast<std::uint8_t>(text[1]) < 0xA0) return false;  // C1 controls
    text.remove_prefix(length);
  }
  return true;
}

// The characters of a scope token are exactly the visible ones without quote and backslash.
bool is_scope_name(std::string_view text) noexcept {
  return is_visible_ascii(text, kLabelBytesMax);
}

bool is_visible_ascii(std::string_view text, std::size_t bytes_max) noexcept {
  if (text.empty() || text.size() > bytes_max) return false;
  return std::ranges::all_of(
      text, [](char c) { return c >= 0x21 && c <= 0x7E && c != '"' && c != '\\'; });
}

}  // namespace tokenledger
