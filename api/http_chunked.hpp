// ChunkedDecoder undoes the chunked transfer coding (RFC 9112 §7.1), a byte at a time.
//
// The decoded bytes never run ahead of the coded ones, so both may share one buffer. Whatever way
// the input is cut, the outcome is the same. Stricter than the RFC: trailer fields are refused
// (nothing of ours needs one, and a trailer that looks like a header invites confusion), and a
// chunk's extensions are skipped but bounded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tokenledger {

class ChunkedDecoder {
 public:
  enum class Status : std::uint8_t { need_more, complete, malformed, too_large };
  struct Progress {
    Status status;
    std::size_t consumed;  // coded bytes used up; all of them on need_more
    std::size_t produced;  // decoded bytes written to `out`
  };

  static constexpr std::size_t kExtensionBytesMax = 256;  // of one chunk
  // Bounds the work of a body cut into very small chunks: 16 coded bytes for each decoded one.
  static constexpr std::size_t kOverheadBytesPerByteMax = 16;

  // body_bytes_max: of the decoded body.
  explicit ChunkedDecoder(std::size_t body_bytes_max) : body_bytes_max_{body_bytes_max} {}

  // Writes to `out`, which may be at or before coded.data() in the same buffer. Not to be called
  // again after anything but need_more.
  [[nodiscard]] Progress decode(std::string_view coded, char* out);

  [[nodiscard]] std::size_t body_bytes() const noexcept { return body_bytes_; }

 private:
  enum class State : std::uint8_t {
    size_first,
    size_more,
    extension,
    size_line_feed,
    data,
    data_return,
    data_line_feed,
    end_return,
    end_line_feed,
  };
  [[nodiscard]] Status step(char byte);
  [[nodiscard]] Status add_digit(char byte);
  [[nodiscard]] Status end_of_size(char byte);

  std::size_t body_bytes_max_;
  std::size_t body_bytes_ = 0;
  std::size_t overhead_bytes_ = 0;
  std::uint64_t chunk_bytes_ = 0;  // being read, then left in this chunk
  std::size_t extension_bytes_ = 0;
  State state_ = State::size_first;
};

}  // namespace tokenledger
