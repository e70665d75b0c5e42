#include "core/zlib_text.hpp"

#include <zlib.h>

#include <array>
#include <new>

#include "core/invariant.hpp"

namespace tokenledger {
namespace {

constexpr int kMemoryLevel = 9;
constexpr int kZlibWindow = 15;
constexpr int kRawWindow = -15;
constexpr std::size_t kInflateStepBytes = 16 * 1024;

void append_little_endian(std::uint32_t number, int bytes, std::string& out) {
  for (int byte = 0; byte < bytes; ++byte) out += static_cast<char>(number >> (8 * byte));
}

// RFC 1951 §3.2.4: a block that is not compressed, beginning at a byte border.
void append_stored_block(std::string_view text, bool is_last, std::string& out) {
  LEDGER_INVARIANT(text.size() <= kGzipPlainBytesMax);
  out += is_last ? '\1' : '\0';
  const auto length = static_cast<std::uint32_t>(text.size());
  append_little_endian(length, 2, out);
  append_little_endian(~length, 2, out);
  out += text;
}

std::uint32_t crc_of(std::string_view text) noexcept {
  const auto bytes = bytes_of(text);
  return static_cast<std::uint32_t>(crc32_z(0, bytes.data(), bytes.size()));
}

std::uint32_t joined_crc(std::uint32_t first, std::uint32_t second, std::uint64_t length) noexcept {
  return static_cast<std::uint32_t>(crc32_combine(first, second, static_cast<z_off_t>(length)));
}

// `flush` is Z_FINISH for a whole stream, or Z_FULL_FLUSH for blocks that others follow.
Result<std::string> deflate_all(ByteView bytes, ZlibEffort effort, int window, int flush) {
  if (bytes.size() > kZlibInputBytesMax) return Errc::too_large;
  z_stream stream{};
  // It fails for want of memory only: the parameters are constants.
  const int level = effort == ZlibEffort::highest ? Z_BEST_COMPRESSION : 6;
  if (deflateInit2(&stream, level, Z_DEFLATED, window, kMemoryLevel, Z_DEFAULT_STRATEGY) != Z_OK)
    throw std::bad_alloc{};
  std::string out;
  // Room for the flush's empty block beside zlib's own bound.
  out.resize(deflateBound(&stream, bytes.size()) + 16);
  stream.next_in = const_cast<Bytef*>(bytes.data());
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int ended = deflate(&stream, flush);
  LEDGER_INVARIANT(ended == (flush == Z_FINISH ? Z_STREAM_END : Z_OK));
  LEDGER_INVARIANT(stream.avail_in == 0);
  LEDGER_INVARIANT(stream.avail_out != 0);
  out.resize(out.size() - stream.avail_out);
  static_cast<void>(deflateEnd(&stream));  // says that blocks without a last one were dropped
  return out;
}

// Ends zlib's stream whichever way the function is left.
struct InflateEnd {
  z_stream& stream;
  ~InflateEnd() { static_cast<void>(inflateEnd(&stream)); }
};

}  // namespace

Result<std::string> zlib_compress(ByteView bytes, ZlibEffort effort) {
  return deflate_all(bytes, effort, kZlibWindow, Z_FINISH);
}

Result<std::string> zlib_inflate(ByteView stream_bytes, std::size_t bytes_max) {
  if (stream_bytes.size() > kZlibInputBytesMax) return Errc::too_large;
  z_stream stream{};
  if (inflateInit2(&stream, kZlibWindow) != Z_OK) throw std::bad_alloc{};
  const InflateEnd ends{stream};
  stream.next_in = const_cast<Bytef*>(stream_bytes.data());
  stream.avail_in = static_cast<uInt>(stream_bytes.size());
  std::string out;
  std::array<char, kInflateStepBytes> step;
  for (;;) {
    stream.next_out = reinterpret_cast<Bytef*>(step.data());
    stream.avail_out = static_cast<uInt>(step.size());
    const int went = inflate(&stream, Z_NO_FLUSH);
    const std::size_t made = step.size() - stream.avail_out;
    if (made > bytes_max - out.size()) return Errc::too_large;
    out.append(step.data(), made);
    if (went == Z_STREAM_END) break;
    // Z_BUF_ERROR: it wants more than there is.
    if (went != Z_OK) return Errc::malformed_token;
  }
  if (stream.avail_in != 0) return Errc::malformed_token;
  return out;
}

Result<DeflatedText> deflate_text(std::string_view text) {
  auto bytes = deflate_all(bytes_of(text), ZlibEffort::usual, kRawWindow, Z_FULL_FLUSH);
  if (!bytes) return bytes.error();
  return DeflatedText{std::move(*bytes), crc_of(text), text.size()};
}

std::string gzip_joined(std::string_view head, const DeflatedText& middle, std::string_view tail) {
  constexpr std::string_view kHeader{"\x1f\x8b\x08\0\0\0\0\0\2\xff", 10};
  constexpr std::size_t kFramingBytes = 2 * 5 + 8;  // two stored blocks and the trailer
  std::string out;
  out.reserve(kHeader.size() + head.size() + middle.bytes.size() + tail.size() + kFramingBytes);
  out += kHeader;
  append_stored_block(head, false, out);
  out += middle.bytes;
  append_stored_block(tail, true, out);
  const auto crc =
      joined_crc(joined_crc(crc_of(head), middle.crc, middle.length), crc_of(tail), tail.size());
  append_little_endian(crc, 4, out);
  append_little_endian(static_cast<std::uint32_t>(head.size() + middle.length + tail.size()), 4,
                       out);
  return out;
}

}  // namespace tokenledger
