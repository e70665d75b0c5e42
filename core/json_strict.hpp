// Strict JSON (RFC 8259) for whatever comes from outside.
//
// Refused beyond what the grammar refuses: a member name twice in one object at any level (two
// readers would see two values, RFC 7515 §4), text that is not UTF-8, a byte order mark, numbers
// too big for a double, nesting deeper than kJsonDepthMax, anything after the value. Any thread.
// Include <boost/json/value.hpp> where you use it.
#pragma once

#include <boost/json/fwd.hpp>
#include <string_view>

#include "core/errc.hpp"

namespace tokenledger {

inline constexpr std::size_t kJsonDepthMax = 32;
inline constexpr std::size_t kJsonBytesMax = 1024 * 1024;  // the largest request body there is

// Errc::too_large beyond kJsonBytesMax, else Errc::invalid_argument. Time is bounded by
// n log n whatever the names are: duplicates are found by sorting, not by hashing.
[[nodiscard]] Result<boost::json::value> parse_json_strict(std::string_view text);

}  // namespace tokenledger
