// Any bytes: no crash. An accepted proof file is written again byte for byte, and proves nothing
// under a key that did not sign its checkpoint.
#include <cstdint>
#include <cstdlib>

#include "core/proof_file.hpp"

namespace {

using namespace tokenledger;

const NoteVerifier& stranger() {
  static const NoteVerifier key =
      NoteSigner::from_seed("stranger", NoteKeyType::ed25519, std::vector<std::uint8_t>(32))
          .value()
          .verifier();
  return key;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = text_of(ByteView{data, size});
  const auto file = parse_proof_file(text);
  if (!file) return 0;
  const auto again = format_proof_file(*file);
  if (!again || *again != text) std::abort();
  if (check_proof_file(*file, Digest{}, {.log_key = stranger()})) std::abort();
  return 0;
}
