#include "replay/audit_files.hpp"

#include <algorithm>
#include <utility>

#include "replay/as_of.hpp"
#include "storage/audit_levels.hpp"
#include "storage/log_events.hpp"
#include "storage/log_tiles.hpp"

namespace tokenledger {

Result<NoteVerifier> checkpoint_key_of(const EventLog& log, ByteView seed) {
  const auto issuer = issuer_of(log);
  if (!issuer) return issuer.error();
  const auto signer = make_checkpoint_signer(*issuer, seed);
  if (!signer) return signer.error();
  return signer->verifier();
}

AuditFiles::AuditFiles(std::shared_ptr<FileLayer> files, const EventLog& log, Options options)
    : files_{std::move(files)}, log_{log}, options_{std::move(options)} {}

Result<std::unique_ptr<AuditFiles>> AuditFiles::open(std::shared_ptr<FileLayer> files,
                                                     const EventLog& log, Options options) {
  std::unique_ptr<AuditFiles> made{new AuditFiles{std::move(files), log, std::move(options)}};
  auto history = CheckpointHistory::open_for_reading(
      *made->files_, made->options_.directory / "checkpoints",
      {.ledger_id = made->options_.ledger_id, .public_key = made->key().public_key()});
  if (!history) return history.error();
  made->history_ = std::move(*history);
  if (made->options_.completes_levels) {
    if (auto found = made->find_trusted(); !found) return found.error();
  }
  return made;
}

// What was signed was synced before. A history that can't be read shows nothing to be trusted.
Result<void> AuditFiles::find_trusted() {
  const auto mark = read_damage_mark(*files_, options_.directory);
  if (!mark) return mark.error();
  const auto signed_last = newest();
  if (signed_last && *mark == DamageMark::none) trusted_size_ = signed_last->size;
  return {};
}

Result<ShownCheckpoint> AuditFiles::newest() const {
  auto made = newest_checkpoint(*history_, key());
  if (!made) return made.error();
  return *made ? Result<ShownCheckpoint>{std::move(**made)} : Errc::file_not_found;
}

Result<std::vector<std::uint8_t>> AuditFiles::read_tile(const TileId& id) {
  const auto last = log_.last_seq();
  if (!last) return last.error();
  if (auto there = check_tile(id, last->value()); !there) return there.error();
  if (id.level == 0) return hash_tile_of(log_, id);
  auto bytes = read_stored(id);
  if (!bytes) return bytes;
  for (auto at = bytes->size() / sizeof(Digest); at < id.width; ++at) {
    if (!options_.completes_levels) return Errc::audit_corrupt;
    const auto below = read_tile({.level = id.level - 1, .index = id.index * kTileHashes + at});
    if (!below) return below;
    const auto hash = full_tile_hash(*below);
    if (!hash) return hash.error();
    bytes->insert(bytes->end(), hash->begin(), hash->end());
  }
  return bytes;
}

// The whole hashes that there are of a tile of an upper level, as far as they are to be trusted.
Result<std::vector<std::uint8_t>> AuditFiles::read_stored(const TileId& id) const {
  std::uint64_t width = id.width;
  if (options_.completes_levels) {
    const auto trusted = tile_level_hashes(id.level, trusted_size_);
    const auto before = id.index * kTileHashes;
    width = std::min(width, trusted > before ? trusted - before : 0);
    if (width == 0) return std::vector<std::uint8_t>{};
  }
  const auto file = files_->open_for_reading(AuditLevels::path(options_.directory, id.level));
  if (!file && file.error() == Errc::file_not_found) return std::vector<std::uint8_t>{};
  if (!file) return file.error();
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(width) * sizeof(Digest));
  const auto count = (*file)->read_at(id.index * kTileBytesMax, bytes);
  if (!count) return count.error();
  bytes.resize(*count - *count % sizeof(Digest));
  return bytes;
}

Result<ProofFile> AuditFiles::prove_event(Sequence seq) {
  const auto signed_by = newest();
  if (signed_by) return make_proof(log_, *this, *signed_by, seq);
  return signed_by.error() == Errc::file_not_found ? Errc::sequence_in_future : signed_by.error();
}

Result<ProofFile> AuditFiles::prove_token(const SealedJti& jti) {
  const auto last = log_.last_seq();
  if (!last) return last.error();
  const auto end = point_at(log_, *last);
  if (!end) return end.error();
  std::string why;
  const auto as_of = AsOf::replay(
      log_, {.point = *end, .token = jti.index, .incarnation = jti.incarnation, .progress = {}},
      why);
  if (!as_of) return as_of.error();
  const auto* token = (*as_of)->token();
  if (token == nullptr) return Errc::token_not_found;
  const auto& revocation = token->answer.revocation;
  return prove_event(revocation ? revocation->seq : token->issued.seq);
}

}  // namespace tokenledger
