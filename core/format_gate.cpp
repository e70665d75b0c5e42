#include "core/format_gate.hpp"

#include <algorithm>

#include "core/event_bounds.hpp"

namespace tokenledger {

Result<void> check_format(std::uint32_t active, const Event& event) {
  return format_needed(event) > std::max(active, kFormatVersionFirst) ? Errc::format_not_active
                                                                      : Result<void>{};
}

}  // namespace tokenledger
