#include "core/es256_signature.hpp"

#include <algorithm>
#include <cstring>

namespace tokenledger {
namespace {

constexpr std::size_t kHalf = 32;
using Number = std::array<std::uint8_t, kHalf>;  // big-endian

// The order n of P-256 and (n - 1) / 2, SEC 2 §2.4.2.
constexpr Number kOrder{0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xFF,
                        0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xBC, 0xE6, 0xFA, 0xAD, 0xA7, 0x17,
                        0x9E, 0x84, 0xF3, 0xB9, 0xCA, 0xC2, 0xFC, 0x63, 0x25, 0x51};
constexpr Number kHalfOrder{0x7F, 0xFF, 0xFF, 0xFF, 0x80, 0x00, 0x00, 0x00, 0x7F, 0xFF, 0xFF,
                            0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xDE, 0x73, 0x7D, 0x56, 0xD3, 0x8B,
                            0xCF, 0x42, 0x79, 0xDC, 0xE5, 0x61, 0x7E, 0x31, 0x92, 0xA8};

constexpr std::uint8_t kSequenceTag = 0x30;
constexpr std::uint8_t kIntegerTag = 0x02;

// Takes one INTEGER off the front of `der`; false unless it is positive and fits.
bool take_integer(ByteView& der, std::uint8_t* out) noexcept {
  if (der.size() < 2 || der[0] != kIntegerTag) return false;
  std::size_t length = der[1];
  if (length == 0 || length > kHalf + 1 || der.size() < 2 + length) return false;
  ByteView digits = der.subspan(2, length);
  der = der.subspan(2 + length);
  if ((digits[0] & 0x80) != 0) return false;
  if (digits[0] == 0) digits = digits.subspan(1);
  if (digits.size() > kHalf) return false;
  std::fill_n(out, kHalf - digits.size(), std::uint8_t{0});
  std::copy(digits.begin(), digits.end(), out + (kHalf - digits.size()));
  return true;
}

std::uint8_t* put_integer(const std::uint8_t* number, std::uint8_t* out) noexcept {
  std::size_t skip = 0;
  while (skip + 1 < kHalf && number[skip] == 0) ++skip;
  const bool needs_zero = (number[skip] & 0x80) != 0;  // else it would read as negative
  *out++ = kIntegerTag;
  *out++ = static_cast<std::uint8_t>(kHalf - skip + (needs_zero ? 1 : 0));
  if (needs_zero) *out++ = 0;
  return std::copy(number + skip, number + kHalf, out);
}

}  // namespace

std::optional<Es256Signature> es256_from_der(ByteView der) noexcept {
  if (der.size() < 2 || der[0] != kSequenceTag || der[1] != der.size() - 2) return std::nullopt;
  ByteView rest = der.subspan(2);
  Es256Signature signature;
  if (!take_integer(rest, signature.data())) return std::nullopt;
  if (!take_integer(rest, signature.data() + kHalf)) return std::nullopt;
  if (!rest.empty()) return std::nullopt;
  return signature;
}

std::size_t es256_to_der(const Es256Signature& signature,
                         std::array<std::uint8_t, kEs256DerBytesMax>& out) noexcept {
  std::uint8_t* end = put_integer(signature.data(), out.data() + 2);
  end = put_integer(signature.data() + kHalf, end);
  out[0] = kSequenceTag;
  out[1] = static_cast<std::uint8_t>(end - out.data() - 2);
  return static_cast<std::size_t>(end - out.data());
}

bool has_low_s(const Es256Signature& signature) noexcept {
  return std::memcmp(signature.data() + kHalf, kHalfOrder.data(), kHalf) <= 0;
}

void make_low_s(Es256Signature& signature) noexcept {
  if (has_low_s(signature)) return;
  int borrow = 0;
  for (std::size_t position = kHalf; position-- > 0;) {
    const int difference = kOrder[position] - signature[kHalf + position] - borrow;
    borrow = difference < 0 ? 1 : 0;
    signature[kHalf + position] = static_cast<std::uint8_t>(difference);
  }
}

}  // namespace tokenledger
