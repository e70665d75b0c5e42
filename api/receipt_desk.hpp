// ReceiptDesk: who waits for a signed checkpoint that covers an event, and for how long at most.
//
// Nobody blocks meanwhile: what waits is a callback. The checkpoint comes from the thread that
// signs, the deadline from a thread of the desk's own; each callback runs once, for whichever is
// first. Bounded (INV-7). Threads: any.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <thread>

#include "core/errc.hpp"
#include "core/ids.hpp"

namespace tokenledger {

inline constexpr std::size_t kReceiptsWaitingMax = 1'024;

class ReceiptDesk {
 public:
  // Success: a checkpoint covers the event. view_behind: not in time; queue_full: too many wait;
  // shutting_down; and what Audit::when_covered says.
  using Ready = std::function<void(const Result<void>&)>;
  // Calls the second once; Audit::when_covered. Must outlive the last when_covered().
  using Cover = std::function<void(Sequence, Ready)>;

  ReceiptDesk(Cover cover, std::chrono::milliseconds patience);
  ~ReceiptDesk() { stop(); }
  ReceiptDesk(const ReceiptDesk&) = delete;
  ReceiptDesk& operator=(const ReceiptDesk&) = delete;

  // `ready` runs exactly once: on this call, on the thread that signs or on the desk's. It must be
  // quick: others wait behind it.
  void when_covered(Sequence seq, Ready ready);
  struct Counters {
    std::size_t waiting = 0;
    std::uint64_t late = 0;     // the deadline came first
    std::uint64_t refused = 0;  // beyond kReceiptsWaitingMax
  };
  [[nodiscard]] Counters counters() const;
  // Answers all who wait with shutting_down, later ones too. Idempotent; not from `ready`.
  void stop();

 private:
  struct Board;
  static void run(Board& board);

  const Cover cover_;
  const std::chrono::milliseconds patience_;
  std::shared_ptr<Board> board_;  // shared with callbacks that the desk may not outlive
  std::thread thread_;
};

}  // namespace tokenledger
