// UTF-8 as Unicode defines it (table 3-7): no overlong form, no surrogate, nothing above U+10FFFF.
// No allocation; any thread.
#pragma once

#include <cstddef>
#include <string_view>

namespace tokenledger {

// The bytes of the well-formed sequence at the start of a text that is not empty; 0: there is none.
[[nodiscard]] std::size_t utf8_length(std::string_view text) noexcept;

// Every byte belongs to a well-formed sequence; true for an empty text.
[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

}  // namespace tokenledger
