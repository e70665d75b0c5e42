#include "storage/event_log_options.hpp"

#include <rocksdb/cache.h>
#include <rocksdb/convenience.h>
#include <rocksdb/file_checksum.h>
#include <rocksdb/listener.h>
#include <rocksdb/table.h>

#include <algorithm>

namespace tokenledger {
namespace {

constexpr std::size_t kMemtableBytes = 64 * 1024 * 1024;
constexpr int kMemtablesMax = 3;  // one written, two waiting for their flush
constexpr std::size_t kBlockBytes = 32 * 1024;
constexpr std::size_t kBlockCacheBytes = 32 * 1024 * 1024;
constexpr std::uint64_t kTableFileBytes = 256ull * 1024 * 1024;
constexpr std::size_t kInfoLogsKept = 3;
constexpr std::size_t kInfoLogBytesMax = 4 * 1024 * 1024;

class BackgroundErrorListener final : public rocksdb::EventListener {
 public:
  explicit BackgroundErrorListener(std::function<void()> on_error)
      : on_error_{std::move(on_error)} {}

  void OnBackgroundError(rocksdb::BackgroundErrorReason, rocksdb::Status*) override {
    if (!told_.exchange(true) && on_error_) on_error_();
  }

 private:
  std::function<void()> on_error_;
  std::atomic<bool> told_{false};
};

rocksdb::CompressionType compression() {
  const auto supported = rocksdb::GetSupportedCompressions();
  const bool has_lz4 = std::ranges::find(supported, rocksdb::kLZ4Compression) != supported.end();
  return has_lz4 ? rocksdb::kLZ4Compression : rocksdb::kNoCompression;
}

rocksdb::BlockBasedTableOptions table_options() {
  rocksdb::BlockBasedTableOptions table;
  table.block_size = kBlockBytes;
  table.block_cache = rocksdb::NewLRUCache(kBlockCacheBytes);
  table.checksum = rocksdb::kXXH3;
  table.format_version = 5;
  // No filter: keys are dense, whoever asks for one finds it.
  table.filter_policy = nullptr;
  return table;
}

void set_safety(rocksdb::Options& options, bool accept_damaged_tail) {
  // A record torn at the end was never acknowledged and may go; a bad checksum before it may not.
  // HEAD tells when the end that is missing was acknowledged.
  options.wal_recovery_mode = accept_damaged_tail
                                  ? rocksdb::WALRecoveryMode::kPointInTimeRecovery
                                  : rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  options.paranoid_checks = true;
  options.force_consistency_checks = true;
  options.paranoid_file_checks = true;  // re-reads each new table: 7.8 can lose a read error there
  options.file_checksum_gen_factory = rocksdb::GetFileChecksumGenCrc32cFactory();
  options.max_bgerror_resume_count = 0;  // 7.8 can corrupt while it resumes: stop, reopen
  options.manual_wal_flush = false;
  options.wal_compression = rocksdb::kNoCompression;  // 7.8 cannot recover it
  options.recycle_log_file_num = 0;
  options.track_and_verify_wals_in_manifest = false;  // 7.8: false "missing WAL" after a sync
  options.unordered_write = false;
  options.avoid_flush_during_recovery = false;
  options.allow_mmap_reads = false;
  options.allow_mmap_writes = false;
}

void set_shape(rocksdb::Options& options) {
  options.write_buffer_size = kMemtableBytes;
  options.max_write_buffer_number = kMemtablesMax;
  options.allow_concurrent_memtable_write = false;  // one writer, in order: the insert hint holds
  options.enable_pipelined_write = false;
  options.two_write_queues = false;
  options.compression = compression();
  options.bottommost_compression = options.compression;
  options.target_file_size_base = kTableFileBytes;
  options.level_compaction_dynamic_level_bytes = false;
  // The log is never rewritten for its age.
  options.ttl = 0;
  options.periodic_compaction_seconds = 0;
  options.max_open_files = -1;
  options.max_background_jobs = 2;
  options.use_fsync = false;  // fdatasync also writes the length
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  options.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
  options.keep_log_file_num = kInfoLogsKept;
  options.max_log_file_size = kInfoLogBytesMax;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table_options()));
}

}  // namespace

rocksdb::Options log_rocks_options(rocksdb::Env* env, bool accept_damaged_tail,
                                   std::function<void()> on_background_error) {
  rocksdb::Options options;
  options.env = env;
  set_safety(options, accept_damaged_tail);
  set_shape(options);
  options.listeners.push_back(
      std::make_shared<BackgroundErrorListener>(std::move(on_background_error)));
  return options;
}

rocksdb::ReadOptions log_read_options(bool scan) {
  rocksdb::ReadOptions options;
  options.verify_checksums = true;
  options.fill_cache = !scan;
  options.readahead_size = scan ? kScanReadAheadBytes : 0;
  return options;
}

}  // namespace tokenledger
