// ByteWriter and ByteReader: fixed little-endian fields of our small files, one after the other.
//
// A reader never reads beyond its bytes: the first missing field makes ok() false for good and
// every later field zero, so a decoder checks once, at the end.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace tokenledger {

class ByteWriter {
 public:
  explicit ByteWriter(std::vector<std::uint8_t>& out) noexcept : out_{out} {}
  template <class Integer>
  void integer(Integer value) {
    for (std::size_t at = 0; at < sizeof(Integer); ++at) {
      out_.push_back(static_cast<std::uint8_t>(static_cast<std::uint64_t>(value) >> (8 * at)));
    }
  }
  void bytes(std::span<const std::uint8_t> value) {
    out_.insert(out_.end(), value.begin(), value.end());
  }

 private:
  std::vector<std::uint8_t>& out_;
};

class ByteReader {
 public:
  explicit ByteReader(std::span<const std::uint8_t> in) noexcept : in_{in} {}
  template <class Integer>
  [[nodiscard]] Integer integer() noexcept {
    std::uint64_t value = 0;
    const auto field = bytes(sizeof(Integer));
    for (std::size_t at = 0; at < field.size(); ++at) {
      value |= static_cast<std::uint64_t>(field[at]) << (8 * at);
    }
    return static_cast<Integer>(value);
  }
  // Empty when fewer are left.
  [[nodiscard]] std::span<const std::uint8_t> bytes(std::size_t count) noexcept {
    if (!ok_ || count > in_.size() - at_) {
      ok_ = false;
      return {};
    }
    at_ += count;
    return in_.subspan(at_ - count, count);
  }
  // Fills all of `out`, or leaves it alone when fewer bytes are left.
  void fill(std::span<std::uint8_t> out) noexcept {
    const auto field = bytes(out.size());
    std::copy(field.begin(), field.end(), out.begin());
  }
  [[nodiscard]] bool ok() const noexcept { return ok_; }
  [[nodiscard]] std::size_t position() const noexcept { return at_; }
  [[nodiscard]] std::size_t left() const noexcept { return in_.size() - at_; }

 private:
  std::span<const std::uint8_t> in_;
  std::size_t at_ = 0;
  bool ok_ = true;
};

}  // namespace tokenledger
