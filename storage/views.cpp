#include "storage/views.hpp"

#include <rocksdb/perf_level.h>
#include <rocksdb/write_batch.h>

#include <algorithm>

#include "core/invariant.hpp"
#include "storage/file_layer.hpp"
#include "storage/views_impl.hpp"
#include "storage/views_rows.hpp"
#include "storage/views_watch.hpp"
#include "storage/views_writer.hpp"

namespace tokenledger {

Result<std::unique_ptr<Views>> Views::open(const Options& options) {
  auto impl = std::make_unique<views::ViewsImpl>(options);
  if (const auto started = impl->start(); !started) return started.error();
  if (!options.on_damage) return std::unique_ptr<Views>{std::move(impl)};
  return views::watched(std::move(impl), options.on_damage);
}

Result<void> Views::destroy(const Options& options) {
  return views::Database::destroy(options.directory, options.files);
}

Result<std::optional<std::uint32_t>> Views::layout_of(const Options& options) {
  const auto files = options.files ? options.files : make_posix_file_layer();
  const auto there = files->exists(options.directory);
  if (!there) return there.error();
  if (!*there) return std::optional<std::uint32_t>{};
  const auto database = views::Database::open(options.directory, files, true);
  if (!database) return database.error();
  const auto bytes = (*database)->get(views::meta_key().view());
  if (!bytes) return bytes.error();
  if (!*bytes)
    return std::optional<std::uint32_t>{};  // killed before its first rows reached a file
  const auto meta = views::decode_meta(**bytes);
  if (!meta) return Errc::view_corrupt;
  return std::optional{meta->layout};
}

std::uint32_t Views::layout_made() noexcept { return views::kLayoutVersion; }

namespace views {
namespace {

class BatchSink final : public RowSink {
 public:
  explicit BatchSink(rocksdb::WriteBatch& batch) : batch_{batch} {}
  void put(std::string_view key, std::string_view value) override {
    if (status_.ok()) status_ = batch_.Put(key, value);
  }
  [[nodiscard]] const rocksdb::Status& status() const { return status_; }

