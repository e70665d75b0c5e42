#include "replay/audit_files.hpp"

#include <utility>

#include "core/event_codec.hpp"
#include "core/merkle.hpp"
#include "replay/as_of.hpp"
#include "storage/audit_levels.hpp"
#include "storage/audit_tree.hpp"

namespace tokenledger {

Result<NoteVerifier> checkpoint_key_of(const EventLog& log, ByteView seed) {
  const auto bytes = log.get(Sequence{1});
  if (!bytes) return bytes.error();
  const auto event = decode_event(*bytes);
  if (!event) return event.error();
  const auto* created = std::get_if<LedgerCreated>(&event->payload);
  if (created == nullptr) return Errc::log_corrupt;
  const auto signer = make_checkpoint_signer(created->issuer, seed);
  if (!signer) return signer.error();
  return signer->verifier();
}

Result<std::string> note_of(const CheckpointRecord& record, const NoteVerifier& key) {
  const auto text =
      format_checkpoint({.origin = key.name(), .size = record.size, .root = record.root});
  if (!text) return text.error();
  return format_note(
      {.text = *text,
       .signatures = {{.key_name = key.name(),
                       .key_id = key.key_id(),
                       .bytes = {record.signature.begin(), record.signature.end()}}}});
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
  return made;
}

Result<SignedCheckpoint> AuditFiles::newest() const {
  const auto record = history_->newest();
  if (!record) return record.error();
  if (!*record) return Errc::file_not_found;
  auto note = note_of(**record, key());
  if (!note) return note.error();
  auto opened = open_checkpoint(*note, key());
  if (!opened) return Errc::audit_corrupt;
  return SignedCheckpoint{std::move(opened->checkpoint), std::move(*note)};
}

Result<std::vector<std::uint8_t>> AuditFiles::read_tile(const TileId& id) {
  if (id.width == 0 || id.width > kTileHashes || id.index > kTileIndexMax)
    return Errc::invalid_argument;
  const auto last = log_.last_seq();
  if (!last) return last.error();
  if (id.level > AuditLevels::kLevels || id.width > tile_width(id.level, id.index, last->value()))
    return Errc::sequence_in_future;
  if (id.level == 0) return hash_leaves(id);
  const auto file =
      files_->open_for_reading(options_.directory / ("level-" + std::to_string(id.level)));
  if (!file) return file.error() == Errc::file_not_found ? Errc::audit_corrupt : file.error();
  std::vector<std::uint8_t> bytes(id.width * sizeof(Digest));
  const auto count = (*file)->read_at(id.index * kTileBytesMax, bytes);
  if (!count) return count.error();
  if (*count != bytes.size()) return Errc::audit_corrupt;
  return bytes;
}

Result<std::vector<std::uint8_t>> AuditFiles::hash_leaves(const TileId& id) const {
  std::vector<std::uint8_t> bytes;
  bytes.reserve(id.width * sizeof(Digest));
  const auto reader = log_.read(Sequence{id.index * kTileHashes + 1}, false);
  while (bytes.size() < id.width * sizeof(Digest)) {
    const auto event = reader->next();
    if (!event) return event.error();
    if (event->empty()) return Errc::log_corrupt;
    const auto hash = leaf_hash(*event);
    bytes.insert(bytes.end(), hash.begin(), hash.end());
  }
  return bytes;
}

Result<ProofFile> AuditFiles::prove_event(Sequence seq) {
  auto signed_by = newest();
  if (!signed_by)
    return signed_by.error() == Errc::file_not_found ? Errc::sequence_in_future : signed_by.error();
  const auto& checkpoint = signed_by->checkpoint;
  if (seq == Sequence{} || seq.value() > checkpoint.size) return Errc::sequence_in_future;
  auto event = log_.get(seq);
  if (!event) return event.error();
  TileHashSource source{checkpoint.size, *this};
  auto hashes = inclusion_proof(seq.value() - 1, checkpoint.size, source);
  if (!hashes) return hashes.error();
  const InclusionClaim claim{.index = seq.value() - 1,
                             .size = checkpoint.size,
                             .leaf = leaf_hash(*event),
                             .root = checkpoint.root};
  if (!verify_inclusion(claim, *hashes)) return Errc::audit_corrupt;
  return ProofFile{.extra = std::move(*event),
                   .index = claim.index,
                   .hashes = std::move(*hashes),
                   .checkpoint = std::move(signed_by->note)};
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
