#include "api/receipt_desk.hpp"

#include <condition_variable>
#include <map>
#include <mutex>
#include <utility>

namespace tokenledger {

struct ReceiptDesk::Board {
  using Time = std::chrono::steady_clock::time_point;
  struct Waiting {
    Ready ready;
    Time until;
  };

  mutable std::mutex mutex;
  std::condition_variable changed;
  // By number; all are given the same time, so the first is also the first to be late.
  std::map<std::uint64_t, Waiting> waiting;
  std::uint64_t next_number = 0;
  std::uint64_t late = 0;
  std::uint64_t refused = 0;
  bool stops = false;

  void finish(std::uint64_t number, const Result<void>& outcome) {
    Ready ready;
    {
      const std::scoped_lock lock{mutex};
      const auto found = waiting.find(number);
      if (found == waiting.end()) return;  // it was late, or the desk stopped
      ready = std::move(found->second.ready);
      waiting.erase(found);
    }
    ready(outcome);
  }
};

ReceiptDesk::ReceiptDesk(Cover cover, std::chrono::milliseconds patience)
    : cover_{std::move(cover)}, patience_{patience}, board_{std::make_shared<Board>()} {
  thread_ = std::thread{[board = board_] { run(*board); }};
}

void ReceiptDesk::when_covered(Sequence seq, Ready ready) {
  auto& board = *board_;
  std::uint64_t number = 0;
  {
    std::unique_lock lock{board.mutex};
    const bool has_room = board.waiting.size() < kReceiptsWaitingMax;
    if (board.stops || !has_room) {
      const auto refusal = board.stops ? Errc::shutting_down : Errc::queue_full;
      board.refused += has_room ? 0 : 1;
      lock.unlock();
      return ready(refusal);
    }
    number = board.next_number++;
    board.waiting.emplace(
        number, Board::Waiting{std::move(ready), std::chrono::steady_clock::now() + patience_});
  }
  // The desk's thread looks at the first deadline only, which this one changes only when it is it.
  board.changed.notify_one();
  cover_(seq,
         [board = board_, number](const Result<void>& covered) { board->finish(number, covered); });
}

ReceiptDesk::Counters ReceiptDesk::counters() const {
  const std::scoped_lock lock{board_->mutex};
  return {.waiting = board_->waiting.size(), .late = board_->late, .refused = board_->refused};
}

void ReceiptDesk::run(Board& board) {
  std::unique_lock lock{board.mutex};
  while (!board.stops) {
    if (board.waiting.empty()) {
      board.changed.wait(lock);
      continue;
    }
    const auto [number, until] =
        std::pair{board.waiting.begin()->first, board.waiting.begin()->second.until};
    if (std::chrono::steady_clock::now() < until) {
      board.changed.wait_until(lock, until);
      continue;
    }
    ++board.late;
    lock.unlock();
    board.finish(number, Errc::view_behind);
    lock.lock();
  }
}

void ReceiptDesk::stop() {
  std::map<std::uint64_t, Board::Waiting> left;
  {
    const std::scoped_lock lock{board_->mutex};
    board_->stops = true;
    left.swap(board_->waiting);
  }
  board_->changed.notify_one();
  if (thread_.joinable()) thread_.join();
  for (auto& [number, waiting] : left) waiting.ready(Errc::shutting_down);
}

}  // namespace tokenledger
