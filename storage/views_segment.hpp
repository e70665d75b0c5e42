// Segment: the rows of a long run of events, sorted in memory and handed to RocksDB as whole files.
//
// Several times as fast as memtables, and nothing has to be compacted that is in order already.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/errc.hpp"
#include "storage/views_writer.hpp"

namespace tokenledger::views {

class Database;

class Segment final : public RowSink {
 public:
  static constexpr std::size_t kSegmentBytesMax = std::size_t{64} << 20;  // of keys and values

  void put(std::string_view key, std::string_view value) override;
  [[nodiscard]] bool full() const noexcept { return bytes_.size() >= kSegmentBytesMax; }

  // Sorts, writes one file per view into the database's directory and adds all of them in one step:
  // after a crash either all rows are there, the cursor among them, or none. Then empty again.
  [[nodiscard]] Result<void> ingest(Database& database, const std::filesystem::path& directory);

 private:
  struct Row {
    std::uint64_t
        head;  // the key's first bytes behind the prefix, so that most comparisons end here
    std::uint64_t offset;
    std::uint32_t key_bytes;
    std::uint32_t value_bytes;
  };
  [[nodiscard]] std::string_view key_of(const Row& row) const {
    return std::string_view{bytes_}.substr(row.offset, row.key_bytes);
  }
  [[nodiscard]] std::string_view value_of(const Row& row) const {
    return std::string_view{bytes_}.substr(row.offset + row.key_bytes, row.value_bytes);
  }
  void sort(std::vector<Row>& rows) const;
  [[nodiscard]] Result<void> write_file(Database& database, const std::filesystem::path& file,
                                        const std::vector<Row>& rows) const;

  std::string bytes_;
  std::array<std::vector<Row>, 256> rows_;  // by prefix byte
};

}  // namespace tokenledger::views
