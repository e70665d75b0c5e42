// What a ledger's log says of checkpoint keys that it had before.
#pragma once

#include <string>
#include <vector>

#include "core/event_codec.hpp"
#include "storage/ledger_core.hpp"
#include "storage/superseded_checkpoint.hpp"

namespace tokenledger::testing_support {

// The notes of the topic, oldest first.
inline std::vector<std::string> superseded_notes(const Ledger& ledger) {
  std::vector<std::string> notes;
  for (std::uint64_t seq = 1; seq <= ledger.committed().value(); ++seq) {
    const auto event = decode_event(*ledger.core().log->get(Sequence{seq}));
    const auto* note = std::get_if<NoteAppended>(&event->payload);
    if (note != nullptr && note->topic == kSupersededTopic)
      notes.push_back(ledger.open_sealed(note->body).value_or(""));
  }
  return notes;
}

}  // namespace tokenledger::testing_support
