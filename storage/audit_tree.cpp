#include "storage/audit_tree.hpp"

#include <algorithm>

#include "core/invariant.hpp"
#include "storage/durable_file.hpp"
#include "storage/event_log.hpp"
#include "storage/log_tiles.hpp"

namespace tokenledger {
namespace {

// 128 KiB of hashes, from a million leaves: a rebuild syncs this often and no more.
inline constexpr std::size_t kWaitingHashesMax = 4'096;
inline constexpr std::uint64_t kProgressEvery = 1u << 18;
// From here on a read of the log should not push everything else out of the cache.
inline constexpr std::uint64_t kScanFrom = 1u << 16;
// For people; read_damage_mark() knows a rebuild's alone.
inline constexpr std::string_view kFoundDamage = "a read found damage\n";
inline constexpr std::size_t kDamageMarkBytesMax = 64;

}  // namespace

AuditTree::AuditTree(FileLayer& files, EventLog& log, NoteSigner signer, Options options)
    : files_{files}, log_{log}, signer_{std::move(signer)}, options_{std::move(options)} {}

Result<void> AuditTree::extend(Sequence upto) {
  const auto begin = range_.size();
  if (upto.value() <= begin) return {};
  const auto reader = log_.read(Sequence{begin + 1}, upto.value() - begin >= kScanFrom);
  while (range_.size() < upto.value()) {
    step_ = "read the log again for";
    const auto event = reader->next();
    if (!event) return event.error();
    if (event->empty()) return Errc::log_corrupt;
    step_ = "write";
    range_.append(leaf_hash(*event), [&](unsigned level, std::uint64_t, const Digest& hash) {
      const bool is_stored = level != 0 && level % kTileNodeLevels == 0;
      if (is_stored) levels_->append(level / kTileNodeLevels, hash);
    });
    if (levels_->waiting() >= kWaitingHashesMax) {
      if (auto synced = levels_->sync(); !synced) return synced;
    }
    if (options_.progress && range_.size() % kProgressEvery == 0) options_.progress(range_.size());
  }
  if (auto synced = levels_->sync(); !synced) return synced;
  integrated_.store(range_.size(), std::memory_order_release);
  return {};
}

Result<void> AuditTree::sign(const CompactRange& range, LedgerTime now) {
  // The commit thread hashed what it meant to write, this tree what can be read: a log that cannot
  // show what it signed is worth nothing, so where the two differ there is no signature.
  if (range.size() != range_.size() || range.root() != range_.root()) return Errc::root_mismatch;
  if (range_.size() == 0 || range_.size() <= signed_size()) return {};
  const Checkpoint checkpoint{
      .origin = verifier().name(), .size = range_.size(), .root = range_.root()};
  const auto text = format_checkpoint(checkpoint);
  if (!text) return text.error();
  if (!options_.key_has_signed) {
    if (auto marked = options_.mark_key_signed(); !marked) return marked;
    options_.key_has_signed = true;
  }
  // A crash here leaves a key that has signed nothing, with the history that open() made.
  const auto signature = signer_.sign(*text);
  if (!signature) return signature.error();
  CheckpointRecord record{.size = checkpoint.size, .signed_at = now, .root = checkpoint.root};
  LEDGER_INVARIANT(signature->bytes.size() == record.signature.size());
  std::ranges::copy(signature->bytes, record.signature.begin());
  const auto made = show_checkpoint(verifier(), record);
  if (!made) return made.error();
  // A crash here loses a checkpoint that nobody saw; the same one is signed again.
  if (!options_.anchor.empty()) {
    if (auto kept = write_durably(files_, options_.anchor, bytes_of(made->note)); !kept)
      return kept;
  }
  // A crash here leaves an anchor that is one ahead of the history: both name events that are
  // durable.
  if (auto kept = history_->append(record); !kept) return kept;
  {
    const std::scoped_lock lock{shown_mutex_};
    newest_ = std::make_shared<const ShownCheckpoint>(*made);
  }
  signed_.store(record.size, std::memory_order_release);
  return {};
}

std::shared_ptr<const ShownCheckpoint> AuditTree::newest() const {
  const std::scoped_lock lock{shown_mutex_};
  return newest_;
}

Result<ShownCheckpoint> AuditTree::signed_at(std::uint64_t size) const {
  const auto record = history_->find(size);
  if (!record) return record.error();
  if (!*record) return Errc::file_not_found;
  return show_checkpoint(verifier(), **record);
}

Result<bool> AuditTree::was_signed(std::uint64_t size) const {
  if (size != 0 && size == anchored_size_) return true;
  const auto record = history_->find(size);
  if (!record) return to_errc(record.error());
  return record->has_value();
}

Result<ShownCheckpoint> show_checkpoint(const NoteVerifier& key, const CheckpointRecord& record) {
  const auto text =
      format_checkpoint({.origin = key.name(), .size = record.size, .root = record.root});
  if (!text) return text.error();
  const NoteSignature signature{.key_name = key.name(),
                                .key_id = key.key_id(),
                                .bytes = {record.signature.begin(), record.signature.end()}};
  auto note = format_note({.text = *text, .signatures = {signature}});
  if (!note) return note.error();
  return ShownCheckpoint{.size = record.size,
                         .root = record.root,
                         .signed_at = record.signed_at,
                         .note = std::move(*note)};
}

Result<std::optional<ShownCheckpoint>> newest_checkpoint(const CheckpointHistory& history,
                                                         const NoteVerifier& key) {
  const auto record = history.newest();
  if (!record) return record.error();
  if (!*record) return std::optional<ShownCheckpoint>{};
  auto made = show_checkpoint(key, **record);
  if (!made || !open_checkpoint(made->note, key)) return Errc::audit_corrupt;
  return std::optional{std::move(*made)};
}

Result<std::vector<std::uint8_t>> AuditTree::read_tile(const TileId& id) const {
  if (auto there = check_tile(id, integrated_size()); !there) return there.error();
  if (id.level == 0) return hash_tile_of(log_, id);
  auto stored = levels_->read_tile(id);
  const bool is_gone = stored.has_error() && (stored.error() == Errc::audit_corrupt ||
                                              stored.error() == Errc::file_not_found);
  if (!is_gone) return stored;
  mark_damaged();
  return Errc::audit_corrupt;
}

Result<std::vector<std::uint8_t>> AuditTree::read_entries(const TileId& id) const {
  if (id.level != 0) return Errc::invalid_argument;
  if (auto there = check_tile(id, integrated_size()); !there) return there.error();
  return entry_bundle_of(log_, id);
}

Result<Digest> AuditTree::root_below(const ShownCheckpoint& checkpoint, std::uint64_t size,
                                     TileHashSource& source) const {
  LEDGER_INVARIANT(size <= checkpoint.size);
  if (size == checkpoint.size || size == 0) return size == 0 ? empty_root() : checkpoint.root;
  const auto root = tree_root(size, source);
  if (!root) return root;
  const auto hashes = consistency_proof(size, checkpoint.size, source);
  if (!hashes) return hashes.error();
  const ConsistencyClaim claim{.from_size = size,
                               .to_size = checkpoint.size,
                               .from_root = *root,
                               .to_root = checkpoint.root};
  if (verify_consistency(claim, *hashes)) return root;
  mark_damaged();
  return Errc::audit_corrupt;
}

void AuditTree::mark_damaged() const {
  if (is_marked_.exchange(true)) return;
  const auto marked = create_durably(files_, damage_mark(), bytes_of(kFoundDamage));
  if (!options_.warn) return;
  const bool is_there = marked || marked.error() == Errc::file_exists;
  options_.warn("the audit tree at " + options_.directory.string() + " is damaged: " +
                (is_there ? "it is made anew from the log at the next start"
                          : "stop the ledger and remove the files level-* there, then start it"));
}

std::filesystem::path AuditTree::damage_mark() const { return options_.directory / kDamageName; }

Result<DamageMark> read_damage_mark(FileLayer& files, const std::filesystem::path& audit) {
  const auto why = read_whole(files, audit / kDamageName, kDamageMarkBytesMax);
  if (why) return text_of(*why) == kRebuildsLevels ? DamageMark::rebuilds : DamageMark::found;
  if (why.error() == Errc::file_not_found) return DamageMark::none;
  return why.error() == Errc::too_large ? Result<DamageMark>{DamageMark::found} : why.error();
}

}  // namespace tokenledger
