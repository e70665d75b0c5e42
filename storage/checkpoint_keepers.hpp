// What keeps a ledger's newest checkpoint outside its directory.
#pragma once

namespace tokenledger {

struct CheckpointKeepers {
  bool anchor = false;
  bool witnesses = false;
  friend bool operator==(const CheckpointKeepers&, const CheckpointKeepers&) = default;
};

}  // namespace tokenledger
