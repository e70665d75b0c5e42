#include "storage/views_segment.hpp"

#include <rocksdb/sst_file_writer.h>

#include <algorithm>

#include "storage/views_database.hpp"

namespace tokenledger::views {
namespace {

std::uint64_t head_of(std::string_view key) noexcept {
  std::uint64_t head = 0;
  for (std::size_t i = 1; i <= 8; ++i) {
    head = head << 8 | (i < key.size() ? static_cast<std::uint8_t>(key[i]) : 0);
  }
  return head;
}

}  // namespace

void Segment::put(std::string_view key, std::string_view value) {
  rows_[static_cast<std::uint8_t>(key[0])].push_back({head_of(key), bytes_.size(),
                                                      static_cast<std::uint32_t>(key.size()),
                                                      static_cast<std::uint32_t>(value.size())});
  bytes_.append(key);
  bytes_.append(value);
}

// By key; of rows with the same key only the last put stays, as in a database.
void Segment::sort(std::vector<Row>& rows) const {
  std::ranges::sort(rows, [&](const Row& a, const Row& b) {
    if (a.head != b.head) return a.head < b.head;
    const auto order = key_of(a).compare(key_of(b));
    return order != 0 ? order < 0 : a.offset > b.offset;
  });
  const auto repeated =
      std::ranges::unique(rows, [&](const Row& a, const Row& b) { return key_of(a) == key_of(b); });
  rows.erase(repeated.begin(), repeated.end());
}

Result<void> Segment::write_file(Database& database, const std::filesystem::path& file,
                                 const std::vector<Row>& rows) const {
  rocksdb::SstFileWriter writer{rocksdb::EnvOptions{}, database.options()};
  auto status = writer.Open(file.string());
  for (const auto& row : rows) {
    if (!status.ok()) break;
    status = writer.Put(key_of(row), value_of(row));
  }
  if (status.ok()) status = writer.Finish();
  if (!status.ok()) return to_view_errc(status);
  return {};
}

Result<void> Segment::ingest(Database& database, const std::filesystem::path& directory) {
  std::vector<std::string> files;
  for (std::size_t prefix = 0; prefix < rows_.size(); ++prefix) {
    auto& rows = rows_[prefix];
    if (rows.empty()) continue;
    sort(rows);
    const auto file =
        directory / ("segment-" + std::string{view_name(static_cast<char>(prefix))} + ".sst");
    if (auto written = write_file(database, file, rows); !written) return written;
    files.push_back(file.string());
    rows.clear();
  }
  bytes_.clear();
  if (files.empty()) return {};
  rocksdb::IngestExternalFileOptions options;
  options.move_files = true;
  options.snapshot_consistency = true;
  options.allow_global_seqno = true;
  options.allow_blocking_flush = true;
  options.write_global_seqno = false;
  options.verify_checksums_before_ingest = false;
  const auto status = database.db().IngestExternalFile(files, options);
  if (!status.ok()) return to_view_errc(status);
  return {};
}

}  // namespace tokenledger::views
