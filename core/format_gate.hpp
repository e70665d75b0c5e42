// What may stand in a log while a format version is active: the one rule that decide and fold
// share.
//
// An older program reads a log up to the event that activates the newer format and refuses there,
// so nothing before that event may need the newer one.
#pragma once

#include <cstdint>

#include "core/errc.hpp"
#include "core/event.hpp"

namespace tokenledger {

// `active` is State::format_version; 0, before LedgerCreated, counts as the first version.
// format_not_active: the event needs a newer version.
[[nodiscard]] Result<void> check_format(std::uint32_t active, const Event& event);

}  // namespace tokenledger
