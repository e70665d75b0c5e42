// When a ledger may go over to a newer format version: the rule that decide and fold share.
//
// A ledger begins with kFormatVersionFirst whatever program made it, and moves only by a
// FormatActivated event. Until that event stands in its log, decide must not emit what a program
// of the active version could not read. That is the log alone: a newer program may write the
// keyring in a newer version from its first start on, and the older one then refuses the directory.
#pragma once

#include <cstdint>

#include "core/errc.hpp"

namespace tokenledger {

struct FormatActivation {
  std::uint32_t active = 0;  // State::format_version
  std::uint32_t wanted = 0;
  std::uint32_t known = 0;  // the newest that this program reads and writes: kFormatVersion
};

// unsupported_format: beyond this program. already_in_state: not above the active one, so nothing
// would change; formats never go back.
[[nodiscard]] inline Result<void> check_activation(const FormatActivation& activation) {
  if (activation.wanted > activation.known) return Errc::unsupported_format;
  if (activation.wanted <= activation.active) return Errc::already_in_state;
  return {};
}

}  // namespace tokenledger
