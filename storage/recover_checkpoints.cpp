#include "storage/recover_checkpoints.hpp"

#include <algorithm>

#include "core/event.hpp"
#include "storage/checkpoint_history.hpp"
#include "storage/durable_file.hpp"
#include "storage/ledger_keys.hpp"
#include "storage/superseded_checkpoint.hpp"

namespace tokenledger {
namespace {

constexpr int kAsideNamesMax = 1'000;
constexpr const char* kNewestName = "newest-checkpoint";

// Whatever cosignatures one of them has.
bool has_same_text(const std::string& note, const std::string& other) {
  const auto left = parse_note(note);
  const auto right = parse_note(other);
  return left && right && left->text == right->text;
}

// 0: it says nothing.
std::uint64_t size_of(const std::string& note) {
  const auto parsed = parse_note(note);
  const auto checkpoint =
      parsed ? parse_checkpoint(parsed->text) : Result<Checkpoint>{parsed.error()};
  return checkpoint ? checkpoint->size : 0;
}

}  // namespace

Result<ShownCheckpoint> without_cosignatures(const OpenedCheckpoint& opened,
                                             const NoteVerifier& key) {
  SignedNote own{.text = opened.note.text, .signatures = {}};
  std::ranges::copy_if(opened.note.signatures, std::back_inserter(own.signatures),
                       [&](const NoteSignature& line) { return line.key_name == key.name(); });
  auto note = format_note(own);
  if (!note) return note.error();
  if (note->size() > kNoteBodyBytesMax) return Errc::too_large;
  return ShownCheckpoint{.size = opened.checkpoint.size,
                         .root = opened.checkpoint.root,
                         .signed_at = {},
                         .note = std::move(*note)};
}

RecoverCheckpoints::RecoverCheckpoints(FileLayer& files,
                                       const std::filesystem::path& ledger_directory,
                                       const std::filesystem::path& anchor, LedgerKeys& keys)
    : files_{files},
      directory_{ledger_directory},
      audit_{ledger_directory / "audit"},
      anchor_{anchor},
      keys_{keys} {}

Result<void> RecoverCheckpoints::look(const std::optional<std::string>& issuer) {
  look_at_interruption();
  is_anchor_unseen_ = anchor_.empty() && keys_.keepers().anchor;
  if (is_anchor_unseen_)
    add_problem("this ledger keeps an anchor, and without --anchor nobody can say what was signed");
  if (!issuer) {
    is_history_damaged_ = true;
    is_anchor_foreign_ = !anchor_.empty();
    add_problem("without the first event nobody can tell which checkpoints are this ledger's");
    return {};
  }
  if (auto looked = look_at_history(*issuer); !looked) return looked;
  if (!anchor_.empty()) look_at_anchor(*issuer);
  // The greatest of the three: an interrupted cut may have emptied the anchor that had seen most.
  for (const auto* known : {&signed_last_, &anchored_})
    if (*known && (*known)->size >= size_of(superseded_note_)) superseded_note_ = (*known)->note;
  return {};
}

void RecoverCheckpoints::add_problem(const std::string& sentence) {
  problem_ += (problem_.empty() ? "" : "; ") + sentence;
}

void RecoverCheckpoints::look_at_interruption() {
  const auto noted = read_whole(files_, superseded_pending_path(directory_), kNoteBodyBytesMax);
  if (noted.has_error() && noted.error() == Errc::file_not_found) return;
  is_pending_ = true;
  if (noted) superseded_note_ = text_of(*noted);
  add_problem("a cut below a checkpoint was interrupted: finish it");
}

// The owner is whoever the history names: after an interrupted cut the keyring has another key.
Result<void> RecoverCheckpoints::look_at_history(const std::string& issuer) {
  const auto path = audit_ / "checkpoints";
  const auto owner = CheckpointHistory::read_owner(files_, path);
  const auto damaged = [&](const char* what = "is damaged or another ledger's") -> Result<void> {
    is_history_damaged_ = true;
    add_problem("the checkpoint history at " + path.string() + " " + what +
                ", so nobody can say what was signed");
    return {};
  };
  if (owner.has_error() && owner.error() == Errc::file_not_found)
    return keys_.has_signed_checkpoint() ? damaged("is missing") : Result<void>{};
  if (owner.has_error() && owner.error() == Errc::unsupported_format) return owner.error();
  if (!owner || owner->ledger_id != keys_.ledger_id()) return damaged();
  const auto key = make_checkpoint_verifier(issuer, owner->public_key);
  const auto ours = make_checkpoint_signer(issuer, keys_.checkpoint_seed());
  const bool is_known = key && ours && (*key == ours->verifier() || is_pending_);
  if (!is_known) return damaged();
  const auto history = CheckpointHistory::open_for_reading(files_, path, *owner);
  if (!history) return damaged();
  auto made = newest_checkpoint(**history, *key);
  if (!made) return damaged();
  signed_by_ = *key;
  signed_last_ = std::move(*made);
  return {};
}

void RecoverCheckpoints::look_at_anchor(const std::string& issuer) {
  const auto foreign = [&] {
    is_anchor_foreign_ = true;
    add_problem("the anchor " + anchor_.string() + " is damaged or of another ledger");
  };
  const auto bytes = read_whole(files_, anchor_, kNoteBytesMax);
  if (!bytes && bytes.error() == Errc::file_not_found) {
    add_problem("the anchor " + anchor_.string() + " is missing");
    return;
  }
  if (!bytes) return foreign();
  anchor_note_ = text_of(*bytes);
  // Empty: a new beginning. The other one: the key is replaced already, the anchor not yet.
  if (anchor_note_.empty() || (is_pending_ && has_same_text(anchor_note_, superseded_note_)))
    return;
  auto key = signed_by_;
  if (!key) {
    const auto ours = make_checkpoint_signer(issuer, keys_.checkpoint_seed());
    if (!ours) return foreign();
    key = ours->verifier();
  }
  const auto opened = open_checkpoint(anchor_note_, *key);
  auto shown =
      opened ? without_cosignatures(*opened, *key) : Result<ShownCheckpoint>{opened.error()};
  if (!shown) return foreign();
  anchored_ = std::move(*shown);
}

void RecoverCheckpoints::add_kept(const ShownCheckpoint& kept) {
  if (kept.size > size_of(superseded_note_)) superseded_note_ = kept.note;
}

std::uint64_t RecoverCheckpoints::newest_size() const noexcept {
  return std::max(signed_last_ ? signed_last_->size : 0, anchored_ ? anchored_->size : 0);
}

bool RecoverCheckpoints::is_superseded_by(std::uint64_t size) const noexcept {
  return is_pending_ || is_history_damaged_ || is_anchor_unseen_ || newest_size() > size;
}

Result<void> RecoverCheckpoints::begin() {
  return write_durably(files_, superseded_pending_path(directory_), bytes_of(superseded_note_));
}

// At each step a crash leaves superseded.pending, and starting again repeats the steps.
Result<std::filesystem::path> RecoverCheckpoints::finish() {
  if (auto replaced = keys_.replace_checkpoint_seed(); !replaced) return replaced.error();
  if (auto emptied = set_anchor_aside(); !emptied) return emptied.error();
  auto aside = set_history_aside();
  if (!aside) return aside;
  // From here on the ledger opens, under its new key, and notes the old one's last checkpoint.
  const auto renamed = files_.rename(superseded_pending_path(directory_),
                                     superseded_path(directory_), FileLayer::Replace::yes);
  if (!renamed) return renamed.error();
  if (auto synced = files_.sync_directory(directory_); !synced) return synced.error();
  return aside;
}

// The anchor's file stays, empty: it says that somebody begins anew on purpose.
Result<void> RecoverCheckpoints::set_anchor_aside() {
  if (anchor_.empty() || anchor_note_.empty()) return {};
  const auto base = ".aside-" + std::to_string(size_of(anchor_note_));
  for (int attempt = 0; attempt < kAsideNamesMax; ++attempt) {
    auto copy = anchor_;
    copy += attempt == 0 ? base : base + "." + std::to_string(attempt);
    const auto kept = create_durably(files_, copy, bytes_of(anchor_note_));
    const bool is_taken = kept.has_error() && kept.error() == Errc::file_exists;
    if (is_taken && !is_durable_copy(copy, anchor_note_)) continue;
    if (!kept && !is_taken) return kept;
    return write_durably(files_, anchor_, {});
  }
  return Errc::limit_reached;
}

// What an interrupted cut kept is kept already; its name need not have been durable yet.
bool RecoverCheckpoints::is_durable_copy(const std::filesystem::path& path,
                                         const std::string& note) {
  const auto kept = read_whole(files_, path, kNoteBytesMax);
  return kept && text_of(*kept) == note && files_.sync_directory(parent_directory(path));
}

Result<std::filesystem::path> RecoverCheckpoints::set_history_aside() {
  const auto is_there = files_.exists(audit_);
  if (!is_there) return is_there.error();
  if (*is_there) {
    auto kept = write_durably(files_, audit_ / kNewestName, bytes_of(superseded_note_));
    if (!kept) return kept.error();
  }
  const auto is_done = [&](const std::filesystem::path& path) {
    const auto kept = read_whole(files_, path / kNewestName, kNoteBodyBytesMax);
    return !*is_there && kept && text_of(*kept) == superseded_note_;
  };
  const auto base = "audit.aside-" + std::to_string(size_of(superseded_note_));
  for (int attempt = 0; attempt < kAsideNamesMax; ++attempt) {
    const auto path = directory_ / (attempt == 0 ? base : base + "." + std::to_string(attempt));
    const auto made = *is_there ? files_.rename(audit_, path, FileLayer::Replace::no)
                                : files_.make_directory(path);
    const bool is_taken = made.has_error() && made.error() == Errc::file_exists;
    if (is_taken && !is_done(path)) continue;
    if (!made && !is_taken) return made.error();
    if (auto synced = files_.sync_directory(directory_); !synced) return synced.error();
    if (*is_there || is_taken) return path;
    auto kept = write_durably(files_, path / kNewestName, bytes_of(superseded_note_));
    return kept ? Result<std::filesystem::path>{path} : kept.error();
  }
  return Errc::limit_reached;
}

}  // namespace tokenledger
