// zlib: what status lists are compressed with (RFC 1950), and gzip bodies put together from parts
// that were compressed before (RFC 1951, RFC 1952).
//
// Pure functions; any thread. Compressed bytes differ between versions of zlib: compare what they
// inflate to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/byte_view.hpp"
#include "core/errc.hpp"

namespace tokenledger {

enum class ZlibEffort : std::uint8_t {
  usual,    // zlib's level 6
  highest,  // 9: a list of 2^20 bits of which 1 % are set gets 13 % shorter and takes 15 times as
            // long
};
// A zlib stream. too_large: beyond kZlibInputBytesMax.
inline constexpr std::size_t kZlibInputBytesMax = std::size_t{64} << 20;
[[nodiscard]] Result<std::string> zlib_compress(ByteView bytes, ZlibEffort effort);

// What one whole zlib stream holds. malformed_token: raw DEFLATE, gzip, a wrong checksum, an end
// too early, or anything behind the end. too_large: more than `bytes_max` would come out, of which
// nothing is kept.
[[nodiscard]] Result<std::string> zlib_inflate(ByteView stream, std::size_t bytes_max);

// Text compressed so that other text may stand before and behind it in one gzip body.
struct DeflatedText {
  std::string bytes;         // whole DEFLATE blocks, none of them the last, up to a byte border
  std::uint32_t crc = 0;     // CRC-32 of the text
  std::uint64_t length = 0;  // of the text
};
[[nodiscard]] Result<DeflatedText> deflate_text(std::string_view text);

// A gzip body (RFC 1952) of head, middle and tail one after another. Costs a copy and the checksums
// of head and tail, which stand in it as they are; each has at most kGzipPlainBytesMax bytes.
inline constexpr std::size_t kGzipPlainBytesMax = 65'535;
[[nodiscard]] std::string gzip_joined(std::string_view head, const DeflatedText& middle,
                                      std::string_view tail);

}  // namespace tokenledger
