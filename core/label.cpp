#include <algorithm>
#include <cstdint>

#include "core/decider.hpp"
#include "core/utf8.hpp"

namespace tokenledger {

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
