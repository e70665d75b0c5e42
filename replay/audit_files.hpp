// AuditFiles: the transparency log of a ledger that nobody has open: checkpoints, tiles, proofs.
//
// What storage/audit.hpp answers for an open ledger, from the files alone and without changing one:
//
//   const auto key = checkpoint_key_of(ledger.log(), ledger.keys().checkpoint_seed());
//   const auto audit = AuditFiles::open(ledger.files(), ledger.log(), {paths.audit, *key, id});
//   const auto proof = (*audit)->prove_event(Sequence{42});
//
// Level 0 is hashed from the events, the other levels are read; every proof is checked before it is
// given away, so damaged levels give audit_corrupt and never a wrong proof. Threads: one.
#pragma once

#include <array>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/checkpoint.hpp"
#include "core/errc.hpp"
#include "core/proof_file.hpp"
#include "core/seal_key.hpp"
#include "core/tile_hash_source.hpp"
#include "storage/audit_tree.hpp"
#include "storage/checkpoint_history.hpp"
#include "storage/event_log.hpp"
#include "storage/file_layer.hpp"

namespace tokenledger {

// The public key that the checkpoints of this log are signed with; `seed` is the keyring's.
// log_corrupt: the first event is not a ledger's creation.
[[nodiscard]] Result<NoteVerifier> checkpoint_key_of(const EventLog& log, ByteView seed);

class AuditFiles final : public TileReader {
 public:
  struct Options {
    std::filesystem::path directory;  // DIR/audit
    NoteVerifier key;
    std::array<std::uint8_t, 16> ledger_id{};
    // Hashes behind the newest checkpoint are made from the events, whatever the level files say:
    // a process that was killed leaves fewer of them than events, or zeros. Where the tree is
    // marked as damaged none is taken from the files. Costs a read of those events.
    bool completes_levels = false;
  };

  // `log` must outlive this. file_not_found: no checkpoint was ever made here; audit_corrupt: the
  // history is damaged, or of another key or ledger.
  [[nodiscard]] static Result<std::unique_ptr<AuditFiles>> open(std::shared_ptr<FileLayer> files,
                                                                const EventLog& log,
                                                                Options options);

  [[nodiscard]] const NoteVerifier& key() const noexcept { return options_.key; }

  // The newest, its signature checked. file_not_found: none was signed; audit_corrupt.
  [[nodiscard]] Result<ShownCheckpoint> newest() const;

  // sequence_in_future: beyond the log; audit_corrupt: the level's file is too short or missing,
  // and levels are not completed.
  Result<std::vector<std::uint8_t>> read_tile(const TileId& id) override;

  // Of one event in the newest checkpoint, with its canonical bytes as `extra`. sequence_in_future:
  // no checkpoint covers it (a ledger that was killed signs when it is opened again);
  // audit_corrupt: the tree on disk is damaged.
  [[nodiscard]] Result<ProofFile> prove_event(Sequence seq);
  // Of the event that decides the token's status: what revoked it, else its issue. Reads the whole
  // log. token_not_found.
  [[nodiscard]] Result<ProofFile> prove_token(const SealedJti& jti);

 private:
  AuditFiles(std::shared_ptr<FileLayer> files, const EventLog& log, Options options);
  [[nodiscard]] Result<void> find_trusted();
  [[nodiscard]] Result<std::vector<std::uint8_t>> read_stored(const TileId& id) const;

  std::shared_ptr<FileLayer> files_;
  const EventLog& log_;
  Options options_;
  std::unique_ptr<CheckpointHistory> history_;
  std::uint64_t trusted_size_ = 0;  // leaves; where levels are completed
};

}  // namespace tokenledger
