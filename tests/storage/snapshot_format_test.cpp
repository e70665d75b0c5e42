// Names of snapshots, and what no record of a chunk may say.
#include "storage/snapshot_format.hpp"

#include <gtest/gtest.h>

#include "core/byte_view.hpp"

namespace tokenledger {
namespace {

TEST(SnapshotName, SortsBySeqAndReadsBackStrictly) {
  EXPECT_EQ(snapshot_name(Sequence{42}), "snapshot-00000000000000000042");
  for (const std::uint64_t seq : {std::uint64_t{0}, std::uint64_t{1}, UINT64_MAX})
    EXPECT_EQ(parse_snapshot_name(snapshot_name(Sequence{seq})), Sequence{seq});
  for (const char* name : {"", "snapshot-", "snapshot-42", "snapshot-0000000000000000004x",
                           "snapshot-00000000000000000042.new", "Snapshot-00000000000000000042",
                           "snapshot-99999999999999999999"})
    EXPECT_EQ(parse_snapshot_name(name), std::nullopt) << name;
}

TEST(SnapshotFormat, AChunkHasNoMoreBindingsThanEntries) {
  for (const std::uint32_t bound : {0u, 4u, 5u}) {
    std::string table;
    append_chunk_record(table, {.base = {}, .entries = 4, .bound = bound, .crc = 1});
    const auto record = decode_chunk_record(bytes_of(table), std::nullopt);
    EXPECT_EQ(record.has_value(), bound <= 4) << bound;
    if (bound > 4) {
      EXPECT_EQ(record.error(), Errc::snapshot_corrupt);
    }
  }
}

}  // namespace
}  // namespace tokenledger
