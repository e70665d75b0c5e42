// WitnessAsker: the thread that sends signed checkpoints to witnesses (C2SP tlog-witness,
// add-checkpoint) and believes what they answer only as far as it can be verified.
//
// One question per witness at a time, for the board's target; a failure is followed by a pause that
// doubles. Nothing here is waited for by whoever commits or signs. A cosignature counts when it
// verifies under the policy's key. The size that a witness claims (409) carries no signature: one
// that was never signed here says that this ledger is an older copy, perhaps grown since; so does a
// refusal (422) of a proof that was checked here. Both are taken seriously over https or loopback,
// where nobody else could have said it. So a witness in the policy can stop this server; it can't
// make it accept anything.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "api/witness_board.hpp"
#include "api/witness_call.hpp"
#include "core/errc.hpp"

namespace tokenledger {

class Ledger;
struct NewestCheckpoint;

inline constexpr std::size_t kAskedWitnessesMax = 16;

class WitnessAsker {
 public:
  struct Options {
    std::vector<WitnessPeer> peers;                // of the board's witnesses, in their order
    std::string ca_file;                           // PEM, for https; empty: the system's
    std::chrono::milliseconds answer_time{5'000};  // of one question
    std::chrono::milliseconds start_time{3'000};   // of confirm(), for all of them together
    std::chrono::milliseconds pause_min{500};      // after a failure; doubles with each
    std::chrono::milliseconds pause_max{30'000};
    std::chrono::milliseconds look_every{200};  // for a newer checkpoint
    std::chrono::milliseconds gap_min{1'000};   // between two rounds of questions to one witness
    // A witness knows another history than ours while we run: on the asker's thread, with a
    // sentence, once unless it throws. Nothing may be signed after that.
    std::function<void(const std::string& what)> on_older_copy;
  };

  // Asks all witnesses at once what they cosigned, before anything new is signed: for
  // LedgerOptions::confirm_newest, with a checkpoint. older_than_checkpoint, with `why`: one of
  // them cosigned what was never signed here, or another history of what was, be it of the newest
  // checkpoint or of an earlier one. Witnesses that give no good answer in time, or one that says
  // nothing of our history (they cosigned none of it), are warned about and pass. invalid_argument:
  // ca_file can't be used; errors of was_signed and checkpoint_of.
  [[nodiscard]] static Result<void> confirm(const WitnessBoard& board, const Options& options,
                                            const NewestCheckpoint& newest, std::string& why);

  // invalid_argument: ca_file can't be used. The ledger must outlive the asker.
  [[nodiscard]] static Result<std::unique_ptr<WitnessAsker>> start(
      const Ledger& ledger, std::shared_ptr<WitnessBoard> board, Options options);
  // Drops what is under way.
  ~WitnessAsker();
  WitnessAsker(const WitnessAsker&) = delete;
  WitnessAsker& operator=(const WitnessAsker&) = delete;

 private:
  class Impl;
  explicit WitnessAsker(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tokenledger
