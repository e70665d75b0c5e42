// Saving a snapshot of the running ledger: the commit thread freezes State, this thread copies the
// index.
#include "core/state_codec.hpp"
#include "storage/commit_wait.hpp"
#include "storage/ledger_core.hpp"

namespace tokenledger {
namespace {

// Runs on the commit thread between two batches, where State and range are exactly those of
// last_seq.
class FreezeRequest final : public CommitRequest {
 public:
  explicit FreezeRequest(const LedgerCore& core) : CommitRequest{Command{}}, core_{core} {}
  // complete() runs after the batch in which the request came was published.
  void complete() noexcept override { latch_.set(freeze_state(core_)); }
  FrozenState wait() { return latch_.wait(); }

 private:
  static FrozenState freeze_state(const LedgerCore& core) {
    const auto range = core.range.serialize();
    return {core.state.last_seq, encode_state(core.state), {range.begin(), range.end()}};
  }
  const LedgerCore& core_;
  Latch<FrozenState> latch_;
};

}  // namespace

// While the arrays are copied no chunk may retire: State at S still counts their tokens.
Result<void> LedgerCore::snapshot() {
  const std::scoped_lock one_at_a_time{snapshot_mutex_};
  retire_paused.store(true);
  struct Resume {
    std::atomic<bool>& paused;
    ~Resume() { paused.store(false); }
  } resume{retire_paused};
  // A sweep that read retire_paused before it was set may still be on its way; this waits until it
  // has landed.
  {
    const std::scoped_lock sweep_landed{sweep_mutex_};
  }

  FreezeRequest freeze{*this};
  if (auto accepted = accept(freeze); !accepted) return accepted;
  const auto frozen = freeze.wait();
  if (poisoned.load()) return Errc::unknown_outcome;
  if (frozen.seq == last_snapshot_.load()) return {};
  auto written =
      write_snapshot(*files, paths.snapshots, frozen, index, [this] { return signal.committed(); });
  // A failed snapshot costs a longer next open and nothing else.
  if (!written) {
    warn("could not write a snapshot: " + written.error().message());
    return written;
  }
  last_snapshot_ = frozen.seq;
  return {};
}

}  // namespace tokenledger
