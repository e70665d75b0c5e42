// AuditTree: the log as a transparency log. It re-reads what the commit thread wrote, hashes it
// again, and signs only what both agree on.
//
// Leaf i is the event with seq i + 1. The tree is a function of the log (INV-3); what is not are
// the checkpoints, which are kept for ever (storage/checkpoint_history.hpp). Below DIR/audit:
// level-<L> and checkpoints. Signing a size means, in this order: every event up to it is read from
// the log and hashed; the root is the commit thread's; the levels are synced; before the key's
// first signature the keyring notes durably that it signs; the anchor, where there is one, is
// replaced durably; the checkpoint is appended durably; it is shown. A crash between any two of
// them leaves nothing that a later signature could contradict, because the events were durable
// before all of it and Ed25519 signs the same text the same way. And since the keyring knows that
// the key has signed, a history that was taken away is missed: without it nobody could tell what
// not to sign.
//
// Threads: extend() and sign() on one thread (open()'s, then the follower's); everything const on
// any thread. The log must outlive this.
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/checkpoint.hpp"
#include "core/errc.hpp"
#include "core/log_tile.hpp"
#include "core/merkle.hpp"
#include "core/tile_hash_source.hpp"
#include "storage/audit_levels.hpp"
#include "storage/checkpoint_history.hpp"
#include "storage/clock.hpp"

namespace tokenledger {

class EventLog;
class FileLayer;

// The origin of a ledger's checkpoints, which is also its key's name: the issuer without its
// scheme, and the beginning of the public key's SHA-256, so that a new key is a new log.
[[nodiscard]] Result<NoteSigner> make_checkpoint_signer(std::string_view issuer, ByteView seed);

// The same key for whoever has only its public half.
[[nodiscard]] Result<NoteVerifier> make_checkpoint_verifier(std::string_view issuer,
                                                            ByteView public_key);

// A checkpoint as it may be handed out.
struct ShownCheckpoint {
  std::uint64_t size = 0;
  Digest root{};
  LedgerTime signed_at;
  std::string note;  // the signed note
};

// As this key signed it; the signature is not checked.
[[nodiscard]] Result<ShownCheckpoint> show_checkpoint(const NoteVerifier& key,
                                                      const CheckpointRecord& record);
// The history's newest, its signature checked. nullopt: none was signed; audit_corrupt: it is
// damaged or not this key's; io_error.
[[nodiscard]] Result<std::optional<ShownCheckpoint>> newest_checkpoint(
    const CheckpointHistory& history, const NoteVerifier& key);

inline constexpr std::string_view kDamageName = "damaged";
inline constexpr std::string_view kRebuildsLevels = "made anew from the log\n";

// The file audit/damaged: the levels are not to be trusted, and the next open makes them anew.
enum class DamageMark : std::uint8_t {
  none,
  found,     // a read met hashes that do not lead to a signed root
  rebuilds,  // they are being made anew, or were when that was interrupted
};
// Anything but what a rebuild writes is `found`. io_error.
[[nodiscard]] Result<DamageMark> read_damage_mark(FileLayer& files,
                                                  const std::filesystem::path& audit);

class AuditTree final : public TileReader {
 public:
  struct Options {
    std::filesystem::path directory;  // DIR/audit; made when missing
    std::filesystem::path anchor;     // a file that keeps the newest checkpoint; empty: none
    std::array<std::uint8_t, 16> ledger_id{};
    bool is_new = false;          // the log has no event yet: an anchor may be missing
    bool key_has_signed = false;  // the history must be there
    // Remembers outside of `directory`, durably, that the key has signed; before its first
    // signature.
    std::function<Result<void>()> mark_key_signed;
    std::function<void(std::uint64_t)> progress;  // leaves hashed, now and then
    std::function<void(const std::string&)> warn;
  };

  // `range` is the tree of the whole log as recovery found it. Checks, in this order: the newest
  // checkpoint and the anchor are this key's and not beyond the log (older_than_checkpoint); the
  // events between the newest checkpoint and the end, read again, lead from its root to the
  // range's (root_mismatch), the anchor's root lies on the way. Levels that do not fit are made
  // anew from the log. audit_corrupt: the history or the anchor is damaged, missing though there
  // was one, or of another key.
  [[nodiscard]] static Result<std::unique_ptr<AuditTree>> open(FileLayer& files, EventLog& log,
                                                               NoteSigner signer,
                                                               const CompactRange& range,
                                                               Options options, std::string& why);

