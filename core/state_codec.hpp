// The canonical bytes of State, as they stand in a snapshot.
//
// Equal states give equal bytes and the other way round: everything in State but `pending` is in
// them, what is unordered in memory is sorted or left out where it follows from the rest. The
// layout stands atop core/state_codec.cpp. It may change with any release: a snapshot of another
// version is a cache that is not used. Pure, any thread.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/errc.hpp"
#include "core/ids.hpp"

namespace tokenledger {

class State;

inline constexpr std::uint32_t kStateFormatVersion = 5;

// Requires a state that fold made. Cost: one pass; the bytes are about as large as the state.
[[nodiscard]] std::string encode_state(const State& state);

// Replaces `state`. Any bytes are safe: the memory used is within a small factor of their length.
// unsupported_format: a newer version; outdated_format: an older one; snapshot_corrupt: anything
// else that encode_state could not have written. On an error `state` is as before.
[[nodiscard]] Result<void> decode_state(std::string_view bytes, State& state);

// What a snapshot's writer must know about encoded bytes without decoding them.
struct StateSummary {
  std::array<std::uint8_t, 16> ledger_id{};
  Sequence last_seq;
  std::array<std::uint64_t, kLaneCount> lane_oldest{};  // counters below are retired
};
// Errors as decode_state, but only for these first bytes.
[[nodiscard]] Result<StateSummary> summarize_state(std::string_view bytes);

}  // namespace tokenledger
