// Signed notes (C2SP signed-note v1.0.0): a text and the signatures under it.
//
//   note = text "\n" line+          split at the last empty line
//   text = UTF-8 without control characters except "\n", and with "\n" at its end
//   line = U+2014 " " name " " base64(4-byte key id || signature) "\n"
//
// What is signed is the text with its last newline. Lines of unknown keys are carried along and say
// nothing. Reading is strict: a note has one spelling, so format_note(parse_note(x)) == x. Pure;
// any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/errc.hpp"
#include "core/note_key.hpp"

namespace tokenledger {

inline constexpr std::size_t kNoteBytesMax = 1024 * 1024;
inline constexpr std::size_t kNoteSignaturesMax = 100;  // the specification wants 16 at least
inline constexpr std::size_t kNoteKeysMax = 100;        // known keys of one verification

struct SignedNote {
  std::string text;
  std::vector<NoteSignature> signatures;
  friend bool operator==(const SignedNote&, const SignedNote&) = default;
};

// Checks the form only: nothing is verified. Errc::too_large: longer than kNoteBytesMax or more
// than kNoteSignaturesMax lines; Errc::invalid_argument: anything else that is not a note.
[[nodiscard]] Result<SignedNote> parse_note(std::string_view note);

// The opposite. Errors as parse_note, for a note that could not be read again.
[[nodiscard]] Result<std::string> format_note(const SignedNote& note);

// The signature lines alone, as a witness answers them (C2SP tlog-witness, add-checkpoint). At
// least one. Errors as parse_note.
[[nodiscard]] Result<std::vector<NoteSignature>> parse_signature_lines(std::string_view lines);
// Invariant: the name is one and there are signature bytes.
[[nodiscard]] std::string format_signature_line(const NoteSignature& signature);

struct VerifiedSignature {
  std::size_t key = 0;       // its place in `keys`
  std::uint64_t time_s = 0;  // of a cosignature: seconds since the Unix epoch; else 0
  friend bool operator==(const VerifiedSignature&, const VerifiedSignature&) = default;
};

// Which of `keys` signed the text, each once (its first line counts), in the order of the lines. A
// key is known by name and key id; every line of a known key must verify.
//
// Errc::signature_invalid: a known key's signature is bad, which refuses the whole note.
// Errc::key_not_found: no known key signed. Errc::invalid_argument: two different keys have the
// same name and key id. Errc::too_large: more than kNoteKeysMax keys.
[[nodiscard]] Result<std::vector<VerifiedSignature>> verify_note(
    const SignedNote& note, std::span<const NoteVerifier> keys);

}  // namespace tokenledger
