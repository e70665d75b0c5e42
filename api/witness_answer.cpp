#include "api/witness_answer.hpp"

#include <algorithm>

#include "core/merkle_proof.hpp"
#include "core/proof_text.hpp"
#include "core/witness_request.hpp"

namespace tokenledger {
namespace {

constexpr std::string_view kWhatToDo =
    ": this directory is an older copy, or one that was changed, or it was restored and is opened "
    "without its anchor. Put the newer one back, or give --anchor the file that `restore` was "
    "given; if there is neither, `tokenledger recover --truncate-after` a seq below ";

}  // namespace

WitnessTrouble trouble_of_status(unsigned status) noexcept {
  if (status == 404) return WitnessTrouble::unknown_log;
  if (status == 403) return WitnessTrouble::refused_key;
  if (status == 422) return WitnessTrouble::other_history;
  return WitnessTrouble::refused;
}

std::optional<std::uint64_t> claimed_size(const WitnessReply& reply) {
  if (reply.content_type != kContentTypeSize) return std::nullopt;
  std::string_view body = reply.body;
  const auto line = take_line(body);
  if (!line || !body.empty()) return std::nullopt;
  return parse_decimal(*line, kTreeSizeMax);
}

std::optional<NoteSignature> find_cosignature(const WitnessReply& reply, const NoteVerifier& key,
                                              const std::string& text) {
  const auto lines = parse_signature_lines(reply.body);
  if (!lines) return std::nullopt;
  for (const auto& line : *lines) {
    const bool is_its = line.key_name == key.name() && line.key_id == key.key_id();
    if (is_its && key.verify(text, line.bytes)) return line;
  }
  return std::nullopt;
}

std::string older_copy(const std::string& witness, std::uint64_t theirs, std::uint64_t ours) {
  return "the witness " + witness + " cosigned a checkpoint of this log at seq " +
         std::to_string(theirs) +
         (theirs > ours ? ", but the newest one signed here is of seq " + std::to_string(ours)
                        : ", where none was ever signed here") +
         std::string{kWhatToDo} + std::to_string(std::min(theirs, ours)) +
         " goes on under a new key";
}

std::string other_history(const std::string& witness, std::uint64_t ours) {
  return "the witness " + witness +
         " cosigned another history of this log than the one that was signed here up to seq " +
         std::to_string(ours) + std::string{kWhatToDo} + std::to_string(ours) +
         " goes on under a new key";
}

}  // namespace tokenledger
