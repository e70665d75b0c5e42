// Any bytes: no crash. An accepted checkpoint is written as the first three lines of what was read,
// and what a log signs over it is opened again as the same.
#include <cstdint>
#include <cstdlib>

#include "core/checkpoint.hpp"
#include "core/merkle.hpp"
#include "core/merkle_proof.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tokenledger;
  const std::string_view text = text_of(ByteView{data, size});
  const auto checkpoint = parse_checkpoint(text);
  if (!checkpoint) return 0;
  if (checkpoint->size > kTreeSizeMax) std::abort();
  if (checkpoint->size == 0 && checkpoint->root != empty_root()) std::abort();
  const auto again = format_checkpoint(*checkpoint);
  if (!again || !text.starts_with(*again)) std::abort();
  const auto signer = NoteSigner::from_seed(checkpoint->origin, NoteKeyType::ed25519,
                                            std::vector<std::uint8_t>(32));
  if (!signer) return 0;  // an origin need not be a key's name
  const auto note = sign_checkpoint(*checkpoint, *signer);
  if (!note) std::abort();
  const auto opened = open_checkpoint(*note, signer->verifier());
  if (!opened || opened->checkpoint != *checkpoint) std::abort();
  return 0;
}
