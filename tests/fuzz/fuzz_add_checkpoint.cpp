// Any bytes: no crash. An accepted add-checkpoint request is written again byte for byte.
#include <cstdint>
#include <cstdlib>

#include "core/witness_request.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tokenledger;
  const std::string_view text = text_of(ByteView{data, size});
  const auto request = parse_add_checkpoint(text);
  if (!request) return 0;
  if (request->proof.size() > kAddCheckpointHashesMax) std::abort();
  const auto again = format_add_checkpoint(*request);
  if (!again || *again != text) std::abort();
  return 0;
}
