// Any bytes: no crash. Accepted bytes: an event within the bounds, whose canonical bytes decode to
// the same event and encode to the same bytes.
#include <cstdlib>

#include "core/event_bounds.hpp"
#include "core/event_codec.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tokenledger;
  const auto event = decode_event({data, size});
  if (!event) return 0;
  if (!check_event(*event)) std::abort();
  const auto bytes = encode_event(*event);
  if (!bytes || !is_canonical(*bytes)) std::abort();
  const auto again = decode_event(*bytes);
  if (!again || *again != *event) std::abort();
  return 0;
}
