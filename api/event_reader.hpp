// EventReader reads committed events with what is needed to show them: the class of each issued
// token.
//
// Threads: any; blocks for the disk and, at most kViewWaitMax, for the views.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "core/event.hpp"
#include "storage/ledger.hpp"

namespace tokenledger {

struct ReadEvent {
  Event event;
  std::optional<TokenClass> token_class;  // of a TokenIssued
};

struct EventBatchMax {
  std::size_t events;
  std::size_t bytes;  // of canonical bytes; one event may exceed it
};

// Replaces `out` with events from `from` (>= 1) on, dense and in order; empty when `from` is beyond
// what is committed. view_behind: try again; log_corrupt, io_error, unknown_outcome, shutting_down.
[[nodiscard]] Result<void> read_events(const Ledger& ledger, Sequence from, EventBatchMax max,
                                       std::vector<ReadEvent>& out);

}  // namespace tokenledger
