// DenialReason: in one word, why credentials were refused or a token was found not good (A24).
//
// For the access log and /metrics only: whoever sent them is told less. The words are label values,
// so the set is bounded and says nothing about whom. Threads: plain values; DenialCounters: any.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tokenledger {

enum class DenialReason : std::uint8_t {
  none,
  no_credentials,  // nothing that names a token was sent
  malformed,       // not a token of any kind we make
  unknown,         // never issued here, or not as it stands
  revoked,         // by itself or by a cascade
  expired,
  retired,  // ended so long ago that memory no longer says how
  wrong_audience,
  insufficient_scope,
  not_visible,            // a good token, introspected by a client that may not see it
  client_authentication,  // a client's id or secret; also when the answer was 429
  stale_actor,            // good when the request came, and no longer when it was decided
  unavailable,            // nothing can be checked now (INV-6)
};
inline constexpr std::size_t kDenialReasonCount = 13;

// "wrong_audience"; stable. Empty for none.
[[nodiscard]] std::string_view denial_name(DenialReason reason) noexcept;

// What was denied, by reason; [0] stays 0.
using DenialCounts = std::array<std::uint64_t, kDenialReasonCount>;

// For answers about many tokens at once, whose HttpResponse can't name one reason.
class DenialCounters {
 public:
  void add(const DenialCounts& counts) noexcept {
    for (std::size_t reason = 1; reason < kDenialReasonCount; ++reason)
      if (counts[reason] != 0)
        counters_[reason].fetch_add(counts[reason], std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint64_t value(std::size_t reason) const noexcept {
    return counters_[reason].load(std::memory_order_relaxed);
  }

 private:
  std::array<std::atomic<std::uint64_t>, kDenialReasonCount> counters_{};
};

}  // namespace tokenledger
