// What the bytes of the log say, one event at a time. For readers that want a few events; who reads
// many takes EventLog::read().
//
// Threads: any, as EventLog.
#pragma once

#include <string>

#include "core/errc.hpp"
#include "core/event.hpp"
#include "storage/event_log.hpp"

namespace tokenledger {

// EventLog::get() and decode_event(): errors of both.
[[nodiscard]] Result<Event> read_event(const EventLog& log, Sequence seq);

// The issuer that the ledger was created with, from its first event. log_corrupt: that is no
// ledger's creation.
[[nodiscard]] Result<std::string> issuer_of(const EventLog& log);

}  // namespace tokenledger
