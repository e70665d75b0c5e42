#include "storage/status_list_range.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "core/invariant.hpp"

namespace tokenledger {

StatusListRange::StatusListRange(std::span<const IncarnationRecord> incarnations,
                                 const ValidityIndex& index, const Reserved& reserved)
    : incarnations_{incarnations},
      index_{index},
      reserved_{reserved},
      by_incarnation_(incarnations.size()) {
  LEDGER_INVARIANT(!incarnations.empty());
  std::iota(by_incarnation_.begin(), by_incarnation_.end(), 0);
  std::ranges::sort(by_incarnation_, {}, [&](std::uint32_t position) {
    return std::pair{incarnations_[position].incarnation, position};
  });
}

StatusListRange::Counters StatusListRange::counters(std::size_t position,
                                                    Lane lane) const noexcept {
  const auto at = static_cast<std::size_t>(lane);
  const std::uint64_t floor = index_.oldest_chunk(lane) * kChunkTokens;
  const std::uint64_t start = incarnations_[position].lane_start[at];
  // The newest one always has the place of its next token.
  const std::uint64_t end = position + 1 < incarnations_.size()
                                ? incarnations_[position + 1].lane_start[at]
                                : reserved_[at].load(std::memory_order_relaxed) + 1;
  return {std::max(start, floor), end};
}

bool StatusListRange::holds(const StatusListName& name) const noexcept {
  const auto [first, last] = std::ranges::equal_range(
      by_incarnation_, name.incarnation, {},
      [&](std::uint32_t position) { return incarnations_[position].incarnation; });
  const std::uint64_t set_begin = name.set * kStatusSetTokens;
  return std::any_of(first, last, [&](std::uint32_t position) {
    const auto there = counters(position, name.lane);
    return std::max(there.begin, set_begin) < std::min(there.end, set_begin + kStatusSetTokens);
  });
}

std::vector<StatusListName> StatusListRange::names(std::size_t count_max) const {
  std::vector<StatusListName> found;
  for (std::size_t position = incarnations_.size(); position > 0; --position) {
    bool has_any = false;
    for (std::size_t lane = 0; lane < kLaneCount; ++lane) {
      const auto there = counters(position - 1, static_cast<Lane>(lane));
      // Older ones end lower still.
      has_any = has_any || there.end > index_.oldest_chunk(static_cast<Lane>(lane)) * kChunkTokens;
      if (there.begin >= there.end) continue;
      const std::uint64_t first = there.begin / kStatusSetTokens;
      for (std::uint64_t set = (there.end - 1) / kStatusSetTokens + 1; set > first; --set) {
        for (std::uint8_t list = 0; list < kListsPerSet; ++list) {
          if (found.size() >= count_max) return found;
          found.push_back({.incarnation = incarnations_[position - 1].incarnation,
                           .lane = static_cast<Lane>(lane),
                           .set = set - 1,
                           .list = list});
        }
      }
    }
    if (!has_any) break;
  }
  return found;
}

Incarnation StatusListRange::incarnation_of(TokenIndex index) const noexcept {
  const auto* const owner = owner_of(incarnations_, index);
  LEDGER_INVARIANT(owner != nullptr);
  return owner->incarnation;
}

}  // namespace tokenledger
