#include "storage/event_log.hpp"

#include <rocksdb/metadata.h>
#include <rocksdb/options.h>
#include <rocksdb/perf_level.h>
#include <rocksdb/write_batch.h>

#include <atomic>
#include <limits>

#include "core/event.hpp"
#include "core/invariant.hpp"
#include "storage/durable_file.hpp"
#include "storage/event_log_options.hpp"
#include "storage/file_layer.hpp"
#include "storage/log_database.hpp"
#include "storage/rocks_file_system.hpp"
#include "storage/rocks_status.hpp"
#include "storage/rocks_table_end.hpp"

namespace tokenledger {
namespace {

// A batch's memory is used again up to this size; after a larger one it is returned.
constexpr std::size_t kBatchBytesKept = 8 * 1024 * 1024;
// RocksDB guards each key and value of the batch from Put to the WAL and the memtable (INV-1).
constexpr std::size_t kProtectionBytesPerKey = 8;

rocksdb::WriteBatch make_batch() { return rocksdb::WriteBatch{0, 0, kProtectionBytesPerKey, 0}; }

class RocksLogCut final : public LogCut {
 public:
  explicit RocksLogCut(std::shared_ptr<const LogDatabase> database)
      : database_{std::move(database)} {}
  RocksLogCut(const RocksLogCut&) = delete;
  RocksLogCut& operator=(const RocksLogCut&) = delete;
  ~RocksLogCut() override {
    if (holds_files_) static_cast<void>(rocks().EnableFileDeletions(false));
  }

  Result<void> take() {
    if (auto held = to_result(rocks().DisableFileDeletions()); !held) return held;
    holds_files_ = true;
    // Nothing is flushed: the WAL is copied instead, and its last record is whole because its
    // writer is the one who asks.
    rocksdb::LiveFilesStorageInfoOptions options;
    options.wal_size_for_flush = std::numeric_limits<std::uint64_t>::max();
    std::vector<rocksdb::LiveFileStorageInfo> found;
    if (auto listed = to_result(rocks().GetLiveFilesStorageInfo(options, &found)); !listed)
      return listed;
    for (auto& file : found) {
      files_.push_back({.name = std::move(file.relative_filename),
                        .bytes = file.size,
                        .contents = std::move(file.replacement_contents)});
    }
    return {};
  }
  const std::vector<File>& files() const noexcept override { return files_; }

 private:
  [[nodiscard]] rocksdb::DB& rocks() const { return *database_->rocks; }

  const std::shared_ptr<const LogDatabase> database_;
  std::vector<File> files_;
  bool holds_files_ = false;
};

class RocksEventLog final : public EventLog {
 public:
  RocksEventLog(const Options& options, std::shared_ptr<FileLayer> files,
                std::shared_ptr<const LogDatabase> database, Sequence last)
      : directory_{options.directory},
        read_only_{options.read_only},
        files_{std::move(files)},
        database_{std::move(database)},
        batch_{make_batch()},
        last_{last.value()} {
    write_options_.sync = options.sync;
    write_options_.disableWAL = false;
  }

  Result<void> append(Sequence first,
                      std::span<const std::span<const std::uint8_t>> events) override;
  Result<Sequence> last_seq() const override { return last(); }
  Result<std::vector<std::uint8_t>> get(Sequence seq) const override;
  std::optional<std::vector<std::uint8_t>> get_in_memory(Sequence seq) const override;
  std::unique_ptr<LogReader> read(Sequence from, bool scan) const override {
    return make_log_reader(database_, from, last(), scan);
  }
  Result<void> flush() override;
  Result<void> truncate_after(Sequence seq, const std::filesystem::path& aside) override;
  Result<void> verify_files() const override;
  std::uint64_t bytes_on_disk() const override;
  Result<std::unique_ptr<LogCut>> cut() const override {
    auto made = std::make_unique<RocksLogCut>(database_);
    if (auto taken = made->take(); !taken) return taken.error();
    return std::unique_ptr<LogCut>{std::move(made)};
  }

 private:
  [[nodiscard]] Sequence last() const { return Sequence{last_.load(std::memory_order_acquire)}; }
  [[nodiscard]] rocksdb::DB& rocks() const { return *database_->rocks; }

  const std::filesystem::path directory_;
  const bool read_only_;
  const std::shared_ptr<FileLayer> files_;
  const std::shared_ptr<const LogDatabase> database_;  // shared with the readers

  // The writer's own.
  rocksdb::WriteOptions write_options_;
  rocksdb::WriteBatch batch_;
  bool has_failed_ = false;

