#include "core/crc32.hpp"

#include <array>

namespace tokenledger {
namespace {

// Eight bytes per step: one byte at a time costs 60 ns for an opaque token, more than the rest of
// reading it.
constexpr std::size_t kStepBytes = 8;
using Tables = std::array<std::array<std::uint32_t, 256>, kStepBytes>;

constexpr Tables make_tables() {
  Tables tables{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t remainder = byte;
    for (int bit = 0; bit < 8; ++bit)
      remainder = remainder >> 1 ^ (remainder & 1 ? 0xEDB88320u : 0);
    tables[0][byte] = remainder;
  }
  // tables[n][byte]: the byte followed by n zero bytes.
  for (std::size_t n = 1; n < kStepBytes; ++n)
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
      const std::uint32_t before = tables[n - 1][byte];
      tables[n][byte] = before >> 8 ^ tables[0][before & 0xFF];
    }
  return tables;
}
constexpr Tables kTables = make_tables();

std::uint32_t load_little_endian(const std::uint8_t* in) noexcept {
  return std::uint32_t{in[0]} | std::uint32_t{in[1]} << 8 | std::uint32_t{in[2]} << 16 |
         std::uint32_t{in[3]} << 24;
}

}  // namespace

std::uint32_t crc32_of(ByteView bytes, std::uint32_t seed) noexcept {
  const std::uint8_t* in = bytes.data();
  std::size_t left = bytes.size();
  std::uint32_t crc = ~seed;
  for (; left >= kStepBytes; left -= kStepBytes, in += kStepBytes) {
    const std::uint32_t low = load_little_endian(in) ^ crc;
    const std::uint32_t high = load_little_endian(in + 4);
    crc = kTables[7][low & 0xFF] ^ kTables[6][low >> 8 & 0xFF] ^ kTables[5][low >> 16 & 0xFF] ^
          kTables[4][low >> 24] ^ kTables[3][high & 0xFF] ^ kTables[2][high >> 8 & 0xFF] ^
          kTables[1][high >> 16 & 0xFF] ^ kTables[0][high >> 24];
  }
  for (; left > 0; --left, ++in) crc = crc >> 8 ^ kTables[0][(crc ^ *in) & 0xFF];
  return ~crc;
}

}  // namespace tokenledger
