// Aes128: one AES-128 block (FIPS 197) there and back, for sealing ids. Not a cipher for messages.
//
// Immutable after construction, so any thread may use it. No allocation per call with AES
// instructions (about 10 ns); the portable way keeps one OpenSSL context per thread (about 150 ns).
#pragma once

#include <array>
#include <cstdint>

namespace tokenledger {

class Aes128 {
 public:
  static constexpr std::size_t kKeyBytes = 16;
  using Key = std::array<std::uint8_t, kKeyBytes>;
  using Block = std::array<std::uint8_t, 16>;

  // `best` asks the processor once; `portable` exists so that tests can compare the two.
  enum class Implementation : std::uint8_t { best, portable };

  explicit Aes128(const Key& key, Implementation implementation = Implementation::best) noexcept;
  ~Aes128();  // wipes the key
  Aes128(const Aes128&) = default;
  Aes128& operator=(const Aes128&) = default;

  [[nodiscard]] Block encrypt(const Block& block) const noexcept;
  [[nodiscard]] Block decrypt(const Block& block) const noexcept;

 private:
  static constexpr std::size_t kRoundKeys = 11;
  using Schedule = std::array<Block, kRoundKeys>;

  Key key_;
  bool has_instructions_ = false;
  alignas(16) Schedule encrypting_{};  // filled only with instructions
  alignas(16) Schedule decrypting_{};
};

}  // namespace tokenledger
