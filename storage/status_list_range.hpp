// StatusListRange: which status lists there are. Internal to storage/.
//
// A list is there as long as a chunk with a token of its set is: from the moment the set's first
// counter may be handed out until its last chunk is returned. Any thread.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <span>
#include <vector>

#include "core/state.hpp"
#include "core/status_list.hpp"
#include "core/validity_index.hpp"

namespace tokenledger {

class StatusListRange {
 public:
  using Reserved = std::array<std::atomic<std::uint64_t>, kLaneCount>;

  // All of them must outlive this. `incarnations` is not empty and does not change; `reserved` is
  // the next counter of the last one.
  StatusListRange(std::span<const IncarnationRecord> incarnations, const ValidityIndex& index,
                  const Reserved& reserved);

  // O(log n) in the number of openings.
  [[nodiscard]] bool holds(const StatusListName& name) const noexcept;
  // Newest first, at most `count_max`.
  [[nodiscard]] std::vector<StatusListName> names(std::size_t count_max) const;
  // Requires an index that was handed out.
  [[nodiscard]] Incarnation incarnation_of(TokenIndex index) const noexcept;

 private:
  // [begin, end) of the counters that the incarnation at this position has or may get, of which
  // none was returned with its chunk.
  struct Counters {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
  };
  [[nodiscard]] Counters counters(std::size_t position, Lane lane) const noexcept;

  std::span<const IncarnationRecord> incarnations_;
  const ValidityIndex& index_;
  const Reserved& reserved_;
  // Positions in incarnations_, by incarnation: two openings may have drawn the same one.
  std::vector<std::uint32_t> by_incarnation_;
};

}  // namespace tokenledger
