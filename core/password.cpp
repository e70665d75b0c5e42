#include "core/password.hpp"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <optional>

#include "core/base64url.hpp"
#include "core/sha256.hpp"

namespace tokenledger {
namespace {

// hash   = "$argon2id$v=19$m=" KiB ",t=" passes ",p=1$" salt "$" tag
// salt and tag are base64 without padding
constexpr std::string_view kStart = "$argon2id$v=19$m=";
constexpr std::size_t kSaltBytes = 16;
constexpr std::size_t kTagBytes = 32;
constexpr std::uint32_t kKib = 1024;
static_assert(kSaltBytes == crypto_pwhash_SALTBYTES);
static_assert(kPasswordHashBytesMax + 1 == crypto_pwhash_STRBYTES);

using Tag = std::array<std::uint8_t, kTagBytes>;
struct Argon2id {
  std::uint32_t memory_kib = kPasswordMemoryBytes / kKib;
  std::uint32_t passes = kPasswordPasses;
  std::array<std::uint8_t, kSaltBytes> salt{};
  Tag tag{};
};

// Takes a decimal number without leading zeros, 1 to `greatest`, and `end` behind it off the front.
std::optional<std::uint32_t> take_number(std::string_view& text, std::uint32_t greatest,
                                         std::string_view end) noexcept {
  std::uint32_t number = 0;
  std::size_t digits = 0;
  for (; digits < text.size() && text[digits] >= '0' && text[digits] <= '9'; ++digits) {
    number = number * 10 + static_cast<std::uint32_t>(text[digits] - '0');
    if (number == 0 || number > greatest) return std::nullopt;
  }
  text.remove_prefix(digits);
  if (digits == 0 || !text.starts_with(end)) return std::nullopt;
  text.remove_prefix(end.size());
  return number;
}

template <std::size_t kCount>
bool read_base64(std::string_view text, std::array<std::uint8_t, kCount>& out) {
  if (text.size() != base64url_length(kCount)) return false;
  std::string padded{text};
  padded.append((4 - text.size() % 4) % 4, '=');
  const auto bytes = base64_decode(padded);
  if (!bytes) return false;
  std::ranges::copy(bytes_of(*bytes), out.begin());
  return true;
}

std::optional<Argon2id> read_hash(std::string_view hash) {
  if (hash.size() > kPasswordHashBytesMax || !hash.starts_with(kStart)) return std::nullopt;
  hash.remove_prefix(kStart.size());
  const auto memory_kib = take_number(hash, kPasswordMemoryBytesMax / kKib, ",t=");
  if (!memory_kib || *memory_kib < crypto_pwhash_MEMLIMIT_MIN / kKib) return std::nullopt;
  const auto passes = take_number(hash, kPasswordPassesMax, ",p=");
  if (!passes || !take_number(hash, 1, "$")) return std::nullopt;
  Argon2id parts{.memory_kib = *memory_kib, .passes = *passes};
  const std::size_t dollar = hash.find('$');
  if (dollar == std::string_view::npos || !read_base64(hash.substr(0, dollar), parts.salt) ||
      !read_base64(hash.substr(dollar + 1), parts.tag))
    return std::nullopt;
  return parts;
}

bool is_in_bounds(std::string_view password) noexcept {
  return password.size() >= kPasswordBytesMin && password.size() <= kPasswordBytesMax;
}

}  // namespace

Result<std::string> hash_password(std::string_view password) {
  if (password.size() > kPasswordBytesMax) return Errc::too_large;
  if (!is_in_bounds(password)) return Errc::invalid_argument;
  std::array<char, crypto_pwhash_STRBYTES> text{};
  if (sodium_init() < 0 ||
      crypto_pwhash_str_alg(text.data(), password.data(), password.size(), kPasswordPasses,
                            kPasswordMemoryBytes, crypto_pwhash_ALG_ARGON2ID13) != 0)
    return Errc::crypto_failure;
  return std::string{text.data()};
}

bool is_password_hash(std::string_view hash) { return read_hash(hash).has_value(); }

// crypto_pwhash_str_verify can't be used: it says "wrong" when there is no memory.
Result<PasswordVerdict> check_password(std::string_view hash, std::string_view password) {
  const bool is_known = !hash.empty();
  const auto stored = is_known ? read_hash(hash) : Argon2id{};
  if (!stored) return Errc::invalid_argument;
  if (!is_in_bounds(password)) return PasswordVerdict::wrong;
  Tag tag;
  if (sodium_init() < 0 ||
      crypto_pwhash(tag.data(), tag.size(), password.data(), password.size(), stored->salt.data(),
                    stored->passes, std::size_t{stored->memory_kib} * kKib,
                    crypto_pwhash_ALG_ARGON2ID13) != 0)
    return Errc::crypto_failure;
  const bool matches = equal_constant_time(tag, stored->tag) && is_known;
  wipe(tag);
  if (!matches) return PasswordVerdict::wrong;
  const Argon2id current;
  return stored->memory_kib == current.memory_kib && stored->passes == current.passes
             ? PasswordVerdict::right
             : PasswordVerdict::right_but_outdated;
}

}  // namespace tokenledger
