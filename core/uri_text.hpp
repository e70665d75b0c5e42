// The characters of a URI (RFC 3986 §2), and the escape of everything else. Any thread.
#pragma once

#include <string>
#include <string_view>

namespace tokenledger {

// Letters, digits, '-', '.', '_', '~' (§2.3).
[[nodiscard]] constexpr bool is_uri_unreserved(char letter) noexcept {
  return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
         (letter >= '0' && letter <= '9') || letter == '-' || letter == '.' || letter == '_' ||
         letter == '~';
}

// Only characters that a URI may have, at least one, and in normal form as far as escapes go: every
// '%' begins two hexadecimal digits, and no unreserved character is escaped (§6.2.2.2), so that a
// name has one spelling. Says nothing about the parts.
[[nodiscard]] bool is_uri_text(std::string_view text) noexcept;

// RFC 3986 §4.3, which RFC 8707 §2 asks of `resource`: a scheme, then something else behind the
// colon, and no fragment.
[[nodiscard]] bool is_absolute_uri(std::string_view text) noexcept;

// Appends the text with every byte escaped that is not unreserved: right in the values of a query
// and of a fragment (RFC 6749 appendix B reads '+' and "%20" alike; this writes the latter).
void append_uri_escaped(std::string_view text, std::string& out);

}  // namespace tokenledger
