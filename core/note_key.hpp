// The keys of signed notes (C2SP signed-note v1.0.0): what they are called, how they sign, how they
// verify.
//
//   key id = first 4 bytes of SHA-256(name || 0x0A || type || public key), big-endian
//   vkey   = name "+" 8 hexadecimal digits of the key id "+" base64(type || public key)
//
// Two types, both with Ed25519 (RFC 8032): 0x01 signs the text of a note; 0x04 is a witness's
// cosignature (C2SP tlog-cosignature v1), which signs "cosignature/v1\ntime <seconds>\n" and the
// text, and carries the time before the 64 bytes of the signature, as 8 big-endian bytes.
//
// Immutable once made; any thread.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "core/byte_view.hpp"
#include "core/errc.hpp"
#include "core/ids.hpp"
#include "core/signing_key.hpp"

namespace tokenledger {

inline constexpr std::size_t kNoteKeyNameBytesMax = 255;
// A vkey: name, id, base64 of a type and a key. 33 bytes where the key can be used here, but one of
// a type that can't (ML-DSA-87 has 2592 bytes) is to be told from nonsense.
inline constexpr std::size_t kVerifierKeyTextBytesMax = 4'096;

// C2SP tlog-cosignature, "Format": no later time, so that signed 64-bit readers agree.
inline constexpr std::uint64_t kCosignatureTimeMax = std::numeric_limits<std::int64_t>::max();

enum class NoteKeyType : std::uint8_t { ed25519 = 0x01, cosignature = 0x04 };

// One signature line of a note. `bytes` is what follows the key id; its meaning is the key's.
struct NoteSignature {
  std::string key_name;
  std::uint32_t key_id = 0;
  std::vector<std::uint8_t> bytes;  // not empty
  friend bool operator==(const NoteSignature&, const NoteSignature&) = default;
};

// Not empty, well-formed UTF-8, without control characters, Unicode spaces and '+'.
[[nodiscard]] bool is_note_key_name(std::string_view name) noexcept;

// A public key under its name.
class NoteVerifier {
 public:
  // Errc::invalid_argument: not a name (or longer than kNoteKeyNameBytesMax), not 32 bytes, or not
  // a point of Ed25519's large subgroup. Errc::crypto_failure: libsodium can't be used.
  [[nodiscard]] static Result<NoteVerifier> from_public(std::string_view name, NoteKeyType type,
                                                        ByteView public_key);
  // Errc::unsupported_format: in form a vkey, of another key type; its key id is not checked, for
  // the type says how it is made. Errc::invalid_argument: anything else but the one text that
  // vkey() writes, a wrong key id included.
  [[nodiscard]] static Result<NoteVerifier> from_vkey(std::string_view vkey);

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] NoteKeyType type() const noexcept { return type_; }
  [[nodiscard]] std::uint32_t key_id() const noexcept { return key_id_; }
  [[nodiscard]] const Digest& public_key() const noexcept { return public_key_; }
  [[nodiscard]] std::string vkey() const;

  // `signature` is NoteSignature::bytes. The answer is a cosignature's time in seconds since the
  // Unix epoch, as the witness said it and at most kCosignatureTimeMax; 0 for ed25519.
  // Errc::signature_invalid: wrong length, a later time, or not this key's signature of this text.
  [[nodiscard]] Result<std::uint64_t> verify(std::string_view text, ByteView signature) const;

  friend bool operator==(const NoteVerifier&, const NoteVerifier&) = default;

 private:
  NoteVerifier() = default;
  std::string name_;
  NoteKeyType type_{};
  std::uint32_t key_id_ = 0;
  Digest public_key_{};  // 32 bytes, as a digest has
};

// A private key under its name. Move only; the seed is wiped with it.
class NoteSigner {
 public:
  // `seed` is the 32 bytes of RFC 8032 §5.1.5. Errors as NoteVerifier::from_public.
  [[nodiscard]] static Result<NoteSigner> from_seed(std::string_view name, NoteKeyType type,
                                                    ByteView seed);

  [[nodiscard]] const NoteVerifier& verifier() const noexcept { return verifier_; }

  // Of a key of type ed25519; Errc::invalid_argument for another type. Deterministic.
  [[nodiscard]] Result<NoteSignature> sign(std::string_view text) const;
  // Of a key of type cosignature; Errc::invalid_argument for another type. Signs any text: callers
  // go through cosign_checkpoint. Deterministic.
  [[nodiscard]] Result<NoteSignature> cosign(std::string_view text, UnixSeconds time) const;

 private:
  NoteSigner(NoteVerifier verifier, SigningKey key);
  NoteVerifier verifier_;
  SigningKey key_;
};

}  // namespace tokenledger
