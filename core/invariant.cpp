#include "core/invariant.hpp"

#include <cstdio>
#include <cstdlib>

namespace tokenledger::detail {

// Continuing with broken logic could acknowledge what is not durable, or call a revoked token
// active.
void invariant_failed(const char* condition, const char* file, int line) noexcept {
  std::fprintf(stderr, "tokenledger: invariant failed: %s (%s:%d)\n", condition, file, line);
  std::abort();
}

}  // namespace tokenledger::detail
