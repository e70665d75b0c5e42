// The two cookies that our pages set: bytes <-> values (RFC 6265, RFC 6265bis §4.1.3).
//
// A value is 256 random bits in base64url. Nothing else is ever read from a cookie. Any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tokenledger {

inline constexpr std::size_t kCookieValueLength = 43;
// Of one Cookie field; more is no browser (they keep some 180 a site).
inline constexpr std::size_t kCookiesMax = 256;

enum class BrowserCookie : std::uint8_t {
  session,  // who is signed in
  form,     // before that: what the sign-in form's token is bound to
};

// How cookies are kept depends on the issuer. Behind https the names begin with "__Host-": browsers
// take such a cookie only with Secure, for this host alone and from nobody else, so a neighbour
// below the same domain can't plant one. For http, which the issuer of a test ledger has, they are
// plain names.
enum class CookieSite : std::uint8_t { https, http };
[[nodiscard]] CookieSite cookie_site_of(std::string_view issuer) noexcept;

[[nodiscard]] std::string_view cookie_name(BrowserCookie cookie, CookieSite site) noexcept;

// 43 characters from 32 fresh random bytes. A secret: whoever has the session's is signed in.
[[nodiscard]] std::string make_cookie_value();

// The value in a Cookie header field. nullopt, which must mean "nobody is signed in": absent; there
// more than once (somebody planted one of them, and no order says which); not a value that
// make_cookie_value could make; or a field with more than kCookiesMax cookies. Cookies of others,
// however malformed, are passed over, but a field is split at every ';', inside quotes too, as
// servers do (RFC 6265 §4.2).
[[nodiscard]] std::optional<std::string_view> find_cookie(std::string_view cookie_field,
                                                          BrowserCookie cookie, CookieSite site);

// The value of a Set-Cookie field. HttpOnly, SameSite=Lax (a link from the client must find the
// session), Path=/, no Domain, gone with the browser. Requires a value of make_cookie_value.
[[nodiscard]] std::string set_cookie(BrowserCookie cookie, CookieSite site, std::string_view value);
[[nodiscard]] std::string clear_cookie(BrowserCookie cookie, CookieSite site);

}  // namespace tokenledger
