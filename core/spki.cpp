#include "core/spki.hpp"

#include <array>

namespace tokenledger {
namespace {

using Der = std::vector<std::uint8_t>;

constexpr std::size_t kModulusBytesMax = 512;
constexpr std::size_t kExponentBytesMax = 4;
constexpr std::uint32_t kExponentMin = 65'537;
constexpr std::size_t kCoordinateBytes = 32;

constexpr std::uint8_t kInteger = 0x02;
constexpr std::uint8_t kBitString = 0x03;
constexpr std::uint8_t kSequence = 0x30;

// rsaEncryption with NULL parameters; id-ecPublicKey with prime256v1.
constexpr std::uint8_t kRsaIdentifier[] = {0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
                                           0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00};
constexpr std::uint8_t kP256Identifier[] = {0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
                                            0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
                                            0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};

// Tag, length (X.690 §8.1.3, at most two bytes of it here), contents.
void append_value(std::uint8_t tag, ByteView contents, Der& out) {
  out.push_back(tag);
  if (contents.size() >= 0x100) {
    out.insert(out.end(), {0x82, static_cast<std::uint8_t>(contents.size() >> 8)});
  } else if (contents.size() >= 0x80) {
    out.push_back(0x81);
  }
  out.push_back(static_cast<std::uint8_t>(contents.size()));
  out.insert(out.end(), contents.begin(), contents.end());
}

// A leading zero keeps a number positive whose highest bit is set.
void append_number(ByteView number, Der& out) {
  Der contents;
  if ((number.front() & 0x80) != 0) contents.push_back(0);
  contents.insert(contents.end(), number.begin(), number.end());
  append_value(kInteger, contents, out);
}

Der wrap(ByteView identifier, ByteView key) {
  Der bits{0};  // no unused bits
  bits.insert(bits.end(), key.begin(), key.end());
  Der contents{identifier.begin(), identifier.end()};
  append_value(kBitString, bits, contents);
  Der out;
  append_value(kSequence, contents, out);
  return out;
}

bool is_odd_number(ByteView number, std::size_t bytes_max) noexcept {
  return !number.empty() && number.size() <= bytes_max && number.front() != 0 &&
         (number.back() & 1) != 0;
}

}  // namespace

Result<Der> rsa_spki(ByteView modulus, ByteView exponent) {
  if (!is_odd_number(modulus, kModulusBytesMax) || !is_odd_number(exponent, kExponentBytesMax))
    return Errc::invalid_argument;
  std::uint32_t value = 0;
  for (const auto byte : exponent) value = value << 8 | byte;
  if (value < kExponentMin) return Errc::invalid_argument;
  Der numbers;
  append_number(modulus, numbers);
  append_number(exponent, numbers);
  Der key;
  append_value(kSequence, numbers, key);
  return wrap(kRsaIdentifier, key);
}

Result<Der> p256_spki(ByteView x, ByteView y) {
  if (x.size() != kCoordinateBytes || y.size() != kCoordinateBytes) return Errc::invalid_argument;
  Der point{0x04};  // uncompressed (SEC 1 §2.3.3)
  point.insert(point.end(), x.begin(), x.end());
  point.insert(point.end(), y.begin(), y.end());
  return wrap(kP256Identifier, point);
}

}  // namespace tokenledger
