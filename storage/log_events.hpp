// What the bytes of the log say, one event at a time. For readers that want a few events; who reads
// many takes EventLog::read().
//
// Threads: any, as EventLog.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "core/errc.hpp"
#include "core/event.hpp"
#include "storage/event_log.hpp"

namespace tokenledger {

// The log of a ledger that nobody has open, without changing a byte of it. Errors of
// EventLog::open(), and its `what`.
[[nodiscard]] Result<std::unique_ptr<EventLog>> open_log_for_reading(
    const std::shared_ptr<FileLayer>& files, const std::filesystem::path& directory,
    std::string& what);

// EventLog::get() and decode_event(): errors of both.
[[nodiscard]] Result<Event> read_event(const EventLog& log, Sequence seq);

// The issuer that the ledger was created with, from its first event. log_corrupt: that is no
// ledger's creation.
[[nodiscard]] Result<std::string> issuer_of(const EventLog& log);

}  // namespace tokenledger
