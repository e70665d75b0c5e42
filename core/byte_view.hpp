// ByteView: bytes somebody else owns. text and bytes are the same memory seen two ways.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace tokenledger {

using ByteView = std::span<const std::uint8_t>;

[[nodiscard]] inline ByteView bytes_of(std::string_view text) noexcept {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
[[nodiscard]] inline std::string_view text_of(ByteView bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace tokenledger
