// UTF-8, as far as an API needs it (Unicode 15, table 3-7).
#pragma once

#include <cstddef>
#include <string_view>

namespace tokenledger {

// The size in bytes of the well-formed sequence that begins `text`; 0 when it is broken. Requires a
// non-empty text. Surrogates, overlong forms and values above U+10FFFF are broken.
[[nodiscard]] std::size_t utf8_sequence_bytes(std::string_view text) noexcept;

[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

}  // namespace tokenledger
