#include "core/proof_text.hpp"

#include <algorithm>

#include "core/base64url.hpp"
#include "core/utf8.hpp"

namespace tokenledger {

std::optional<std::string_view> take_line(std::string_view& text) noexcept {
  const auto end = text.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  const auto line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return line;
}

std::optional<std::uint64_t> parse_decimal(std::string_view text,
                                           std::uint64_t value_max) noexcept {
  if (text.empty() || (text.size() > 1 && text[0] == '0')) return std::nullopt;
  std::uint64_t value = 0;
  for (const char letter : text) {
    if (letter < '0' || letter > '9') return std::nullopt;
    const auto digit = static_cast<std::uint64_t>(letter - '0');
    if (digit > value_max || value > (value_max - digit) / 10) return std::nullopt;
    value = value * 10 + digit;
  }
  return value;
}

std::string digest_to_base64(const Digest& digest) { return base64_encode(digest); }

std::optional<Digest> digest_from_base64(std::string_view text) {
  constexpr std::size_t kDigestBase64Length = 44;
  if (text.size() != kDigestBase64Length) return std::nullopt;
  const auto bytes = base64_decode(text);
  if (!bytes) return std::nullopt;
  return digest_from_bytes(bytes_of(*bytes));
}

std::optional<Digest> digest_from_bytes(ByteView bytes) noexcept {
  Digest digest;
  if (bytes.size() != digest.size()) return std::nullopt;
  std::copy(bytes.begin(), bytes.end(), digest.begin());
  return digest;
}

bool is_plain_line(std::string_view line) noexcept {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20; };
  return !line.empty() && std::ranges::none_of(line, is_control) && is_utf8(line);
}

}  // namespace tokenledger
