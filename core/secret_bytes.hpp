// SecretBytes: bytes of a key or secret, overwritten when they are destroyed or moved away. Move
// only, never printed.
#pragma once

#include <utility>
#include <vector>

#include "core/byte_view.hpp"
#include "core/sha256.hpp"

namespace tokenledger {

class SecretBytes {
 public:
  SecretBytes() = default;
  explicit SecretBytes(std::size_t count) : bytes_(count) {}
  explicit SecretBytes(ByteView bytes) : bytes_(bytes.begin(), bytes.end()) {}
  SecretBytes(SecretBytes&& other) noexcept : bytes_{std::exchange(other.bytes_, {})} {}
  SecretBytes& operator=(SecretBytes&& other) noexcept {
    if (this == &other) return *this;
    wipe(bytes_);
    bytes_ = std::exchange(other.bytes_, {});
    return *this;
  }
  ~SecretBytes() { wipe(bytes_); }

  [[nodiscard]] ByteView view() const noexcept { return bytes_; }
  [[nodiscard]] std::span<std::uint8_t> writable() noexcept { return bytes_; }
  [[nodiscard]] std::size_t size() const noexcept { return bytes_.size(); }

 private:
  std::vector<std::uint8_t> bytes_;  // never resized: a reallocation would leave a copy behind
};

}  // namespace tokenledger
