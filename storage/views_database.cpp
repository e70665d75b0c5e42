#include "storage/views_database.hpp"

#include <rocksdb/cache.h>
#include <rocksdb/env.h>
#include <rocksdb/file_checksum.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/table.h>

#include "storage/rocks_file_system.hpp"
#include "storage/rocks_status.hpp"
#include "storage/rocks_table_end.hpp"

namespace tokenledger::views {
namespace {

constexpr std::size_t kMemtableBytes = std::size_t{16} << 20;
constexpr std::size_t kBlockBytes = std::size_t{16} << 10;
constexpr std::size_t kBlockCacheBytes = std::size_t{64} << 20;
constexpr std::size_t kScanReadaheadBytes = std::size_t{2} << 20;
constexpr std::uint64_t kFileBytes = std::uint64_t{64} << 20;

// Rows of one view, lane or class come in ascending or descending order; the memtable keeps a
// finger at the place of the last insertion for each value of this transform.
class InsertHints final : public rocksdb::SliceTransform {
 public:
  [[nodiscard]] const char* Name() const override { return "tokenledger.views.insert_hints"; }
  [[nodiscard]] rocksdb::Slice Transform(const rocksdb::Slice& key) const override {
    switch (static_cast<ViewKind>(key[0])) {
      case ViewKind::by_class:
      case ViewKind::ended_by_class: return {key.data(), std::min<std::size_t>(key.size(), 9)};
      case ViewKind::owners: return {key.data(), std::min<std::size_t>(key.size(), 17)};
      case ViewKind::indexes:
      case ViewKind::revoked: return {key.data(), std::min<std::size_t>(key.size(), 2)};
      default: return {key.data(), 1};
    }
  }
  [[nodiscard]] bool InDomain(const rocksdb::Slice& key) const override { return !key.empty(); }
};

rocksdb::BlockBasedTableOptions table_options() {
  rocksdb::BlockBasedTableOptions table;
  table.block_size = kBlockBytes;
  table.block_restart_interval = 16;
  table.block_cache = rocksdb::NewLRUCache(kBlockCacheBytes);
  table.format_version = 5;
  table.checksum = rocksdb::kXXH3;
  return table;
}

rocksdb::Options database_options(rocksdb::Env* env) {
  rocksdb::Options options;
  options.env = env;
  options.create_if_missing = true;
  options.paranoid_checks = true;
  options.max_open_files = -1;
  options.max_background_jobs = 2;
  options.max_bgerror_resume_count = 0;  // a failed write stops the follower; no resuming
  options.allow_concurrent_memtable_write = false;  // one writer
  options.memtable_insert_with_hint_prefix_extractor = std::make_shared<InsertHints>();
  options.write_buffer_size = kMemtableBytes;
  options.max_write_buffer_number = 4;
  options.avoid_flush_during_shutdown = false;
  options.compression = rocksdb::kLZ4Compression;
  options.bottommost_compression = rocksdb::kZSTD;
  options.level_compaction_dynamic_level_bytes = true;
  options.target_file_size_base = kFileBytes;
  options.ttl = 0;
  options.periodic_compaction_seconds = 0;
  options.file_checksum_gen_factory = rocksdb::GetFileChecksumGenCrc32cFactory();
  options.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
  options.keep_log_file_num = 2;
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table_options()));
  return options;
}

}  // namespace

Errc to_view_errc(const rocksdb::Status& status) noexcept {
  const Errc code = to_errc(status);
  return code == Errc::log_corrupt ? Errc::view_corrupt : code;
}

Result<std::unique_ptr<Database>> Database::open(const std::filesystem::path& directory,
                                                 std::shared_ptr<FileLayer> files, bool read_only) {
  if (!files) files = make_posix_file_layer();
  const auto dangerous = find_dangerous_table(*files, directory);
  if (!dangerous) return dangerous.error();
  if (!dangerous->empty()) return Errc::view_corrupt;
  std::unique_ptr<Database> database{new Database};
  database->env_ = make_rocks_env(std::move(files));
  database->options_ = database_options(database->env_.get());
  rocksdb::DB* raw_db = nullptr;
  const auto status =
      read_only ? rocksdb::DB::OpenForReadOnly(database->options_, directory.string(), &raw_db)
                : rocksdb::DB::Open(database->options_, directory.string(), &raw_db);
  if (!status.ok()) return to_view_errc(status);
  database->db_.reset(raw_db);
  return database;
}

Result<void> Database::destroy(const std::filesystem::path& directory,
                               std::shared_ptr<FileLayer> files) {
  const auto env = make_rocks_env(std::move(files));
  const auto status = rocksdb::DestroyDB(directory.string(), database_options(env.get()));
  if (!status.ok()) return to_view_errc(status);
  return {};
}

std::unique_ptr<rocksdb::Iterator> Database::iterate(const Bounds& bounds,
                                                     const rocksdb::Snapshot* snapshot) const {
  rocksdb::ReadOptions options;
  options.verify_checksums = true;
  options.snapshot = snapshot;
  options.iterate_upper_bound = &bounds.upper;
  return std::unique_ptr<rocksdb::Iterator>{db_->NewIterator(options)};
}

std::unique_ptr<rocksdb::Iterator> Database::iterate_all(const rocksdb::Snapshot* snapshot) const {
  rocksdb::ReadOptions options;
  options.verify_checksums = true;
  options.fill_cache = false;
  options.readahead_size = kScanReadaheadBytes;
  options.snapshot = snapshot;
  return std::unique_ptr<rocksdb::Iterator>{db_->NewIterator(options)};
}

bool Database::is_empty() const {
  rocksdb::ReadOptions options;
  options.verify_checksums = true;
  const std::unique_ptr<rocksdb::Iterator> rows{db_->NewIterator(options)};
  rows->SeekToFirst();
  return !rows->Valid() && rows->status().ok();
}

Result<std::optional<std::string>> Database::get(std::string_view key) const {
  rocksdb::ReadOptions options;
  options.verify_checksums = true;
  std::string value;
  const auto status = db_->Get(options, key, &value);
  if (status.IsNotFound()) return std::optional<std::string>{};
  if (!status.ok()) return to_view_errc(status);
  return std::optional{std::move(value)};
}

}  // namespace tokenledger::views
