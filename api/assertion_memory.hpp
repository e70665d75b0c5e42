// AssertionMemory: each client assertion proves who a client is once (RFC 7523 §3 point 7).
//
// An id is remembered until its assertion expires, as a keyed hash. Memory only and bounded
// (INV-7); when it is full new assertions are refused, never old ids forgotten. What was used
// before a restart is not remembered, so assertions that may have been used then are refused by
// their `iat`. Threads: any; one short lock.
#pragma once

#include <cstdint>
#include <memory>

#include "core/client_assertion.hpp"
#include "core/ids.hpp"

namespace tokenledger {

inline constexpr std::size_t kAssertionIdsMax = 65'536;
inline constexpr std::size_t kAssertionIdsPerClientMax = 4'096;

enum class AssertionUse : std::uint8_t {
  first,           // and remembered from now on
  replayed,        // invalid_client
  from_before_us,  // it may have been used before this process began: invalid_client
  too_many,        // 429: this client's share or the whole table is full until some expire
};

class AssertionMemory {
 public:
  // Assertions made before `accepts_from` are refused. The moment this process began, rounded up,
  // is right as long as clients' clocks are not ahead of ours: an assertion dated s seconds ahead
  // that was used just before a restart could be used again in the s seconds behind it. Who wants
  // to exclude that adds kAssertionSkewSecondsMax, and refuses everybody as long.
  explicit AssertionMemory(UnixSeconds accepts_from);
  ~AssertionMemory();
  AssertionMemory(const AssertionMemory&) = delete;
  AssertionMemory& operator=(const AssertionMemory&) = delete;

  // For an assertion that verify_client_assertion accepted just now, of this client. Without an
  // `iat` the assertion may be as old as its `exp` lets it: kAssertionLifetimeSecondsMax before
  // that. Of any number of callers with the same assertion one hears `first`.
  [[nodiscard]] AssertionUse use(ClientNumber client, const VerifiedAssertion& assertion,
                                 UnixSeconds now);

  // Ids remembered, expired ones that were not dropped yet among them.
  [[nodiscard]] std::size_t size() const;

 private:
  class Table;
  const UnixSeconds accepts_from_;
  std::unique_ptr<Table> table_;
};

}  // namespace tokenledger
