#include "storage/witness.hpp"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "core/hex.hpp"
#include "core/merkle.hpp"
#include "core/merkle_proof.hpp"
#include "core/sha256.hpp"
#include "core/witness_request.hpp"
#include "storage/durable_file.hpp"

namespace tokenledger {
namespace {

// The origin alone is hashed: other programs that prefix it mean another path.
std::string hash_of(std::string_view origin) { return to_hex(sha256(bytes_of(origin))); }

// Somebody may have made the parents just before us: a state whose way is gone is forgotten. Those
// that we may not read were not made for us.
Result<void> sync_ancestors(FileLayer& files, const std::filesystem::path& directory) {
  std::error_code error;
  const auto whole = std::filesystem::weakly_canonical(directory, error);
  if (error) return Errc::io_error;
  for (auto at = whole.parent_path(); at != at.root_path(); at = at.parent_path()) {
    if (::access(at.parent_path().c_str(), R_OK) != 0) continue;
    if (auto synced = files.sync_directory(at.parent_path()); !synced) return synced;
  }
  return {};
}

// Whether the request's proof shows that the checkpoint extends what was cosigned last.
bool extends(const Checkpoint& last, const Checkpoint& next, const std::vector<Digest>& proof) {
  if (last.size == 0) return proof.empty();
  return verify_consistency({.from_size = last.size,
                             .to_size = next.size,
                             .from_root = last.root,
                             .to_root = next.root},
                            proof)
      .has_value();
}

// With the log's signature alone: what else stood in the request says nothing to our readers, and
// would make the file as long as its sender likes.
SignedNote signed_by_log(const OpenedCheckpoint& opened, const NoteVerifier& key) {
  SignedNote note{.text = opened.note.text};
  const auto line = std::ranges::find_if(opened.note.signatures, [&](const NoteSignature& line) {
    return line.key_name == key.name() && line.key_id == key.key_id();
  });
  note.signatures.push_back(*line);  // open_checkpoint() found it good
  return note;
}

}  // namespace

Witness::Witness(Options options, NoteSigner signer, DirectoryLock lock)
    : options_{std::move(options)}, signer_{std::move(signer)}, lock_{std::move(lock)} {}

Result<std::unique_ptr<Witness>> Witness::open(Options options, NoteSigner signer,
                                               std::string& why) {
  const auto directory = options.directory.string();
  if (signer.verifier().type() != NoteKeyType::cosignature) {
    why = "the key is not a witness's";
    return Errc::invalid_argument;
  }
  auto made = ensure_directory(*options.files, options.directory);
  if (made) made = sync_ancestors(*options.files, options.directory);
  if (!made) {
    why = "can't make " + directory + " durable: " + made.error().message();
    return made.error();
  }
  auto locked = DirectoryLock::acquire(options.directory);
  if (!locked) {
    why = locked.error() == Errc::directory_locked
              ? "another witness uses " + directory + ": two would cosign two histories"
              : "can't lock " + directory + ": check that it is writable";
    return locked.error();
  }
  std::unique_ptr<Witness> witness{
      new Witness{std::move(options), std::move(signer), std::move(*locked)}};
  const auto keys = witness->options_.logs;
  if (keys.empty() || keys.size() > kWitnessedLogsMax) {
    why = "a witness watches 1 to " + std::to_string(kWitnessedLogsMax) + " logs";
    return keys.empty() ? Errc::invalid_argument : Errc::too_large;
  }
  for (const auto& key : keys)
    if (auto added = witness->add_log(key, why); !added) return added.error();
  return witness;
}

Result<void> Witness::add_log(const NoteVerifier& key, std::string& why) {
  if (key.type() != NoteKeyType::ed25519) {
    why = "the key of " + key.name() + " is not one that signs logs";
    return Errc::invalid_argument;
  }
  const auto [at, is_new] = logs_.try_emplace(
      key.name(), Log{.key = key, .path = options_.directory / hash_of(key.name())});
  if (!is_new) {
    why = "the log " + key.name() + " is named twice";
    return Errc::invalid_argument;
  }
  auto read = read_last(at->second);
  if (!read) {
    why = read.error() == Errc::audit_corrupt
              ? at->second.path.string() + ", what was cosigned of " + key.name() +
                    ", is damaged or of other keys: put it back from a backup; without it nobody "
                    "knows what must not be contradicted, so a new witness key is needed"
              : "can't read and keep " + at->second.path.string() + ": " + read.error().message();
  }
  return read;
}

Result<void> Witness::read_last(Log& log) const {
  const auto bytes = read_whole(*options_.files, log.path, kNoteBytesMax);
  if (!bytes && bytes.error() == Errc::file_not_found) return {};
  if (!bytes)
    return bytes.error() == Errc::too_large ? Errc::audit_corrupt : to_errc(bytes.error());
  const auto text = text_of(*bytes);
  const auto opened = open_checkpoint(text, log.key);
  const auto policy = WitnessPolicy::make({verifier()}, 1);
  if (!opened || !policy || !verify_witnesses(*policy, opened->note)) return Errc::audit_corrupt;
  log.last = opened->checkpoint;
  log.note = text;
  // It may have been renamed by a process that died before it was durable. From here on it is
  // answered for without a write.
  return write_durably(*options_.files, log.path, *bytes);
}

WitnessAnswer Witness::add_checkpoint(std::string_view body) {
  const auto request = parse_add_checkpoint(body);
  if (!request) return {};
  const auto note = parse_note(request->checkpoint);
  if (!note) return {};
  // The origin decides whose key must have signed, so it is looked at before any signature.
  auto text = std::string_view{note->text};
  const auto found = logs_.find(text.substr(0, text.find('\n')));
  const auto unsigned_checkpoint = parse_checkpoint(note->text);
  if (!unsigned_checkpoint && unsigned_checkpoint.error() != Errc::root_mismatch) return {};
  if (found == logs_.end()) return {.verdict = WitnessVerdict::unknown_log};
  auto& log = found->second;
  const auto opened = open_checkpoint(request->checkpoint, log.key);
  if (!opened && opened.error() == Errc::root_mismatch)
    return {.verdict = WitnessVerdict::not_extending};  // size 0, and not the empty tree
  if (!opened) return {.verdict = WitnessVerdict::not_signed};
  if (request->old_size > opened->checkpoint.size) return {};
  const std::scoped_lock lock{mutex_};
  if (log.failed) return {.verdict = WitnessVerdict::failed};
  if (request->old_size != log.last.size)
    return {.verdict = WitnessVerdict::other_size, .size = log.last.size};
  if (!extends(log.last, opened->checkpoint, request->proof))
    return {.verdict = WitnessVerdict::not_extending};
  return cosign(log, *opened);
}

// Under the lock.
WitnessAnswer Witness::cosign(Log& log, const OpenedCheckpoint& opened) {
  auto note = signed_by_log(opened, log.key);
  auto line = cosign_checkpoint(note, signer_, to_seconds(options_.clock->now()));
  if (!line) return {.verdict = WitnessVerdict::failed};
  note.signatures.push_back(*line);
  auto text = format_note(note);
  if (!text) return {.verdict = WitnessVerdict::failed};
  // A crash before the file is replaced forgets a cosignature that nobody saw; after it, one that
  // can be asked for again, because read_last() makes it durable. When replacing fails, nobody
  // knows which of the two the disk will show after a power cut, so this log gets no answer until
  // the file was read anew.
  const bool is_known = opened.checkpoint == log.last && !log.note.empty();
  if (is_known) return {.verdict = WitnessVerdict::cosigned, .lines = format_signature_line(*line)};
  if (!write_durably(*options_.files, log.path, bytes_of(*text))) {
    log.failed = true;
    return {.verdict = WitnessVerdict::failed};
  }
  log.last = opened.checkpoint;
  log.note = std::move(*text);
  return {.verdict = WitnessVerdict::cosigned, .lines = format_signature_line(*line)};
}

Result<std::string> Witness::checkpoint(std::string_view origin_hash) const {
  const std::scoped_lock lock{mutex_};
  for (const auto& [origin, log] : logs_)
    if (log.path.filename() == origin_hash && !log.note.empty()) return log.note;
  return Errc::file_not_found;
}

}  // namespace tokenledger
