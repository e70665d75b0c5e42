#include "core/base64url.hpp"

#include <array>

namespace tokenledger {
namespace {

constexpr std::string_view kUrlAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::string_view kPlainAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t kNoLetter = 0x80;  // a bit no 6-bit value has, so it survives an OR

using DecodeTable = std::array<std::uint8_t, 256>;

constexpr DecodeTable make_decode_table(std::string_view alphabet) {
  DecodeTable table{};
  table.fill(kNoLetter);
  for (std::size_t value = 0; value < alphabet.size(); ++value)
    table[static_cast<std::uint8_t>(alphabet[value])] = static_cast<std::uint8_t>(value);
  return table;
}
constexpr DecodeTable kUrlTable = make_decode_table(kUrlAlphabet);
constexpr DecodeTable kPlainTable = make_decode_table(kPlainAlphabet);

char* encode_to(ByteView bytes, const char* alphabet, char* out) noexcept {
  const std::uint8_t* in = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 3; left -= 3, in += 3, out += 4) {
    const std::uint32_t group = std::uint32_t{in[0]} << 16 | std::uint32_t{in[1]} << 8 | in[2];
    out[0] = alphabet[group >> 18];
    out[1] = alphabet[group >> 12 & 63];
    out[2] = alphabet[group >> 6 & 63];
    out[3] = alphabet[group & 63];
  }
  if (left == 0) return out;
  const std::uint32_t group =
      std::uint32_t{in[0]} << 16 | (left == 2 ? std::uint32_t{in[1]} << 8 : 0);
  *out++ = alphabet[group >> 18];
  *out++ = alphabet[group >> 12 & 63];
  if (left == 2) *out++ = alphabet[group >> 6 & 63];
  return out;
}

// Without padding. Looks at every letter before it answers: the loop has no early exit to
// mispredict.
bool decode_to(std::string_view text, const DecodeTable& table, std::uint8_t* out) noexcept {
  const auto* in = reinterpret_cast<const std::uint8_t*>(text.data());
  std::size_t left = text.size();
  std::uint32_t seen = 0;
  for (; left >= 4; left -= 4, in += 4, out += 3) {
    const std::uint32_t a = table[in[0]], b = table[in[1]], c = table[in[2]], d = table[in[3]];
    seen |= a | b | c | d;
    const std::uint32_t group = a << 18 | b << 12 | c << 6 | d;
    out[0] = static_cast<std::uint8_t>(group >> 16);
    out[1] = static_cast<std::uint8_t>(group >> 8);
    out[2] = static_cast<std::uint8_t>(group);
  }
  if (left == 1) return false;
  std::uint32_t stray_bits = 0;
  if (left >= 2) {
    const std::uint32_t a = table[in[0]], b = table[in[1]];
    const std::uint32_t c = left == 3 ? table[in[2]] : 0;
    seen |= a | b | c;
    const std::uint32_t group = a << 18 | b << 12 | c << 6;
    out[0] = static_cast<std::uint8_t>(group >> 16);
    if (left == 3) out[1] = static_cast<std::uint8_t>(group >> 8);
    stray_bits = left == 3 ? group & 0xFF : group & 0xFFFF;
  }
  return (seen & kNoLetter) == 0 && stray_bits == 0;
}

}  // namespace

char* base64url_encode_to(ByteView bytes, char* out) noexcept {
  return encode_to(bytes, kUrlAlphabet.data(), out);
}

std::string base64url_encode(ByteView bytes) {
  std::string text(base64url_length(bytes.size()), '\0');
  base64url_encode_to(bytes, text.data());
  return text;
}

bool base64url_decode_to(std::string_view text, std::uint8_t* out) noexcept {
  return decode_to(text, kUrlTable, out);
}

std::optional<std::string> base64url_decode(std::string_view text) {
  std::string bytes(base64url_byte_count(text.size()), '\0');
  if (!decode_to(text, kUrlTable, reinterpret_cast<std::uint8_t*>(bytes.data())))
    return std::nullopt;
  return bytes;
}

std::string base64_encode(ByteView bytes) {
  std::string text((bytes.size() + 2) / 3 * 4, '=');
  encode_to(bytes, kPlainAlphabet.data(), text.data());
  return text;
}

std::optional<std::string> base64_decode(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  // At most two padding characters; a third is no letter and is refused below.
  if (text.ends_with('=')) text.remove_suffix(1);
  if (text.size() % 4 == 3 && text.ends_with('=')) text.remove_suffix(1);
  std::string bytes(base64url_byte_count(text.size()), '\0');
  if (!decode_to(text, kPlainTable, reinterpret_cast<std::uint8_t*>(bytes.data())))
    return std::nullopt;
  return bytes;
}

}  // namespace tokenledger
