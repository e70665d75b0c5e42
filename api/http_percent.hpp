// Strict percent-decoding, for paths, queries and form bodies (RFC 3986 §2.1).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tokenledger {

// 0..15, or -1 when `digit` is no hexadecimal digit (either case).
[[nodiscard]] int hex_value(char digit) noexcept;

enum class PlusSign : std::uint8_t { is_plus, is_space };  // a space in forms and queries only

// Appends the decoded text. False: a '%' without two hexadecimal digits; `out` is then unspecified.
// Any byte may come out, NUL and broken UTF-8 too: the caller judges the text.
[[nodiscard]] bool append_percent_decoded(std::string& out, std::string_view text, PlusSign plus);

}  // namespace tokenledger
