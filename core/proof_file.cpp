#include "core/proof_file.hpp"

#include <optional>
#include <utility>

#include "core/base64url.hpp"
#include "core/merkle_proof.hpp"
#include "core/proof_text.hpp"

namespace tokenledger {
namespace {

constexpr std::string_view kFirstLine = "c2sp.org/tlog-proof@v1";
constexpr std::string_view kExtraStart = "extra ";
constexpr std::string_view kIndexStart = "index ";

// What follows `start` on its line, that line taken away; nullopt, with nothing taken, when the
// next line does not begin so.
std::optional<std::string_view> take_line_after(std::string_view start, std::string_view& text) {
  if (!text.starts_with(start)) return std::nullopt;
  auto line = take_line(text);
  if (line) line->remove_prefix(start.size());
  return line;
}

Result<void> check_checkpoint(std::string_view note) {
  const auto parsed = parse_note(note);
  if (!parsed) return parsed.error();
  if (const auto checkpoint = parse_checkpoint(parsed->text); !checkpoint)
    return checkpoint.error();
  return {};
}

}  // namespace

Result<ProofFile> parse_proof_file(std::string_view bytes) {
  if (bytes.size() > kProofFileBytesMax) return Errc::too_large;
  if (take_line(bytes) != kFirstLine) return Errc::invalid_argument;
  ProofFile file;
  if (const auto text = take_line_after(kExtraStart, bytes)) {
    const auto extra = base64_decode(*text);
    if (!extra || extra->empty()) return Errc::invalid_argument;
    if (extra->size() > kProofExtraBytesMax) return Errc::too_large;
    const auto view = bytes_of(*extra);
    file.extra.assign(view.begin(), view.end());
  }
  const auto index_text = take_line_after(kIndexStart, bytes);
  if (!index_text) return Errc::invalid_argument;
  const auto index = parse_decimal(*index_text, kTreeSizeMax - 1);
  if (!index) return Errc::invalid_argument;
  file.index = *index;
  for (;;) {
    const auto line = take_line(bytes);
    if (!line) return Errc::invalid_argument;
    if (line->empty()) break;
    if (file.hashes.size() == kProofHashesMax) return Errc::too_large;
    const auto hash = digest_from_base64(*line);
    if (!hash) return Errc::invalid_argument;
    file.hashes.push_back(*hash);
  }
  if (const auto checked = check_checkpoint(bytes); !checked) return checked.error();
  file.checkpoint = bytes;
  return file;
}

Result<std::string> format_proof_file(const ProofFile& file) {
  if (file.index >= kTreeSizeMax) return Errc::invalid_argument;
  if (file.extra.size() > kProofExtraBytesMax || file.hashes.size() > kProofHashesMax)
    return Errc::too_large;
  if (const auto checked = check_checkpoint(file.checkpoint); !checked) return checked.error();
  std::string text{kFirstLine};
  text += '\n';
  if (!file.extra.empty()) {
    text += kExtraStart;
    text += base64_encode(file.extra);
    text += '\n';
  }
  text += kIndexStart;
  text += std::to_string(file.index);
  text += '\n';
  for (const auto& hash : file.hashes) {
    text += digest_to_base64(hash);
    text += '\n';
  }
  text += '\n';
  text += file.checkpoint;
  return text;
}

Result<Checkpoint> check_proof_file(const ProofFile& file, const Digest& leaf,
                                    const ProofFileTrust& trust) {
  auto opened = open_checkpoint(file.checkpoint, trust.log_key);
  if (!opened) return opened.error();
  if (trust.witnesses != nullptr) {
    const auto cosigned = verify_witnesses(*trust.witnesses, opened->note);
    if (!cosigned) return cosigned.error();
  }
  const auto included = verify_inclusion({.index = file.index,
                                          .size = opened->checkpoint.size,
                                          .leaf = leaf,
                                          .root = opened->checkpoint.root},
                                         file.hashes);
  if (!included) return included.error();
  return std::move(opened->checkpoint);
}

}  // namespace tokenledger
