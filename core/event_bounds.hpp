// check_event: whether an event may stand in the log, judged by itself alone.
//
// Texts are valid UTF-8 without control characters. The encoder refuses what this refuses and so
// does the decoder, so what is logged always decodes, and an accepted event never exceeds
// kEventBytesMax. Rules that need the state (does this client exist?) are decide's. Pure, any
// thread.
#pragma once

#include <cstdint>

#include "core/errc.hpp"
#include "core/event.hpp"

namespace tokenledger {

inline constexpr std::uint64_t kSequenceMax = (std::uint64_t{1} << 48) - 1;  // IndexEntry

// too_large: a text, list or ciphertext beyond its bound. unsupported_format: a FormatActivated of
// a version above kFormatVersion. invalid_argument: anything else (a number, enum value, text or
// combination that no event may have).
[[nodiscard]] Result<void> check_event(const Event& event);

// The first format version whose programs read this event, by its kind and its fields: 1 or 2. A
// ledger takes it only once that version is active. Of an event that check_event accepts.
[[nodiscard]] std::uint32_t format_needed(const Event& event);
[[nodiscard]] std::uint32_t format_needed(const Payload& payload);

}  // namespace tokenledger
