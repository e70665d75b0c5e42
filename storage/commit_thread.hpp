// CommitThread: the sequencer of one machine. Drains the queue, decides, appends, publishes,
// answers.
//
// Group commit without a timer: a batch is whatever arrived while the last one was being fsynced.
// The only thread that touches LedgerCore::state and range while it runs.
#pragma once

#include <string>
#include <thread>
#include <vector>

#include "storage/ledger_core.hpp"

namespace tokenledger {

class CommitThread {
 public:
  explicit CommitThread(LedgerCore& core);
  // The queue must be closed; finishes what it holds.
  ~CommitThread();

 private:
  void run();
  void commit(std::vector<CommitRequest*>& requests);
  // Decides one command and folds its events at once, so that the next command sees them.
  void decide_one(CommitRequest& request, LedgerTime wall);
  void fold_one(const Event& event);
  [[nodiscard]] bool encode_batch();
  [[nodiscard]] bool make_durable();
  void publish_batch();
  [[nodiscard]] bool clock_jumped() const;
  void poison(const char* step, const boost::system::error_code& error);

  LedgerCore& core_;
  EventEncoder encoder_;
  std::vector<Event> events_;      // of this batch
  std::string bytes_;              // their canonical bytes, one after the other
  std::vector<std::size_t> ends_;  // of each event in bytes_
  std::vector<std::span<const std::uint8_t>> spans_;
  std::uint64_t boot_offset_ns_ = 0;  // wall time minus boot clock when the ledger was opened
  std::thread thread_;
};

}  // namespace tokenledger
