// When `recover` takes away events that a checkpoint covers, that checkpoint contradicts the log
// from then on. So the ledger gets a new checkpoint key, and with it a new origin, and what the old
// key signed last becomes an event: a note with the topic kSupersededTopic.
//
// One small file in the ledger's directory carries this over crashes. Its name says how far it got:
//   superseded.pending   from before the first cut until the key is replaced; the ledger is refused
//   superseded           from then until the event is durable
// It holds the signed note; empty: the history was damaged, so nobody knows what was signed.
#pragma once

#include <filesystem>
#include <string_view>

namespace tokenledger {

inline constexpr std::string_view kSupersededTopic = "checkpoint.superseded";

[[nodiscard]] inline std::filesystem::path superseded_pending_path(
    const std::filesystem::path& ledger_directory) {
  return ledger_directory / "superseded.pending";
}
[[nodiscard]] inline std::filesystem::path superseded_path(
    const std::filesystem::path& ledger_directory) {
  return ledger_directory / "superseded";
}

}  // namespace tokenledger
