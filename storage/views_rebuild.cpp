// Rebuilding the views from the log, and proving that they are what the log says.
#include <rocksdb/perf_level.h>

#include <string>

#include "core/byte_view.hpp"
#include "core/hex.hpp"
#include "core/invariant.hpp"
#include "storage/event_log.hpp"
#include "storage/views_feed.hpp"
#include "storage/views_impl.hpp"
#include "storage/views_segment.hpp"

namespace tokenledger::views {
namespace {

std::string describe(std::string_view what, std::string_view key) {
  std::string text{view_name(key.empty() ? '\0' : key[0])};
  text += ": ";
  text += what;
  text += ", key " + to_hex(bytes_of(key));
  return text;
}

// Empty: no difference up to the end of both.
std::string first_difference(rocksdb::Iterator& stored, rocksdb::Iterator& right) {
  stored.SeekToFirst();
  right.SeekToFirst();
  for (; stored.Valid() && right.Valid(); stored.Next(), right.Next()) {
    const auto order = stored.key().compare(right.key());
    if (order < 0) return describe("a row too many", stored.key().ToStringView());
    if (order > 0) return describe("a row is missing", right.key().ToStringView());
    if (stored.value() != right.value()) {
      return describe("a row with another value", stored.key().ToStringView());
    }
  }
  if (stored.Valid()) return describe("a row too many", stored.key().ToStringView());
  if (right.Valid() && stored.status().ok()) {
    return describe("a row is missing", right.key().ToStringView());
  }
  if (!stored.status().ok()) return "unreadable: " + stored.status().ToString();
  return {};
}

rocksdb::ReadOptions whole_scan(const rocksdb::Snapshot* snapshot) {
  rocksdb::ReadOptions options;
  options.verify_checksums = true;
  options.fill_cache = false;
  options.readahead_size = std::size_t{2} << 20;
  options.snapshot = snapshot;
  return options;
}

// Keeps one moment of the stored views while the follower goes on.
class HeldSnapshot {
 public:
  HeldSnapshot(rocksdb::DB& db, bool wanted)
      : db_{db}, snapshot_{wanted ? db.GetSnapshot() : nullptr} {}
  HeldSnapshot(const HeldSnapshot&) = delete;
  HeldSnapshot& operator=(const HeldSnapshot&) = delete;
  ~HeldSnapshot() {
    if (snapshot_ != nullptr) db_.ReleaseSnapshot(snapshot_);
  }
  [[nodiscard]] const rocksdb::Snapshot* get() const { return snapshot_; }

 private:
  rocksdb::DB& db_;
  const rocksdb::Snapshot* snapshot_;
};

}  // namespace

Result<void> ViewsImpl::rebuild(const EventLog& log, Sequence upto,
                                const std::function<void(Sequence)>& progress) {
  LEDGER_INVARIANT(!options_.read_only);
  rocksdb::SetPerfLevel(rocksdb::PerfLevel::kDisable);
  {
    const std::unique_lock alone{lifetime_};
    if (auto emptied = empty(); !emptied) return emptied;
    stopped_.store(false, std::memory_order_release);
  }
  const std::shared_lock alive{lifetime_};
  EventFeed feed{log, Sequence{1}, true};
  Segment segment;
  const auto fail = [&](Errc code) -> Result<void> {
    broken_ = code;
    return code;
  };
  while (meta_.cursor < upto) {
    BatchBuilder builder{tables_, meta_, segment, finder(), true};
    while (meta_.cursor < upto && !segment.full()) {
      const auto events = feed.next(upto);
      if (!events) return fail(to_errc(events.error()));
      if (events->empty()) return fail(Errc::log_corrupt);  // `upto` is beyond the log
      for (const auto& event : *events) {
        if (const auto added = builder.add(event); !added) return fail(to_errc(added.error()));
      }
    }
    builder.finish();
    if (const auto added = segment.ingest(*database_, options_.directory); !added) {
      return fail(to_errc(added.error()));
    }
    publish_cursor(meta_.cursor);
    if (progress) progress(meta_.cursor);
  }
  return {};
}

Result<void> ViewsImpl::verify(const EventLog& log, const std::function<void(Sequence)>& progress,
                               std::string& difference) {
  difference.clear();
  const std::shared_lock alive{lifetime_};
  if (!database_) return Errc::io_error;
  const HeldSnapshot snapshot{database_->db(), !options_.read_only};
  const std::unique_ptr<rocksdb::Iterator> stored{
      database_->db().NewIterator(whole_scan(snapshot.get()))};
  stored->Seek(meta_key().view());
  const auto meta = stored->Valid() && stored->key() == meta_key().view()
                        ? decode_meta(stored->value().ToStringView())
                        : std::nullopt;
  if (!meta) {
    difference = describe("the row is missing or damaged", meta_key().view());
    return Errc::view_corrupt;
  }

  Options beside = options_;
  beside.directory += ".verify";
  beside.read_only = false;
  if (auto gone = Database::destroy(beside.directory, beside.files); !gone) return gone;
  const auto compare = [&]() -> Result<void> {
    ViewsImpl recomputed{beside};
    if (auto started = recomputed.start(); !started) return started;
    if (auto built = recomputed.rebuild(log, meta->cursor, progress); !built) return built;
    const std::unique_ptr<rocksdb::Iterator> right{
        recomputed.database_->db().NewIterator(whole_scan(nullptr))};
    difference = first_difference(*stored, *right);
    if (!right->status().ok()) return to_view_errc(right->status());
    if (!difference.empty()) return Errc::view_corrupt;
    return {};
  };
  const auto compared = compare();
  const auto gone = Database::destroy(beside.directory, beside.files);
  if (!compared) return compared;
  return gone;
}

}  // namespace tokenledger::views
