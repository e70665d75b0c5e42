// Database: the views' RocksDB, opened with every option named, closed by its destructor.
//
// The only place that holds the raw handle. Closing writes the memtable to files.
#pragma once

#include <rocksdb/db.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "core/errc.hpp"
#include "storage/views_keys.hpp"
#include "storage/views_writer.hpp"

namespace tokenledger {
class FileLayer;
}

namespace tokenledger::views {

// view_corrupt: RocksDB found damage. io_error: everything else.
[[nodiscard]] Errc to_view_errc(const rocksdb::Status& status) noexcept;

class Database {
 public:
  // Creates it when missing, unless read_only.
  [[nodiscard]] static Result<std::unique_ptr<Database>> open(
      const std::filesystem::path& directory, std::shared_ptr<FileLayer> files, bool read_only);
  // Removes the database's files; nothing there is a success.
  [[nodiscard]] static Result<void> destroy(const std::filesystem::path& directory,
                                            std::shared_ptr<FileLayer> files);

  [[nodiscard]] rocksdb::DB& db() const noexcept { return *db_; }
  // The database's options, for files that are to be ingested.
  [[nodiscard]] const rocksdb::Options& options() const noexcept { return options_; }
  // Over [prefix of kind, end_of(kind)) when positioned by a seek to a key of it; the iterator must
  // not outlive `bounds`.
  struct Bounds {
    explicit Bounds(ViewKind kind) : bytes{end_of(kind)}, upper{bytes} {}
    Bounds(const Bounds&) = delete;
    Bounds& operator=(const Bounds&) = delete;
    std::string bytes;
    rocksdb::Slice upper;
  };
  [[nodiscard]] std::unique_ptr<rocksdb::Iterator> iterate(
      const Bounds& bounds, const rocksdb::Snapshot* snapshot = nullptr) const;
  // Every row, once and in order, past the cache.
  [[nodiscard]] std::unique_ptr<rocksdb::Iterator> iterate_all(
      const rocksdb::Snapshot* snapshot = nullptr) const;
  // No row at all. False when that can't be read.
  [[nodiscard]] bool is_empty() const;
  // nullopt: no such key.
  [[nodiscard]] Result<std::optional<std::string>> get(std::string_view key) const;

 private:
  Database() = default;

  std::shared_ptr<rocksdb::Env> env_;  // outlives the database: options hold it bare
  rocksdb::Options options_;
  std::unique_ptr<rocksdb::DB> db_;
};

}  // namespace tokenledger::views
