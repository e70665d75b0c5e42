// decide: answers a command with events or a rejection. Pure, deterministic, total; the one
// authority for every rule.
#pragma once

#include <optional>
#include <vector>

#include "core/command.hpp"
#include "core/errc.hpp"

namespace tokenledger {

class State;
class ValidityIndex;

struct Decision {
  // Set when this Idempotency-Key was seen with the same body: the first event of the earlier
  // result. Nothing is written then.
  std::optional<Sequence> earlier;
  // Set when the command is refused and yet wrote events: what a misuse ended stays ended (an
  // authorization code or a refresh token that came twice). They are to be folded and made durable
  // as those of any command before the caller hears the refusal.
  std::optional<Errc> refusal;
};

// Appends the command's events to `out` with seq state.last_seq + 1.. and recorded_at now, now + 1,
// .. `now` must be above state.last_recorded_at. On a rejection `out` is unchanged. The caller
// folds each event before it decides the next command, with a refusal too.
[[nodiscard]] Result<Decision> decide(const State& state, const ValidityIndex& index,
                                      const Command& command, LedgerTime now,
                                      std::vector<Event>& out);

// What decide() says of a CreateApi's own values, before it looks at the actor's power or at what
// exists: for callers that prepare something costly first.
[[nodiscard]] Result<void> check_values(const CreateApi& create);

}  // namespace tokenledger
