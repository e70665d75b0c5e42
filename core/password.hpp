// Password hashes of people: Argon2id (RFC 9106) as libsodium writes it, parameters and salt
// inside.
//
// A password is a string of bytes: it is neither trimmed nor brought into a Unicode normal form, so
// a form must send the same UTF-8 each time (browsers do). Each call takes kPasswordMemoryBytes and
// some 100 ms of one core: never on a thread that serves others, and only a few at once. Any
// thread. Secrets of machines have full entropy and need none of this (core/opaque_token.hpp).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/errc.hpp"

namespace tokenledger {

inline constexpr std::size_t kPasswordBytesMin = 8;      // NIST SP 800-63B §5.1.1.2
inline constexpr std::size_t kPasswordBytesMax = 1'024;  // enough for a sentence in any script
inline constexpr std::uint32_t kPasswordPasses = 2;
inline constexpr std::uint32_t kPasswordMemoryBytes = 64 * 1024 * 1024;
// Hashes from elsewhere may ask for more, up to here; beyond, a damaged record could stop us.
inline constexpr std::uint32_t kPasswordPassesMax = 16;
inline constexpr std::uint32_t kPasswordMemoryBytesMax = 256 * 1024 * 1024;
inline constexpr std::size_t kPasswordHashBytesMax = 127;

// A hash under a fresh salt: visible ASCII, at most kPasswordHashBytesMax. Errc::invalid_argument
// for a password that is too short, Errc::too_large for one that is too long, Errc::crypto_failure
// when there is no memory.
[[nodiscard]] Result<std::string> hash_password(std::string_view password);

// What may be stored and given to check_password: Argon2id, version 19, one lane, parameters within
// the bounds above, 16 bytes of salt and 32 of hash, in one spelling.
[[nodiscard]] bool is_password_hash(std::string_view hash);

enum class PasswordVerdict : std::uint8_t {
  wrong,
  right,
  right_but_outdated,  // made with other parameters: hash it again while the password is at hand
};

// Constant work: an empty `hash` (no such account) costs what a wrong password costs and is
// `wrong`, so the time does not tell which accounts exist. A password out of bounds is `wrong` at
// once; that tells only what the caller knew. Errc::invalid_argument: `hash` is not
// is_password_hash. Errc::crypto_failure: no memory; then nothing is known about the password.
[[nodiscard]] Result<PasswordVerdict> check_password(std::string_view hash,
                                                     std::string_view password);

}  // namespace tokenledger
