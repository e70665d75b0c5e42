#include "core/login_name.hpp"

#include <algorithm>
#include <cstdint>
#include <iterator>

#include "core/utf8.hpp"

namespace tokenledger {
namespace {

struct CodePoints {
  char32_t first;
  char32_t last;  // inclusive
};

// Ascending. Default_Ignorable_Code_Point (Unicode 15, DerivedCoreProperties), the controls of
// Cc, the separators of Zs, Zl and Zp but U+0020, and the interlinear annotations.
constexpr CodePoints kRefused[] = {
    {0x0000, 0x001F},   {0x007F, 0x00A0}, {0x00AD, 0x00AD}, {0x034F, 0x034F},   {0x061C, 0x061C},
    {0x115F, 0x1160},   {0x1680, 0x1680}, {0x17B4, 0x17B5}, {0x180B, 0x180F},   {0x2000, 0x200F},
    {0x2028, 0x202F},   {0x205F, 0x206F}, {0x3000, 0x3000}, {0x3164, 0x3164},   {0xFE00, 0xFE0F},
    {0xFEFF, 0xFEFF},   {0xFFA0, 0xFFA0}, {0xFFF0, 0xFFFB}, {0x1BCA0, 0x1BCA3}, {0x1D173, 0x1D17A},
    {0xE0000, 0xE0FFF},
};

constexpr bool is_ascending() {
  for (std::size_t index = 1; index < std::size(kRefused); ++index)
    if (kRefused[index].first <= kRefused[index - 1].last) return false;
  return true;
}
static_assert(is_ascending(), "searched by bisection");

bool is_refused(char32_t point) noexcept {
  const auto* range = std::ranges::lower_bound(kRefused, point, {}, &CodePoints::last);
  return range != std::end(kRefused) && range->first <= point;
}

// Of a well-formed sequence.
char32_t code_point(std::string_view sequence) noexcept {
  constexpr std::uint8_t kLeadBits[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
  char32_t point = static_cast<std::uint8_t>(sequence[0]) & kLeadBits[sequence.size()];
  for (const char byte : sequence.substr(1))
    point = point << 6 | (static_cast<std::uint8_t>(byte) & 0x3F);
  return point;
}

char fold_letter(char letter) noexcept {
  return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

}  // namespace

bool is_person_text(std::string_view text, std::size_t bytes_max) noexcept {
  if (text.empty() || text.size() > bytes_max) return false;
  if (text.starts_with(' ') || text.ends_with(' ')) return false;
  if (text.find("  ") != std::string_view::npos) return false;
  while (!text.empty()) {
    const auto length = utf8_length(text);
    if (length == 0 || is_refused(code_point(text.substr(0, length)))) return false;
    text.remove_prefix(length);
  }
  return true;
}

Result<std::string> fold_login_name(std::string_view login) {
  if (login.size() > kLoginNameBytesMax) return Errc::too_large;
  if (!is_person_text(login, kLoginNameBytesMax)) return Errc::invalid_argument;
  std::string folded{login};
  std::ranges::transform(folded, folded.begin(), fold_letter);
  return folded;
}

}  // namespace tokenledger
