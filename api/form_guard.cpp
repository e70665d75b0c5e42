#include "api/form_guard.hpp"

#include <algorithm>
#include <array>

#include "core/base64url.hpp"
#include "core/sha256.hpp"
#include "storage/random.hpp"

namespace tokenledger {
namespace {

constexpr std::size_t kKeyBytes = 32;

}  // namespace

FormGuard::FormGuard() : key_{kKeyBytes} { fill_random(key_.writable()); }

// message = purpose (1) || SHA-256 of the cookie (32) || SHA-256 of the request (32)
std::string FormGuard::token_for(const Form& form) const {
  std::array<std::uint8_t, 1 + 2 * sizeof(Digest)> message;
  message[0] = static_cast<std::uint8_t>(form.purpose);
  const auto cookie_end = std::ranges::copy(sha256(form.cookie), message.begin() + 1).out;
  std::ranges::copy(sha256(form.request), cookie_end);
  return base64url_encode(hmac_sha256(key_.view(), message));
}

bool FormGuard::is_genuine(const Form& form, std::string_view token) const {
  if (form.cookie.empty()) return false;
  const std::string wanted = token_for(form);
  return equal_constant_time(bytes_of(wanted), bytes_of(token));
}

}  // namespace tokenledger
