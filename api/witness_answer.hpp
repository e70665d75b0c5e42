// What an answer of a witness says (C2SP tlog-witness, add-checkpoint), before it is believed, and
// the sentences that stop a ledger. Internal to api/. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "api/witness_board.hpp"
#include "api/witness_call.hpp"

namespace tokenledger {

// Sizes that a witness may correct us with, one after the other, before its answers are called bad:
// the first question of a start guesses.
inline constexpr int kWitnessQuestionsMax = 3;

// Of a status that is neither 200 nor 409.
[[nodiscard]] WitnessTrouble trouble_of_status(unsigned status) noexcept;

// The witness's size in a 409. It is not signed.
[[nodiscard]] std::optional<std::uint64_t> claimed_size(const WitnessReply& reply);

// The line that the key signed the text with, among what a witness answered. Lines of other keys,
// also of types that are not known here, say nothing.
[[nodiscard]] std::optional<NoteSignature> find_cosignature(const WitnessReply& reply,
                                                            const NoteVerifier& key,
                                                            const std::string& text);

// Why nothing may be signed here, and what to do: the witness cosigned seq `theirs`, which was
// never signed here; `ours` is the newest that was.
[[nodiscard]] std::string older_copy(const std::string& witness, std::uint64_t theirs,
                                     std::uint64_t ours);
// The same of a witness that does not believe what was signed here at seq `ours`.
[[nodiscard]] std::string other_history(const std::string& witness, std::uint64_t ours);

}  // namespace tokenledger
