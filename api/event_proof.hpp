// The proof file of an event (C2SP tlog-proof), as proofs and receipts hand it out.
#pragma once

#include <string>

#include "core/errc.hpp"
#include "core/ids.hpp"

namespace tokenledger {

class Ledger;
class WitnessBoard;

// In the newest signed checkpoint, or where `witnesses` are given in the newest that a quorum of
// them cosigned, with their cosignatures. Checked before it is given. view_behind: no quorum covers
// the event (yet); else errors of Audit::prove_event. Reads the log: workers only.
[[nodiscard]] Result<std::string> event_proof(const Ledger& ledger, Sequence seq,
                                              const WitnessBoard* witnesses);

}  // namespace tokenledger
