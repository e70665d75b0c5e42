// AuditFollower: the thread that keeps the audit tree at the log's end and signs checkpoints.
//
// At most `every` after the first event that no checkpoint covers, as soon as kCheckpointGapMin
// allows when somebody waits, and once more when it stops. A failure stops this thread alone:
// nothing is signed any more, waiters get audit_stopped, the ledger goes on.
//
// The history keeps every checkpoint, 128 bytes each, so the gap bounds its growth: 40 GB in a year
// in which somebody waits all the time, 8 GB with the default `every` in one in which something is
// written all the time. Where nothing is written nothing is signed.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "core/errc.hpp"
#include "core/ids.hpp"
#include "core/merkle.hpp"

namespace tokenledger {

class AuditTree;
class Clock;
class CommitSignal;
struct ShownCheckpoint;

inline constexpr std::size_t kCheckpointWaitersMax = 16'384;
// Between two checkpoints, whoever waits; all who wait meanwhile share the next one.
inline constexpr std::chrono::milliseconds kCheckpointGapMin{100};

class AuditFollower {
 public:
  struct Options {
    std::chrono::milliseconds every{500};
    std::chrono::milliseconds gap_min = kCheckpointGapMin;
    // What the commit thread wrote last; nullopt: the ledger is poisoned, nothing may be signed.
    std::function<std::optional<CompactRange>()> head;
    std::function<void(Errc)> on_failure;  // once, from the thread
  };
  // All of them must outlive this.
  AuditFollower(AuditTree& tree, CommitSignal& signal, const Clock& clock, Options options);
  ~AuditFollower();
  AuditFollower(const AuditFollower&) = delete;
  AuditFollower& operator=(const AuditFollower&) = delete;

  // Signs what is left, unless the ledger is poisoned, and answers all who wait. For the owner,
  // after the commit thread has ended. Idempotent.
  void stop();

  using Covered = std::function<void(Result<std::shared_ptr<const ShownCheckpoint>>)>;
  // Calls `done` exactly once with the first checkpoint that covers `seq`, which must be committed;
  // on this call when there is one, else on the follower's thread, where it must be quick.
  // audit_stopped; queue_full beyond kCheckpointWaitersMax. Any thread.
  void when_covered(Sequence seq, Covered done);

  [[nodiscard]] bool has_failed() const;

 private:
  struct Waiter {
    Sequence seq;
    Covered done;
  };

  void run();
  [[nodiscard]] bool wait_until_due();
  [[nodiscard]] Result<void> step();
  void fail(Errc error);
  void answer_waiters(bool is_last);

  AuditTree& tree_;
  CommitSignal& signal_;
  const Clock& clock_;
  Options options_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool ends_ = false;        // guarded by mutex_, as what follows
  bool has_ended_ = false;   // the thread signs nothing any more
  bool has_failed_ = false;  // and not because it was told to end
  std::vector<Waiter> waiters_;
  std::chrono::steady_clock::time_point signed_at_;  // the thread's own
  std::thread thread_;
};

}  // namespace tokenledger
