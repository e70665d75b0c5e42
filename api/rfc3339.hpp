// RFC 3339 times for /v1 (in OAuth answers times are NumericDates).
//
// Years 1970 to 2106: what UnixSeconds can hold.
#pragma once

#include <string>
#include <string_view>

#include "core/errc.hpp"
#include "core/ids.hpp"

namespace tokenledger {

// "2026-02-03T04:05:06Z".
[[nodiscard]] std::string format_rfc3339(UnixSeconds time);
// The same with nine digits after the second: "2026-02-03T04:05:06.000000007Z". Ledger times are
// exact to the nanosecond and compare as text.
[[nodiscard]] std::string format_rfc3339(LedgerTime time);
void append_rfc3339(std::string& out, UnixSeconds time);
void append_rfc3339(std::string& out, LedgerTime time);

// A date and time with 'Z' or an offset (RFC 3339 §5.6); up to nine digits of a second, further
// ones are refused. invalid_argument: malformed, no such day, a leap second, or out of range.
[[nodiscard]] Result<LedgerTime> parse_rfc3339(std::string_view text);

// Also a bare date, "2026-02-03": the last second of that day in UTC, so that what expires then
// shows the date that was asked for. A fraction of a second is dropped.
[[nodiscard]] Result<UnixSeconds> parse_rfc3339_or_date(std::string_view text);

}  // namespace tokenledger
