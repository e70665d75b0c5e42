// Any bytes: no crash. A state, header or chunk record that is accepted gives the same bytes again.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "core/byte_view.hpp"
#include "core/state.hpp"
#include "core/state_codec.hpp"
#include "storage/crc32c.hpp"
#include "storage/snapshot_format.hpp"

namespace {

using namespace tokenledger;

void fuzz_state(ByteView bytes) {
  State state;
  if (decode_state(text_of(bytes), state) && encode_state(state) != text_of(bytes)) std::abort();
  (void)summarize_state(text_of(bytes));
}

// With the checksum made right, or no mutation would come past it.
void fuzz_header(ByteView bytes) {
  (void)decode_snapshot_header(bytes);
  if (bytes.size() < kSnapshotHeaderBytes) return;
  std::vector<std::uint8_t> header(bytes.begin(), bytes.begin() + kSnapshotHeaderBytes);
  const std::uint32_t crc = crc32c(std::span{header}.first(header.size() - sizeof crc));
  std::memcpy(header.data() + header.size() - sizeof crc, &crc, sizeof crc);
  const auto decoded = decode_snapshot_header(header);
  if (decoded && !std::ranges::equal(encode_snapshot_header(*decoded), header)) std::abort();
}

void fuzz_table(ByteView bytes) {
  std::optional<ChunkRecord> previous;
  for (; bytes.size() >= kChunkRecordBytes; bytes = bytes.subspan(kChunkRecordBytes)) {
    const auto record = decode_chunk_record(bytes.first(kChunkRecordBytes), previous);
    if (!record) return;
    previous = *record;
    std::string again;
    append_chunk_record(again, *record);
    if (again != text_of(bytes.first(kChunkRecordBytes))) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz_state({data, size});
  fuzz_header({data, size});
  fuzz_table({data, size});
  return 0;
}
