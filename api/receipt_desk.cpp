#include "api/receipt_desk.hpp"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace tokenledger {

struct ReceiptDesk::Board {
  using Time = std::chrono::steady_clock::time_point;
  struct Waiting {
    Ready ready;
    Time until;
    Sequence seq;
    Wants wants = Wants::signature;
  };

  mutable std::mutex mutex;
  std::condition_variable changed;
  // By number; all are given the same time, so the first is also the first to be late.
  std::map<std::uint64_t, Waiting> waiting;
  std::size_t quorum_count = 0;      // of those who wait: for a quorum
  std::uint64_t witnessed_size = 0;  // the largest so far
  std::uint64_t next_number = 0;
  std::uint64_t late = 0;
  std::uint64_t refused = 0;
  bool stops = false;

  // Under the mutex. `at` is no longer there afterwards.
  Ready take(std::map<std::uint64_t, Waiting>::iterator at) {
    auto ready = std::move(at->second.ready);
    if (at->second.wants == Wants::quorum) --quorum_count;
    waiting.erase(at);
    return ready;
  }
  // Under the mutex.
  [[nodiscard]] bool has_room(Wants wants) const {
    return wants == Wants::quorum ? quorum_count < kWitnessedReceiptsWaitingMax
                                  : waiting.size() - quorum_count < kReceiptsWaitingMax;
  }
  // Under the mutex. nullopt: it has to wait. Who need not wait takes nobody's room.
  std::optional<Result<void>> answer_at_once(Sequence seq, Wants wants) {
    if (stops) return Result<void>{Errc::shutting_down};
    if (wants == Wants::quorum && seq.value() <= witnessed_size) return Result<void>{};
    if (has_room(wants)) return std::nullopt;
    ++refused;
    return Result<void>{Errc::queue_full};
  }
  void finish(std::uint64_t number, const Result<void>& outcome) {
    Ready ready;
    {
      const std::scoped_lock lock{mutex};
      const auto found = waiting.find(number);
      if (found == waiting.end()) return;  // it was late, or the desk stopped
      ready = take(found);
    }
    ready(outcome);
  }
};

ReceiptDesk::ReceiptDesk(Cover cover, std::chrono::milliseconds patience)
    : cover_{std::move(cover)}, patience_{patience}, board_{std::make_shared<Board>()} {
  thread_ = std::thread{[board = board_] { run(*board); }};
}

void ReceiptDesk::when_covered(Sequence seq, Ready ready) {
  wait(seq, Wants::signature, std::move(ready));
}

void ReceiptDesk::when_witnessed(Sequence seq, Ready ready) {
  wait(seq, Wants::quorum, std::move(ready));
}

void ReceiptDesk::wait(Sequence seq, Wants wants, Ready ready) {
  auto& board = *board_;
  std::uint64_t number = 0;
  {
    std::unique_lock lock{board.mutex};
    if (const auto answer = board.answer_at_once(seq, wants)) {
      lock.unlock();
      return ready(*answer);
    }
    number = board.next_number++;
    board.quorum_count += wants == Wants::quorum ? 1 : 0;
    board.waiting.emplace(
        number,
        Board::Waiting{std::move(ready), std::chrono::steady_clock::now() + patience_, seq, wants});
  }
  // The desk's thread looks at the first deadline only, which this one changes only when it is it.
  board.changed.notify_one();
  // What nobody signs no witness will see either; where it is signed, the witnesses come later.
  cover_(seq, [board = board_, number, wants](const Result<void>& covered) {
    if (!covered || wants == Wants::signature) board->finish(number, covered);
  });
}

void ReceiptDesk::witnessed_up_to(std::uint64_t size) {
  auto& board = *board_;
  std::vector<Ready> covered;
  {
    const std::scoped_lock lock{board.mutex};
    board.witnessed_size = std::max(board.witnessed_size, size);
    for (auto at = board.waiting.begin(); at != board.waiting.end();) {
      const auto next = std::next(at);
      const auto& waiting = at->second;
      if (waiting.wants == Wants::quorum && waiting.seq.value() <= size)
        covered.push_back(board.take(at));
      at = next;
    }
  }
  for (const auto& ready : covered) ready(Result<void>{});
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
    const auto until = board.waiting.begin()->second.until;
    if (std::chrono::steady_clock::now() < until) {
      board.changed.wait_until(lock, until);
      continue;
    }
    {
      // Taken before the mutex is let go: what is counted is what hears that it was late.
      const auto ready = board.take(board.waiting.begin());
      ++board.late;
      lock.unlock();
      ready(Errc::view_behind);
    }
    lock.lock();
  }
}

void ReceiptDesk::stop() {
  std::map<std::uint64_t, Board::Waiting> left;
  {
    const std::scoped_lock lock{board_->mutex};
    board_->stops = true;
    board_->quorum_count = 0;
    left.swap(board_->waiting);
  }
  board_->changed.notify_one();
  if (thread_.joinable()) thread_.join();
  for (auto& [number, waiting] : left) waiting.ready(Errc::shutting_down);
}

}  // namespace tokenledger