  // Hashes the events behind size() up to and including `upto`, which must be committed.
  // log_corrupt: a hole or a bad block; io_error. After an error the writer must stop.
  [[nodiscard]] Result<void> extend(Sequence upto);
  // Signs and shows size(), when `range` agrees: root_mismatch, and nothing is signed, otherwise.
  // Nothing happens when that size was signed before. Errors as extend().
  [[nodiscard]] Result<void> sign(const CompactRange& range, LedgerTime now);

  // Leaves hashed and synced. The writer's own view; others ask integrated_size().
  [[nodiscard]] std::uint64_t size() const noexcept { return range_.size(); }

  // --- any thread ---
  [[nodiscard]] const NoteVerifier& verifier() const noexcept { return signer_.verifier(); }
  [[nodiscard]] std::uint64_t integrated_size() const noexcept {
    return integrated_.load(std::memory_order_acquire);
  }
  [[nodiscard]] std::uint64_t signed_size() const noexcept {
    return signed_.load(std::memory_order_acquire);
  }
  // null: none was signed yet.
  [[nodiscard]] std::shared_ptr<const ShownCheckpoint> newest() const;
  // The checkpoint of exactly this size as it was signed; file_not_found: none was.
  [[nodiscard]] Result<ShownCheckpoint> signed_at(std::uint64_t size) const;
  // Whether this key signed one of this size: it stands in the history, or stood in the anchor when
  // this was opened (a crash, or a restore, may leave it there alone). audit_corrupt, io_error.
  [[nodiscard]] Result<bool> was_signed(std::uint64_t size) const;
  [[nodiscard]] const CheckpointHistory& history() const noexcept { return *history_; }
  // The root of the first `size` leaves, up to the checkpoint's. One that was not signed itself is
  // derived from the tiles and shown to be a beginning of the checkpoint. audit_corrupt, and
  // mark_damaged(): the tiles do not lead to it.
  [[nodiscard]] Result<Digest> root_below(const ShownCheckpoint& checkpoint, std::uint64_t size,
                                          TileHashSource& source) const;
  // Hash tiles of every level up to integrated_size(): sequence_in_future beyond. Level 0 is
  // hashed from the events.
  [[nodiscard]] Result<std::vector<std::uint8_t>> read_tile(const TileId& id) const;
  Result<std::vector<std::uint8_t>> read_tile(const TileId& id) override {
    return std::as_const(*this).read_tile(id);
  }
  // A bundle of C2SP tlog-tiles with the events' canonical bytes.
  [[nodiscard]] Result<std::vector<std::uint8_t>> read_entries(const TileId& id) const;
  // Makes the next open hash the log again: something read from the levels proved to be wrong.
  void mark_damaged() const;

 private:
  AuditTree(FileLayer& files, EventLog& log, NoteSigner signer, Options options);
  [[nodiscard]] Result<void> open_history(std::string& why);
  [[nodiscard]] Result<void> read_anchor(const CompactRange& range, std::string& why);
  [[nodiscard]] std::optional<CompactRange> read_edge(std::uint64_t size);
  [[nodiscard]] Result<void> adopt_levels(std::uint64_t size, const Digest& root);
  [[nodiscard]] Result<void> restart_levels();
  [[nodiscard]] Result<void> clear_damage();
  [[nodiscard]] Result<void> catch_up(const CompactRange& range, std::string& why);
  [[nodiscard]] Result<void> pass(const Checkpoint& known, const std::string& what,
                                  std::string& why);
  [[nodiscard]] std::filesystem::path damage_mark() const;

  FileLayer& files_;
  EventLog& log_;
  NoteSigner signer_;
  Options options_;
  std::unique_ptr<AuditLevels> levels_;
  std::unique_ptr<CheckpointHistory> history_;
  std::optional<Checkpoint> anchored_;          // while opening
  std::uint64_t anchored_size_ = 0;             // what the anchor said at the opening; 0: nothing
  const char* step_ = "";                       // what extend() was at, for the reason of a refusal
  CompactRange range_;                          // the writer's
  mutable std::atomic<bool> is_marked_{false};  // this run said that the levels are damaged
  std::atomic<std::uint64_t> integrated_{0};
  std::atomic<std::uint64_t> signed_{0};
  mutable std::mutex shown_mutex_;
  std::shared_ptr<const ShownCheckpoint> newest_;  // guarded by shown_mutex_
};

}  // namespace tokenledger
