#include "api/http_chunked.hpp"

#include <algorithm>
#include <cstring>

#include "api/http_percent.hpp"

namespace tokenledger {
namespace {

bool is_control(char byte) noexcept {
  const auto value = static_cast<unsigned char>(byte);
  return (value < 0x20 && byte != '\t') || value == 0x7f;
}

}  // namespace

ChunkedDecoder::Progress ChunkedDecoder::decode(std::string_view coded, char* out) {
  Progress progress{Status::need_more, 0, 0};
  while (progress.consumed < coded.size() && progress.status == Status::need_more) {
    if (state_ == State::data) {
      const auto count = std::min<std::uint64_t>(chunk_bytes_, coded.size() - progress.consumed);
      std::memmove(out + progress.produced, coded.data() + progress.consumed, count);
      progress.consumed += count;
      progress.produced += count;
      chunk_bytes_ -= count;
      if (chunk_bytes_ == 0) state_ = State::data_return;
      continue;
    }
    progress.status = step(coded[progress.consumed++]);
    if (++overhead_bytes_ > kOverheadBytesPerByteMax * (body_bytes_ + kExtensionBytesMax) &&
        progress.status == Status::need_more)
      progress.status = Status::too_large;
  }
  return progress;
}

// One byte of the coding itself, never of the data.
ChunkedDecoder::Status ChunkedDecoder::step(char byte) {
  switch (state_) {
    case State::size_first:
      chunk_bytes_ = 0;
      extension_bytes_ = 0;
      state_ = State::size_more;
      return hex_value(byte) < 0 ? Status::malformed : add_digit(byte);
    case State::size_more:
      if (hex_value(byte) >= 0) return add_digit(byte);
      return end_of_size(byte);
    case State::extension:
      if (byte == '\r') return end_of_size(byte);
      if (is_control(byte)) return Status::malformed;
      return ++extension_bytes_ > kExtensionBytesMax ? Status::too_large : Status::need_more;
    case State::size_line_feed:
      if (byte != '\n') return Status::malformed;
      state_ = chunk_bytes_ == 0 ? State::end_return : State::data;
      body_bytes_ += chunk_bytes_;
      return Status::need_more;
    case State::data: break;  // decode() handles it
    case State::data_return:
      state_ = State::data_line_feed;
      return byte == '\r' ? Status::need_more : Status::malformed;
    case State::data_line_feed:
      state_ = State::size_first;
      return byte == '\n' ? Status::need_more : Status::malformed;
    case State::end_return:
      state_ = State::end_line_feed;
      return byte == '\r' ? Status::need_more : Status::malformed;
    case State::end_line_feed: return byte == '\n' ? Status::complete : Status::malformed;
  }
  return Status::malformed;
}

ChunkedDecoder::Status ChunkedDecoder::add_digit(char byte) {
  // No overflow: the value was at most body_bytes_max_ before this digit.
  chunk_bytes_ = chunk_bytes_ * 16 + static_cast<std::uint64_t>(hex_value(byte));
  return chunk_bytes_ > body_bytes_max_ - body_bytes_ ? Status::too_large : Status::need_more;
}

ChunkedDecoder::Status ChunkedDecoder::end_of_size(char byte) {
  if (byte == '\r') {
    state_ = State::size_line_feed;
    return Status::need_more;
  }
  state_ = State::extension;
  return byte == ';' || byte == ' ' || byte == '\t' ? Status::need_more : Status::malformed;
}

}  // namespace tokenledger
