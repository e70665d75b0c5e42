#include "core/checkpoint.hpp"

#include <utility>

#include "core/merkle.hpp"
#include "core/merkle_proof.hpp"
#include "core/proof_text.hpp"

namespace tokenledger {
namespace {

Result<void> check_values(const Checkpoint& checkpoint) {
  if (checkpoint.origin.size() > kOriginBytesMax || !is_plain_line(checkpoint.origin))
    return Errc::invalid_argument;
  if (checkpoint.size > kTreeSizeMax) return Errc::invalid_argument;
  if (checkpoint.size == 0 && checkpoint.root != empty_root()) return Errc::root_mismatch;
  return {};
}

}  // namespace

Result<Checkpoint> parse_checkpoint(std::string_view text) {
  const auto origin = take_line(text);
  const auto size_line = take_line(text);
  const auto root_line = take_line(text);
  if (!origin || !size_line || !root_line) return Errc::invalid_argument;
  const auto size = parse_decimal(*size_line, kTreeSizeMax);
  const auto root = digest_from_base64(*root_line);
  if (!size || !root) return Errc::invalid_argument;
  while (!text.empty()) {
    const auto extension = take_line(text);
    if (!extension || !is_plain_line(*extension)) return Errc::invalid_argument;
  }
  Checkpoint checkpoint{.origin = std::string{*origin}, .size = *size, .root = *root};
  if (const auto checked = check_values(checkpoint); !checked) return checked.error();
  return checkpoint;
}

Result<std::string> format_checkpoint(const Checkpoint& checkpoint) {
  if (const auto checked = check_values(checkpoint); !checked) return checked.error();
  return checkpoint.origin + "\n" + std::to_string(checkpoint.size) + "\n" +
         digest_to_base64(checkpoint.root) + "\n";
}

Result<std::string> sign_checkpoint(const Checkpoint& checkpoint, const NoteSigner& signer) {
  if (signer.verifier().name() != checkpoint.origin) return Errc::invalid_argument;
  auto text = format_checkpoint(checkpoint);
  if (!text) return text.error();
  auto signature = signer.sign(*text);
  if (!signature) return signature.error();
  return format_note({.text = std::move(*text), .signatures = {std::move(*signature)}});
}

Result<OpenedCheckpoint> open_checkpoint(std::string_view note, const NoteVerifier& log_key) {
  if (log_key.type() != NoteKeyType::ed25519) return Errc::invalid_argument;
  auto parsed = parse_note(note);
  if (!parsed) return parsed.error();
  // Nothing of the text is read before its signature is good.
  const auto verified = verify_note(*parsed, {&log_key, 1});
  if (!verified) return verified.error();
  auto checkpoint = parse_checkpoint(parsed->text);
  if (!checkpoint) return checkpoint.error();
  if (checkpoint->origin != log_key.name()) return Errc::invalid_argument;
  return OpenedCheckpoint{.checkpoint = std::move(*checkpoint), .note = std::move(*parsed)};
}

Result<NoteSignature> cosign_checkpoint(const SignedNote& note, const NoteSigner& signer,
                                        UnixSeconds time) {
  if (const auto checkpoint = parse_checkpoint(note.text); !checkpoint) return checkpoint.error();
  return signer.cosign(note.text, time);
}

Result<WitnessPolicy> WitnessPolicy::make(std::vector<NoteVerifier> witnesses, std::size_t quorum) {
  if (witnesses.size() > kWitnessesMax) return Errc::too_large;
  if (quorum == 0 || quorum > witnesses.size()) return Errc::invalid_argument;
  for (auto at = witnesses.begin(); at != witnesses.end(); ++at) {
    if (at->type() != NoteKeyType::cosignature) return Errc::invalid_argument;
    for (auto other = witnesses.begin(); other != at; ++other)
      if (other->name() == at->name() || other->public_key() == at->public_key())
        return Errc::invalid_argument;
  }
  WitnessPolicy policy;
  policy.witnesses_ = std::move(witnesses);
  policy.quorum_ = quorum;
  return policy;
}

Result<std::vector<VerifiedSignature>> find_cosignatures(const WitnessPolicy& policy,
                                                         const SignedNote& note) {
  if (const auto checkpoint = parse_checkpoint(note.text); !checkpoint) return checkpoint.error();
  auto found = verify_note(note, policy.witnesses());
  if (!found && found.error() == Errc::key_not_found) return std::vector<VerifiedSignature>{};
  return found;
}

Result<std::vector<VerifiedSignature>> verify_witnesses(const WitnessPolicy& policy,
                                                        const SignedNote& note) {
  auto found = find_cosignatures(policy, note);
  if (found && found->size() < policy.quorum()) return Errc::key_not_found;
  return found;
}

}  // namespace tokenledger
