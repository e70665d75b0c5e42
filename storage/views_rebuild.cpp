// Rebuilding the views from the log, and proving that they are what the log says.
#include <rocksdb/perf_level.h>

#include <string>

#include "core/byte_view.hpp"
#include "core/hex.hpp"
#include "core/invariant.hpp"
#include "storage/event_log.hpp"
#include "storage/views_agreement.hpp"
#include "storage/views_feed.hpp"
#include "storage/views_impl.hpp"
#include "storage/views_segment.hpp"
#include "storage/views_work.hpp"

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
    BatchBuilder builder{tables_, meta_, segment, finder(), [](TokenIndex) { return true; }};
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

std::unique_ptr<ViewsAgreement> ViewsImpl::agreement(Sequence cursor,
                                                     const rocksdb::Snapshot* snapshot) const {
  return std::make_unique<ViewsAgreement>(ViewsAgreement::Options{
      .database = *database_,
      .snapshot = snapshot,
      .ledger_id = options_.ledger_id,
      .cursor = cursor,
      .revoked = [this](TokenIndex index) {
        return revoked_bits_.chunk_of(index, [this](TokenIndex first, RevokedChunk& chunk) {
          WorkMeter unbounded;
          return load_revoked(first, chunk, unbounded);
        });
      }});
}

std::unique_ptr<ViewsComparison> ViewsImpl::compare() {
  LEDGER_INVARIANT(options_.read_only);
  LEDGER_INVARIANT(database_ != nullptr);
  return agreement(cursor(), nullptr);
}

bool ViewsImpl::agrees(const EventLog& log, Sequence cursor, const rocksdb::Snapshot* snapshot,
                       const std::function<void(Sequence)>& progress) const {
  const auto comparison = agreement(cursor, snapshot);
  comparison->read_beside();
  EventFeed feed{log, Sequence{1}, true};
  while (comparison->reached() < cursor && !comparison->has_failed()) {
    const auto events = feed.next(cursor);
    if (!events || events->empty()) return false;
    for (const auto& event : *events) comparison->add(event);
    if (progress) progress(comparison->reached());
  }
  return comparison->agrees();
}

Result<void> ViewsImpl::verify(const EventLog& log, const std::function<void(Sequence)>& progress,
                               std::string& difference) {
  difference.clear();
  const std::shared_lock alive{lifetime_};
  if (!database_) return Errc::io_error;
  const HeldSnapshot snapshot{database_->db(), !options_.read_only};
  const auto stored = database_->iterate_all(snapshot.get());
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
  if (agrees(log, meta->cursor, snapshot.get(), progress)) return {};
  // Which row it is takes all rows, in order.
  const auto compare = [&]() -> Result<void> {
    ViewsImpl recomputed{beside};
    if (auto started = recomputed.start(); !started) return started;
    if (auto built = recomputed.rebuild(log, meta->cursor, progress); !built) return built;
    const auto right = recomputed.database_->iterate_all();
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