 private:
  rocksdb::WriteBatch& batch_;
  rocksdb::Status status_;
};

// What is lost with a crash is read from the log again: the cursor is in every batch, and one
// column family loses only the newest batches.
rocksdb::WriteOptions unlogged() {
  rocksdb::WriteOptions options;
  options.sync = false;
  options.disableWAL = true;
  return options;
}

}  // namespace

Result<void> ViewsImpl::start() {
  auto database = Database::open(options_.directory, options_.files, options_.read_only);
  if (!database) return database.error();
  database_ = std::move(*database);
  return load();
}

Result<void> ViewsImpl::load() {
  const auto bytes = database_->get(meta_key().view());
  if (!bytes) return bytes.error();
  const auto meta = *bytes ? decode_meta(**bytes) : std::nullopt;
  if (meta && meta->layout > kLayoutVersion) return Errc::unsupported_format;
  const bool is_older = meta && meta->layout < kLayoutVersion;
  if (is_older && options_.read_only) return Errc::outdated_format;
  const bool ours = meta && meta->layout == kLayoutVersion && meta->ledger_id == options_.ledger_id;
  if (!ours) {
    if (!options_.read_only) return empty();
    if (*bytes || !database_->is_empty()) return Errc::view_corrupt;
    publish_cursor({});  // killed before its first rows reached a file
    return {};
  }
  meta_ = *meta;
  if (auto loaded = load_classes(); !loaded) return loaded;
  if (auto loaded = load_counts(); !loaded) return loaded;
  if (auto loaded = load_numbers(); !loaded) return loaded;
  if (auto loaded = load_marks(); !loaded) return loaded;
  if (auto loaded = load_cascades(); !loaded) return loaded;
  if (auto loaded = load_ends(); !loaded) return loaded;
  publish_cursor(meta_.cursor);
  return {};
}

Result<void> ViewsImpl::empty() {
  database_.reset();
  if (auto gone = Database::destroy(options_.directory, options_.files); !gone) return gone;
  auto database = Database::open(options_.directory, options_.files, false);
  if (!database) return database.error();
  database_ = std::move(*database);
  tables_.clear();
  revoked_bits_.clear();
  broken_ = {};
  meta_ = {};
  meta_.ledger_id = options_.ledger_id;
  std::string row;
  append_meta(row, meta_);
  const auto status = database_->db().Put(unlogged(), meta_key().view(), row);
  if (!status.ok()) return to_view_errc(status);
  publish_cursor(meta_.cursor);
  return {};
}

Result<void> ViewsImpl::apply(std::span<const Event> events) {
  LEDGER_INVARIANT(!options_.read_only);
  if (broken_) return *broken_;
  if (events.empty()) return {};
  rocksdb::SetPerfLevel(rocksdb::PerfLevel::kDisable);
  const std::shared_lock alive{lifetime_};
  if (!database_) return Errc::io_error;
  const auto fail = [&](Errc code) -> Result<void> {
    broken_ = code;
    return code;
  };
  batch_->Clear();
  BatchSink sink{*batch_};
  const bool has_revocations = std::ranges::any_of(events, [](const Event& event) {
    return std::holds_alternative<TokenRevoked>(event.payload);
  });
  BatchBuilder builder{tables_, meta_, sink, finder(),
                       [has_revocations](TokenIndex) { return has_revocations; }};
  for (const auto& event : events) {
    if (const auto added = builder.add(event); !added) return fail(to_errc(added.error()));
  }
  builder.finish();
  if (!sink.status().ok()) return fail(to_view_errc(sink.status()));
  const auto status = database_->db().Write(unlogged(), batch_.get());
  if (!status.ok()) return fail(to_view_errc(status));
  for (const auto index : builder.revoked()) revoked_bits_.set(index);
  publish_cursor(meta_.cursor);
  return {};
}

FindToken ViewsImpl::finder() {
  return [this](TokenIndex index) -> Result<std::optional<KnownToken>> {
    const auto bytes = database_->get(index_key(index).view());
    if (!bytes) return bytes.error();
    if (!*bytes) return std::optional<KnownToken>{};
    const auto seq = decode_seq(**bytes);
    if (!seq) return Errc::view_corrupt;
    const auto found = read_token(*database_, tables_, *seq);
    if (!found) return found.error();
    return std::optional{KnownToken{*seq, const_cast<ClassEntry*>(found->entry), found->facts}};
  };
}

void ViewsImpl::publish_cursor(Sequence seq) {
  {
    const std::scoped_lock lock{wait_mutex_};
    cursor_.store(seq.value(), std::memory_order_release);
  }
  moved_.notify_all();
}

Result<void> ViewsImpl::wait_for(Sequence seq, std::chrono::milliseconds timeout) {
  if (cursor() >= seq) return {};
  std::unique_lock lock{wait_mutex_};
  moved_.wait_for(lock, timeout, [&] { return stopped() || cursor() >= seq; });
  if (cursor() >= seq) return {};
  return Errc::view_behind;
}

void ViewsImpl::mark_stopped() {
  {
    const std::scoped_lock lock{wait_mutex_};
    stopped_.store(true, std::memory_order_release);
  }
  moved_.notify_all();
}

Result<void> ViewsImpl::flush() {
  const std::shared_lock alive{lifetime_};
  if (options_.read_only) return {};
  if (!database_) return Errc::io_error;
  rocksdb::FlushOptions options;
  options.wait = true;
  const auto status = database_->db().Flush(options);
  if (!status.ok()) return to_view_errc(status);
  return {};
}

ViewsImpl::ViewsImpl(Options options)
    : options_{std::move(options)}, batch_{std::make_unique<rocksdb::WriteBatch>()} {}

ViewsImpl::~ViewsImpl() = default;

}  // namespace views
}  // namespace tokenledger
