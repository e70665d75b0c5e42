// LEDGER_INVARIANT checks our own logic, in every build; never the outside world (that is data:
// return an Errc).
#pragma once

namespace tokenledger::detail {
[[noreturn]] void invariant_failed(const char* condition, const char* file, int line) noexcept;
}

#define LEDGER_INVARIANT(condition)                                            \
  do {                                                                         \
    if (!(condition)) [[unlikely]]                                             \
      ::tokenledger::detail::invariant_failed(#condition, __FILE__, __LINE__); \
  } while (false)
