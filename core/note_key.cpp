#include "core/note_key.hpp"

#include <sodium.h>

#include <algorithm>
#include <utility>

#include "core/base64url.hpp"
#include "core/proof_text.hpp"
#include "core/sha256.hpp"

namespace tokenledger {
namespace {

constexpr std::size_t kTimeBytes = 8;
static_assert(sizeof(Digest) == crypto_sign_PUBLICKEYBYTES);

// The characters that Unicode calls White_Space and that a name could otherwise hold.
constexpr std::string_view kWideSpaces[] = {"\u0085", "\u00A0", "\u1680", "\u2000", "\u2001",
                                            "\u2002", "\u2003", "\u2004", "\u2005", "\u2006",
                                            "\u2007", "\u2008", "\u2009", "\u200A", "\u2028",
                                            "\u2029", "\u202F", "\u205F", "\u3000"};

std::vector<std::uint8_t> typed_key(NoteKeyType type, const Digest& public_key) {
  std::vector<std::uint8_t> bytes{static_cast<std::uint8_t>(type)};
  bytes.insert(bytes.end(), public_key.begin(), public_key.end());
  return bytes;
}

std::uint32_t key_id_of(std::string_view name, NoteKeyType type, const Digest& public_key) {
  const std::uint8_t newline = 0x0A;
  const Digest digest =
      sha256_joined(bytes_of(name), ByteView{&newline, 1}, typed_key(type, public_key));
  return std::uint32_t{digest[0]} << 24 | std::uint32_t{digest[1]} << 16 |
         std::uint32_t{digest[2]} << 8 | digest[3];
}

constexpr std::string_view kHexDigits = "0123456789abcdef";
constexpr std::size_t kKeyIdDigits = 8;

bool is_key_id(std::string_view text) noexcept {
  return text.size() == kKeyIdDigits &&
         text.find_first_not_of(kHexDigits) == std::string_view::npos;
}

std::string key_id_digits(std::uint32_t key_id) {
  std::string digits;
  for (int shift = 28; shift >= 0; shift -= 4) digits += kHexDigits[key_id >> shift & 15];
  return digits;
}

// tlog-cosignature, "Format": the time is signed as text and sent as a number.
std::string cosigned_message(std::string_view text, std::uint64_t time_s) {
  std::string message = "cosignature/v1\ntime " + std::to_string(time_s) + "\n";
  message += text;
  return message;
}

bool verify_ed25519(std::string_view message, ByteView signature, const Digest& public_key) {
  return signature.size() == crypto_sign_BYTES &&
         crypto_sign_verify_detached(signature.data(), bytes_of(message).data(), message.size(),
                                     public_key.data()) == 0;
}

}  // namespace

bool is_note_key_name(std::string_view name) noexcept {
  if (!is_plain_line(name)) return false;
  if (name.find_first_of(" +") != std::string_view::npos) return false;
  return std::ranges::none_of(kWideSpaces, [&](std::string_view space) {
    return name.find(space) != std::string_view::npos;
  });
}

Result<NoteVerifier> NoteVerifier::from_public(std::string_view name, NoteKeyType type,
                                               ByteView public_key) {
  if (sodium_init() < 0) return Errc::crypto_failure;
  if (name.size() > kNoteKeyNameBytesMax || !is_note_key_name(name)) return Errc::invalid_argument;
  const auto key = digest_from_bytes(public_key);
  if (!key || crypto_core_ed25519_is_valid_point(key->data()) != 1) return Errc::invalid_argument;
  NoteVerifier verifier;
  verifier.name_ = name;
  verifier.type_ = type;
  verifier.key_id_ = key_id_of(name, type, *key);
  verifier.public_key_ = *key;
  return verifier;
}

Result<NoteVerifier> NoteVerifier::from_vkey(std::string_view vkey) {
  if (vkey.size() > kVerifierKeyTextBytesMax) return Errc::invalid_argument;
  // Only the first two '+' separate: base64 has its own.
  const auto name_end = vkey.find('+');
  if (name_end == std::string_view::npos) return Errc::invalid_argument;
  const auto id_end = vkey.find('+', name_end + 1);
  if (id_end == std::string_view::npos) return Errc::invalid_argument;
  const auto typed = base64_decode(vkey.substr(id_end + 1));
  if (!typed || typed->empty()) return Errc::invalid_argument;
  const auto name = vkey.substr(0, name_end);
  const bool is_named = name.size() <= kNoteKeyNameBytesMax && is_note_key_name(name) &&
                        is_key_id(vkey.substr(name_end + 1, id_end - name_end - 1));
  if (!is_named) return Errc::invalid_argument;
  const auto type = static_cast<NoteKeyType>(typed->front());
  if (type != NoteKeyType::ed25519 && type != NoteKeyType::cosignature)
    return Errc::unsupported_format;
  auto verifier = from_public(name, type, bytes_of(std::string_view{*typed}.substr(1)));
  if (!verifier) return verifier;
  if (verifier->vkey() != vkey) return Errc::invalid_argument;  // the key id, or its spelling
  return verifier;
}

std::string NoteVerifier::vkey() const {
  return name_ + "+" + key_id_digits(key_id_) + "+" + base64_encode(typed_key(type_, public_key_));
}

Result<std::uint64_t> NoteVerifier::verify(std::string_view text, ByteView signature) const {
  if (type_ == NoteKeyType::ed25519) {
    if (!verify_ed25519(text, signature, public_key_)) return Errc::signature_invalid;
    return std::uint64_t{0};
  }
  if (signature.size() != kTimeBytes + crypto_sign_BYTES) return Errc::signature_invalid;
  std::uint64_t time_s = 0;
  for (const auto byte : signature.first(kTimeBytes)) time_s = time_s << 8 | byte;
  if (time_s > kCosignatureTimeMax) return Errc::signature_invalid;
  if (!verify_ed25519(cosigned_message(text, time_s), signature.subspan(kTimeBytes), public_key_))
    return Errc::signature_invalid;
  return time_s;
}

NoteSigner::NoteSigner(NoteVerifier verifier, SigningKey key)
    : verifier_{std::move(verifier)}, key_{std::move(key)} {}

Result<NoteSigner> NoteSigner::from_seed(std::string_view name, NoteKeyType type, ByteView seed) {
  auto key = SigningKey::from_private(SignatureAlgorithm::eddsa, seed);
  if (!key) return key.error();
  auto verifier = NoteVerifier::from_public(name, type, key->public_bytes());
  if (!verifier) return verifier.error();
  return NoteSigner{std::move(*verifier), std::move(*key)};
}

Result<NoteSignature> NoteSigner::sign(std::string_view text) const {
  if (verifier_.type() != NoteKeyType::ed25519) return Errc::invalid_argument;
  auto signature = key_.sign(bytes_of(text));
  if (!signature) return signature.error();
  return NoteSignature{
      .key_name = verifier_.name(), .key_id = verifier_.key_id(), .bytes = std::move(*signature)};
}

Result<NoteSignature> NoteSigner::cosign(std::string_view text, UnixSeconds time) const {
  if (verifier_.type() != NoteKeyType::cosignature) return Errc::invalid_argument;
  const std::uint64_t time_s = time.value();
  const auto signature = key_.sign(bytes_of(cosigned_message(text, time_s)));
  if (!signature) return signature.error();
  NoteSignature line{.key_name = verifier_.name(), .key_id = verifier_.key_id(), .bytes = {}};
  for (int shift = 56; shift >= 0; shift -= 8)
    line.bytes.push_back(static_cast<std::uint8_t>(time_s >> shift));
  line.bytes.insert(line.bytes.end(), signature->begin(), signature->end());
  return line;
}

}  // namespace tokenledger
