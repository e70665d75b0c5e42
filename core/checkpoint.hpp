// Checkpoints (C2SP tlog-checkpoint v1.0.0): what a log commits to, as the text of a signed note,
// and the cosignatures of witnesses over it (C2SP tlog-cosignature v1).
//
//   text = origin "\n" size "\n" base64(root) "\n" (extension "\n")*
//
// The log's key is named after the origin. What a checkpoint proves is only that nothing before it
// changed relative to one that somebody kept. Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/errc.hpp"
#include "core/ids.hpp"
#include "core/note_key.hpp"
#include "core/signed_note.hpp"

namespace tokenledger {

inline constexpr std::size_t kOriginBytesMax = kNoteKeyNameBytesMax;
inline constexpr std::size_t kWitnessesMax = 64;

struct Checkpoint {
  std::string origin;
  std::uint64_t size = 0;  // leaves; at most kTreeSizeMax
  Digest root{};
  friend bool operator==(const Checkpoint&, const Checkpoint&) = default;
};

// The text of a note. Extension lines are accepted and dropped (a text that is signed again is
// taken from the note, never written anew). Errc::invalid_argument: not a checkpoint;
// Errc::root_mismatch: size 0 with another root than empty_root().
[[nodiscard]] Result<Checkpoint> parse_checkpoint(std::string_view text);
// Without extension lines. Errors as parse_checkpoint.
[[nodiscard]] Result<std::string> format_checkpoint(const Checkpoint& checkpoint);

// The signed note, with one signature. Deterministic. Errc::invalid_argument when the key is not
// of type ed25519 or not named after the origin; else as format_checkpoint. The caller sees to it
// that two checkpoints it signs never contradict each other.
[[nodiscard]] Result<std::string> sign_checkpoint(const Checkpoint& checkpoint,
                                                  const NoteSigner& signer);

struct OpenedCheckpoint {
  Checkpoint checkpoint;
  SignedNote note;  // with every signature, for witnesses
};

// Reads a signed checkpoint of the log that `log_key` belongs to. Errors of parse_note,
// verify_note and parse_checkpoint; Errc::invalid_argument for a key of another type than ed25519
// and for an origin that is not the key's name.
[[nodiscard]] Result<OpenedCheckpoint> open_checkpoint(std::string_view note,
                                                       const NoteVerifier& log_key);

// A witness's line for the note. Verifies nothing: the witness has opened the checkpoint and seen
// that it extends the last one it cosigned. Errc::invalid_argument: not a checkpoint, or a key of
// another type than cosignature; Errc::root_mismatch as parse_checkpoint.
[[nodiscard]] Result<NoteSignature> cosign_checkpoint(const SignedNote& note,
                                                      const NoteSigner& signer, UnixSeconds time);

// Whose cosignatures count, and how many it takes.
class WitnessPolicy {
 public:
  // Errc::invalid_argument: a key of another type than cosignature, a name or public key that
  // occurs twice (one witness would count for two), or a quorum of 0 or above the number of
  // witnesses. Errc::too_large: more than kWitnessesMax.
  [[nodiscard]] static Result<WitnessPolicy> make(std::vector<NoteVerifier> witnesses,
                                                  std::size_t quorum);

  [[nodiscard]] const std::vector<NoteVerifier>& witnesses() const noexcept { return witnesses_; }
  [[nodiscard]] std::size_t quorum() const noexcept { return quorum_; }

 private:
  WitnessPolicy() = default;
  std::vector<NoteVerifier> witnesses_;
  std::size_t quorum_ = 0;
};

// Which witnesses cosigned, at most each once; none at all is an empty list. `key` counts from the
// policy's first. Errc::signature_invalid: a known witness's line is bad. Errors of
// parse_checkpoint: a cosignature of anything else counts for nothing.
[[nodiscard]] Result<std::vector<VerifiedSignature>> find_cosignatures(const WitnessPolicy& policy,
                                                                       const SignedNote& note);

// The same list, when it reaches the quorum. Errc::key_not_found: too few witnesses cosigned.
[[nodiscard]] Result<std::vector<VerifiedSignature>> verify_witnesses(const WitnessPolicy& policy,
                                                                      const SignedNote& note);

}  // namespace tokenledger
