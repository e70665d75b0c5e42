// EventLog: the append-only log on RocksDB. Key: seq, 8 bytes big-endian; value: the event's
// canonical bytes.
//
// One writer; readers on any thread see only what is durable (with sync=true nothing is visible
// before its WAL is fsynced). Nothing is ever deleted or overwritten (D02), but for `tokenledger
// recover`. Leaves and roots are not its business; see storage/recovery.hpp.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/errc.hpp"
#include "core/ids.hpp"

namespace tokenledger {

class FileLayer;

// Reads events in order. Not thread safe; many readers may run beside the writer.
class LogReader {
 public:
  virtual ~LogReader() = default;
  // The next event's bytes, valid until the next call; empty at the end of what was durable when
  // the reader was made (or refreshed). log_corrupt for a hole or a block with a bad checksum,
  // naming nothing was skipped.
  [[nodiscard]] virtual Result<std::span<const std::uint8_t>> next() = 0;
  // Seq of the event that next() returned last.
  [[nodiscard]] virtual Sequence position() const = 0;
};

// The files of a log as they were at one moment, for a copy that opens by itself. While it lives
// RocksDB removes none of them, so do not keep it longer than copying takes. Any thread.
class LogCut {
 public:
  struct File {
    std::string name;         // inside the log's directory
    std::uint64_t bytes = 0;  // only so many count; others may stand behind them by now
    std::string contents;     // not empty: these, whatever stands on the disk
  };
  virtual ~LogCut() = default;
  [[nodiscard]] virtual const std::vector<File>& files() const noexcept = 0;
};

class EventLog {
 public:
  struct Options {
    std::filesystem::path directory;
    std::shared_ptr<FileLayer> files;  // null: the operating system's
    bool create = false;               // the directory must not hold a log yet
    bool read_only = false;            // for the replay tool; no lock, no recovery writes
    // For `recover` only: opens at the last good record before a damaged one in the WAL instead of
    // refusing. Without read_only what stands behind it is gone afterwards.
    bool accept_damaged_tail = false;
    // False only in the test that shows that the crash test notices a missing fsync.
    bool sync = true;
    // Called once from a RocksDB thread when a background flush or compaction failed; the ledger is
    // poisoned then.
    std::function<void()> on_background_error;
  };

  // log_corrupt: RocksDB refuses (bad checksum in the WAL or a file), or must not be led to a
  // table: `what`, where it is given, then names file and place, and is empty where only the error
  // is known. not_a_ledger: nothing to open here; directory_not_empty: `create` and
  // there is a log. io_error.
  [[nodiscard]] static Result<std::unique_ptr<EventLog>> open(const Options& options,
                                                              std::string* what = nullptr);
  // For the sentence of whoever was refused: the error, and `what` behind it.
  [[nodiscard]] static std::string explain(const boost::system::error_code& error,
                                           const std::string& what);
  virtual ~EventLog() = default;

  // One WriteBatch, one WAL fsync. `first` must be last_seq() + 1; each event 1..kEventBytesMax
  // bytes. On any failure the outcome is unknown: the caller poisons the ledger and never appends
  // again (unknown_outcome if it does). Turns RocksDB's perf counters off on the calling thread.
  [[nodiscard]] virtual Result<void> append(
      Sequence first, std::span<const std::span<const std::uint8_t>> events) = 0;

  // Greatest seq present; 0: empty.
  [[nodiscard]] virtual Result<Sequence> last_seq() const = 0;
  // sequence_in_future beyond last_seq(); log_corrupt when it is missing below.
  [[nodiscard]] virtual Result<std::vector<std::uint8_t>> get(Sequence seq) const = 0;
  // The same when neither disk nor lock would be waited for; nullopt: ask get().
  [[nodiscard]] virtual std::optional<std::vector<std::uint8_t>> get_in_memory(
      Sequence seq) const = 0;
  // From `from` (>= 1) on, in order; with read-ahead when `scan` (a long read that should not fill
  // the cache). A reader keeps the files it reads from being deleted: do not keep it idle.
  [[nodiscard]] virtual std::unique_ptr<LogReader> read(Sequence from, bool scan) const = 0;

  // Memtable to files (clean stop), so that the next open replays no WAL.
  [[nodiscard]] virtual Result<void> flush() = 0;
  // For `recover` only: copies what comes after `seq` to `aside` (one length-prefixed file) and
  // then removes it.
  [[nodiscard]] virtual Result<void> truncate_after(Sequence seq,
                                                    const std::filesystem::path& aside) = 0;
  // Re-reads every table file against its checksums. (open() has read the WAL against its own.)
  [[nodiscard]] virtual Result<void> verify_files() const = 0;
  [[nodiscard]] virtual std::uint64_t bytes_on_disk() const = 0;
  // Everything appended so far. On the writer's thread, so that no file ends inside of a record;
  // a few system calls, nothing is written.
  [[nodiscard]] virtual Result<std::unique_ptr<LogCut>> cut() const = 0;
};

}  // namespace tokenledger
