// ReceiptDesk: who waits for a checkpoint that covers an event, signed or also cosigned by a quorum
// of witnesses, and for how long at most.
//
// Nobody blocks meanwhile: what waits is a callback. The checkpoint comes from the thread that
// signs, a quorum from the one that asks witnesses, the deadline from a thread of the desk's own;
// each callback runs once, for whichever is first. Bounded (INV-7). Threads: any.
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
// Of their own, and fewer: witnesses are other people's machines, and while they are down nobody
// who wants no more than a signature should find the desk full.
inline constexpr std::size_t kWitnessedReceiptsWaitingMax = 256;

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
  // The same for a checkpoint that witnessed_up_to() tells of; `ready` may run on its caller's
  // thread as well.
  void when_witnessed(Sequence seq, Ready ready);
  // A quorum cosigned the checkpoint of this size, which covers everybody up to it. One that is
  // smaller than an earlier one changes nothing.
  void witnessed_up_to(std::uint64_t size);
  struct Counters {
    std::size_t waiting = 0;    // of both kinds
    std::uint64_t late = 0;     // the deadline came first
    std::uint64_t refused = 0;  // beyond kReceiptsWaitingMax or kWitnessedReceiptsWaitingMax
  };
  [[nodiscard]] Counters counters() const;
  // Answers all who wait with shutting_down, later ones too. Idempotent; not from `ready`.
  void stop();

 private:
  struct Board;
  enum class Wants : bool { signature, quorum };
  void wait(Sequence seq, Wants wants, Ready ready);
  static void run(Board& board);

  const Cover cover_;
  const std::chrono::milliseconds patience_;
  std::shared_ptr<Board> board_;  // shared with callbacks that the desk may not outlive
  std::thread thread_;
};

}  // namespace tokenledger
