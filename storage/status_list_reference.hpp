// The `status` claim of a token. Internal to storage/.
#pragma once

#include <optional>

#include "core/ids.hpp"
#include "core/jwt_claims.hpp"

namespace tokenledger {

class LedgerCore;

// nullopt: status lists are switched off. Known before the token is issued, because it follows from
// the index alone; a token that is refused leaves its place unused. Any thread.
[[nodiscard]] std::optional<StatusListReference> status_reference(const LedgerCore& core,
                                                                  TokenIndex index,
                                                                  Incarnation incarnation);

}  // namespace tokenledger
