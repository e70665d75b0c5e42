// Proof files (C2SP tlog-proof, `c2sp.org/tlog-proof@v1`, extension .tlog-proof): everything that
// shows offline that an entry stands in a log, except the entry and the public keys.
//
//   "c2sp.org/tlog-proof@v1" "\n"
//   [ "extra " base64 "\n" ]
//   "index " decimal "\n"
//   (base64 of a hash "\n")*          the inclusion proof, leaf side first
//   "\n"
//   signed checkpoint                 as the log and its witnesses signed it
//
// Reading is strict: format_proof_file(parse_proof_file(x)) == x. Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/checkpoint.hpp"
#include "core/errc.hpp"
#include "core/ids.hpp"

namespace tokenledger {

inline constexpr std::size_t kProofExtraBytesMax = 64 * 1024;
inline constexpr std::size_t kProofFileBytesMax = kNoteBytesMax + 128 * 1024;

struct ProofFile {
  std::vector<std::uint8_t> extra;  // opaque and covered by no signature; empty: there is none
  std::uint64_t index = 0;          // of the leaf, from 0
  std::vector<Digest> hashes;       // at most kProofHashesMax
  std::string checkpoint;           // a signed note, byte for byte
  friend bool operator==(const ProofFile&, const ProofFile&) = default;
};

// Checks the form only, that of the note and the checkpoint in it included. Errc::too_large: beyond
// kProofFileBytesMax or one of the bounds above; else Errc::invalid_argument or the errors of
// parse_note and parse_checkpoint.
[[nodiscard]] Result<ProofFile> parse_proof_file(std::string_view bytes);
// Errors as parse_proof_file, for a file that could not be read again.
[[nodiscard]] Result<std::string> format_proof_file(const ProofFile& file);

struct ProofFileTrust {
  const NoteVerifier& log_key;
  const WitnessPolicy* witnesses = nullptr;  // null: the log's signature is enough
};

// That the leaf stands at file.index of the log that `log_key` signs; the answer is the checkpoint
// that commits to it. `leaf` is leaf_hash of the entry. Errors of open_checkpoint,
// verify_witnesses and verify_inclusion.
[[nodiscard]] Result<Checkpoint> check_proof_file(const ProofFile& file, const Digest& leaf,
                                                  const ProofFileTrust& trust);

}  // namespace tokenledger
