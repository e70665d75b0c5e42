#include "api/event_proof.hpp"

#include "api/witness_board.hpp"
#include "storage/audit.hpp"

namespace tokenledger {
namespace {

Result<ProofFile> prove_witnessed(const Audit& audit, Sequence seq, const WitnessBoard& witnesses) {
  auto witnessed = witnesses.witnessed();
  if (!witnessed || witnessed->size < seq.value()) return Errc::view_behind;
  auto proof = audit.prove_event_at(seq, witnessed->size);
  if (!proof) return proof;
  // The hashes lead to the root in the history on disk: it must be the text that was cosigned.
  const auto ours = parse_note(proof->checkpoint);
  const auto theirs = parse_note(witnessed->note);
  if (!ours || !theirs || ours->text != theirs->text) return Errc::audit_corrupt;
  proof->checkpoint = std::move(witnessed->note);
  return proof;
}

}  // namespace

Result<std::string> event_proof(const Ledger& ledger, Sequence seq, const WitnessBoard* witnesses) {
  const Audit audit{ledger};
  const auto proof =
      witnesses != nullptr ? prove_witnessed(audit, seq, *witnesses) : audit.prove_event(seq);
  if (!proof) return to_errc(proof.error());
  return format_proof_file(*proof);
}

}  // namespace tokenledger
