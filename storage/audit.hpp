// Audit: what a ledger can prove to an outsider who kept a checkpoint.
//
// A checkpoint commits to every event up to its size, so the log is tamper-evident relative to a
// checkpoint that somebody retained; without one, whoever holds directory and keys can rewrite it.
// Formats: RFC 6962 hashing; C2SP signed-note, tlog-checkpoint, tlog-tiles and tlog-proof. Leaf i
// is the event with seq i + 1 as its canonical bytes.
//
//   Audit audit{*ledger};
//   const auto note = audit.checkpoint();               // keep it, outside this machine
//   const auto proof = audit.prove_token(index);        // write it to a .tlog-proof file
//   check_proof_file(*proof, leaf_hash(proof->extra), {.log_key = verifier});   // anywhere
//
// A view of an open ledger, which must outlive it. Any thread; calls read the log and may wait for
// the disk. All of them answer audit_stopped where the ledger makes no checkpoints, and
// shutting_down or unknown_outcome as every read does.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/errc.hpp"
#include "core/log_tile.hpp"
#include "core/proof_file.hpp"
#include "storage/ledger.hpp"

namespace tokenledger {

// Each at most the one before; the last two are 0 where no checkpoints are made.
struct AuditSizes {
  std::uint64_t durable = 0;     // events in the log
  std::uint64_t integrated = 0;  // read again and hashed into the tree
  std::uint64_t signed_size = 0;
  std::optional<LedgerTime> signed_at;  // of the newest checkpoint; absent: none was signed yet
};

class Audit {
 public:
  explicit Audit(const Ledger& ledger) noexcept;

  [[nodiscard]] AuditSizes sizes() const;
  // False: checkpoints are switched off, or their follower failed.
  [[nodiscard]] bool is_running() const;
  // Something outside the directory keeps the newest checkpoint, so an older copy of the directory
  // would not open.
  [[nodiscard]] bool has_anchor() const;
  // The ledger has an anchor or witnesses, but was opened without either: no checkpoints are
  // signed.
  [[nodiscard]] bool awaits_keeper() const;
  // The log's public key as a C2SP vkey; its name is the origin of every checkpoint.
  [[nodiscard]] Result<std::string> vkey() const;

  // The newest signed checkpoint. view_behind: none was signed yet.
  [[nodiscard]] Result<std::string> checkpoint() const;
  // The one of exactly this size; file_not_found: none was signed at it.
  [[nodiscard]] Result<std::string> checkpoint_of(std::uint64_t size) const;
  // Whether this key signed one of this size here.
  [[nodiscard]] Result<bool> was_signed(std::uint64_t size) const;
  // The first that covers this committed event, signed now if need be. view_behind: not in time.
  [[nodiscard]] Result<std::string> wait_for_checkpoint(Sequence seq,
                                                        std::chrono::milliseconds timeout) const;
  // Calls `done` exactly once when a checkpoint covers this committed event, or with why none will:
  // on this call, or later on the thread that signs, where it must be quick and must not call back.
  // queue_full: too many wait. Never blocks; there is no deadline.
  using Covered = std::function<void(const Result<void>&)>;
  void when_covered(Sequence seq, Covered done) const;

  // The bytes of C2SP tlog-tiles. sequence_in_future: not below the newest checkpoint.
  [[nodiscard]] Result<std::vector<std::uint8_t>> tile(const TileId& id) const;
  [[nodiscard]] Result<std::vector<std::uint8_t>> entries(const TileId& id) const;

  // RFC 6962 §2.1.1 and §2.1.2, checked against the newest checkpoint before they are given.
  // invalid_argument: index not below size, from 0 or above to; sequence_in_future: a size above
  // the newest checkpoint's; audit_corrupt: as prove_event().
  [[nodiscard]] Result<std::vector<Digest>> inclusion_proof(std::uint64_t index,
                                                            std::uint64_t size) const;
  [[nodiscard]] Result<std::vector<Digest>> consistency_proof(std::uint64_t from,
                                                              std::uint64_t to) const;

  // Of one event, with its canonical bytes as `extra`, in the newest checkpoint; it is checked
  // before it is given. sequence_in_future: not covered yet. audit_corrupt: the tree on disk is
  // damaged; the next open makes it anew.
  [[nodiscard]] Result<ProofFile> prove_event(Sequence seq) const;
  // The same in the checkpoint of exactly this size. file_not_found: none was signed at it.
  [[nodiscard]] Result<ProofFile> prove_event_at(Sequence seq, std::uint64_t size) const;
  // The event that decides the token's status: what revoked it, else its issue (an expiry is part
  // of that). Waits for the views. token_not_found.
  [[nodiscard]] Result<Sequence> deciding_event(TokenIndex index) const;
  // Of that event. Waits up to `timeout` for a checkpoint that covers it.
  [[nodiscard]] Result<ProofFile> prove_token(TokenIndex index,
                                              std::chrono::milliseconds timeout) const;

 private:
  const Ledger* ledger_;
};

}  // namespace tokenledger
