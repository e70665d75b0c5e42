#include "core/witness_request.hpp"

#include <algorithm>

#include "core/base64url.hpp"
#include "core/merkle_proof.hpp"
#include "core/proof_text.hpp"
#include "core/sha256.hpp"

namespace tokenledger {
namespace {

constexpr std::string_view kOldStart = "old ";
constexpr std::string_view kKeyStart = "PRIVATE+KEY+";
constexpr std::size_t kKeyIdDigits = 8;
constexpr std::size_t kTypedSeedBytes = 1 + 32;

void wipe_text(std::string& text) {
  wipe({reinterpret_cast<std::uint8_t*>(text.data()), text.size()});
}

// "name+id" of the public half.
std::string key_head(const NoteVerifier& verifier) {
  auto vkey = verifier.vkey();
  vkey.resize(verifier.name().size() + 1 + kKeyIdDigits);
  return vkey;
}

}  // namespace

Result<AddCheckpoint> parse_add_checkpoint(std::string_view body) {
  if (body.size() > kAddCheckpointBytesMax) return Errc::too_large;
  auto line = take_line(body);
  if (!line || !line->starts_with(kOldStart)) return Errc::invalid_argument;
  const auto old_size = parse_decimal(line->substr(kOldStart.size()), kTreeSizeMax);
  if (!old_size) return Errc::invalid_argument;
  AddCheckpoint request{.old_size = *old_size};
  for (;;) {
    line = take_line(body);
    if (!line) return Errc::invalid_argument;
    if (line->empty()) break;
    if (request.proof.size() == kAddCheckpointHashesMax) return Errc::too_large;
    const auto hash = digest_from_base64(*line);
    if (!hash) return Errc::invalid_argument;
    request.proof.push_back(*hash);
  }
  if (body.empty()) return Errc::invalid_argument;
  request.checkpoint = body;
  return request;
}

Result<std::string> format_add_checkpoint(const AddCheckpoint& request) {
  if (request.old_size > kTreeSizeMax || request.checkpoint.empty()) return Errc::invalid_argument;
  if (request.proof.size() > kAddCheckpointHashesMax) return Errc::too_large;
  std::string body{kOldStart};
  body += std::to_string(request.old_size) + "\n";
  for (const auto& hash : request.proof) body += digest_to_base64(hash) + "\n";
  body += "\n" + request.checkpoint;
  if (body.size() > kAddCheckpointBytesMax) return Errc::too_large;
  return body;
}

Result<SecretBytes> format_cosigner_key(std::string_view name, ByteView seed) {
  const auto signer = NoteSigner::from_seed(name, NoteKeyType::cosignature, seed);
  if (!signer) return signer.error();
  SecretBytes typed{kTypedSeedBytes};
  typed.writable()[0] = static_cast<std::uint8_t>(NoteKeyType::cosignature);
  std::ranges::copy(seed, typed.writable().begin() + 1);
  auto secret = base64_encode(typed.view());
  auto text = std::string{kKeyStart} + key_head(signer->verifier()) + "+";
  SecretBytes key{text.size() + secret.size() + 1};
  const auto written = std::ranges::copy(bytes_of(text), key.writable().begin()).out;
  *std::ranges::copy(bytes_of(secret), written).out = '\n';
  wipe_text(secret);
  return key;
}

Result<NoteSigner> parse_cosigner_key(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (!text.starts_with(kKeyStart)) return Errc::invalid_argument;
  text.remove_prefix(kKeyStart.size());
  const auto name_end = text.find('+');
  if (name_end == std::string_view::npos) return Errc::invalid_argument;
  const auto id_end = text.find('+', name_end + 1);
  if (id_end == std::string_view::npos) return Errc::invalid_argument;
  auto decoded = base64_decode(text.substr(id_end + 1));
  if (!decoded) return Errc::invalid_argument;
  const SecretBytes typed{bytes_of(*decoded)};
  wipe_text(*decoded);
  if (typed.size() != kTypedSeedBytes) return Errc::invalid_argument;
  if (typed.view()[0] != static_cast<std::uint8_t>(NoteKeyType::cosignature))
    return Errc::unsupported_format;
  auto signer = NoteSigner::from_seed(text.substr(0, name_end), NoteKeyType::cosignature,
                                      typed.view().subspan(1));
  if (!signer) return signer.error();
  // A wrong key id: the name or the key was changed by hand.
  if (key_head(signer->verifier()) != text.substr(0, id_end)) return Errc::invalid_argument;
  return signer;
}

}  // namespace tokenledger
