// What is said of an exception that nobody expected.
#pragma once

#include <string_view>

namespace tokenledger {

// Inside a catch block: logs that `what` threw. Only the exception's type is named, because its
// text may hold what a caller sent (INV-5). Never throws, also when there is no memory for the
// line. Threads: any.
void log_current_exception(std::string_view what, std::string_view request_id = {}) noexcept;

}  // namespace tokenledger
