// Random bytes from the kernel, fetched in blocks: one system call per token would cost as much as
// the token.
#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace tokenledger {

// Fills `out` with cryptographically secure random bytes. Any thread; each has its own block, whose
// bytes are wiped as they are handed out. A forked child draws a fresh block. Aborts when the
// kernel has no randomness to give.
void fill_random(std::span<std::uint8_t> out);

template <std::size_t size>
[[nodiscard]] std::array<std::uint8_t, size> random_bytes() {
  std::array<std::uint8_t, size> bytes;
  fill_random(bytes);
  return bytes;
}

}  // namespace tokenledger
