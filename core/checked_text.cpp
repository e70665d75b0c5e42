#include "core/checked_text.hpp"

#include <algorithm>

#include "core/sha256.hpp"

namespace tokenledger {
namespace {

using TextBytes = std::array<std::uint8_t, kCheckedBodyBytes + kCheckedSumBytes>;
using Checksum = std::array<std::uint8_t, kCheckedSumBytes>;

Checksum checksum_of(std::uint32_t prefix_crc, const CheckedBody& body) noexcept {
  const std::uint32_t crc = crc32_of(body, prefix_crc);
  return {static_cast<std::uint8_t>(crc >> 24), static_cast<std::uint8_t>(crc >> 16),
          static_cast<std::uint8_t>(crc >> 8), static_cast<std::uint8_t>(crc)};
}

}  // namespace

std::string CheckedTextKind::make(const CheckedBody& body) const {
  TextBytes bytes;
  const Checksum checksum = checksum_of(prefix_crc_, body);
  std::ranges::copy(checksum, std::ranges::copy(body, bytes.begin()).out);
  std::string text(length(), '\0');
  base64url_encode_to(bytes, std::ranges::copy(prefix_, text.data()).out);
  wipe(bytes);
  return text;
}

bool CheckedTextKind::read(std::string_view text, CheckedBody& body) const noexcept {
  if (text.size() != length() || !text.starts_with(prefix_)) return false;
  TextBytes bytes;
  if (!base64url_decode_to(text.substr(prefix_.size()), bytes.data())) return false;
  std::copy_n(bytes.begin(), kCheckedBodyBytes, body.begin());
  const Checksum checksum = checksum_of(prefix_crc_, body);
  return std::equal(checksum.begin(), checksum.end(), bytes.begin() + kCheckedBodyBytes);
}

}  // namespace tokenledger
