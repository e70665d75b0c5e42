// fold: applies one event to State. Deterministic: no clock, no randomness, no I/O; time is inside
// the event.
#pragma once

#include "core/errc.hpp"
#include "core/event.hpp"

namespace tokenledger {

class State;
class ValidityIndex;

// Applies `event`, whose seq must be state.last_seq + 1, and leaves what readers must see in
// state.pending.
//
// log_corrupt: the event contradicts the state (it was not decided on this log); the state is then
// unusable. unsupported_format: the event activates a version this program does not know, or has
// what this program has no rules for. Cost: O(1) for all kinds but TokensExpired, which is
// O(tokens named + tokens in retired chunks); what a user has is bounded, and so is ending it all
// (People::apply).
[[nodiscard]] Result<void> fold(State& state, const ValidityIndex& index, const Event& event);

}  // namespace tokenledger
