// Any text as a list's id: no crash; an accepted one is the spelling of what it names. Any bytes as
// a zlib stream: no crash, never more than the bound, and what comes out can be compressed again.
#include <cstdint>
#include <cstdlib>

#include "core/status_list.hpp"
#include "core/zlib_text.hpp"

namespace {

using namespace tokenledger;

constexpr std::size_t kBytesMax = 4'096;

const StatusListPlaces& places() {
  static constexpr std::uint8_t kKey[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
  static const StatusListPlaces made{kKey};
  return made;
}

void check_id(std::string_view text) {
  const auto name = places().find(text);
  if (!name) return;
  if (name->list >= kListsPerSet) std::abort();
  if (places().id_of(*name) != text) std::abort();
}

void check_stream(ByteView bytes) {
  const auto inflated = zlib_inflate(bytes, kBytesMax);
  if (!inflated) return;
  if (inflated->size() > kBytesMax) std::abort();
  const auto again = zlib_compress(bytes_of(*inflated), ZlibEffort::usual);
  if (!again || zlib_inflate(bytes_of(*again), kBytesMax).value() != *inflated) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  check_id(text_of(ByteView{data, size}));
  check_stream({data, size});
  return 0;
}
