// What a log sends to a witness (C2SP tlog-witness, add-checkpoint), and the private key that a
// witness of ours keeps in a file.
//
//   request = "old " decimal "\n" (base64 of a hash "\n")* "\n" signed checkpoint
//   key     = "PRIVATE+KEY+" name "+" 8 hexadecimal digits of the key id "+" base64(type || seed)
//
// Reading is strict: each value has one spelling. Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/errc.hpp"
#include "core/ids.hpp"
#include "core/note_key.hpp"
#include "core/secret_bytes.hpp"

namespace tokenledger {

// Of the answer 409, whose body is the size that the witness cosigned last.
inline constexpr std::string_view kContentTypeSize = "text/x.tlog.size";
inline constexpr std::size_t kAddCheckpointHashesMax = 63;  // the specification's
inline constexpr std::size_t kAddCheckpointBytesMax = 64 * 1024;

struct AddCheckpoint {
  std::uint64_t old_size = 0;  // what the witness cosigned last; 0: nothing
  std::vector<Digest> proof;   // from old_size to the checkpoint's size (RFC 6962 §2.1.2)
  std::string checkpoint;      // a signed note, byte for byte
  friend bool operator==(const AddCheckpoint&, const AddCheckpoint&) = default;
};

// The note in it is not read. Errc::too_large: beyond a bound above; Errc::invalid_argument:
// anything else that is no request.
[[nodiscard]] Result<AddCheckpoint> parse_add_checkpoint(std::string_view body);
// Errors as parse_add_checkpoint, for a request that could not be read again.
[[nodiscard]] Result<std::string> format_add_checkpoint(const AddCheckpoint& request);

// The private key of a cosigner; wiped with the answer. Errors as NoteVerifier::from_public.
[[nodiscard]] Result<SecretBytes> format_cosigner_key(std::string_view name, ByteView seed);
// Errc::unsupported_format: a key of another type; else Errc::invalid_argument.
[[nodiscard]] Result<NoteSigner> parse_cosigner_key(std::string_view text);

}  // namespace tokenledger
