#include "api/utf8.hpp"

namespace tokenledger {
namespace {

bool is_continuation(std::string_view text, std::size_t index) noexcept {
  return index < text.size() && (static_cast<unsigned char>(text[index]) & 0xc0) == 0x80;
}

// No branch per byte: most texts are, and the compiler then takes 16 bytes at a time.
bool is_ascii(std::string_view text) noexcept {
  unsigned char bits = 0;
  for (const char byte : text) bits |= static_cast<unsigned char>(byte);
  return bits < 0x80;
}

}  // namespace

std::size_t utf8_sequence_bytes(std::string_view text) noexcept {
  const auto lead = static_cast<unsigned char>(text[0]);
  const auto second = text.size() > 1 ? static_cast<unsigned char>(text[1]) : 0u;
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead <= 0xdf) return is_continuation(text, 1) ? 2 : 0;
  if (lead >= 0xe0 && lead <= 0xef) {
    if (lead == 0xe0 && second < 0xa0) return 0;
    if (lead == 0xed && second > 0x9f) return 0;
    return is_continuation(text, 1) && is_continuation(text, 2) ? 3 : 0;
  }
  if (lead >= 0xf0 && lead <= 0xf4) {
    if (lead == 0xf0 && second < 0x90) return 0;
    if (lead == 0xf4 && second > 0x8f) return 0;
    const bool is_whole =
        is_continuation(text, 1) && is_continuation(text, 2) && is_continuation(text, 3);
    return is_whole ? 4 : 0;
  }
  return 0;
}

bool is_utf8(std::string_view text) noexcept {
  if (is_ascii(text)) return true;
  while (!text.empty()) {
    const auto bytes = utf8_sequence_bytes(text);
    if (bytes == 0) return false;
    text.remove_prefix(bytes);
  }
  return true;
}

}  // namespace tokenledger
