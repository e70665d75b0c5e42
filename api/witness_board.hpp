// WitnessBoard: which witnesses cosigned which checkpoint, and how it goes with each.
//
// All witnesses are asked for the same checkpoint until a quorum cosigned it or kTargetAgeMax went
// by: were each asked for the newest one at its own pace, a busy log would never have two
// cosignatures on one size. Cosignatures of the last kTargetsKeptMax targets are taken, so a slow
// witness still counts. Nothing is kept over a restart: the next start asks anew, and a checkpoint
// of an older size may be cosigned again at any time.
//
// Threads: one asks (api/witness_asker.hpp); any reads.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/checkpoint.hpp"
#include "core/ids.hpp"
#include "core/tlog_policy.hpp"

namespace tokenledger {

inline constexpr std::size_t kTargetsKeptMax = 4;
inline constexpr std::chrono::seconds kTargetAgeMax{10};

// Why a witness's last answer was none.
enum class WitnessTrouble : std::uint8_t {
  none,
  not_asked,        // nothing was signed since the start
  unreachable,      // no connection
  tls_failed,       // its certificate, or the handshake
  timed_out,        // no whole answer in time
  bad_answer,       // no HTTP, too long, or not what the protocol says
  bad_cosignature,  // no line of its key that verifies
  unknown_log,      // 404: it does not know this log
  refused_key,      // 403: it does not take the log's signature
  other_history,    // 422: it does not believe that the log extends what it cosigned
  ahead,            // 409: it cosigned a larger size than was ever signed here
  refused,          // any other status
  no_proof,         // the log could not be read to make a proof
  failed_here,      // asking it failed in this server, whose log says how
};
[[nodiscard]] std::string_view trouble_name(WitnessTrouble trouble) noexcept;

struct WitnessState {
  std::string name;
  std::uint64_t size = 0;  // cosigned last, since the start
  std::optional<LedgerTime> last_success;
  WitnessTrouble trouble = WitnessTrouble::not_asked;
  std::uint64_t cosignatures = 0;
  std::uint64_t failures = 0;
};

struct WitnessReport {
  std::vector<WitnessState> witnesses;  // in the policy's order
  std::vector<std::string> unread;      // names of those never asked: TlogPolicy::unread_witnesses
  std::size_t quorum = 0;               // 0: none is wanted
  std::size_t quorum_of = 0;
  std::uint64_t witnessed_size = 0;  // of the newest checkpoint with a quorum; 0: none yet
};

// A checkpoint that the witnesses are asked to cosign.
struct WitnessTarget {
  std::uint64_t size = 0;
  SignedNote note;  // with the log's signature alone
};

class WitnessBoard {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // `tells_older_copies`: at least one witness is asked in a way that nobody can answer in its
  // stead, so that what it says of an older copy counts.
  WitnessBoard(TlogPolicy policy, bool tells_older_copies);

  // --- the one who asks ---
  [[nodiscard]] const std::vector<NamedWitness>& witnesses() const noexcept {
    return policy_.witnesses;
  }
  // The newest signed checkpoint. Becomes the target when it is larger than the target and that is
  // done with. `is_urgent`: also when it is not.
  void offer(std::uint64_t size, const std::string& checkpoint, Time now, bool is_urgent = false);
  // null: nothing was signed yet.
  [[nodiscard]] std::shared_ptr<const WitnessTarget> target() const;
  // What witness number `at` cosigned last; 0: nothing since the start.
  [[nodiscard]] std::uint64_t size_of(std::size_t at) const;
  // `line` was verified against the target's text.
  void cosigned(std::size_t at, const WitnessTarget& target, NoteSignature line, LedgerTime now);
  void failed(std::size_t at, WitnessTrouble trouble);

  // --- any thread ---
  [[nodiscard]] WitnessReport report() const;
  [[nodiscard]] bool tells_older_copies() const noexcept { return tells_older_copies_; }
  [[nodiscard]] bool has_quorum() const noexcept { return policy_.quorum.has_value(); }
  // The checkpoint, with the cosignatures that there are on it.
  [[nodiscard]] std::string with_cosignatures(const std::string& checkpoint) const;
  // Called from now on, on the thread that asks, with the size of each checkpoint that a quorum
  // cosigned, once witnessed() shows it. One at a time: the last one set counts; empty: nobody. May
  // be called once more while it is being replaced.
  void set_on_witnessed(std::function<void(std::uint64_t size)> on_witnessed);
  struct Witnessed {
    std::uint64_t size = 0;
    std::string note;  // with the log's signature and all cosignatures
  };
  // The newest checkpoint that a quorum cosigned; nullopt: none since the start.
  [[nodiscard]] std::optional<Witnessed> witnessed() const;

 private:
  struct Held {
    std::shared_ptr<const WitnessTarget> target;
    SignedNote note;  // with the cosignatures
    Time since;
    bool is_witnessed = false;
  };
  [[nodiscard]] static std::string text_of(const SignedNote& note);
  // Under the mutex. Whether witnessed_ is this target now.
  [[nodiscard]] bool take(const WitnessTarget& target, NoteSignature line);

  const TlogPolicy policy_;
  const bool tells_older_copies_;
  mutable std::mutex mutex_;
  std::deque<Held> held_;  // guarded by mutex_, as what follows; sizes ascend
  std::vector<WitnessState> states_;
  std::optional<Held> witnessed_;
  std::function<void(std::uint64_t)> on_witnessed_;
};

}  // namespace tokenledger
