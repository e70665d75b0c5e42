#include "core/event.hpp"
#include "core/invariant.hpp"
#include "storage/event_log_options.hpp"
#include "storage/log_database.hpp"
#include "storage/rocks_status.hpp"

namespace tokenledger {
namespace {

class RocksLogReader final : public LogReader {
 public:
  RocksLogReader(std::shared_ptr<const LogDatabase> database, Sequence from, Sequence end,
                 bool scan)
      : database_{std::move(database)},
        iterator_{database_->rocks->NewIterator(log_read_options(scan))},
        position_{from.value() - 1},
        end_{end} {}

  // Points into the iterator's block or memtable: nothing is copied.
  Result<std::span<const std::uint8_t>> next() override {
    if (failure_) return *failure_;
    if (position_ >= end_) return std::span<const std::uint8_t>{};
    if (is_positioned_) {
      iterator_->Next();
    } else {
      iterator_->Seek(slice_of(log_key(position_.next())));
      is_positioned_ = true;
    }
    if (!iterator_->Valid()) {
      // Without an error of its own the log just ends too early: a hole at its end.
      const auto status = iterator_->status();
      return fail(status.ok() ? Errc::log_corrupt : to_errc(status));
    }
    if (sequence_of(iterator_->key()) != position_.next()) return fail(Errc::log_corrupt);
    const auto value = iterator_->value();
    if (value.empty() || value.size() > kEventBytesMax) return fail(Errc::log_corrupt);
    position_ = position_.next();
    return std::span{reinterpret_cast<const std::uint8_t*>(value.data()), value.size()};
  }

  Sequence position() const override { return position_; }

 private:
  // For good: whoever asks again must not read on behind a hole.
  Errc fail(Errc failure) {
    failure_ = failure;
    return failure;
  }

  std::shared_ptr<const LogDatabase> database_;  // outlives the iterator
  std::unique_ptr<rocksdb::Iterator> iterator_;
  Sequence position_;
  Sequence end_;
  bool is_positioned_ = false;
  std::optional<Errc> failure_;
};

}  // namespace

Result<Sequence> find_last(rocksdb::DB& rocks) {
  const std::unique_ptr<rocksdb::Iterator> iterator{rocks.NewIterator(log_read_options(false))};
  iterator->SeekToLast();
  if (!iterator->Valid()) {
    const auto status = iterator->status();
    if (!status.ok()) return to_errc(status);
    return Sequence{};
  }
  const auto last = sequence_of(iterator->key());
  if (!last || *last == Sequence{}) return Errc::log_corrupt;
  return *last;
}

std::unique_ptr<LogReader> make_log_reader(std::shared_ptr<const LogDatabase> database,
                                           Sequence from, Sequence end, bool scan) {
  LEDGER_INVARIANT(from.value() >= 1);
  return std::make_unique<RocksLogReader>(std::move(database), from, end, scan);
}

}  // namespace tokenledger
