// StateWriter and StateReader: the two directions of core/state_codec.cpp's one description.
//
// Both have the same member functions, so that one template describes a record once and writes as
// it reads. Integers are little-endian; texts and lists have a 32-bit count before them; a flag or
// an enum is one byte. The reader never trusts a count: it fails at the first value that is out of
// range or beyond the end, and then gives zeros. Private to core/.
#pragma once

#include <array>
#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "core/strong_number.hpp"

namespace tokenledger {

static_assert(std::endian::native == std::endian::little, "integers are copied as they stand");

class StateWriter {
 public:
  static constexpr bool kReads = false;
  explicit StateWriter(std::string& out) : out_{out} {}

  template <std::unsigned_integral T>
  void integer(T value) {
    out_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  template <class Tag, class Rep>
  void number(StrongNumber<Tag, Rep> number) {
    integer(number.value());
  }
  template <class Enum>
  void choice(Enum value, Enum, Enum) {
    integer(static_cast<std::uint8_t>(value));
  }
  void flag(bool value) { integer(static_cast<std::uint8_t>(value)); }
  template <std::size_t N>
  void bytes(const std::array<std::uint8_t, N>& value) {
    out_.append(reinterpret_cast<const char*>(value.data()), N);
  }
  void text(const std::string& value, std::size_t, std::size_t) {
    integer(static_cast<std::uint32_t>(value.size()));
    out_.append(value);
  }
  template <class List, class Each>
  void list(const List& items, std::size_t, Each each) {
    count(items.size());
    for (const auto& item : items) each(item);
  }
  // For what is not a plain list: the count, after which the caller writes the items.
  void count(std::size_t count) { integer(static_cast<std::uint32_t>(count)); }

 private:
  std::string& out_;
};

class StateReader {
 public:
  static constexpr bool kReads = true;
  explicit StateReader(std::string_view bytes) : rest_{bytes} {}

  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  void require(bool condition) { ok_ = ok_ && condition; }

  template <std::unsigned_integral T>
  void integer(T& value) {
    value = 0;
    const auto raw = take(sizeof value);
    if (ok_) std::memcpy(&value, raw.data(), sizeof value);
  }
  template <class Tag, class Rep>
  void number(StrongNumber<Tag, Rep>& number) {
    Rep value = 0;
    integer(value);
    number = StrongNumber<Tag, Rep>{value};
  }
  template <class Enum>
  void choice(Enum& value, Enum first, Enum last) {
    std::uint8_t raw = 0;
    integer(raw);
    require(raw >= static_cast<std::uint8_t>(first) && raw <= static_cast<std::uint8_t>(last));
    value = ok_ ? static_cast<Enum>(raw) : first;
  }
  void flag(bool& value) {
    std::uint8_t raw = 0;
    integer(raw);
    require(raw <= 1);
    value = raw == 1;
  }
  template <std::size_t N>
  void bytes(std::array<std::uint8_t, N>& value) {
    const auto raw = take(N);
    if (ok_) std::memcpy(value.data(), raw.data(), N);
  }
  void text(std::string& value, std::size_t bytes_min, std::size_t bytes_max) {
    std::uint32_t size = 0;
    integer(size);
    require(size >= bytes_min && size <= bytes_max);
    value = take(ok_ ? size : 0);
  }
  // Grows the list item by item, so a false count cannot ask for more memory than the bytes behind
  // it do.
  template <class List, class Each>
  void list(List& items, std::size_t count_max, Each each) {
    repeat(count_max, [&] { each(items.emplace_back()); });
  }
  template <class Each>
  void repeat(std::size_t count_max, Each each) {
    std::uint32_t count = 0;
    integer(count);
    require(count <= count_max);
    for (std::uint32_t i = 0; ok_ && i < count; ++i) each();
  }

 private:
  // Nothing of it once the reader has failed.
  std::string_view take(std::size_t size) {
    require(size <= rest_.size());
    if (!ok_) return {};
    const auto taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }

  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace tokenledger
