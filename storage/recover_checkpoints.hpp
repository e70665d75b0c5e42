// RecoverCheckpoints: what a ledger signed, for `recover`, and how a cut below that is survived.
//
// The newest checkpoint is looked for in the history and, where it is given, in the anchor. A cut
// that takes away what one of them covers replaces the ledger's checkpoint key; begin() comes
// before the first change of the log and finish() after the last one. Between the two the ledger
// refuses to open, whatever crashes: both may be called again, and finish() draws the key anew
// then, which nobody has used. Threads: one.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "core/errc.hpp"
#include "storage/audit_tree.hpp"
#include "storage/file_layer.hpp"

namespace tokenledger {

class LedgerKeys;

// As it may stand in the log: with the log's own signature alone, because a note there has a bound
// and cosignatures have none.
[[nodiscard]] Result<ShownCheckpoint> without_cosignatures(const OpenedCheckpoint& opened,
                                                           const NoteVerifier& key);

class RecoverCheckpoints {
 public:
  // `anchor` may be empty. All of them must outlive this.
  RecoverCheckpoints(FileLayer& files, const std::filesystem::path& ledger_directory,
                     const std::filesystem::path& anchor, LedgerKeys& keys);

  // Changes nothing. `issuer` is the ledger's; nullopt: its first event can't be read, and then
  // neither can a checkpoint. unsupported_format: a newer program wrote the history; nothing else
  // is an error.
  [[nodiscard]] Result<void> look(const std::optional<std::string>& issuer);

  // One that somebody kept elsewhere, opened with the ledger's key: after look().
  void add_kept(const ShownCheckpoint& kept);

  // Of the newest intact record and of the anchor; nullopt: none is there, or it is damaged.
  [[nodiscard]] const std::optional<ShownCheckpoint>& signed_last() const noexcept {
    return signed_last_;
  }
  [[nodiscard]] const std::optional<ShownCheckpoint>& anchored() const noexcept {
    return anchored_;
  }
  // The greater size of the two, 0: neither.
  [[nodiscard]] std::uint64_t newest_size() const noexcept;
  // Sentences; empty: nothing is wrong.
  [[nodiscard]] const std::string& problem() const noexcept { return problem_; }
  // An anchor was named that is not this ledger's: nothing may be cut beside it.
  [[nodiscard]] bool is_anchor_foreign() const noexcept { return is_anchor_foreign_; }
  // The ledger keeps an anchor, and none was named.
  [[nodiscard]] bool is_anchor_unseen() const noexcept { return is_anchor_unseen_; }
  // Keeping only the first `size` events leaves the key behind: something was signed beyond them,
  // or nobody knows what was (the history is damaged, or the ledger keeps an anchor that was not
  // named), or an earlier cut was interrupted.
  [[nodiscard]] bool is_superseded_by(std::uint64_t size) const noexcept;

  [[nodiscard]] Result<void> begin();
  // Replaces the key; empties the anchor, whose contents stand beside it from then on, in a file
  // that was not there before; renames
  // DIR/audit, the old ledger's newest checkpoint in it, and returns its new path.
  [[nodiscard]] Result<std::filesystem::path> finish();
  // What the old key signed last, as a note; empty: unknown.
  [[nodiscard]] const std::string& superseded_note() const noexcept { return superseded_note_; }

 private:
  [[nodiscard]] Result<void> look_at_history(const std::string& issuer);
  void look_at_anchor(const std::string& issuer);
  void look_at_interruption();
  void add_problem(const std::string& sentence);
  [[nodiscard]] Result<void> set_anchor_aside();
  [[nodiscard]] bool is_durable_copy(const std::filesystem::path& path, const std::string& note);
  [[nodiscard]] Result<std::filesystem::path> set_history_aside();

  FileLayer& files_;
  const std::filesystem::path directory_;
  const std::filesystem::path audit_;
  const std::filesystem::path anchor_;
  LedgerKeys& keys_;
  std::optional<NoteVerifier> signed_by_;  // the history's key
  std::optional<ShownCheckpoint> signed_last_;
  std::optional<ShownCheckpoint> anchored_;
  std::string anchor_note_;  // as it stands there
  std::string superseded_note_;
  std::string problem_;
  bool is_history_damaged_ = false;
  bool is_anchor_foreign_ = false;
  bool is_anchor_unseen_ = false;
  bool is_pending_ = false;
};

}  // namespace tokenledger