  std::atomic<std::uint64_t> last_;  // stored after the write is durable
};

Result<void> RocksEventLog::append(Sequence first,
                                   std::span<const std::span<const std::uint8_t>> events) {
  if (read_only_) return Errc::invalid_argument;
  if (has_failed_) return Errc::unknown_outcome;
  LEDGER_INVARIANT(first == last().next());
  LEDGER_INVARIANT(!events.empty());
  rocksdb::SetPerfLevel(rocksdb::PerfLevel::kDisable);
  batch_.Clear();
  Sequence seq = first;
  rocksdb::Status status;
  for (const auto event : events) {
    LEDGER_INVARIANT(!event.empty());
    LEDGER_INVARIANT(event.size() <= kEventBytesMax);
    const auto key = log_key(seq);
    const rocksdb::Slice value{reinterpret_cast<const char*>(event.data()), event.size()};
    status = batch_.Put(slice_of(key), value);
    if (!status.ok()) break;
    seq = seq.next();
  }
  // A crash before the WAL's fsync inside Write loses the batch whole; nobody was answered. After
  // it the batch survives everything, and only then readers see it.
  if (status.ok()) status = rocks().Write(write_options_, &batch_);
  if (batch_.GetDataSize() > kBatchBytesKept) batch_ = make_batch();
  if (!status.ok()) {
    has_failed_ = true;
    return to_errc(status);
  }
  last_.store(first.value() + events.size() - 1, std::memory_order_release);
  return {};
}

Result<std::vector<std::uint8_t>> RocksEventLog::get(Sequence seq) const {
  if (seq == Sequence{} || seq > last()) return Errc::sequence_in_future;
  rocksdb::PinnableSlice value;
  const auto status = rocks().Get(log_read_options(false), rocks().DefaultColumnFamily(),
                                  slice_of(log_key(seq)), &value);
  if (status.IsNotFound()) return Errc::log_corrupt;
  if (!status.ok()) return to_errc(status);
  return std::vector<std::uint8_t>(value.data(), value.data() + value.size());
}

std::optional<std::vector<std::uint8_t>> RocksEventLog::get_in_memory(Sequence seq) const {
  if (seq == Sequence{} || seq > last()) return std::nullopt;
  auto options = log_read_options(false);
  options.read_tier = rocksdb::kBlockCacheTier;  // memtables and cached blocks; else Incomplete
  rocksdb::PinnableSlice value;
  const auto status =
      rocks().Get(options, rocks().DefaultColumnFamily(), slice_of(log_key(seq)), &value);
  if (!status.ok()) return std::nullopt;
  return std::vector<std::uint8_t>(value.data(), value.data() + value.size());
}

Result<void> RocksEventLog::flush() {
  if (read_only_) return Errc::invalid_argument;
  rocksdb::FlushOptions options;
  options.wait = true;
  options.allow_write_stall = true;
  return to_result(rocks().Flush(options));
}

Result<void> RocksEventLog::truncate_after(Sequence seq, const std::filesystem::path& aside) {
  if (read_only_) return Errc::invalid_argument;
  if (seq >= last()) return {};
  if (auto copied = copy_tail(*files_, rocks(), seq, aside); !copied) return copied;
  // From here on the tail stands in `aside` durably; the log is still whole.
  const auto begin = log_key(seq.next());
  const auto end = log_key(Sequence{UINT64_MAX});
  rocksdb::WriteOptions synced;
  synced.sync = true;
  const auto removed =
      rocks().DeleteRange(synced, rocks().DefaultColumnFamily(), slice_of(begin), slice_of(end));
  if (!removed.ok()) {
    has_failed_ = true;  // removed or not: the next open tells
    return to_errc(removed);
  }
  // From here on the log ends at `seq` after any crash: the range's tombstone is in the WAL.
  const auto found = find_last(rocks());
  if (!found) return found.error();
  last_.store(found->value(), std::memory_order_release);
  // The rest only gets rid of the bytes and the tombstone; a crash leaves both, hidden.
  if (auto flushed = flush(); !flushed) return flushed;
  rocksdb::CompactRangeOptions compaction;
  compaction.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForceOptimized;
  return to_result(rocks().CompactRange(compaction, nullptr, nullptr));
}

Result<void> RocksEventLog::verify_files() const {
  const auto options = log_read_options(true);
  if (auto whole = to_result(rocks().VerifyFileChecksums(options)); !whole) return whole;
  return to_result(rocks().VerifyChecksum(options));
}

std::uint64_t RocksEventLog::bytes_on_disk() const {
  std::uint64_t total = 0;
  const auto names = files_->list(directory_);
  if (!names) return 0;
  for (const auto& name : *names) {
    // A file may go between the two lines: it then counts nothing.
    const auto file = files_->open_for_reading(directory_ / name);
    if (!file) continue;
    if (const auto size = (*file)->size(); size) total += *size;
  }
  return total;
}

// Whether a log is there is asked before RocksDB is, which would not say it apart from other
// failures.
Result<void> check_directory(FileLayer& files, const EventLog::Options& options) {
  const auto there = files.exists(options.directory / "CURRENT");
  if (!there) return there.error();
  if (!options.create) return *there ? Result<void>{} : Errc::not_a_ledger;
  if (*there || options.read_only)
    return *there ? Errc::directory_not_empty : Errc::invalid_argument;
  return ensure_directory(files, options.directory);
}

}  // namespace

std::string EventLog::explain(const boost::system::error_code& error, const std::string& what) {
  return what.empty() ? error.message() : error.message() + ", " + what;
}

Result<std::unique_ptr<EventLog>> EventLog::open(const Options& options, std::string* what) {
  if (what != nullptr) what->clear();
  auto files = options.files ? options.files : make_posix_file_layer();
  if (const auto checked = check_directory(*files, options); !checked) return checked.error();
  const auto dangerous = find_dangerous_table(*files, options.directory);
  if (!dangerous) return dangerous.error();
  if (!dangerous->empty()) {
    if (what != nullptr) *what = *dangerous;
    return Errc::log_corrupt;
  }
  auto database = std::make_shared<LogDatabase>();
  database->env = make_rocks_env(files);
  auto rocks_options = log_rocks_options(database->env.get(), options.accept_damaged_tail,
                                         options.on_background_error);
  rocks_options.create_if_missing = options.create;
  rocks_options.error_if_exists = options.create;
  rocksdb::DB* raw = nullptr;  // RocksDB 7.8 hands out DB**
  const auto path = options.directory.string();
  const auto status = options.read_only ? rocksdb::DB::OpenForReadOnly(rocks_options, path, &raw)
                                        : rocksdb::DB::Open(rocks_options, path, &raw);
  if (!status.ok()) return to_errc(status);
  database->rocks.reset(raw);
  const auto last = find_last(*database->rocks);
  if (!last) return last.error();
  return std::make_unique<RocksEventLog>(options, std::move(files), std::move(database), *last);
}

}  // namespace tokenledger
