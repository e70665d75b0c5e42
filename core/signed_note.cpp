#include "core/signed_note.hpp"

#include <algorithm>
#include <optional>

#include "core/base64url.hpp"
#include "core/invariant.hpp"
#include "core/proof_text.hpp"
#include "core/utf8.hpp"

namespace tokenledger {
namespace {

constexpr std::string_view kLineStart = "\u2014 ";  // an em dash
constexpr std::size_t kKeyIdBytes = 4;

bool is_note_text(std::string_view text) noexcept {
  const auto is_forbidden = [](char c) {
    return static_cast<unsigned char>(c) < 0x20 && c != '\n';
  };
  return text.ends_with('\n') && std::ranges::none_of(text, is_forbidden) && is_utf8(text);
}

std::optional<NoteSignature> parse_signature_line(std::string_view line) {
  if (!line.starts_with(kLineStart)) return std::nullopt;
  line.remove_prefix(kLineStart.size());
  const auto name_end = line.find(' ');
  if (name_end == std::string_view::npos) return std::nullopt;
  const auto name = line.substr(0, name_end);
  const auto bytes = base64_decode(line.substr(name_end + 1));
  if (!is_note_key_name(name) || !bytes || bytes->size() <= kKeyIdBytes) return std::nullopt;
  NoteSignature signature{.key_name = std::string{name}, .key_id = 0, .bytes = {}};
  const auto view = bytes_of(*bytes);
  for (const auto byte : view.first(kKeyIdBytes)) signature.key_id = signature.key_id << 8 | byte;
  signature.bytes.assign(view.begin() + kKeyIdBytes, view.end());
  return signature;
}

// The place in `keys` of the one that a line names; nullopt: none.
std::optional<std::size_t> find_key(const NoteSignature& line,
                                    std::span<const NoteVerifier> keys) noexcept {
  const auto found = std::ranges::find_if(keys, [&](const NoteVerifier& key) {
    return key.key_id() == line.key_id && key.name() == line.key_name;
  });
  if (found == keys.end()) return std::nullopt;
  return static_cast<std::size_t>(found - keys.begin());
}

// Two keys that a signature line can't tell apart: an id has only 32 bits.
bool are_ambiguous(std::span<const NoteVerifier> keys) noexcept {
  for (std::size_t at = 0; at < keys.size(); ++at)
    for (const auto& other : keys.subspan(at + 1))
      if (keys[at].name() == other.name() && keys[at].key_id() == other.key_id() &&
          keys[at] != other)
        return true;
  return false;
}

}  // namespace

Result<std::vector<NoteSignature>> parse_signature_lines(std::string_view lines) {
  if (lines.size() > kNoteBytesMax) return Errc::too_large;
  std::vector<NoteSignature> signatures;
  while (!lines.empty()) {
    if (signatures.size() == kNoteSignaturesMax) return Errc::too_large;
    const auto line = take_line(lines);
    if (!line) return Errc::invalid_argument;
    auto signature = parse_signature_line(*line);
    if (!signature) return Errc::invalid_argument;
    signatures.push_back(std::move(*signature));
  }
  if (signatures.empty()) return Errc::invalid_argument;
  return signatures;
}

Result<SignedNote> parse_note(std::string_view note) {
  if (note.size() > kNoteBytesMax) return Errc::too_large;
  // The last empty line: signature lines have none, a text may.
  const auto text_end = note.rfind("\n\n");
  if (text_end == std::string_view::npos) return Errc::invalid_argument;
  const auto text = note.substr(0, text_end + 1);
  if (!is_note_text(text)) return Errc::invalid_argument;
  auto signatures = parse_signature_lines(note.substr(text_end + 2));
  if (!signatures) return signatures.error();
  return SignedNote{.text = std::string{text}, .signatures = std::move(*signatures)};
}

std::string format_signature_line(const NoteSignature& signature) {
  LEDGER_INVARIANT(is_note_key_name(signature.key_name));
  LEDGER_INVARIANT(!signature.bytes.empty());
  std::vector<std::uint8_t> bytes;
  for (int shift = 24; shift >= 0; shift -= 8)
    bytes.push_back(static_cast<std::uint8_t>(signature.key_id >> shift));
  bytes.insert(bytes.end(), signature.bytes.begin(), signature.bytes.end());
  std::string line{kLineStart};
  line += signature.key_name;
  line += ' ';
  line += base64_encode(bytes);
  line += '\n';
  return line;
}

Result<std::string> format_note(const SignedNote& note) {
  if (!is_note_text(note.text) || note.signatures.empty()) return Errc::invalid_argument;
  if (note.signatures.size() > kNoteSignaturesMax) return Errc::too_large;
  std::string bytes = note.text + "\n";
  for (const auto& signature : note.signatures) {
    if (!is_note_key_name(signature.key_name) || signature.bytes.empty())
      return Errc::invalid_argument;
    bytes += format_signature_line(signature);
    if (bytes.size() > kNoteBytesMax) return Errc::too_large;
  }
  return bytes;
}

Result<std::vector<VerifiedSignature>> verify_note(const SignedNote& note,
                                                   std::span<const NoteVerifier> keys) {
  if (keys.size() > kNoteKeysMax) return Errc::too_large;
  if (are_ambiguous(keys)) return Errc::invalid_argument;
  std::vector<VerifiedSignature> verified;
  for (const auto& line : note.signatures) {
    const auto key = find_key(line, keys);
    if (!key) continue;
    const auto time_s = keys[*key].verify(note.text, line.bytes);
    if (!time_s) return time_s.error();
    const bool is_repeated = std::ranges::any_of(
        verified, [&](const VerifiedSignature& earlier) { return earlier.key == *key; });
    if (!is_repeated) verified.push_back({.key = *key, .time_s = *time_s});
  }
  if (verified.empty()) return Errc::key_not_found;
  return verified;
}

}  // namespace tokenledger
