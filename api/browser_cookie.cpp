#include "api/browser_cookie.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include "core/base64url.hpp"
#include "core/invariant.hpp"
#include "core/sha256.hpp"
#include "storage/random.hpp"

namespace tokenledger {
namespace {

constexpr std::size_t kCookieValueBytes = 32;
static_assert(base64url_length(kCookieValueBytes) == kCookieValueLength);

bool is_cookie_value(std::string_view text) noexcept {
  std::array<std::uint8_t, kCookieValueBytes> bytes;
  const bool is_one = text.size() == kCookieValueLength && base64url_decode_to(text, bytes.data());
  wipe(bytes);
  return is_one;
}

// RFC 6265 §5.2 strips spaces and tabs.
std::string_view trimmed(std::string_view text) noexcept {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::string cookie_line(BrowserCookie cookie, CookieSite site, std::string_view value) {
  std::string line{cookie_name(cookie, site)};
  line += '=';
  line += value;
  line += "; Path=/";
  if (site == CookieSite::https) line += "; Secure";
  line += "; HttpOnly; SameSite=Lax";
  return line;
}

}  // namespace

CookieSite cookie_site_of(std::string_view issuer) noexcept {
  constexpr std::string_view kHttp = "http://";
  return issuer.starts_with(kHttp) ? CookieSite::http : CookieSite::https;
}

std::string_view cookie_name(BrowserCookie cookie, CookieSite site) noexcept {
  const bool is_session = cookie == BrowserCookie::session;
  if (site == CookieSite::http) return is_session ? "tl_session" : "tl_form";
  return is_session ? "__Host-tl_session" : "__Host-tl_form";
}

std::string make_cookie_value() {
  auto bytes = random_bytes<kCookieValueBytes>();
  std::string text = base64url_encode(bytes);
  wipe(bytes);
  return text;
}

std::optional<std::string_view> find_cookie(std::string_view cookie_field, BrowserCookie cookie,
                                            CookieSite site) {
  const auto wanted = cookie_name(cookie, site);
  std::optional<std::string_view> found;
  std::size_t count = 0;
  while (!cookie_field.empty()) {
    if (++count > kCookiesMax) return std::nullopt;
    const auto pair = cookie_field.substr(0, cookie_field.find(';'));
    cookie_field.remove_prefix(std::min(pair.size() + 1, cookie_field.size()));
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos || trimmed(pair.substr(0, equals)) != wanted) continue;
    if (found) return std::nullopt;
    found = trimmed(pair.substr(equals + 1));
  }
  if (!found || !is_cookie_value(*found)) return std::nullopt;
  return found;
}

std::string set_cookie(BrowserCookie cookie, CookieSite site, std::string_view value) {
  LEDGER_INVARIANT(is_cookie_value(value));
  return cookie_line(cookie, site, value);
}

std::string clear_cookie(BrowserCookie cookie, CookieSite site) {
  return cookie_line(cookie, site, {}) + "; Max-Age=0";
}

}  // namespace tokenledger
